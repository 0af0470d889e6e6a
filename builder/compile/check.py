"""Check a graph: shapes, parameters, cost, and what is wrong, in words, with repairs that were
tried.

One mistake gives one error: once a node fails, what follows is computed as if its best repair were
applied and is marked assumed. torch is only imported for layers that have no shape rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from builder.compile import repair, words
from builder.compile.bind import Result
from builder.compile.plan import Failure, Modules, Walked
from builder.compile.types import Check, Fix, Issue, NodeInfo
from builder.graph import edit, structure
from builder.graph.spec import Graph
from builder.layers import catalogue
from builder.layers.base import Shape

if TYPE_CHECKING:
    from builder.data.specs import InputSpec

MOST_REPAIRS = 12
"""Errors beyond this many get no repair until some of the first are mended: trying repairs takes
time.
"""


def check(
    graph: Graph,
    inputs: Mapping[str, InputSpec],
    *,
    modules: Modules | None = None,
    output_shape: Shape | None = None,
    batch_size: int = 32,
) -> Check:
    """Everything there is to say about a graph; never raises for a wrong one."""
    modules = modules or {}
    start = current = repair.Scene(graph, modules, inputs, output_shape)
    first = start.walked
    issues: list[Issue] = []
    passed: set[str] = set()
    broken: dict[str, Failure] = {}
    known = dict(_whole(first))
    while True:
        fault = current.next_fault(passed)
        if fault is None:
            break
        trials = repair.trials(current, fault) if len(issues) < MOST_REPAIRS else ()
        fixes = _fixes(start, fault, trials)
        told = _at(words.issue(current, fault, fixes))
        if _drawn(graph, current.graph, told, fault):
            issues.append(told)
        passed.add(fault.key)
        if fault.failure is not None:
            broken[fault.failure.node] = fault.failure
        if trials:
            current = trials[0].scene
            known = {**_whole(current.walked), **known}
    issues.extend(_warnings(graph, current))
    issues.extend(_lonely(graph, current))
    return _verdict(graph, first, current.walked, known, broken, tuple(issues), batch_size)


def _at(issue: Issue) -> Issue:
    """A missing Input belongs to the node that waits for it: there it is seen and repaired."""
    if issue.code != "no_input" or not issue.fixes:
        return issue
    operation, arguments = issue.fixes[0].edits[-1]
    return replace(issue, node=arguments["target"]) if operation == "connect" else issue


def _drawn(graph: Graph, mended: Graph, issue: Issue, fault: repair.Fault) -> bool:
    """Whether a mistake is of what is drawn: not of a node that a repair added, nor only of what
    would come along an edge that a repair added; that is told once it is there.
    """
    node = (fault.node or "").partition("/")[0]
    if not node or issue.fixes:
        return not node or node in graph.ids()
    return node in graph.ids() and mended.into(node) == graph.into(node)


def _whole(walked: Walked) -> dict[str, Result]:
    """What is known of the nodes whose shapes are."""
    return {
        name: result
        for name, result in walked.results.items()
        if walked.outputs.get(name) is not None
    }


def _fixes(
    start: repair.Scene, fault: repair.Fault, trials: tuple[repair.Trial, ...]
) -> tuple[Fix, ...]:
    """The repairs that can be carried out at once: where the best one rests on a repair before it,
    those of the same mistake as it stands in the graph.
    """
    fixes = tuple(t.fix for t in trials if _applies(start.graph, t.fix))
    if trials and trials[0].fix not in fixes:
        same = (o for o in start.faults() if (o.node, o.code) == (fault.node, fault.code))
        bare = next(same, None)
        return tuple(t.fix for t in repair.trials(start, bare)) if bare else fixes
    return fixes


def _applies(graph: Graph, fix: Fix) -> bool:
    """Whether the fix can be carried out on the graph as it is, without the repairs of errors
    before it.
    """
    return repair.applied(graph, fix.edits) is not None


def _verdict(
    graph: Graph,
    first: Walked,
    last: Walked,
    known: Mapping[str, Result],
    broken: Mapping[str, Failure],
    issues: tuple[Issue, ...],
    batch_size: int,
) -> Check:
    nodes: dict[str, NodeInfo] = {}
    used: list[Result] = []
    for node in graph.nodes:
        name = node.id
        sure = first.outputs.get(name) is not None
        result = known.get(name, last.results.get(name))  # as soon as it is known: what flows there
        failure = broken.get(name)
        if result is None or (result.error is not None and failure is None):
            nodes[name] = _unknown(failure)
            continue
        nodes[name] = result.info if sure else _assumed(result, failure, name in known)
        if name in known:
            used.append(result)
            for below, info in result.inner.items():
                nodes[f"{name}/{below}"] = info
    parameters = sum(result.info.parameters for result in used)
    kept = sum(result.kept for result in used)
    return Check(
        nodes=nodes,
        issues=issues,
        parameters=parameters,
        macs=sum(result.info.macs for result in used),
        # weights, gradients, two moments of Adam; activations, the largest gradient on the way back
        memory_bytes=16 * parameters
        + 4 * batch_size * (kept + max((r.kept for r in used), default=0)),
    )


def _unknown(failure: Failure | None) -> NodeInfo:
    return NodeInfo(inputs=tuple(v.shape for v in failure.values) if failure else (), assumed=True)


def _assumed(result: Result, failure: Failure | None, known: bool) -> NodeInfo:
    """A node behind an error, or the erring node itself: real inputs, assumed outputs."""
    info = result.info
    inputs = info.inputs
    if failure and (failure.values or failure.error.code == "unconnected"):
        inputs = tuple(value.shape for value in failure.values)
    if not known:
        return NodeInfo(inputs=inputs, assumed=True)
    return replace(info, inputs=inputs, assumed=True)


def _warnings(graph: Graph, mended: repair.Scene) -> list[Issue]:
    """What can be built but is surely not meant: nodes whose result goes nowhere, even when all is
    connected that has no input yet.
    """
    if not structure.of_layer(graph, "Output"):
        return []
    inputs = set(structure.of_layer(graph, "Input"))  # the lint names those
    lost = set(structure.dead(mended.graph)) - inputs
    loose = [node.id for node in graph.nodes if node.id in lost]
    behind = structure.outgoing(graph)
    ends = [name for name in loose if not behind[name]] or loose[:1]
    found: list[Issue] = []
    for end in ends:
        reached = structure.reached([end], structure.incoming(graph), forward=False)
        chain = [name for name in loose if name in reached]
        gone = Fix(
            label=f"Remove {chain[0]}" if len(chain) == 1 else f"Remove these {len(chain)} nodes",
            why="Nothing uses their result, so the answer does not change.",
            price="no parameters",
            edits=(("remove", {"ids": chain}),),
        )
        joins = tuple(fix for fix in repair.uses(mended, end) if _applies(graph, fix))
        found.append(
            Issue(
                node=end,
                code="dead",
                severity="warning",
                title=f"{end} leads nowhere",
                message="Its result never reaches an Output, so it costs time and learns nothing.",
                fixes=(*joins, gone),
            )
        )
    return found


def _lonely(graph: Graph, mended: repair.Scene) -> list[Issue]:
    """Nodes that join several ways, to which a single one leads."""
    into = structure.incoming(graph)
    found: list[Issue] = []
    for node in graph.nodes:
        layer = catalogue().get(node.layer)
        several = (
            layer is not None and layer.family == "merge" and any(p.many for p in layer.inputs)
        )
        if not several or len(into[node.id]) != 1 or len(mended.graph.into(node.id)) != 1:
            continue
        joins = tuple(fix for fix in repair.partners(mended, node.id) if _applies(graph, fix))
        gone = Fix(
            label=f"Remove {node.id}",
            why="What is before and behind it is joined.",
            price="no parameters",
            edits=(("remove", {"ids": [node.id], "heal": True}),),
        )
        found.append(
            Issue(
                node=node.id,
                code="lonely",
                severity="warning",
                title=f"{node.id} has a single input",
                message=f"{node.layer} joins several ways; with one it changes nothing.",
                fixes=(*joins, gone),
            )
        )
    return found


def fix(
    graph: Graph,
    inputs: Mapping[str, InputSpec],
    *,
    modules: Modules | None = None,
    output_shape: Shape | None = None,
) -> tuple[Graph, tuple[Fix, ...]]:
    """Apply the best repair of the first error, and again, until none is left or none helps."""
    done: list[Fix] = []
    for _ in range(200):
        verdict = check(graph, inputs, modules=modules, output_shape=output_shape)
        best = next((issue.fixes[0] for issue in verdict.errors if issue.fixes), None)
        if best is None:
            break
        for operation, arguments in best.edits:
            graph = edit.apply(graph, operation, arguments)
        done.append(best)
    return graph, tuple(done)
