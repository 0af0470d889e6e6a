"""Repairs of a wrong number of axes or a wrong order of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from builder.compile.repair.scene import Draft, Fault, Proposal, Scene
from builder.errors import LaminaError
from builder.graph.spec import Edge
from builder.layers import catalogue, complete, defaults
from builder.layers.base import Shape
from builder.layers.declare import text

Chain = tuple[str, str, tuple[tuple[str, dict[str, Any]], ...]]
"""What the button says, why, and the layers to put before the node."""
_ARRANGING = ("Permute", "Transpose")
VAST = 50_000
"""Numbers from which flattening them would make most of the network's weights."""


def _rank(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    step = scene.steps[node]
    layer = step.bound.layer
    ranks = fault.error.facts["ranks"]
    for index, value in enumerate(fault.values):
        rank = len(value.shape)
        if rank in ranks:
            continue
        swapped = _sibling(layer.name if layer else "", rank)
        if swapped:
            kept = _fitting(swapped, scene.graph.node(node).params)
            yield Proposal(
                f"Make it {swapped}",
                f"{swapped} is the same layer for {text(value.shape)}.",
                Draft(scene.graph).do("set_layer", id=node, layer=swapped, params=kept),
            )
        edge = scene.edge(node, index)
        family = layer.family if layer else ""
        chains = list(_chains(value.shape, ranks, family, node))
        if scene.graph.node(edge.source).layer in _ARRANGING:  # then the axes are in order
            chains.sort(key=lambda chain: len(chain[2]))
        for label, why, chain in chains:
            yield Proposal(label, why, Draft(scene.graph).insert_all(edge, *chain))


def _sibling(name: str, rank: int) -> str | None:
    """The same layer for another number of axes: Conv2d → Conv1d."""
    if not name.endswith(("1d", "2d", "3d")):
        return None
    other = f"{name[:-2]}{max(1, rank - 1)}d"
    layer = catalogue().get(other)
    return other if layer is not None and other != name and rank in layer.ranks else None


def _fitting(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """The settings as far as the sibling takes them; lists of sizes fall back to their first
    number.
    """
    layer = catalogue()[name]
    kept: dict[str, Any] = {}
    for key, value in params.items():
        if layer.param(key) is not None:
            kept[key] = value[0] if isinstance(value, list | tuple) and value else value
    try:
        complete(layer, kept)
    except LaminaError:
        return defaults(layer)
    return kept


def _chains(shape: Shape, ranks: tuple[int, ...], family: str, node: str) -> Iterator[Chain]:
    """Ways from a value of that shape to one of so many axes, the likeliest first."""
    rank = len(shape)
    if 1 in ranks and rank > 1:
        yield from _to_numbers(shape, node)
    if 2 in ranks and rank in (1, 3):
        yield from _to_steps(shape, family)
    if 3 in ranks and rank in (1, 2):
        yield _to_picture(shape)
    if ranks and rank == 0:
        yield "Add an axis", "A single number becomes a list of one.", (("Unsqueeze", {"dim": 1}),)
    target = max(ranks, default=0)
    if rank > target > 1:
        yield (
            "Flatten the last axes",
            f"{text(shape)} becomes {target} axes.",
            (("Flatten", {"start_dim": target, "end_dim": -1}),),
        )
    if 1 < rank < target:
        extra = tuple(("Unsqueeze", {"dim": 1}) for _ in range(target - rank))
        yield "Add axes of size 1", f"{text(shape)} becomes {target} axes.", extra


def _to_numbers(shape: Shape, node: str) -> list[Chain]:
    """From several axes to one list of numbers."""
    rank = len(shape)
    chains: list[Chain] = [
        (
            f"Put Flatten before {node}",
            f"Flatten lays the {math.prod(shape):,} numbers in one row; {node} can weigh each.",
            (("Flatten", {}),),
        )
    ]
    if rank in (3, 4):
        pool = f"AdaptiveAvgPool{rank - 1}d"
        chains.append(
            (
                f"Pool each channel to one number before {node}",
                f"Only the mean of each of the {shape[0]} channels is kept: far fewer weights.",
                ((pool, {"output_size": 1}), ("Flatten", {})),
            )
        )
    if rank == 2:
        chains.append(
            (
                f"Take the mean over the steps before {node}",
                "One list of numbers for the whole sequence, whatever its length.",
                (("Mean", {"dim": 1}),),
            )
        )
    if math.prod(shape) > VAST:
        chains.reverse()
    return chains


def _to_steps(shape: Shape, family: str) -> Iterator[Chain]:
    """From numbers or a picture to a sequence."""
    if len(shape) == 1:
        wide = ((f"Read the {shape[0]} numbers as steps", "Each number becomes one step.", 2),
                ("Add one axis", "All numbers become one step, or one channel.", 1))  # fmt: skip
        for label, why, dim in wide if family == "seq" else wide[::-1]:
            yield label, why, (("Unsqueeze", {"dim": dim}),)
        return
    lay = ("Flatten", {"start_dim": 2})
    turn = ("Transpose", {"dim0": 1, "dim1": 2})
    yield (
        "Read the picture as a sequence of pixels" if family == "seq" else "Lay rows in a line",
        f"{shape[1]}×{shape[2]} places become {shape[1] * shape[2]} steps.",
        (lay, turn) if family == "seq" else (lay,),
    )


def _to_picture(shape: Shape) -> Chain:
    """From numbers or a sequence to a picture."""
    if len(shape) == 1:
        return (
            f"Lay the {shape[0]} numbers out as a picture",
            "Only sensible where the numbers are the pixels of a picture, row by row.",
            (("Unflatten", {"dim": 1, "unflattened_size": list(_picture(shape[0]))}),),
        )
    return (
        "Add an axis for one channel",
        f"{text(shape)} becomes {text((1, *shape))}: a picture with a single channel.",
        (("Unsqueeze", {"dim": 1}),),
    )


def _picture(count: int) -> tuple[int, int, int]:
    """Channels, height, width for so many numbers: a square in 1 or 3 channels where that goes."""
    for channels in (1, 3, 4, *range(5, min(count, 4096) + 1)):
        side = math.isqrt(count // channels)
        if side > 1 and channels * side * side == count:
            return channels, side, side
    return count, 1, 1


def _time_axis(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    layer = scene.steps[node].bound.layer
    seq = layer is not None and layer.family == "seq"
    wrong = "channels" if seq else "steps"
    draft = Draft(scene.graph)
    for index, value in enumerate(fault.values):
        if value.layout == wrong:
            edge: Edge = scene.edge(node, index)
            draft.insert(edge, "Transpose", {"dim0": 1, "dim1": 2})
            break
    order = "[steps, features]" if seq else "[channels, length]"
    yield Proposal(
        f"Swap the two axes before {node}", f"Then it reads {order}, as it should.", draft
    )


def _axis(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node, param = fault.node or "", fault.error.facts.get("param", "dim")
    layer = scene.steps[node].bound.layer
    default = layer.param(param) if layer else None
    choices = [default.default] if default is not None and isinstance(default.default, int) else []
    for value in dict.fromkeys([*choices, -1, 1, 2]):
        yield Proposal(
            f"Set {param} to {value}",
            "Axes are counted from the batch, which is 0; −1 is the last.",
            Draft(scene.graph).do("set_params", id=node, params={param: value}),
        )


def _permute(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node, rank = fault.node or "", fault.error.facts["rank"]
    dims = [0, *range(rank, 0, -1)]
    yield Proposal(
        f"Set dims to {', '.join(map(str, dims))}",
        "The batch stays first; the other axes follow in reverse.",
        Draft(scene.graph).do("set_params", id=node, params={"dims": dims}),
    )
    yield Proposal(
        f"Remove {node}",
        "The axes stay as they are.",
        Draft(scene.graph).do("remove", ids=[node], heal=True),
    )


PROPOSERS = {"rank": _rank, "time_axis": _time_axis, "axis": _axis, "permute": _permute}
