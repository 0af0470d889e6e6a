"""Names that new nodes are given."""

import re
from collections.abc import Iterable

from builder.graph.spec import Graph


def fresh_id(graph: Graph, layer: str) -> str:
    """A free id for a node of that type: the type's short name and a number ("conv3")."""
    return _fresh(short_name(layer), {node.id for node in graph.nodes})


def short_name(layer: str) -> str:
    """The usual abbreviation of a layer type's name: Conv2d → conv, BatchNorm1d → bn, Linear →
    linear.
    """
    base = re.sub(r"\d+d$", "", layer)
    if base in _SHORT:
        return _SHORT[base]
    clean = re.sub(r"[^A-Za-z0-9]", "", base).lower().lstrip("0123456789")
    return clean[:24] or "node"


_SHORT = {
    "BatchNorm": "bn",
    "LayerNorm": "ln",
    "GroupNorm": "gn",
    "InstanceNorm": "norm",
    "MaxPool": "pool",
    "AvgPool": "pool",
    "AdaptiveAvgPool": "pool",
    "AdaptiveMaxPool": "pool",
    "ConvTranspose": "deconv",
    "Flatten": "flat",
    "Dropout": "drop",
    "Embedding": "embed",
    "MultiheadAttention": "attention",
    "TransformerEncoderLayer": "encoder",
    "TransformerEncoder": "encoder",
    "Output": "out",
    "Input": "input",
}


def free_name(name: str, taken: set[str]) -> str:
    """The name itself where it is free, else the same word with the first free number."""
    return _fresh(name.rstrip("0123456789"), taken) if name in taken else name


def _fresh(base: str, taken: Iterable[str]) -> str:
    taken = set(taken)
    number = 1
    while f"{base}{number}" in taken:
        number += 1
    return f"{base}{number}"
