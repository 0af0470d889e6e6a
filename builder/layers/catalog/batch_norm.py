"""Normalisation over the batch and over each sample's channels."""

from builder.layers.base import Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import same, torch_layer
from builder.layers.windows import THING

_EPS = Param("eps", "float", 1e-5, "Keeps a division by 0 away. As torch has it.", low=1e-12)
_TRACK = "Remember averages from training for later use."


def _momentum(default: float) -> Param:
    return Param(
        "momentum",
        "float",
        default,
        "How fast the remembered averages follow. 0.1: about the last ten batches.",
        low=0,
        high=1,
    )


def _count(call: Call) -> tuple[int, str]:
    channels = call.params["num_features"]
    if not call.params["affine"]:
        return 0, ""
    return 2 * channels, f"2 × {channels}"


def _batch_norm(axes: int) -> Layer:
    return torch_layer(
        f"BatchNorm{axes}d",
        "norm",
        "Brings each channel to mean 0 and spread 1 over the batch: training is faster, steadier.",
        (
            Param("num_features", "int", help="Follows from what comes in.", inferred=True),
            _EPS,
            _momentum(0.1),
            Param("affine", "bool", True, "Learn a scale and a shift per channel. On, as usual."),
            Param("track_running_stats", "bool", True, _TRACK + " On: single samples need them."),
        ),
        infer=lambda call: {"num_features": call.shapes[0][0]},
        shape=same,
        ranks=(1, 2) if axes == 1 else (axes + 1,),
        count=_count,
        keywords=("normalisation", "normalization", "bn", "batch"),
        lamina=True,
    )


def _instance(call: Call) -> tuple[Shape, ...]:
    spots = 1
    for size in call.shapes[0][1:]:
        spots *= size
    if spots == 1:
        raise ShapeError(
            "one_spot", "Each channel holds a single number, so there is no spread to even out."
        )
    return same(call)


def _instance_norm(axes: int) -> Layer:
    return torch_layer(
        f"InstanceNorm{axes}d",
        "norm",
        f"Brings each channel of each {THING[axes]} to mean 0 and spread 1 by itself.",
        (
            Param("num_features", "int", help="Follows from what comes in.", inferred=True),
            _EPS,
            _momentum(0.1),
            Param("affine", "bool", False, "Learn a scale and shift per channel. Off, as torch."),
            Param("track_running_stats", "bool", False, _TRACK + " Off: each sample suffices."),
        ),
        infer=lambda call: {"num_features": call.shapes[0][0]},
        shape=_instance,
        ranks=(axes + 1,),
        count=_count,
        keywords=("normalisation", "normalization", "style", "contrast"),
        lamina=True,
    )


BATCH_NORMS = tuple(_batch_norm(axes) for axes in (1, 2, 3))
INSTANCE_NORMS = tuple(_instance_norm(axes) for axes in (1, 2, 3))
