"""From a graph to steps in order, each with its bound layer and its wires; user modules are plans
inside plans.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.compile.bind import Bound, Result, bind
from builder.compile.types import NodeInfo, Value
from builder.errors import LaminaError
from builder.graph import edit, structure
from builder.graph.modules import holds_itself
from builder.graph.spec import Edge, Graph, Node
from builder.layers import catalogue
from builder.layers.base import Port, ShapeError
from builder.layers.declare import text

Modules = Mapping[str, Graph]
Wire = tuple[str, int]
"""A source node and the index of its output port."""


class ModuleBound(Bound):
    """A user module bound to its settings ({"conv1.out_channels": 32} sets a parameter of a node
    inside).
    """

    def __init__(self, name: str, graph: Graph, modules: Modules, error: LaminaError | None):
        super().__init__(None, {}, error)
        self.name = name
        self.graph = graph
        self.modules = modules
        self.inputs = tuple(Port(i) for i in structure.of_layer(graph, "Input"))
        self.outputs = tuple(Port(i) for i in structure.of_layer(graph, "Output"))

    def plan(self) -> "Plan":
        """The steps inside."""
        return plan_of(self.graph, self.modules)

    def given(self, values: Sequence[Value]) -> dict[str, Value]:
        """What each Input node inside receives."""
        return {port.name: value for port, value in zip(self.inputs, values)}

    def _evaluate(self, values: tuple[Value, ...]) -> Result:
        plan = self.plan()
        walked = walk(plan, self.given(values))
        shapes = tuple(value.shape for value in values)
        fault = _fault(plan, walked)
        if fault is not None:
            return Result(
                error=ShapeError("module", f"Inside {self.name}: {fault}"),
                info=NodeInfo(inputs=shapes),
            )
        ends: list[Value] = []
        for port in self.outputs:
            ends += walked.outputs[port.name] or ()
        inner: dict[str, NodeInfo] = {}
        for name, result in walked.results.items():
            inner[name] = result.info
            inner.update({f"{name}/{below}": info for below, info in result.inner.items()})
        parameters = sum(result.info.parameters for result in walked.results.values())
        parts = [
            f"{name} {result.info.parameters:,}"
            for name, result in walked.results.items()
            if result.info.parameters
        ]
        return Result(
            outputs=tuple(ends),
            info=NodeInfo(
                inputs=shapes,
                outputs=tuple(value.shape for value in ends),
                parameters=parameters,
                macs=sum(result.info.macs for result in walked.results.values()),
                derivation=f"{' + '.join(parts)} = {parameters:,}" if parts else "",
            ),
            kept=sum(result.kept for result in walked.results.values()),
            inner=inner,
        )


_NAMED = 6


def round_trip(circle: Sequence[str]) -> str:
    """The way round a circle and back to its first node; of a long one, how it begins and ends."""
    if len(circle) > _NAMED:
        between = f"{len(circle) - 3} more"
        circle = [*circle[:2], between, circle[-1]]
    return " → ".join([*circle, circle[0]])


def _fault(plan: "Plan", walked: "Walked") -> str | None:
    """Why a module cannot be used as it is, in a sentence."""
    if plan.circles:
        return f"{round_trip(plan.circles[0])} goes round in a circle."
    if not structure.of_layer(plan.graph, "Output"):
        return "there is no Output, so nothing comes out."
    if walked.failures:
        first = walked.failures[0]
        return f"{first.node}: {first.error.message}"
    return None


@dataclass(frozen=True, slots=True)
class Step:
    """One node with its bound layer and where its inputs come from; `problem` where that cannot be
    said.
    """

    node: Node
    bound: Bound
    wires: tuple[Wire, ...]
    problem: ShapeError | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A graph's nodes in computing order; nodes on or behind a circle are missing from `steps`."""

    graph: Graph
    modules: Modules
    steps: tuple[Step, ...]
    circles: tuple[tuple[str, ...], ...]

    def step(self, node: str) -> Step:
        """The step of that node; KeyError where there is none."""
        for step in self.steps:
            if step.node.id == node:
                return step
        raise KeyError(node)


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that cannot be computed: why, and what came in as far as known."""

    node: str
    error: ShapeError
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Walked:
    """Shapes along a plan; `outputs` is None for what cannot be known."""

    outputs: dict[str, tuple[Value, ...] | None]
    results: dict[str, Result]
    failures: tuple[Failure, ...]


_plans: dict[int, tuple[Graph, tuple[int, ...], Plan]] = {}
_uses: dict[tuple[int, ...], tuple[Graph, Modules, dict[str, ModuleBound]]] = {}


def plan_of(graph: Graph, modules: Modules) -> Plan:
    """The plan of a graph, kept while the same graph object is asked for again."""
    stamp = tuple(map(id, modules.values()))
    found = _plans.get(id(graph))
    if found is not None and found[0] is graph and found[1] == stamp:
        return found[2]
    plan = _plan(graph, modules)
    if len(_plans) >= 128:
        _plans.clear()
    _plans[id(graph)] = (graph, stamp, plan)
    return plan


def _plan(graph: Graph, modules: Modules) -> Plan:
    into = structure.incoming(graph)
    nodes = {node.id: node for node in graph.nodes}
    known = catalogue()
    bounds = {
        node.id: _use(node, modules)
        if node.layer in modules and node.layer not in known
        else bind(node)
        for node in graph.nodes
    }
    order = structure.order(graph)
    steps: list[Step] = []
    for name in order:
        wires, problem = _wires(bounds[name], into[name], bounds)
        steps.append(Step(nodes[name], bounds[name], wires, problem))
    circles = structure.cycles(graph) if len(order) < len(graph.nodes) else []
    return Plan(graph, modules, tuple(steps), tuple(tuple(circle) for circle in circles))


def _use(node: Node, modules: Modules) -> ModuleBound:
    graph = modules[node.layer]
    key = (id(graph), *map(id, modules.values()))
    found = _uses.get(key)
    if found is None or found[0] is not graph:
        if len(_uses) >= 128:
            _uses.clear()
        found = _uses[key] = (graph, dict(modules), {})
    cache = found[2]
    settings = json.dumps(node.params, sort_keys=True)
    if settings not in cache:
        cache[settings] = _bind_module(node, found[1])
    return cache[settings]


def _bind_module(node: Node, modules: Modules) -> ModuleBound:
    name, graph = node.layer, modules[node.layer]
    error: LaminaError | None = None
    if holds_itself(name, modules):
        error = LaminaError(
            f"{name} contains itself, so it would never end.",
            place=name,
            remedy="Take it out of its own graph.",
            code="module_cycle",
        )
    for key, value in node.params.items():
        inside, _, param = key.partition(".")
        if inside not in graph.ids() or not param:
            error = LaminaError(
                f"{name} has no setting {key!r}.",
                place=f"{name}.{key}",
                remedy='Name a node inside and its parameter ("conv1.out_channels").',
                code="param",
            )
            break
        graph = edit.set_params(graph, inside, {param: value})
    return ModuleBound(name, graph, modules, error)


def _wires(
    bound: Bound, edges: list[Edge], bounds: Mapping[str, Bound]
) -> tuple[tuple[Wire, ...], ShapeError | None]:
    """Assign edges to input ports: named ones first, the others to the next free port."""
    if bound.error is not None:
        error = bound.error
        return (), ShapeError(
            error.code or "param", f"{error.fact} {error.remedy}".strip(), place=error.place
        )
    ports = bound.inputs
    if len(edges) == 1 and len(ports) == 1 and not edges[0].target_port:
        wire = _wire(edges[0], bounds)  # by far the most frequent case
        return ((), wire) if isinstance(wire, ShapeError) else ((wire,), None)
    slots: dict[str, list[Edge]] = {port.name: [] for port in ports}
    many = {port.name for port in ports if port.many}
    surplus: list[Edge] = []
    for edge in sorted(edges, key=lambda edge: not edge.target_port):
        name = edge.target_port or next(
            (port.name for port in ports if port.many or not slots[port.name]), ""
        )
        if edge.target_port and name not in slots:
            return (), ShapeError(
                "port",
                f"There is no input called {name!r}; it has {', '.join(slots) or 'none'}.",
                edge=edge.model_dump(),
            )
        if not name or (slots[name] and name not in many):
            surplus.append(edge)
        else:
            slots[name].append(edge)
    if surplus:
        return (), ShapeError("too_many", _surplus_words(ports, edges), edges=edges, ports=ports)
    gap = next((p for p in ports if not slots[p.name] and not p.optional), None)
    filled = [bool(slots[port.name]) for port in ports]
    if gap is None and filled != sorted(filled, reverse=True):
        gap = ports[filled.index(False)]
    if gap is not None:
        which = f" {gap.name!r}" if len(ports) > 1 else ""
        return (), ShapeError(
            "unconnected", f"Nothing comes in at its input{which}.", port=gap.name
        )
    places = {id(edge): index for index, edge in enumerate(edges)}
    wires: list[Wire] = []
    for port in ports:
        for edge in sorted(slots[port.name], key=lambda edge: places[id(edge)]):
            wire = _wire(edge, bounds)
            if isinstance(wire, ShapeError):
                return (), wire
            wires.append(wire)
    return tuple(wires), None


def _surplus_words(ports: tuple[Port, ...], edges: list[Edge]) -> str:
    if not ports:
        return "It takes no input, it is where data begins."
    room = "one input" if len(ports) == 1 else f"{len(ports)} inputs"
    return f"It takes {room}, but {len(edges)} edges come in, and it cannot know how to join them."


def _wire(edge: Edge, bounds: Mapping[str, Bound]) -> Wire | ShapeError:
    source = bounds[edge.source]
    if source.error is not None or (isinstance(source, ModuleBound) and not source.outputs):
        return edge.source, 0  # the mistake is told there
    if not edge.source_port:
        if not source.outputs:
            return ShapeError(
                "port", f"{edge.source} has no output to connect.", edge=edge.model_dump()
            )
        return edge.source, 0
    names = [port.name for port in source.outputs]
    if edge.source_port not in names:
        return ShapeError(
            "port",
            f"{edge.source} has no output called {edge.source_port!r}; "
            f"it has {', '.join(names) or 'none'}.",
            edge=edge.model_dump(),
        )
    return edge.source, names.index(edge.source_port)


def walk(plan: Plan, given: Mapping[str, Value], expected: tuple[int, ...] | None = None) -> Walked:
    """Compute all shapes; `given` holds what Input nodes receive, `expected` what the Output must
    have.
    """
    outputs: dict[str, tuple[Value, ...] | None] = {}
    results: dict[str, Result] = {}
    failures: list[Failure] = []
    for step in plan.steps:
        name, bound = step.node.id, step.bound
        if step.problem is not None:
            failures.append(Failure(name, step.problem, _known(step, outputs)))
            outputs[name] = None
            continue
        values: list[Value] = []
        for source, index in step.wires:
            found = outputs[source]
            if found is None:
                break
            values.append(found[index])
        else:
            if name in given and not step.wires and step.node.layer == "Input":
                result = _data(given[name])
            else:
                result = bound.result(tuple(values))
            error = result.error
            if error is None and expected is not None and step.node.layer == "Output":
                error = _unexpected(values[0].shape, expected)
            results[name] = result
            if error is not None:
                failures.append(Failure(name, error, tuple(values)))
                outputs[name] = None
            else:
                outputs[name] = result.outputs
            continue
        outputs[name] = None
    return Walked(outputs, results, tuple(failures))


def _known(step: Step, outputs: Mapping[str, tuple[Value, ...] | None]) -> tuple[Value, ...]:
    found = [(outputs[source], index) for source, index in step.wires]
    return tuple(values[index] for values, index in found if values is not None)


_INPUTS: dict[Value, Result] = {}


def _data(value: Value) -> Result:
    found = _INPUTS.get(value)
    if found is None:
        if len(_INPUTS) > 1000:
            _INPUTS.clear()
        found = _INPUTS[value] = Result(outputs=(value,), info=NodeInfo(outputs=(value.shape,)))
    return found


def _unexpected(shape: tuple[int, ...], expected: tuple[int, ...]) -> ShapeError | None:
    if shape == expected:
        return None
    return ShapeError(
        "output_size",
        f"The task needs {text(expected)} here, but {text(shape)} comes in.",
        expected=expected,
        shape=shape,
    )


def settings(step: Step) -> Mapping[str, Any]:
    """The complete settings of a step, without inferred sizes."""
    return step.bound.params
