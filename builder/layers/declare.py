"""Helpers that catalogue files share: writing a constructor from the declaration, common rules and
words.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.initial import INIT, fill

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"


def literal(value: Any) -> str:
    """A checked setting as Python source.

    Only numbers, booleans, None, checked choices and tuples of these exist.
    """
    if isinstance(value, tuple):
        inner = ", ".join(literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    assert value is None or isinstance(value, bool | int | float | str), value  # noqa: S101
    if isinstance(value, float) and value != value:
        return 'float("nan")'
    if value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if isinstance(value, str):
        assert value.replace("_", "").replace("-", "").isalnum(), value  # noqa: S101
        return f'"{value}"'
    return repr(value)


def arguments(params: Sequence[Param], call: Call) -> str:
    """The constructor's arguments: required and inferred ones by position, others by name where not
    the default.
    """
    parts: list[str] = []
    for param in params:
        value = call.params.get(param.name, param.default)
        if param.local or value is REQUIRED:
            continue
        if param.kind == "size" and isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if param.default is REQUIRED:
            parts.append(literal(value))
        elif value != param.default or (param.inferred and param.default is True):
            named = "" if param.positional else f"{param.name}="
            parts.append(named + literal(value))
    return ", ".join(parts)


def constructor(name: str, params: Sequence[Param]) -> Callable[[Call], str]:
    """A `construct` that writes nn.<name>(…) from the declared parameters."""
    return lambda call: f"nn.{name}({arguments(params, call)})"


def torch_layer(
    name: str, family: Any, help: str, params: Sequence[Param] = (), **more: Any
) -> Layer:
    """A layer whose class is torch.nn's of that name."""
    params = tuple(params)
    if INIT[0] in params:
        more.setdefault("fill", fill(""))
    more.setdefault("construct", constructor(name, params))
    more.setdefault("docs", DOCS.format(name))
    return Layer(name=name, family=family, help=help, params=params, **more)


def same(call: Call) -> tuple[Shape, ...]:
    """The rule of layers that keep the shape."""
    return (tuple(call.shapes[0]),)


def text(shape: Sequence[int]) -> str:
    """A shape as a person reads it: 16×32×32."""
    return "×".join(str(size) for size in shape) if shape else "a single number"


def per_axis(value: Any, axes: int, param: str) -> tuple[int, ...]:
    """A `size` setting with one number for each of `axes` axes; ShapeError where the count is
    wrong.
    """
    if isinstance(value, int):
        return (value,) * axes
    if len(value) != axes:
        raise ShapeError(
            "axes",
            f"{param} has {len(value)} numbers, but there {'is' if axes == 1 else 'are'} "
            f"{axes} {'axis' if axes == 1 else 'axes'} to go over.",
            param=param,
            axes=axes,
            value=value,
        )
    return tuple(value)


def axis(dim: int, rank: int, param: str = "dim", *, batch: bool = False) -> int:
    """A torch axis number (0 is the batch) as an index into the shape without batch.

    Raises ShapeError where the axis does not exist, or is the batch (unless `batch`, which then
    gives -1).
    """
    if not -(rank + 1) <= dim <= rank:
        raise ShapeError(
            "axis",
            f"There is no axis {dim}: here the axes are numbered 0 (the batch) to {rank}.",
            param=param,
            dim=dim,
            rank=rank,
        )
    index = (dim + rank + 1 if dim < 0 else dim) - 1
    if index < 0 and not batch:
        raise ShapeError(
            "axis",
            "Axis 0 is the batch: the samples of a batch have nothing to do with each other. "
            "The first axis of a sample is 1.",
            param=param,
            dim=dim,
            rank=rank,
        )
    return index


def total(shape: Sequence[int]) -> int:
    """How many numbers a shape holds."""
    return prod(shape)
