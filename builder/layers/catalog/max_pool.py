"""Pooling by the largest number of each window."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import torch_layer
from builder.layers.windows import (
    THING,
    spatial,
    stride_param,
    window_formula,
    window_words,
    windows,
)


def _shape(call: Call) -> tuple[Shape, ...]:
    kernel = spatial(call, "kernel_size")
    stride = kernel if call.params["stride"] is None else spatial(call, "stride")
    padding = spatial(call, "padding")
    for k, p in zip(kernel, padding, strict=True):
        if p > k // 2:
            raise ShapeError(
                "pool_padding",
                f"Padding {p} is more than half of the window ({k}), so a window could lie in it.",
                kernel=kernel,
            )
    sizes = windows(
        call.shapes[0],
        kernel,
        stride,
        padding,
        spatial(call, "dilation"),
        ceil_mode=call.params["ceil_mode"],
    )
    return ((call.shapes[0][0], *sizes),)


def _pool(axes: int) -> Layer:
    return torch_layer(
        f"MaxPool{axes}d",
        "pool",
        f"Keeps the largest number of each window: the {THING[axes]} shrinks, what matters stays.",
        (
            Param(
                "kernel_size",
                "size",
                REQUIRED,
                f"Size of the window: {window_words(axes)}. 2 halves each side and is usual.",
                low=1,
                high=10_000,
                start=2,
            ),
            stride_param(axes, None),
            Param("padding", "size", 0, "Border that is never the largest. Default 0.", low=0),
            Param("dilation", "size", 1, "Gap between the window's cells. Default 1.", low=1),
            Param(
                "ceil_mode",
                "bool",
                False,
                "Also use a last window that is only partly filled. Off, as torch has it.",
            ),
        ),
        shape=_shape,
        why=window_formula,
        ranks=(axes + 1,),
        keywords=("pooling", "downsample", "shrink", "halve"),
    )


POOLS = tuple(_pool(axes) for axes in (1, 2, 3))
