"""Repairs of an answer that has not the shape the task needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from builder.compile.repair.scene import Draft, Fault, Proposal, Scene
from builder.graph.spec import Edge, Node
from builder.layers import catalogue
from builder.layers.base import Shape
from builder.layers.declare import text

Layers = tuple[tuple[str, dict[str, Any]], ...]
_MANY_CODES = 16


def _output_size(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    expected: Shape = fault.error.facts["expected"]
    shape: Shape = fault.error.facts["shape"]
    edge = scene.edge(node, 0)
    trail = [scene.graph.node(edge.source), *scene.before(edge.source)]
    last = _last_linear(trail)
    if last is not None and len(shape) == len(expected) == 1:
        yield Proposal(
            f"Set out_features of {last.id} to {expected[0]}",
            _why(expected),
            Draft(scene.graph).do("set_params", id=last.id, params={"out_features": expected[0]}),
        )
    if fault.values and fault.values[0].dtype == "int":
        yield from _from_codes(scene, edge, shape, expected)
        return
    if len(expected) != 1:
        yield from _projected(scene, edge, shape, expected)
        return
    recurrent = next((n for n in trail[:3] if n.layer in ("LSTM", "GRU", "RNN")), None)
    if recurrent is not None and len(shape) == 2:
        draft = Draft(scene.graph).do("set_params", id=recurrent.id, params={"output": "last"})
        if shape[-1] != expected[0]:
            draft.insert(edge, "Linear", {"out_features": expected[0]})
        yield Proposal(
            f"Let {recurrent.id} give only its last step",
            f"What is left at the end stands for the whole sequence. {_why(expected)}",
            draft,
        )
    if last is not None and len(shape) > 1:
        yield from _before_last(scene, last, shape, expected)
    for label, why, chain in _sums(shape):
        draft = Draft(scene.graph).insert_all(
            edge, *chain, ("Linear", {"out_features": expected[0]})
        )
        yield Proposal(label, f"{why}{_why(expected)}", draft)


def _from_codes(scene: Scene, edge: Edge, shape: Shape, expected: Shape) -> Iterator[Proposal]:
    """Codes reach the answer as they are: a table of learnt features and a head are lacking."""
    if len(shape) != 1 or len(expected) != 1:
        return
    table = {"embedding_dim": 32}
    bag: Layers = (("EmbeddingBag", table),)
    flat: Layers = (("Embedding", table), ("Flatten", {}))
    head: Layers = (("Linear", {"out_features": expected[0]}),)
    many = shape[0] > _MANY_CODES
    for chain in (bag, flat) if many else (flat, bag):
        names = " and ".join([*(layer for layer, _ in chain[:1]), "Linear"])
        why = f"Each code gets a learnt list of numbers of its own. {_why(expected)}"
        draft = Draft(scene.graph).insert_all(edge, *chain, *head)
        yield Proposal(f"Put {names} before it", why, draft)


def _projected(scene: Scene, edge: Edge, shape: Shape, expected: Shape) -> Iterator[Proposal]:
    """The answer is a sequence or a picture of the right size, but of another width."""
    if len(shape) != len(expected):
        return
    rank = len(shape)
    if shape[:-1] == expected[:-1] and rank == 2:
        draft = Draft(scene.graph).insert_all(edge, ("Linear", {"out_features": expected[-1]}))
        why = f"It makes {expected[-1]} numbers of the {shape[-1]} at each step."
        yield Proposal("Add a Linear layer before it", why, draft)
    if shape[1:] == expected[1:] and rank in (2, 3, 4):
        layer = f"Conv{rank - 1}d"
        params = {"out_channels": expected[0], "kernel_size": 1}
        draft = Draft(scene.graph).insert_all(edge, (layer, params))
        why = f"It makes {expected[0]} of the {shape[0]} channels, at each place on its own."
        yield Proposal(f"Add a {layer} 1×1 before it", why, draft)


def _before_last(scene: Scene, last: Node, shape: Shape, expected: Shape) -> Iterator[Proposal]:
    """Sum the sequence up before the last Linear layer, which then gives the answer itself."""
    edge = scene.edge(last.id, 0)
    for label, why, chain in _sums(shape):
        if not chain:
            continue
        draft = Draft(scene.graph).insert_all(edge, *chain)
        if shape[-1] != expected[0]:
            draft.do("set_params", id=last.id, params={"out_features": expected[0]})
        first = label.split(" and ")[0]
        yield Proposal(f"{first} before {last.id}", f"{why}{_why(expected)}", draft)


def _sums(shape: Shape) -> Iterator[tuple[str, str, Layers]]:
    """Ways to one list of features."""
    if len(shape) == 1:
        yield "Add a Linear layer before it", "", ()
    elif len(shape) == 2:
        yield (
            "Take the mean over the steps and add a Linear layer",
            "One list of numbers for the whole sequence. ",
            (("Mean", {"dim": 1}),),
        )
    if len(shape) in (3, 4):
        pool = f"AdaptiveAvgPool{len(shape) - 1}d"
        yield (
            "Pool each channel and add a Linear layer",
            f"The mean of each of the {shape[0]} channels is what counts. ",
            ((pool, {"output_size": 1}), ("Flatten", {})),
        )
    if len(shape) > 1:
        yield (
            "Flatten and add a Linear layer",
            f"All {text(shape)} numbers in one row. ",
            (("Flatten", {}),),
        )


def _why(expected: Shape) -> str:
    count = expected[0]
    return (
        "The task wants one number."
        if count == 1
        else f"One score for each of the {count} classes."
    )


def _last_linear(trail: list[Node]) -> Node | None:
    """The Linear layer that decides the answer's width: nothing behind it changes it."""
    for node in trail:
        if node.layer == "Linear":
            return node
        layer = catalogue().get(node.layer)
        if layer is None or layer.family not in ("act", "norm"):
            return None
    return None


PROPOSERS = {"output_size": _output_size}
