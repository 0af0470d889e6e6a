"""Borders around sequences, pictures and volumes."""

from typing import Any

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import torch_layer
from builder.layers.windows import AXES, THING


def _sides(call: Call) -> tuple[int, ...]:
    """(left, right, top, bottom, …): torch counts from the last axis."""
    axes = len(call.shapes[0]) - 1
    padding = call.params["padding"]
    if isinstance(padding, int):
        return (padding,) * (2 * axes)
    if len(padding) != 2 * axes:
        raise ShapeError(
            "sides",
            f"padding has {len(padding)} numbers, but it takes one, or {2 * axes}: two per axis.",
            param="padding",
            axes=axes,
            value=padding,
        )
    return tuple(padding)


def _rule(mode: str) -> Any:
    def rule(call: Call) -> tuple[Shape, ...]:
        sides, shape = _sides(call), list(call.shapes[0])
        for index, name in enumerate(reversed(AXES[len(shape) - 1])):
            before, after = sides[2 * index], sides[2 * index + 1]
            size = shape[-1 - index]
            most = {"Reflection": size - 1, "Circular": size}.get(mode)
            if most is not None and max(before, after) > most:
                raise ShapeError(
                    "wide_border",
                    f"A border of {max(before, after)} cannot be filled from a {name} of {size}.",
                    most=most,
                )
            shape[-1 - index] = size + before + after
        return (tuple(shape),)

    return rule


_HELP = {
    "Zero": "zeros",
    "Constant": "one number",
    "Reflection": "what lies inside, mirrored",
    "Replication": "the edge, repeated",
    "Circular": "the other side, as on a ring",
}


def _pad(mode: str, axes: int) -> Layer:
    params = [
        Param(
            "padding",
            "size",
            REQUIRED,
            "How wide: one number for all sides, or two per axis from the last axis on.",
            low=0,
            high=10_000,
            start=1,
        )
    ]
    if mode == "Constant":
        params.append(Param("value", "float", REQUIRED, "The number that fills it.", start=0.0))
    return torch_layer(
        f"{mode}Pad{axes}d",
        "pool",
        f"Adds a border around the {THING[axes]}, filled with {_HELP[mode]}.",
        params,
        shape=_rule(mode),
        ranks=(axes + 1,),
        keywords=("padding", "border", "margin", "frame"),
    )


PADDINGS = tuple(_pad(mode, axes) for mode in _HELP for axes in (1, 2, 3))
