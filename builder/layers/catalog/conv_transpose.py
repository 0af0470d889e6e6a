"""Transposed convolutions: convolutions that make the picture larger."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import torch_layer, total
from builder.layers.initial import INIT
from builder.layers.windows import AXES, THING, spatial, window_words


def _shape(call: Call) -> tuple[Shape, ...]:
    params = call.params
    channels, out, groups = call.shapes[0][0], params["out_channels"], params["groups"]
    if channels % groups or out % groups:
        raise ShapeError(
            "groups",
            f"{channels} incoming and {out} outgoing channels cannot both be shared out evenly "
            f"among {groups} groups.",
            groups=groups,
            channels=(channels, out),
        )
    names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
    settings = zip(*(spatial(call, name) for name in names), strict=True)
    sizes: list[int] = []
    for size, (k, s, p, extra, d) in zip(call.shapes[0][1:], settings, strict=True):
        if extra >= max(s, d):
            raise ShapeError(
                "output_padding",
                f"output_padding {extra} must be smaller than the stride ({s}) or dilation ({d}).",
            )
        grown = (size - 1) * s - 2 * p + d * (k - 1) + extra + 1
        if grown < 1:
            raise ShapeError(
                "transpose_padding", f"padding {p} cuts away everything there is.", padding=p
            )
        sizes.append(grown)
    return ((out, *sizes),)


def _formula(call: Call, out: tuple[Shape, ...]) -> str:
    """How the sizes grow: "height: (16 − 1) × 2 + 2 = 32"."""
    params = call.params
    told: dict[str, str] = {}
    if any(params[name] != plain for name, plain in (("output_padding", 0), ("dilation", 1))):
        return ""
    names = AXES[len(call.shapes[0]) - 1]
    settings = zip(*(spatial(call, n) for n in ("kernel_size", "stride", "padding")), strict=True)
    for name, size, new, (k, s, p) in zip(names, call.shapes[0][1:], out[0][1:], settings):
        formula = f"({size} − 1) × {s} + {k}{f' − 2×{p}' if p else ''} = {new}"
        told[formula] = f"{told[formula]}, {name}" if formula in told else name
    return "; ".join(f"{axes}: {formula}" for formula, axes in told.items())


def _count(call: Call) -> tuple[int, str]:
    fan_in, groups = call.params["in_channels"], call.params["groups"]
    out, kernel = call.params["out_channels"], spatial(call, "kernel_size")
    inner = "×".join(str(n) for n in (out // groups, *kernel))
    weights = fan_in * (out // groups) * total(kernel)
    if call.params["bias"]:
        return weights + out, f"{fan_in} × ({inner}) + {out}"
    return weights, f"{fan_in} × ({inner})"


def _macs(call: Call, out: tuple[Shape, ...]) -> int:
    kernel = total(spatial(call, "kernel_size"))
    return int(total(call.shapes[0]) * (out[0][0] // call.params["groups"]) * kernel)


def _transposed(axes: int) -> Layer:
    return torch_layer(
        f"ConvTranspose{axes}d",
        "conv",
        f"A convolution run backwards: makes the {THING[axes]} larger, with learnt filters.",
        (
            Param("in_channels", "int", help="Follows from what comes in.", inferred=True),
            Param(
                "out_channels",
                "int",
                REQUIRED,
                "How many channels come out; no default fits all.",
                low=1,
                high=100_000,
                start=16,
            ),
            Param(
                "kernel_size",
                "size",
                REQUIRED,
                f"Size of the window: {window_words(axes)}. 2 with stride 2 doubles the size.",
                low=1,
                high=10_000,
                start=2,
            ),
            Param(
                "stride",
                "size",
                1,
                f"How much larger: 2 doubles the {' and '.join(AXES[axes][-2:])}. Default 1.",
                low=1,
                high=10_000,
            ),
            Param("padding", "size", 0, "Cut off at each edge. Default 0.", low=0, high=10_000),
            Param(
                "output_padding",
                "size",
                0,
                "Added at one edge, to reach an exact size. Default 0.",
                low=0,
                high=10_000,
            ),
            Param(
                "groups",
                "int",
                1,
                "Split the channels into groups that do not mix. Default 1: all mix.",
                low=1,
                high=100_000,
            ),
            Param("bias", "bool", True, "Add a learnt constant to each channel. On, it is cheap."),
            *INIT,
            Param(
                "dilation",
                "size",
                1,
                "Gap between the window's cells. Default 1: none.",
                low=1,
                high=10_000,
            ),
        ),
        infer=lambda call: {"in_channels": call.shapes[0][0]},
        shape=_shape,
        why=_formula,
        ranks=(axes + 1,),
        count=_count,
        macs=_macs,
        keywords=("deconvolution", "upsample", "decoder", "generator", "enlarge"),
    )


TRANSPOSED = tuple(_transposed(axes) for axes in (1, 2, 3))
