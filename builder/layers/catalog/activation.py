"""Activations: bend a straight line, so that layers on layers can learn more than one could."""

from builder.layers.base import Param
from builder.layers.declare import same, torch_layer

_INPLACE = Param(
    "inplace",
    "bool",
    False,
    "Overwrite the input to save memory. Off: explanations and shortcuts need the input kept.",
)

RELU = torch_layer(
    "ReLU",
    "act",
    "Negative numbers become 0. The usual first choice: simple and fast.",
    (_INPLACE,),
    shape=same,
    lamina=True,
    keywords=("activation", "rectifier"),
)
