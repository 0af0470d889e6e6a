"""Dropout: leave out at random while training, so that nothing is learnt by heart."""

from builder.layers.base import Layer, Param
from builder.layers.declare import same, torch_layer

_MORE = ("regularisation", "regularization", "overfitting", "random", "noise")


def _p(default: float = 0.5) -> Param:
    return Param(
        "p",
        "float",
        default,
        "Share that is left out. 0.5, as in the paper, is strong; 0.1 to 0.3 is usual today.",
        low=0,
        high=1,
        positional=True,
    )


_INPLACE = Param("inplace", "bool", False, "Overwrite the input to save memory. Off: safer.")


def _dropout(name: str, help: str, ranks: tuple[int, ...] = ()) -> Layer:
    return torch_layer(
        name,
        "norm",
        help,
        (_p(), _INPLACE),
        shape=same,
        ranks=ranks,
        keywords=_MORE,
        lamina=True,
    )


DROPOUT = _dropout("Dropout", "Leaves out single numbers at random while training.")
CHANNELS = tuple(
    _dropout(f"Dropout{axes}d", "Leaves out whole channels at random while training.", (axes + 1,))
    for axes in (1, 2, 3)
)
ALPHA = _dropout("AlphaDropout", "Dropout that keeps mean and spread; for SELU networks.")
FEATURE_ALPHA = _dropout(
    "FeatureAlphaDropout",
    "AlphaDropout for whole channels; for SELU networks.",
    (1, 2, 3, 4),
)
