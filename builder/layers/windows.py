"""Sliding windows: the settings and size rules that convolutions and poolings share."""

from builder.layers.base import Call, Param, Shape, ShapeError
from builder.layers.declare import per_axis

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
THING = {1: "sequence", 2: "picture", 3: "volume"}


def windows(
    shape: Shape,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    *,
    ceil_mode: bool = False,
) -> Shape:
    """Sizes after sliding a window over the last axes of `shape` (channels first); ShapeError where
    it does not fit.
    """
    sizes = shape[1:]
    names = AXES[len(sizes)]
    out: list[int] = []
    for size, k, s, p, d, name in zip(sizes, kernel, stride, padding, dilation, names, strict=True):
        room = size + 2 * p - d * (k - 1) - 1
        steps = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (steps - 1) * s >= size + p:
            steps -= 1  # the last window may not start in the padding
        if steps < 1:
            span = d * (k - 1) + 1
            raise ShapeError(
                "kernel",
                f"The window is {span} wide, but the {THING[len(sizes)]} has only {size + 2 * p} "
                f"in its {name}{' with padding' if p else ''}.",
                sizes=sizes,
                kernel=kernel,
                padding=padding,
                dilation=dilation,
            )
        out.append(steps)
    return tuple(out)


def spatial(call: Call, name: str) -> tuple[int, ...]:
    """A `size` setting of the call with one number for each axis after the channels."""
    return per_axis(call.params[name], len(call.shapes[0]) - 1, name)


def window_words(axes: int) -> str:
    """What one window covers: `3` means 3 steps, 3×3 pixels, 3×3×3 cells."""
    return {1: "3 means 3 steps", 2: "3 means 3×3 pixels", 3: "3 means 3×3×3 cells"}[axes]


def stride_param(axes: int, default: int | None = 1) -> Param:
    """The step of a window, with the words that fit a convolution (1) or a pooling (None: the
    kernel's size).
    """
    if default is None:
        words = "Step from window to window. Default: the window's size, so that none overlap."
    else:
        words = f"Step size. 2 halves the {' and '.join(AXES[axes][-2:])}. Default 1 keeps them."
    return Param("stride", "size", default, words, low=1, high=10_000)
