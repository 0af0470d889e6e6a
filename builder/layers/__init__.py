"""Layer types: their declarations, found by scan, and the checking of their settings."""

import difflib
import functools
from collections.abc import Mapping
from typing import Any

from builder import scan
from builder.errors import LaminaError
from builder.layers import catalog
from builder.layers.base import REQUIRED, Layer, Param
from builder.wording import number

FAMILIES: dict[str, str] = {
    "conv": "Convolution",
    "linear": "Linear and embedding",
    "norm": "Norm and dropout",
    "act": "Activation",
    "pool": "Pool and reshape",
    "merge": "Merge and split",
    "seq": "Recurrent, attention",
    "io": "Input and output",
}
"""Families in the palette's order, with their titles."""


@functools.cache
def catalogue() -> dict[str, Layer]:
    """All layer types by name, in order of file and definition."""
    found = scan.values(catalog, Layer)
    names = [layer.name for layer in found]
    assert len(names) == len(set(names)), "two layers of one name"  # noqa: S101
    return {layer.name: layer for layer in found}


def get(name: str) -> Layer:
    """The layer type of that name; LaminaError with near names where there is none."""
    layer = catalogue().get(name)
    if layer is None:
        raise LaminaError(
            f"There is no layer type {name!r}.",
            remedy=_near(name, catalogue()),
            code="unknown_layer",
        )
    return layer


def near(name: str, names: Mapping[str, Any]) -> list[str]:
    """Up to three of `names` that look like `name`, whatever the case."""
    lower = {known.lower(): known for known in names}
    return [lower[key] for key in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]


def _near(name: str, names: Mapping[str, Any]) -> str:
    close = near(name, names)
    return f"Did you mean {' or '.join(close)}?" if close else "Choose one from the palette."


def defaults(layer: Layer) -> dict[str, Any]:
    """What a freshly added node is given: the declared `start` values."""
    return {
        param.name: param.start
        for param in layer.params
        if not param.inferred and param.start is not None
    }


def complete(layer: Layer, params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with defaults filled in, each checked; inferred sizes are left out.

    Raises LaminaError (code "param", place "<layer>.<param>") for an unknown, missing, mistyped or
    out-of-range value.
    """
    declared = {param.name: param for param in layer.params}
    for name, value in params.items():
        param = declared.get(name)
        if param is None:
            settable = {n: p for n, p in declared.items() if not p.inferred}
            raise LaminaError(
                f"{layer.name} has no parameter {name!r}.",
                place=f"{layer.name}.{name}",
                remedy=_near_param(name, settable),
                code="param",
            )
        if param.inferred and (param.default is REQUIRED or value != param.default):
            raise LaminaError(
                f"{name} of {layer.name} may not be set: {param.help}",
                place=f"{layer.name}.{name}",
                remedy="Leave it out.",
                code="param",
            )
    full: dict[str, Any] = {}
    for param in layer.params:
        if param.name in params:
            full[param.name] = _checked(layer, param, params[param.name])
        elif param.default is not REQUIRED:
            full[param.name] = param.default
        elif not param.inferred:
            start = f" for example {param.start}" if param.start is not None else " a value"
            raise LaminaError(
                f"{layer.name} needs {param.name}.",
                place=f"{layer.name}.{param.name}",
                remedy=f"Give it{start}.",
                code="param",
            )
    return full


def _near_param(name: str, names: Mapping[str, Any]) -> str:
    close = near(name, names)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"It has {', '.join(names)}." if names else "It has none."


def _checked(layer: Layer, param: Param, value: Any) -> Any:
    """The value in its exact Python type; LaminaError where it is of the wrong type or out of
    range.
    """
    if value is None and param.default is None:
        return None
    wanted = _WANTED[param.kind]
    kind = param.kind.removeprefix("optional_")
    good: Any = None
    if kind == "int" and _is_int(value):
        good = int(value)
    elif kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        good = float(value)
    elif (kind == "bool" and isinstance(value, bool)) or (
        kind in ("choice", "text") and isinstance(value, str)
    ):
        good = value
    elif kind == "size" and _is_int(value):
        good = int(value)
    elif kind in ("ints", "size") and isinstance(value, list | tuple) and all(map(_is_int, value)):
        good = tuple(int(item) for item in value)
    elif kind == "size" and isinstance(value, str) and value in param.choices:
        return value
    if good is None or (kind == "size" and good == ()):
        raise _wrong(layer, param, value, wanted)
    if param.choices and kind == "choice" and good not in param.choices:
        raise _wrong(layer, param, value, f"one of {', '.join(param.choices)}")
    for item in good if isinstance(good, tuple) else (good,):
        if isinstance(item, int | float) and not isinstance(item, bool):
            _within(layer, param, item)
    return good


_WANTED = {
    "int": "a whole number",
    "optional_int": "a whole number",
    "float": "a number",
    "optional_float": "a number",
    "bool": "true or false",
    "choice": "one of its choices",
    "ints": "a list of whole numbers",
    "size": "a whole number, or one for each axis",
    "text": "a text",
}
_LARGEST = 2**31 - 1


def _is_int(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _within(layer: Layer, param: Param, item: float) -> None:
    low = param.low if param.low is not None else -_LARGEST
    high = param.high if param.high is not None else _LARGEST
    if not low <= item <= high:
        if param.low is not None and param.high is not None:
            wanted = f"between {number(param.low)} and {number(param.high)}"
        else:
            wanted = f"at least {number(low)}" if item < low else f"at most {number(high)}"
        raise _wrong(layer, param, item, wanted)


def _wrong(layer: Layer, param: Param, value: Any, wanted: str) -> LaminaError:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    shown = number(value) if plain else repr(value)
    return LaminaError(
        f"{param.name} of {layer.name} must be {wanted}, not {shown[:60]}.",
        place=f"{layer.name}.{param.name}",
        remedy="Correct the value.",
        code="param",
    )
