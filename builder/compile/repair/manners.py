"""Which layer is seldom put behind which, so that a loose layer is offered a place where a person
would have put it.
"""

from builder.layers import catalogue

_GATES = ("Sigmoid", "Tanh", "Softmax", "LogSoftmax", "LogSigmoid", "Hardsigmoid", "Hardtanh")
_SHAPING = ("Permute", "Transpose", "Reshape", "Unflatten", "Squeeze", "Unsqueeze", "Patches")

_UNUSUAL: dict[tuple[str, str], int] = {
    ("input", "act"): 6,
    ("input", "drop"): 4,
    ("input", "norm"): 3,
    ("input", "pool"): 3,
    ("input", "output"): 4,
    ("act", "act"): 6,
    ("act", "norm"): 2,
    ("norm", "norm"): 6,
    ("norm", "pool"): 1,
    ("norm", "drop"): 1,
    ("norm", "linear"): 1,
    ("norm", "conv"): 1,
    ("norm", "flatten"): 1,
    ("drop", "drop"): 6,
    ("drop", "act"): 2,
    ("drop", "norm"): 2,
    ("pool", "pool"): 3,
    ("pool", "act"): 2,
    ("pool", "norm"): 2,
    ("flatten", "flatten"): 6,
    ("flatten", "act"): 2,
    ("flatten", "norm"): 2,
    ("conv", "conv"): 1,
    ("conv", "drop"): 1,
    ("conv", "pool"): 1,
    ("conv", "linear"): 1,
    ("conv", "flatten"): 1,
    ("linear", "linear"): 1,
    ("linear", "drop"): 1,
    ("merge", "drop"): 1,
    ("embed", "act"): 3,
    ("act", "output"): 3,
    ("norm", "output"): 4,
    ("drop", "output"): 4,
    ("pool", "output"): 2,
    ("flatten", "output"): 2,
    ("embed", "output"): 2,
    ("seq", "output"): 2,
    ("shape", "output"): 2,
}
"""How odd the second kind looks right behind the first; what is not named is usual."""


def clash(before: str, after: str) -> int:
    """How odd a layer of the type `after` looks right behind one of the type `before`: 0 is
    usual.
    """
    return _UNUSUAL.get((_kind(before), _kind(after)), 0)


def _kind(name: str) -> str:
    layer = catalogue().get(name)
    if name in ("Input", "Output", "Flatten"):
        return name.lower()
    if layer is None or name in _GATES:
        return "module"
    if "Dropout" in name:
        return "drop"
    if name.startswith("Embedding"):
        return "embed"
    if name in _SHAPING:
        return "shape"
    return layer.family
