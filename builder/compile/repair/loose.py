"""Places for nodes that nothing comes into: the drawing is in progress, and its loose pieces are
offered the place where a person would put them next.

A loose piece goes behind the open end of the chain that begins at the data, else between two
layers of that chain, else it branches off. Places where its shapes fit come first, then those
where it follows what it usually follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.compile.repair.ground import MERGES, Ground
from builder.compile.repair.manners import clash
from builder.compile.repair.scene import Draft, Fault, Proposal, Scene, ends
from builder.compile.types import Value
from builder.graph import edit, structure
from builder.graph.spec import Edge

_TRIED = 6
_OPEN, _BETWEEN, _BRANCH = 0, 1, 2

Score = tuple[int, ...]


@dataclass(frozen=True)
class Spot:
    """A place for a piece: behind `source`, and before the end of `edge` where it is spliced in."""

    source: str
    edge: Edge | None
    score: Score


def unconnected(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    """Places for the node, the best first, and its removal."""
    node = fault.node or ""
    ground = Ground(scene)
    port = fault.error.facts.get("port", "")
    named = port if len(scene.steps[node].bound.inputs) > 1 else ""
    spots = sorted(_spots(ground, node, named), key=lambda spot: spot.score)[:_TRIED]
    gone = Proposal(
        f"Remove {node}",
        "A layer that nothing comes into does nothing.",
        Draft(scene.graph).do("remove", ids=[node], heal=True),
        order=2,
    )
    lost = not ground.into[node] and not ground.open_ends(ground.later(node))
    if lost and spots and ground.chain(node) and all(spot.score[0] > 0 for spot in spots):
        spots = []  # it fits nowhere in a chain that is whole without it
    yield from _joined(ground, node)
    for rank, spot in enumerate(spots):
        yield _proposal(ground, node, named, spot, rank)
    if not spots:
        yield from _anything(ground, node, named)
    yield gone


def _proposal(ground: Ground, node: str, port: str, spot: Spot, rank: int) -> Proposal:
    draft = Draft(ground.graph)
    order = 1 if spot.score[1] == _BRANCH else 0
    if spot.edge is None:
        draft.do("connect", source=spot.source, target=node, target_port=port)
        return Proposal(
            f"Connect {spot.source} to {node}",
            "It then has something to work on.",
            draft,
            order=order,
            rank=0 if order else rank,
        )
    last, edge = ground.chain(node)[-1], spot.edge
    draft.do("disconnect", **ends(edge))
    draft.do("connect", source=edge.source, target=node, source_port=edge.source_port)
    draft.do("connect", source=last, target=edge.target, target_port=edge.target_port)
    what = node if last == node else f"{node} to {last}"
    return Proposal(
        f"Put {what} between {edge.source} and {edge.target}",
        f"What {edge.source} gives then goes through {node} first.",
        draft,
        rank=rank,
    )


def _spots(ground: Ground, node: str, port: str) -> Iterator[Spot]:
    later = ground.later(node)
    chain = ground.chain(node)
    taken = {edge.source for edge in ground.into[node]}
    single = not port
    follower = _follower(ground, later) if chain else None
    siblings = _siblings(ground, node, later)
    for source in ground.sources(later):
        if source in taken:
            continue
        kind = _BRANCH if ground.behind[source] else _OPEN
        given = ground.value(source)
        out, wrong = ground.through(chain or [node], given) if single else (None, 0)
        odd = clash(ground.layer[source], ground.layer[node])
        if chain and follower is not None:
            odd += clash(ground.layer[chain[-1]], ground.layer[follower])
            odd -= clash(ground.layer[source], ground.layer[follower])
        far = ground.far(source, node)
        if chain:
            doubt = given is None or _spoils(ground, given, out)
            yield Spot(source, None, (max(2 * wrong, int(doubt)) + 4 * kind, kind, odd, *far))
        else:
            alone = int(source not in siblings)
            deep = _deep(ground, source)
            yield Spot(source, None, (kind, kind, wrong, alone, odd, -deep, *far))
    for edge in ground.graph.edges if chain else ():
        spot = _between(ground, chain, edge)
        if spot is not None:
            yield spot


def _spoils(ground: Ground, given: Value, out: Value | None) -> bool:
    """Whether the answer is there already and would be changed into something else."""
    expected = ground.scene.expected
    return given.shape == expected and out is not None and out.shape != expected


def _siblings(ground: Ground, node: str, later: set[str]) -> set[str]:
    """What feeds layers of the same type on the other ways to where the node's own way ends, and
    what leads there directly.
    """
    others = [
        edge.source
        for name in later
        for edge in ground.into[name]
        if edge.source not in later and edge.source in ground.alive
    ]
    before = structure.reached(others, ground.into, forward=False)
    return set(others) | {
        edge.source
        for name in before
        if ground.layer[name] == ground.layer[node]
        for edge in ground.into[name]
    }


def _between(ground: Ground, chain: list[str], edge: Edge) -> Spot | None:
    """The chain on an edge that data comes along."""
    joins = len(ground.into[edge.target]) > 1 and ground.layer[edge.target] not in MERGES
    if edge.source not in ground.alive or edge.source in chain or joins:
        return None
    before, after = ground.layer[edge.source], ground.layer[edge.target]
    out, wrong = ground.through(chain, ground.value(edge.source, edge.source_port))
    refused, broken = ground.refuses(edge, out), ground.fails(edge.target)
    wrong = 2 * (wrong + (refused and not broken))
    if not wrong and out is not None and broken and not refused:
        wrong -= 1  # it mends what was wrong there
    first, last = ground.layer[chain[0]], ground.layer[chain[-1]]
    odd = clash(before, first) + clash(last, after) - clash(before, after)
    return Spot(edge.source, edge, (wrong, _BETWEEN, odd, *ground.far(edge.source, chain[0])))


def _deep(ground: Ground, source: str) -> int:
    return 0 if not ground.behind[source] else ground.depth.get(source, 0)


def _follower(ground: Ground, later: set[str]) -> str | None:
    """What waits for the end of the chain: the loose beginning of what leads to an Output."""
    for node in ground.graph.nodes:
        loose = not ground.into[node.id] and node.layer != "Input" and node.id not in later
        if loose and ground.later(node.id) & ground.ends:
            return node.id
    return None


def _joined(ground: Ground, node: str) -> Iterator[Proposal]:
    """Two open ends of one shape before what leads to the answer: they were surely to meet."""
    later = ground.later(node)
    if ground.into[node] or not later & ground.ends:
        return
    loose = [name for name in ground.open_ends(later) if ground.layer[name] != "Input"]
    values = [ground.value(name) for name in loose]
    known = [value for value in values if value is not None]
    if len(loose) < 2 or len(known) < len(loose) or any(v.dtype == "int" for v in known):
        return
    if len({value.shape for value in known}) == 1 and len(loose) == 2:
        kind, why = "Add", "Both have one shape; Add puts them together number by number."
    elif all(len(value.shape) == 1 for value in known):
        kind, why = "Concat", "Concat lays their features side by side."
    else:
        return
    draft = Draft(ground.graph)
    name = edit.fresh_id(ground.graph, kind)
    draft.do("add_node", layer=kind, id=name)
    for end in loose:
        draft.do("connect", source=end, target=name)
    draft.do("connect", source=name, target=node)
    yield Proposal(f"Join {' and '.join(loose)} with {kind}", why, draft, rank=-1)


def _anything(ground: Ground, node: str, port: str) -> Iterator[Proposal]:
    """Where data reaches nothing yet: the node drawn nearest before, that leads nowhere."""
    later = ground.later(node)
    taken = {edge.source for edge in ground.into[node]}
    found = [
        other.id
        for other in ground.graph.nodes
        if other.id not in later and other.layer != "Output" and other.id not in taken
    ]
    found.sort(key=lambda other: (bool(ground.behind[other]), *ground.far(other, node)))
    for source in found[:3]:
        draft = Draft(ground.graph).do("connect", source=source, target=node, target_port=port)
        yield Proposal(
            f"Connect {source} to {node}", "It then has something to work on.", draft, order=3
        )


PROPOSERS = {"unconnected": unconnected}
