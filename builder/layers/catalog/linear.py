"""Fully connected layers."""

from builder.layers.base import REQUIRED, Call, Param, Port, Shape, ShapeError
from builder.layers.declare import same, text, torch_layer, total
from builder.layers.initial import INIT

_BIAS = Param("bias", "bool", True, "Add a learnt constant to each output. On, as it costs little.")


def _linear(call: Call) -> tuple[Shape, ...]:
    return ((*call.shapes[0][:-1], call.params["out_features"]),)


def _count(call: Call) -> tuple[int, str]:
    fan_in, fan_out = call.params["in_features"], call.params["out_features"]
    if call.params["bias"]:
        return fan_out * fan_in + fan_out, f"{fan_out} × {fan_in} + {fan_out}"
    return fan_out * fan_in, f"{fan_out} × {fan_in}"


LINEAR = torch_layer(
    "Linear",
    "linear",
    "Every output is a weighted sum of all inputs. On a sequence: of each step by itself.",
    (
        Param("in_features", "int", help="Follows from what comes in.", inferred=True),
        Param(
            "out_features",
            "int",
            REQUIRED,
            "How many numbers come out. More can learn more, and costs more; no default fits all.",
            low=1,
            high=1_000_000,
            start=64,
        ),
        _BIAS,
        *INIT,
    ),
    infer=lambda call: {"in_features": call.shapes[0][-1]},
    shape=_linear,
    ranks=(1, 2),
    count=_count,
    macs=lambda call, out: total(out[0]) * call.params["in_features"],
    keywords=("dense", "fully connected", "fc", "perceptron", "mlp", "head"),
)


def _bilinear(call: Call) -> tuple[Shape, ...]:
    first, second = call.shapes
    if first[:-1] != second[:-1]:
        raise ShapeError(
            "differ",
            f"Both inputs must agree in all axes but the last; here are {text(first)} and "
            f"{text(second)}.",
            shapes=(first, second),
            free=len(first) - 1,
        )
    return ((*first[:-1], call.params["out_features"]),)


def _bilinear_count(call: Call) -> tuple[int, str]:
    one, two = call.params["in1_features"], call.params["in2_features"]
    out = call.params["out_features"]
    if call.params["bias"]:
        return out * one * two + out, f"{out} × ({one}×{two}) + {out}"
    return out * one * two, f"{out} × ({one}×{two})"


BILINEAR = torch_layer(
    "Bilinear",
    "linear",
    "Every output weighs all products of a number of one input with a number of the other.",
    (
        Param("in1_features", "int", help="Follows from the first input.", inferred=True),
        Param("in2_features", "int", help="Follows from the second input.", inferred=True),
        Param(
            "out_features",
            "int",
            REQUIRED,
            "How many numbers come out; no default fits all.",
            low=1,
            high=1_000_000,
            start=16,
        ),
        _BIAS,
        *INIT,
    ),
    inputs=(Port("input1"), Port("input2")),
    infer=lambda call: {
        "in1_features": call.shapes[0][-1],
        "in2_features": call.shapes[1][-1],
    },
    shape=_bilinear,
    ranks=(1, 2),
    count=_bilinear_count,
    macs=lambda call, out: (
        total(out[0]) * call.params["in1_features"] * call.params["in2_features"]
    ),
    keywords=("product", "interaction", "two inputs"),
)

IDENTITY = torch_layer(
    "Identity",
    "linear",
    "Passes everything on unchanged; a place holder.",
    shape=same,
    dtype_in="any",
    keywords=("pass", "nothing", "skip"),
)
