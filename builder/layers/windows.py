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


def window_formula(call: Call, out: tuple[Shape, ...]) -> str:
    """How a window makes the new sizes: "height: (32 + 2×1 − 3) / 2 + 1 = 16", rounded down."""
    params, sizes = call.params, call.shapes[0][1:]
    if params.get("padding") == "same":
        return "padding same: the size stays"
    axes = len(sizes)
    kernel = spatial(call, "kernel_size")
    stride = kernel if params.get("stride") is None else spatial(call, "stride")
    plain = params.get("padding", 0) == "valid" or "padding" not in params
    padding = (0,) * axes if plain else spatial(call, "padding")
    dilation = spatial(call, "dilation") if "dilation" in params else (1,) * axes
    told: dict[str, str] = {}
    for name, size, k, s, p, d, new in zip(
        AXES[axes], sizes, kernel, stride, padding, dilation, out[0][1:], strict=True
    ):
        span = f"{d}×({k} − 1) − 1" if d > 1 else str(k)
        inner = f"{size}{f' + 2×{p}' if p else ''} − {span}"
        formula = f"({inner}) / {s} + 1 = {new}" if s > 1 else f"{inner} + 1 = {new}"
        told[formula] = f"{told[formula]}, {name}" if formula in told else name
    ceil = ", rounded up" if params.get("ceil_mode") else ", rounded down"
    note = ceil if max(stride) > 1 else ""
    return "; ".join(f"{names}: {formula}" for formula, names in told.items()) + note
