"""Normalisation of each sample by itself."""

from typing import Any

from builder.layers.base import REQUIRED, Call, Param, Shape, ShapeError
from builder.layers.declare import arguments, same, text, torch_layer, total

_SHAPE = Param(
    "normalized_shape",
    "ints",
    None,
    "Sizes of the last axes to normalise over. Empty: the last axis, the features of each step.",
    low=1,
)


def _infer(call: Call) -> dict[str, Any]:
    shape, wanted = tuple(call.shapes[0]), call.params["normalized_shape"]
    if wanted is None:
        return {"normalized_shape": (shape[-1],)}
    if not wanted or tuple(shape[-len(wanted) :]) != wanted:
        raise ShapeError(
            "normalized_shape",
            f"normalized_shape is {text(wanted)}, but what comes in ends in "
            f"{text(shape[-max(1, len(wanted)) :])}.",
            wanted=wanted,
            shape=shape,
        )
    return {"normalized_shape": wanted}


def _construct(name: str, params: tuple[Param, ...]) -> Any:
    def construct(call: Call) -> str:
        over = call.params["normalized_shape"]
        first = str(over[0]) if len(over) == 1 else str(over)
        rest = arguments(params[1:], call)
        return f"nn.{name}({first}{', ' + rest if rest else ''})"

    return construct


def _layer_count(call: Call) -> tuple[int, str]:
    if not call.params["elementwise_affine"]:
        return 0, ""
    size = total(call.params["normalized_shape"])
    if not call.params["bias"]:
        return size, f"{size}"
    return 2 * size, f"2 × {size}"


_AFFINE = Param("elementwise_affine", "bool", True, "Learn a scale for each number. On, as usual.")
_LAYER = (
    _SHAPE,
    Param("eps", "float", 1e-5, "Keeps a division by 0 away. As torch has it.", low=0),
    _AFFINE,
    Param("bias", "bool", True, "Learn a shift as well. On, as torch has it."),
)
_RMS = (
    _SHAPE,
    Param(
        "eps", "float", None, "Keeps a division by 0 away. Empty: the smallest that works.", low=0
    ),
    _AFFINE,
)

LAYER_NORM = torch_layer(
    "LayerNorm",
    "norm",
    "Brings each sample (or each step of a sequence) to mean 0 and spread 1 by itself.",
    _LAYER,
    infer=_infer,
    construct=_construct("LayerNorm", _LAYER),
    shape=same,
    count=_layer_count,
    keywords=("normalisation", "normalization", "ln", "transformer"),
    lamina=True,
)

RMS_NORM = torch_layer(
    "RMSNorm",
    "norm",
    "LayerNorm without the mean: only the spread is brought to 1. A little cheaper.",
    _RMS,
    infer=_infer,
    construct=_construct("RMSNorm", _RMS),
    shape=same,
    count=lambda call: (
        (total(call.params["normalized_shape"]), f"{text(call.params['normalized_shape'])}")
        if call.params["elementwise_affine"]
        else (0, "")
    ),
    keywords=("normalisation", "normalization", "root mean square"),
    lamina=True,
)


def _group(call: Call) -> tuple[Shape, ...]:
    groups, channels = call.params["num_groups"], call.shapes[0][0]
    if channels % groups:
        raise ShapeError(
            "num_groups",
            f"{channels} channels cannot be shared out evenly among {groups} groups.",
            channels=channels,
            groups=groups,
        )
    return same(call)


GROUP_NORM = torch_layer(
    "GroupNorm",
    "norm",
    "Brings groups of channels to mean 0 and spread 1, sample by sample: fine for small batches.",
    (
        Param(
            "num_groups",
            "int",
            REQUIRED,
            "How many groups of channels; must divide their number. 8 is usual, 1 takes all.",
            low=1,
            high=100_000,
            start=8,
        ),
        Param("num_channels", "int", help="Follows from what comes in.", inferred=True),
        Param("eps", "float", 1e-5, "Keeps a division by 0 away. As torch has it.", low=0),
        Param("affine", "bool", True, "Learn a scale and a shift per channel. On, as usual."),
    ),
    infer=lambda call: {"num_channels": call.shapes[0][0]},
    shape=_group,
    ranks=(1, 2, 3, 4),
    count=lambda call: (
        (2 * call.params["num_channels"], f"2 × {call.params['num_channels']}")
        if call.params["affine"]
        else (0, "")
    ),
    keywords=("normalisation", "normalization", "gn"),
    lamina=True,
)

LOCAL_RESPONSE_NORM = torch_layer(
    "LocalResponseNorm",
    "norm",
    "Neighbouring channels hold each other back, as in AlexNet.",
    (
        Param("size", "int", REQUIRED, "How many neighbours; AlexNet took 5.", low=1, start=5),
        Param("alpha", "float", 1e-4, "How strongly they do. Default from the paper."),
        Param("beta", "float", 0.75, "Power of it. Default from the paper."),
        Param("k", "float", 1.0, "Added before dividing. As torch has it."),
    ),
    shape=same,
    ranks=(2, 3, 4),
    keywords=("lrn", "alexnet", "normalisation"),
    lamina=True,
)
