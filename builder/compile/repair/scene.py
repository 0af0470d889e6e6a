"""A graph under repair: its plan, shapes and faults; and a draft of edits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from builder.compile.plan import (
    Failure,
    Modules,
    Plan,
    Step,
    Walked,
    Wire,
    plan_of,
    round_trip,
    walk,
)
from builder.compile.types import Edit, Value
from builder.errors import LaminaError
from builder.graph import edit, structure
from builder.graph.spec import Edge, Graph, Node
from builder.layers.base import Shape, ShapeError

if TYPE_CHECKING:
    from builder.data.specs import InputSpec


@dataclass(frozen=True)
class Fault:
    """One mistake: of a node (`failure`) or of the graph as a whole."""

    code: str
    error: ShapeError
    node: str | None = None
    failure: Failure | None = None

    @property
    def key(self) -> str:
        """What tells this mistake from others."""
        return f"{self.node}|{self.code}|{self.error.message}"

    @property
    def values(self) -> tuple[Value, ...]:
        """What comes into the node, as far as known."""
        return self.failure.values if self.failure else ()


class Scene:
    """A graph with what surrounds it: modules, data, the shape that the task expects."""

    def __init__(
        self,
        graph: Graph,
        modules: Modules,
        inputs: Mapping[str, InputSpec],
        expected: Shape | None = None,
    ):
        self.graph = graph
        self.modules = modules
        self.inputs = inputs
        self.expected = expected

    def after(self, graph: Graph) -> Scene:
        """The same surroundings around another graph."""
        return Scene(graph, self.modules, self.inputs, self.expected)

    @cached_property
    def plan(self) -> Plan:
        """The steps in order."""
        return plan_of(self.graph, self.modules)

    @cached_property
    def walked(self) -> Walked:
        """The shapes along the plan."""
        ends = structure.of_layer(self.graph, "Output")
        expected = self.expected if len(ends) == 1 else None
        return walk(self.plan, input_values(self.graph, self.inputs), expected)

    @cached_property
    def steps(self) -> dict[str, Step]:
        """The steps by node."""
        return {step.node.id: step for step in self.plan.steps}

    def faults(self) -> Iterator[Fault]:
        """All mistakes, those of the whole graph first, then node by node in computing order."""
        for circle in self.plan.circles:
            yield Fault(
                "cycle",
                ShapeError("cycle", f"{round_trip(circle)} goes round in a circle.", circle=circle),
                circle[0],
            )
        if not structure.of_layer(self.graph, "Input"):
            error = ShapeError("no_input", "Data has no way into this network.")
            yield Fault("no_input", error)
        if not structure.of_layer(self.graph, "Output"):
            error = ShapeError("no_output", "Nothing tells which result is the answer.")
            yield Fault("no_output", error)
        for failure in sorted(self.walked.failures, key=self._turn):
            yield Fault(failure.error.code, failure.error, failure.node, failure)

    def _turn(self, failure: Failure) -> int:
        """Loose layers before shapes, as one of them may be what a shape lacks; what leads to the
        answer last, when the chain before it is whole.
        """
        if failure.error.code != "unconnected":
            return 1
        return 2 if failure.node in self._answering else 0

    @cached_property
    def _answering(self) -> set[str]:
        """The nodes whose result reaches an Output."""
        ends = structure.of_layer(self.graph, "Output")
        return structure.reached(ends, structure.incoming(self.graph), forward=False)

    def next_fault(self, passed: set[str]) -> Fault | None:
        """The first mistake that was not dealt with."""
        return next((fault for fault in self.faults() if fault.key not in passed), None)

    def shape(self, node: str) -> Shape | None:
        """The node's first output shape, None where it is not known."""
        found = self.walked.outputs.get(node)
        return found[0].shape if found else None

    def edge(self, node: str, index: int) -> Edge:
        """The edge behind the node's wire of that index."""
        wires = self.steps[node].wires
        left = list(self.graph.into(node))
        for wire in wires[:index]:
            left.remove(self._match(left, wire))
        return self._match(left, wires[index])

    def _match(self, edges: list[Edge], wire: Wire) -> Edge:
        source, port = wire
        ports = self.steps[source].bound.outputs
        name = ports[port].name if port < len(ports) else ""
        same = [edge for edge in edges if edge.source == source]
        exact = [e for e in same if e.source_port == name or (not e.source_port and port == 0)]
        return (exact or same)[0]

    def before(self, node: str) -> list[Node]:
        """The nodes that lead to this one along single inputs, the nearest first."""
        found: list[Node] = []
        step = self.steps.get(node)
        while step is not None and len(step.wires) == 1:
            step = self.steps.get(step.wires[0][0])
            if step is not None:
                found.append(step.node)
        return found


def input_values(graph: Graph, inputs: Mapping[str, InputSpec]) -> dict[str, Value]:
    """What each Input node receives, as far as data is bound to it."""
    return {
        node.id: Value(
            tuple(spec.shape),
            spec.dtype,
            spec.cardinality,
            "channels" if spec.form == "series" else "",
        )
        for node in graph.nodes
        if node.layer == "Input" and (spec := inputs.get(node.id)) is not None
    }


class Draft:
    """Edits under way: `graph` is what they lead to, `edits` what is kept.

    A method that cannot be raises LaminaError.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.edits: list[Edit] = []

    def do(self, operation: str, **arguments: Any) -> Draft:
        """Carry out one edit."""
        self.graph = edit.apply(self.graph, operation, arguments)
        self.edits.append((operation, arguments))
        return self

    def insert(self, edge: Edge, layer: str, params: dict[str, Any] | None = None) -> Edge:
        """Put a layer on an edge; gives the edge from the new node onwards."""
        name = edit.fresh_id(self.graph, layer)
        pair = edge.model_dump()
        self.do("insert_on_edge", edge=pair, layer=layer, id=name, params=params or {})
        return Edge(source=name, target=edge.target, target_port=edge.target_port)

    def insert_all(self, edge: Edge, *chain: tuple[str, dict[str, Any]]) -> Draft:
        """Put several layers on an edge, in order."""
        for layer, params in chain:
            edge = self.insert(edge, layer, params)
        return self


def ends(edge: Edge) -> dict[str, str]:
    """The edge as arguments of connect and disconnect."""
    return {
        "source": edge.source,
        "target": edge.target,
        "source_port": edge.source_port,
        "target_port": edge.target_port,
    }


@dataclass(frozen=True)
class Proposal:
    """A repair before it is tried. Of several that work, the lowest `order` comes first, then the
    lowest `rank`, then the one that leaves the fewest mistakes.
    """

    label: str
    why: str
    draft: Draft
    order: int = 0
    rank: int = 0


def applied(graph: Graph, edits: tuple[Edit, ...]) -> Graph | None:
    """The graph after the edits; None where one of them cannot be carried out."""
    try:
        for operation, arguments in edits:
            graph = edit.apply(graph, operation, arguments)
    except LaminaError:
        return None
    return graph
