"""Repairs where codes meet arithmetic, or measured numbers meet a table of codes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from builder.compile.repair.scene import Draft, Fault, Proposal, Scene
from builder.graph.spec import Edge

_USUAL = 32
_TRIED = 6
_WIDTHS = ("out_features", "embedding_dim", "hidden_size", "d_model")

Chain = tuple[str, str, tuple[tuple[str, dict[str, Any]], ...]]
"""What the button says, why, and the layers to put before the node."""


def _needs_numbers(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    layer = scene.steps[node].bound.layer
    index = next(i for i, value in enumerate(fault.values) if value.dtype == "int")
    value = fault.values[index]
    edge = scene.edge(node, index)
    table: dict[str, Any] = {} if value.cardinality else {"num_embeddings": 1000}
    table["embedding_dim"] = _width(scene, edge, table)
    embed = ("Embedding", table)
    words = "Each code gets a learnt list of numbers of its own."
    chains: list[Chain] = []
    if layer is not None and layer.name.endswith("1d"):
        chains.append(
            (
                f"Put Embedding and Transpose before {node}",
                f"{words} Then the features become the channels.",
                (embed, ("Transpose", {"dim0": 1, "dim1": 2})),
            )
        )
    many = len(value.shape) == 1 and value.shape[0] > 16
    flat: Chain = (
        f"Put Embedding and Flatten before {node}",
        f"{words} Then all of them are laid in one row.",
        (embed, ("Flatten", {})),
    )
    bag: Chain = (
        f"Put EmbeddingBag before {node}",
        "Each code gets a learnt list of numbers; their mean stands for the whole text.",
        (("EmbeddingBag", table),),
    )
    if layer is not None and 1 in layer.ranks:
        chains += [bag, flat] if many else [flat, bag]
    chains.append((f"Put Embedding before {node}", words, (embed,)))
    chains.append(
        (
            f"Put Embedding and one channel before {node}",
            f"{words} The whole is then read as a picture with one channel.",
            (embed, ("Unsqueeze", {"dim": 1})),
        )
    )
    for label, why, chain in chains:
        yield Proposal(label, why, Draft(scene.graph).insert_all(edge, *chain))


def _width(scene: Scene, edge: Edge, table: dict[str, Any]) -> int:
    """How many numbers a code gets: as many as suit what comes later, where that is set there."""
    graphs = (scene.graph, *scene.modules.values())
    params = [node.params.get(name) for g in graphs for node in g.nodes for name in _WIDTHS]
    later = [width for width, _ in Counter(p for p in params if isinstance(p, int)).most_common()]

    def left(width: int) -> int:
        layer = ("Embedding", {**table, "embedding_dim": width})
        return len(list(scene.after(Draft(scene.graph).insert_all(edge, layer).graph).faults()))

    return min([_USUAL, *later[:_TRIED]], key=left)


def _needs_codes(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    params = scene.graph.node(node).params
    width = params.get("embedding_dim", 32)
    yield Proposal(
        f"Make {node} a Linear layer",
        "Linear turns measured numbers into features, as Embedding does with codes.",
        Draft(scene.graph).do("set_layer", id=node, layer="Linear", params={"out_features": width}),
    )
    yield Proposal(
        f"Remove {node}",
        "Measured numbers can go on as they are.",
        Draft(scene.graph).do("remove", ids=[node], heal=True),
    )


def _vocabulary(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node, known = fault.node or "", fault.error.facts["known"]
    if known:
        yield Proposal(
            "Let the data decide its size",
            f"The table then has {known} rows, one for each code.",
            Draft(scene.graph).do("set_params", id=node, params={}, remove=["num_embeddings"]),
        )
    else:
        yield Proposal(
            "Set num_embeddings to 1000",
            "Room for the codes 0 to 999, until data is chosen.",
            Draft(scene.graph).do("set_params", id=node, params={"num_embeddings": 1000}),
        )


def _padding_idx(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    yield Proposal(
        "Set padding_idx to 0",
        "Lamina pads text with code 0.",
        Draft(scene.graph).do("set_params", id=fault.node, params={"padding_idx": 0}),
    )


PROPOSERS = {
    "needs_numbers": _needs_numbers,
    "needs_codes": _needs_codes,
    "vocabulary": _vocabulary,
    "padding_idx": _padding_idx,
}
