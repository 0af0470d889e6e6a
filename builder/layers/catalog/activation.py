"""Activations: bend a straight line, so that layers on layers can learn more than one could."""

from builder.layers.base import Call, Param, Shape, ShapeError
from builder.layers.declare import axis, same, torch_layer

_INPLACE = Param(
    "inplace",
    "bool",
    False,
    "Overwrite the input to save memory. Off: explanations and shortcuts need the input kept.",
)
_MORE = ("activation", "nonlinearity")


def _act(name: str, help: str, *params: Param, **more: object) -> object:
    more.setdefault("shape", same)
    return torch_layer(name, "act", help, params, lamina=True, keywords=_MORE, **more)


RELU = _act("ReLU", "Negative numbers become 0. The usual first choice: simple, fast.", _INPLACE)
LEAKY_RELU = _act(
    "LeakyReLU",
    "Like ReLU, but negative numbers keep a small share, so no unit goes dead.",
    Param("negative_slope", "float", 0.01, "Share kept of negative numbers. Small by default."),
    _INPLACE,
)
RELU6 = _act("ReLU6", "ReLU that stops at 6; made for small devices.", _INPLACE)


def _prelu(call: Call) -> tuple[Shape, ...]:
    learnt, shape = call.params["num_parameters"], call.shapes[0]
    channels = shape[0] if shape else 1  # one number a row is one channel
    if learnt not in (1, channels):
        raise ShapeError(
            "num_parameters",
            f"{learnt} slopes do not fit {channels} channels: it takes one, or one each.",
            channels=channels,
        )
    return same(call)


PRELU = _act(
    "PReLU",
    "LeakyReLU that learns how much of negative numbers to keep.",
    Param("num_parameters", "int", 1, "1: one slope for all (default); or one a channel.", low=1),
    Param("init", "float", 0.25, "The slope to begin with; torch's choice from the paper."),
    shape=_prelu,
    count=lambda call: (call.params["num_parameters"], f"{call.params['num_parameters']} slopes"),
)


def _rrelu(call: Call) -> tuple[Shape, ...]:
    if call.params["lower"] > call.params["upper"]:
        raise ShapeError("bounds", "lower may not be larger than upper.")
    return same(call)


def _hardtanh(call: Call) -> tuple[Shape, ...]:
    if call.params["min_val"] >= call.params["max_val"]:
        raise ShapeError("bounds", "min_val must be smaller than max_val.")
    return same(call)


RRELU = _act(
    "RReLU",
    "LeakyReLU with a slope that is drawn anew while training, which fights memorising.",
    Param("lower", "float", 1 / 8, "Smallest slope. Default as in the paper.", low=0, high=1),
    Param("upper", "float", 1 / 3, "Largest slope. Default as in the paper.", low=0, high=1),
    _INPLACE,
    shape=_rrelu,
)
ELU = _act(
    "ELU",
    "Like ReLU, with a smooth bend towards −alpha for negative numbers.",
    Param("alpha", "float", 1.0, "Where negative numbers level off. 1 keeps the bend smooth."),
    _INPLACE,
)
CELU = _act(
    "CELU",
    "ELU that stays smooth for every alpha.",
    Param("alpha", "float", 1.0, "Where negative numbers level off. Default 1.", low=0.001),
    _INPLACE,
)
SELU = _act("SELU", "ELU with fixed constants that keep the numbers in range by itself.", _INPLACE)
GELU = _act(
    "GELU",
    "A smooth ReLU; the usual choice in transformers.",
    Param(
        "approximate",
        "choice",
        "none",
        "tanh is faster and nearly the same. Default: exact.",
        choices=("none", "tanh"),
    ),
)
SILU = _act("SiLU", "A smooth ReLU that dips below 0 (also called swish).", _INPLACE)
MISH = _act("Mish", "A smooth ReLU, much like SiLU, a little dearer.", _INPLACE)
HARDSWISH = _act("Hardswish", "SiLU made of straight lines; made for small devices.", _INPLACE)
HARDSIGMOID = _act("Hardsigmoid", "Sigmoid made of straight lines: cheap.", _INPLACE)
HARDTANH = _act(
    "Hardtanh",
    "Cuts numbers off below and above.",
    Param("min_val", "float", -1.0, "Nothing gets smaller than this. Default −1, like Tanh."),
    Param("max_val", "float", 1.0, "Nothing gets larger than this. Default 1, like Tanh."),
    _INPLACE,
    shape=_hardtanh,
)
SIGMOID = _act("Sigmoid", "Squeezes every number between 0 and 1: a gate, or a chance.")
LOG_SIGMOID = _act("LogSigmoid", "The logarithm of Sigmoid.")
TANH = _act("Tanh", "Squeezes every number between −1 and 1.")
TANHSHRINK = _act("Tanhshrink", "What Tanh takes away: x − tanh(x).")
SOFTPLUS = _act(
    "Softplus",
    "A smooth ReLU that never quite reaches 0.",
    Param("beta", "float", 1.0, "How sharp the bend is. Default 1.", low=0.001),
    Param("threshold", "float", 20.0, "A straight line from here on, for safe arithmetic."),
)
SOFTSIGN = _act("Softsign", "Squeezes between −1 and 1, slower than Tanh does.")
SOFTSHRINK = _act(
    "Softshrink",
    "Pulls numbers towards 0 by lambd; small ones become 0.",
    Param("lambd", "float", 0.5, "How far to pull. Default 0.5.", low=0),
)
HARDSHRINK = _act(
    "Hardshrink",
    "Numbers near 0 become 0; the others stay.",
    Param("lambd", "float", 0.5, "What counts as near. Default 0.5."),
)
THRESHOLD = _act(
    "Threshold",
    "Numbers that do not exceed the threshold are replaced.",
    Param("threshold", "float", help="What a number must exceed to stay.", start=0.0),
    Param("value", "float", help="What the others become.", start=0.0),
    _INPLACE,
)


def _along(call: Call) -> tuple[Shape, ...]:
    axis(call.params["dim"], len(call.shapes[0]))
    return same(call)


_DIM = Param(
    "dim",
    "int",
    -1,
    "Axis whose numbers sum to 1; 0 is the batch. torch wants it said; -1, the last, is usual.",
)


def _softmax(name: str, help: str) -> object:
    return _act(
        name,
        help,
        _DIM,
        construct=lambda call: f"nn.{name}(dim={call.params['dim']})",
        shape=_along,
    )


SOFTMAX = _softmax(
    "Softmax", "Turns scores into shares that sum to 1. Not before an Output: the loss does it."
)
LOG_SOFTMAX = _softmax(
    "LogSoftmax", "The logarithm of Softmax. Not before an Output: the loss does it."
)
SOFTMIN = _softmax("Softmin", "Softmax of the negated numbers: the smallest gets the most.")


def _glu(call: Call) -> tuple[Shape, ...]:
    shape = list(call.shapes[0])
    index = axis(call.params["dim"], len(shape))
    if shape[index] % 2:
        raise ShapeError(
            "divisible",
            f"One half gates the other, but {shape[index]} cannot be halved.",
            size=shape[index],
            by=2,
            axis=index,
        )
    shape[index] //= 2
    return (tuple(shape),)


GLU = _act(
    "GLU",
    "One half of the numbers opens and closes the other half, like a gate.",
    Param("dim", "int", -1, "Axis that is halved; 0 is the batch. Default: the last."),
    shape=_glu,
)
