"""What of a graph has data already, and what is still open."""

from __future__ import annotations

from functools import cached_property

from builder.compile.repair.scene import Scene
from builder.compile.types import Value
from builder.graph import structure
from builder.graph.spec import Edge

MERGES = ("Add", "Multiply", "Maximum", "Concat", "Stack")
"""Layers that take as many ways in as there are."""


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

    def far(self, source: str, node: str) -> tuple[int, int]:
        """How far apart two nodes were drawn; a source that was drawn later counts as farther."""
        distance = self.place[node] - self.place[source]
        return int(distance < 0), abs(distance)

    def fails(self, name: str) -> bool:
        """Whether the node itself is wrong as it stands."""
        return any(failure.node == name for failure in self.scene.walked.failures)
