"""How weights begin: torch.nn.init by choice, written out behind the layer in the source."""

from collections.abc import Callable, Sequence

from builder.layers.base import Call, Param

METHODS: dict[str, str] = {
    "normal": "nn.init.normal_({weight}, std={std})",
    "trunc_normal": "nn.init.trunc_normal_({weight}, std={std}, a={low}, b={high})",
    "xavier_uniform": "nn.init.xavier_uniform_({weight})",
    "xavier_normal": "nn.init.xavier_normal_({weight})",
    "kaiming_uniform": 'nn.init.kaiming_uniform_({weight}, nonlinearity="relu")',
    "kaiming_normal": 'nn.init.kaiming_normal_({weight}, nonlinearity="relu")',
    "orthogonal": "nn.init.orthogonal_({weight})",
    "zeros": "nn.init.zeros_({weight})",
}
"""What a choice of `init` writes; a truncated normal is cut at two deviations."""

INIT = (
    Param(
        "init",
        "choice",
        "default",
        "How the weights begin. Default: as torch does it; with any other, biases begin at 0.",
        choices=("default", *METHODS),
        local=True,
    ),
    Param(
        "init_std",
        "float",
        0.02,
        "How far the first weights spread, for normal and trunc_normal. 0.02, as in GPT-2.",
        low=0,
        high=10,
        local=True,
    ),
)
"""The settings of a layer whose weights may begin otherwise; never arguments of the torch class."""


def fill(*parts: str) -> Callable[[Call], tuple[str, ...]]:
    """A `fill` that begins the weights, and the biases, of these parts of the layer ("" is the
    layer itself).
    """

    def lines(call: Call) -> tuple[str, ...]:
        if call.params["init"] == "default":
            return ()
        written: list[str] = []
        for part in parts:
            written += _part(f"self.{call.name}{part and '.'}{part}", call)
        return tuple(written)

    return lines


def _part(owner: str, call: Call) -> Sequence[str]:
    std = call.params["init_std"]
    weight = f"{owner}.weight"
    found = [
        METHODS[call.params["init"]].format(weight=weight, std=std, low=-2 * std, high=2 * std)
    ]
    if call.params.get("bias"):
        found.append(f"nn.init.zeros_({owner}.bias)")
    if call.params.get("padding_idx") is not None:
        found.append(f"nn.init.zeros_({weight}[{call.params['padding_idx']}])")
    return found
