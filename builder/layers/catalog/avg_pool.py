"""Pooling by the mean, or a mean of powers, of each window."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import text, torch_layer
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
    padding = spatial(call, "padding") if "padding" in call.params else (0,) * len(kernel)
    for k, p in zip(kernel, padding, strict=True):
        if p > k // 2:
            raise ShapeError(
                "pool_padding",
                f"Padding {p} is more than half of the window ({k}), so a window could lie in it.",
                kernel=kernel,
            )
    sizes = call.shapes[0][1:]
    if len(kernel) == 3 and any(size < k for size, k in zip(sizes, kernel, strict=True)):
        raise ShapeError(  # torch wants this of volumes, whatever the padding
            "kernel",
            f"The window ({text(kernel)}) is larger than the volume ({text(sizes)}).",
            sizes=sizes,
            kernel=kernel,
            padding=(0, 0, 0),
            dilation=(1, 1, 1),
        )
    sizes = windows(
        call.shapes[0],
        kernel,
        stride,
        padding,
        (1,) * len(kernel),
        ceil_mode=call.params["ceil_mode"],
    )
    return ((call.shapes[0][0], *sizes),)


def _kernel(axes: int) -> Param:
    return Param(
        "kernel_size",
        "size",
        REQUIRED,
        f"Size of the window: {window_words(axes)}. 2 halves each side and is usual.",
        low=1,
        high=10_000,
        start=2,
    )


_CEIL = Param(
    "ceil_mode", "bool", False, "Also use a last window that is only partly filled. Off, as torch."
)
_MORE = ("pooling", "downsample", "shrink", "mean", "halve")


def _avg(axes: int) -> Layer:
    return torch_layer(
        f"AvgPool{axes}d",
        "pool",
        f"Takes the mean of each window: the {THING[axes]} shrinks and is smoothed.",
        (
            _kernel(axes),
            stride_param(axes, None),
            Param("padding", "size", 0, "Border of zeros. Default 0.", low=0, high=10_000),
            _CEIL,
            Param("count_include_pad", "bool", True, "Count the border in the mean. On, as torch."),
        ),
        shape=_shape,
        why=window_formula,
        ranks=(axes + 1,),
        keywords=_MORE,
    )


def _power(axes: int) -> Layer:
    return torch_layer(
        f"LPPool{axes}d",
        "pool",
        "Takes a power mean of each window: between the mean and the largest.",
        (
            Param(
                "norm_type",
                "float",
                REQUIRED,
                "1 sums; larger is nearer the largest.",
                1,
                start=2.0,
            ),
            _kernel(axes),
            stride_param(axes, None),
            _CEIL,
        ),
        shape=_shape,
        why=window_formula,
        ranks=(axes + 1,),
        keywords=_MORE,
    )


AVERAGE = tuple(_avg(axes) for axes in (1, 2, 3))
POWER = tuple(_power(axes) for axes in (1, 2, 3))
