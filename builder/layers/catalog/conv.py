"""Convolutions over sequences, pictures and volumes."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import torch_layer, total
from builder.layers.initial import INIT
from builder.layers.windows import (
    THING,
    spatial,
    stride_param,
    window_formula,
    window_words,
    windows,
)


def _padding(call: Call) -> tuple[int, ...]:
    """The padding on one side of each axis; "same" keeps the size and is handled by `_shape`."""
    padding = call.params["padding"]
    if padding == "valid":
        return (0,) * (len(call.shapes[0]) - 1)
    return spatial(call, "padding")


def _groups(call: Call) -> None:
    groups = call.params["groups"]
    channels_in, channels_out = call.shapes[0][0], call.params["out_channels"]
    for channels, what in ((channels_in, "incoming"), (channels_out, "outgoing")):
        if channels % groups:
            raise ShapeError(
                "groups",
                f"{channels} {what} channels cannot be shared out evenly among {groups} groups.",
                groups=groups,
                channels=(channels_in, channels_out),
            )


def _reflects(call: Call, padding: tuple[int, ...]) -> None:
    """Mirrored and wrapped borders cannot be wider than the picture itself."""
    mode = call.params["padding_mode"]
    if mode not in ("reflect", "circular"):
        return
    for size, pad in zip(call.shapes[0][1:], padding, strict=True):
        if pad > (size - 1 if mode == "reflect" else size):
            raise ShapeError(
                "padding_mode",
                f"A border of {pad} cannot be filled by {mode} from only {size}.",
                size=size,
                padding=pad,
                mode=mode,
            )


def _shape(call: Call) -> tuple[Shape, ...]:
    _groups(call)
    shape, out_channels = call.shapes[0], call.params["out_channels"]
    kernel, stride = spatial(call, "kernel_size"), spatial(call, "stride")
    dilation = spatial(call, "dilation")
    if call.params["padding"] == "same":
        if any(step != 1 for step in stride):
            raise ShapeError(
                "same_stride",
                'padding "same" keeps the size, which a stride other than 1 cannot.',
                kernel=kernel,
            )
        wide = tuple(-(-d * (k - 1) // 2) for k, d in zip(kernel, dilation, strict=True))
        _reflects(call, wide)
        return ((out_channels, *shape[1:]),)
    padding = _padding(call)
    _reflects(call, padding)
    return ((out_channels, *windows(shape, kernel, stride, padding, dilation)),)


def _count(call: Call) -> tuple[int, str]:
    out, groups = call.params["out_channels"], call.params["groups"]
    fan = call.params["in_channels"] // groups
    kernel = spatial(call, "kernel_size")
    inner = "×".join(str(n) for n in (fan, *kernel))
    weights = out * fan * total(kernel)
    if call.params["bias"]:
        return weights + out, f"{out} × ({inner}) + {out}"
    return weights, f"{out} × ({inner})"


def _macs(call: Call, out: tuple[Shape, ...]) -> int:
    fan = call.params["in_channels"] // call.params["groups"]
    return int(total(out[0]) * fan * total(spatial(call, "kernel_size")))


def _conv(axes: int) -> Layer:
    thing = THING[axes]
    return torch_layer(
        f"Conv{axes}d",
        "conv",
        f"Slides small filters over the {thing}; each filter makes one output channel.",
        (
            Param("in_channels", "int", help="Follows from what comes in.", inferred=True),
            Param(
                "out_channels",
                "int",
                REQUIRED,
                "How many patterns to look for. Twice as many costs twice as much.",
                low=1,
                high=100_000,
                start=16,
            ),
            Param(
                "kernel_size",
                "size",
                REQUIRED,
                f"Size of the window: {window_words(axes)}. Odd sizes have a centre; 3 is usual.",
                low=1,
                high=10_000,
                start=3,
            ),
            stride_param(axes),
            Param(
                "padding",
                "size",
                0,
                'Border of zeros. 1 lets a window of 3 reach the edge, "same" keeps the size. '
                "Default 0, as torch has it.",
                low=0,
                high=10_000,
                choices=("same", "valid"),
            ),
            Param(
                "dilation",
                "size",
                1,
                "Gap between the window's cells: 2 looks at every other one. Default 1: no gap.",
                low=1,
                high=10_000,
            ),
            Param(
                "groups",
                "int",
                1,
                "Split the channels into groups that do not mix: cheaper. Default 1: all mix.",
                low=1,
                high=100_000,
            ),
            Param(
                "bias",
                "bool",
                True,
                "Add a learnt constant to each channel. On; a BatchNorm right after undoes it.",
            ),
            Param(
                "padding_mode",
                "choice",
                "zeros",
                "What the border is filled with. Zeros is usual and fastest.",
                choices=("zeros", "reflect", "replicate", "circular"),
            ),
            *INIT,
        ),
        infer=lambda call: {"in_channels": call.shapes[0][0]},
        shape=_shape,
        why=window_formula,
        ranks=(axes + 1,),
        count=_count,
        macs=_macs,
        keywords=("convolution", "filter", "kernel", thing, "cnn"),
    )


CONVOLUTIONS = tuple(_conv(axes) for axes in (1, 2, 3))
