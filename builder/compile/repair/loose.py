"""Places for nodes that nothing comes into: the drawing is in progress, and its loose pieces are
offered the place where a person would put them next.

A loose piece goes behind the open end of the chain that begins at the data, else between two
layers of that chain, else it branches off. Places where its shapes fit come first, then those
where it follows what it usually follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from builder.compile.repair.manners import clash
from builder.compile.repair.scene import Draft, Fault, Proposal, Scene, ends
from builder.compile.types import Value
from builder.graph import edit, structure
from builder.graph.spec import Edge
from builder.layers import catalogue

_TRIED = 6
_MERGES = ("Add", "Multiply", "Maximum", "Concat", "Stack")
_OPEN, _BETWEEN, _BRANCH = 0, 1, 2

Score = tuple[int, ...]


@dataclass(frozen=True)
class Spot:
    """A place for a piece: behind `source`, and before the end of `edge` where it is spliced in."""

    source: str
    edge: Edge | None
    score: Score


class Ground:
    """What of a graph has data already, and what is still open."""

    def __init__(self, scene: Scene):
        self.scene = scene
        self.graph = scene.graph
        self.into = structure.incoming(scene.graph)
        self.behind = structure.outgoing(scene.graph)
        self.place = {node.id: index for index, node in enumerate(scene.graph.nodes)}
        self.layer = {node.id: node.layer for node in scene.graph.nodes}
        self.ends = set(structure.of_layer(scene.graph, "Output"))

    @cached_property
    def alive(self) -> set[str]:
        """The nodes that data reaches."""
        starts = structure.of_layer(self.graph, "Input")
        return structure.reached(starts, self.behind, forward=True)

    @cached_property
    def depth(self) -> dict[str, int]:
        """How many layers are before each node on its longest way."""
        found: dict[str, int] = {}
        for step in self.scene.plan.steps:
            before = [found.get(edge.source, 0) for edge in self.into[step.node.id]]
            found[step.node.id] = 1 + max(before, default=-1)
        return found

    def open_ends(self, later: set[str]) -> list[str]:
        """Nodes with data whose result goes nowhere yet."""
        return [name for name in self.sources(later) if not self.behind[name]]

    def sources(self, later: set[str]) -> list[str]:
        """Nodes with data that a node with so many nodes behind it could be joined to."""
        return [
            node.id
            for node in self.graph.nodes
            if node.id in self.alive and node.id not in later and node.layer != "Output"
        ]

    def later(self, node: str) -> set[str]:
        """The node and all that is behind it."""
        return structure.reached([node], self.behind, forward=True)

    def chain(self, node: str) -> list[str]:
        """The node and what follows it one by one; empty where that branches, joins or ends in an
        Output.
        """
        found = [node]
        while len(self.behind[found[-1]]) == 1:
            found.append(self.behind[found[-1]][0].target)
            if len(self.into[found[-1]]) != 1:
                return []
        whole = not self.behind[found[-1]] and found[-1] not in self.ends
        return found if whole and len(self.into[node]) == 0 else []

    def value(self, name: str, port: str = "") -> Value | None:
        """What the node gives there, as far as known."""
        values = self.scene.walked.outputs.get(name)
        if not values:
            return None
        names = [item.name for item in self.scene.steps[name].bound.outputs]
        return values[names.index(port) if port in names else 0]

    def through(self, chain: list[str], value: Value | None) -> tuple[Value | None, int]:
        """What comes out when the value goes through a chain, and how many layers refuse it."""
        for name in chain:
            bound = self.scene.steps[name].bound
            if value is None or bound.error is not None or not bound.outputs:
                return None, 0
            result = bound.result((value,))
            if result.error is not None:
                return None, 1
            value = result.outputs[0]
        return value, 0

    def refuses(self, edge: Edge, value: Value | None) -> bool:
        """Whether the edge's target fails with that value in place of what comes along the edge."""
        step = self.scene.steps.get(edge.target)
        if value is None or step is None or not step.wires or step.bound.error is not None:
            return False
        values: list[Value] = []
        for (source, index), own in zip(step.wires, self.into[edge.target], strict=False):
            known = self.scene.walked.outputs.get(source)
            if known is None:
                return False
            values.append(value if own == edge else known[index])
        return step.bound.result(tuple(values)).error is not None

    def fails(self, name: str) -> bool:
        """Whether the node itself is wrong as it stands."""
        return any(failure.node == name for failure in self.scene.walked.failures)


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
        far = _far(ground, source, node)
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
    joins = len(ground.into[edge.target]) > 1 and ground.layer[edge.target] not in _MERGES
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
    return Spot(edge.source, edge, (wrong, _BETWEEN, odd, *_far(ground, edge.source, chain[0])))


def _far(ground: Ground, source: str, node: str) -> tuple[int, int]:
    """How far apart two nodes were drawn; a source that was drawn later counts as farther."""
    distance = ground.place[node] - ground.place[source]
    return int(distance < 0), abs(distance)


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


def uses(scene: Scene, end: str) -> Iterator[Proposal]:
    """Nodes that join several ways and may take the end's result as well, the nearest first."""
    ground = Ground(scene)
    before = structure.reached([end], ground.into, forward=False)
    joins = [
        node.id
        for node in scene.graph.nodes
        if node.layer in _MERGES and node.id not in before and node.id in ground.alive
    ]
    joins.sort(key=lambda name: (len(ground.into[name]) > 1, abs(_far(ground, end, name)[1])))
    for target in joins:
        draft = Draft(scene.graph).do("connect", source=end, target=target)
        yield Proposal(f"Connect {end} to {target}", f"{target} then takes it in as well.", draft)


def partners(scene: Scene, join: str) -> Iterator[Proposal]:
    """Second ways into a node that joins but a single one: an Input that nothing uses yet, else
    from where its own way began.
    """
    ground = Ground(scene)
    own = ground.into[join][0].source
    for name in structure.of_layer(scene.graph, "Input"):
        if not ground.behind[name]:
            draft = Draft(scene.graph).do("connect", source=name, target=join)
            yield Proposal(f"Connect {name} to {join}", "Nothing uses it yet.", draft, rank=-1)
    weighty = 0
    for node in [scene.graph.node(own), *scene.before(own)]:
        layer = catalogue().get(node.layer)
        if weighty and node.id != own and _rests(ground, node.id):
            draft = Draft(scene.graph).do("connect", source=node.id, target=join)
            why = f"A shortcut past {weighty} layer{'s' if weighty > 1 else ''} with weights."
            yield Proposal(f"Connect {node.id} to {join}", why, draft, rank=int(weighty < 2))
        weighty += layer is not None and layer.family in ("conv", "linear", "seq")


def _rests(ground: Ground, name: str) -> bool:
    """Whether a block may begin behind it: what follows is no norm or activation that belongs to
    it.
    """
    known = catalogue()
    after = [known.get(ground.layer[edge.target]) for edge in ground.behind[name]]
    return not any(layer is not None and layer.family in ("norm", "act") for layer in after)


def _anything(ground: Ground, node: str, port: str) -> Iterator[Proposal]:
    """Where data reaches nothing yet: the node drawn nearest before, that leads nowhere."""
    later = ground.later(node)
    taken = {edge.source for edge in ground.into[node]}
    found = [
        other.id
        for other in ground.graph.nodes
        if other.id not in later and other.layer != "Output" and other.id not in taken
    ]
    found.sort(key=lambda other: (bool(ground.behind[other]), *_far(ground, other, node)))
    for source in found[:3]:
        draft = Draft(ground.graph).do("connect", source=source, target=node, target_port=port)
        yield Proposal(
            f"Connect {source} to {node}", "It then has something to work on.", draft, order=3
        )


PROPOSERS = {"unconnected": unconnected}
