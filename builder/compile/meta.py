"""The truth about a layer: the layer itself, built and run on torch's meta device, which computes
shapes alone.
"""

import functools
import warnings
from typing import Any

from builder.layers.base import Call, Layer, Shape, ShapeError

_BATCHES = (3, 5)


def shapes(layer: Layer, call: Call) -> tuple[Shape, ...]:
    """The output shapes, without batch, of the layer's own source.

    Raises ShapeError (code "torch") where torch refuses, or (code "batch") where the batch axis
    does not come through.
    """
    module = build(layer, call)
    return _agreed([_run(layer, module, call, batch) for batch in _BATCHES])


def build(layer: Layer, call: Call) -> Any:
    """The torch module of a call on the meta device; None for a layer that is a plain function."""
    import torch

    expression = layer.construct(call)
    if expression is None:
        return None
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(expression, dict(_names(layer.helper)))
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        raise ShapeError("torch", _sentence(error)) from error


@functools.lru_cache(maxsize=64)
def _names(helper: str) -> dict[str, Any]:
    import torch
    from torch import nn
    from torch.nn import functional

    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": functional}
    if helper:
        exec(helper, names)
    return names


class _Holder:
    """Stands in for `self` of the generated class."""

    def __init__(self, **attributes: Any):
        vars(self).update(attributes)


def _run(layer: Layer, module: Any, call: Call, batch: int) -> tuple[tuple[int, ...], ...]:
    import torch

    names = dict(_names(layer.helper))
    args = [f"x{index}" for index in range(len(call.shapes))]
    for index, shape in enumerate(call.shapes):
        dtype = call.dtypes[index] if index < len(call.dtypes) else "float"
        kind = torch.int64 if dtype == "int" else torch.float32
        names[args[index]] = torch.empty((batch, *shape), dtype=kind, device="meta")
    names["self"] = _Holder(**{call.name: module})
    full = Call(call.name, call.params, call.shapes, args, call.cardinality, call.dtypes)
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = eval(layer.call(full), names)
    except (RuntimeError, ValueError, TypeError, AssertionError, IndexError) as error:
        raise ShapeError("torch", _sentence(error)) from error
    found = out if isinstance(out, tuple | list) else (out,)
    if any(item.dim() == 0 or item.shape[0] != batch for item in found):
        raise ShapeError("batch", "The samples of a batch would be mixed up here.")
    if any(0 in item.shape for item in found):
        raise ShapeError("empty", "Nothing would be left.")
    if len(found) != len(layer.output_ports(call.params)):
        raise ShapeError("outputs", "It gives another number of results than it has outputs.")
    return tuple(tuple(item.shape[1:]) for item in found)


def _agreed(found: list[tuple[tuple[int, ...], ...]]) -> tuple[Shape, ...]:
    if any(other != found[0] for other in found):
        raise ShapeError("batch", "The shape of a sample would depend on the size of the batch.")
    return found[0]


def _sentence(error: BaseException) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"torch says: {first[:200]}"
