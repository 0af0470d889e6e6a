"""Pooling to a size that is given, whatever comes in."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape
from builder.layers.declare import torch_layer
from builder.layers.windows import THING, spatial


def _shape(call: Call) -> tuple[Shape, ...]:
    return ((call.shapes[0][0], *spatial(call, "output_size")),)


def _adaptive(kind: str, axes: int) -> Layer:
    what = "mean" if kind == "Avg" else "largest number"
    return torch_layer(
        f"Adaptive{kind}Pool{axes}d",
        "pool",
        f"Shrinks the {THING[axes]} to a given size by the {what} of each part. 1: the whole.",
        (
            Param(
                "output_size",
                "size",
                REQUIRED,
                "Size that comes out. 1 gives one number per channel, whatever the size before.",
                low=1,
                high=10_000,
                start=1,
            ),
        ),
        shape=_shape,
        ranks=(axes + 1,),
        keywords=("global", "pooling", "gap", "average" if kind == "Avg" else "maximum"),
    )


ADAPTIVE = tuple(_adaptive(kind, axes) for kind in ("Avg", "Max") for axes in (1, 2, 3))
