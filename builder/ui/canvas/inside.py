"""Errors inside of user modules: found where they are, so that they are seen and repaired there.

What comes after such a module is computed as if its best repair were applied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from builder import compile as compiler
from builder.compile import Check, Fix, Issue, NodeInfo
from builder.graph import edit
from builder.graph.document import MODULE
from builder.graph.spec import Graph

if TYPE_CHECKING:
    from builder.data.specs import InputSpec

DEEPEST = 8
MOST_REPAIRS = 12


@dataclass(frozen=True)
class _Found:
    nodes: dict[str, NodeInfo]
    issues: list[Issue]


Modules = Mapping[str, Graph]
Again = Callable[[Modules], Check]
"""The verdict on the graph with other modules."""


def opened(check: Check, graph: Graph, modules: Modules, again: Again) -> Check:
    """The check with each error of a module replaced by what is wrong inside ("block1/add1").

    A module may be used more than once, so the repairs that mend most uses come first.
    """
    found = _within(check, graph, modules, "", 0)
    issues = [
        replace(issue, fixes=tuple(sorted(issue.fixes, key=partial(_left, within, modules, again))))
        if (within := graph_of(issue.node or "", graph, modules)) and len(issue.fixes) > 1
        else issue
        for issue in found.issues
    ]
    return replace(check, nodes={**check.nodes, **found.nodes}, issues=tuple(issues))


def _left(within: str, modules: Modules, again: Again, fix: Fix) -> int:
    """How many errors remain after a repair inside a module."""
    return len(again(_with_fix(within, modules, fix)).errors)


def _with_fix(within: str, modules: Modules, fix: Fix) -> Modules:
    name = within.removeprefix(MODULE)
    graph = modules[name]
    for operation, arguments in fix.edits:
        graph = edit.apply(graph, operation, arguments)
    return {**modules, name: graph}


def mended(check: Check, graph: Graph, modules: Modules, again: Again) -> tuple[Check, Modules]:
    """The verdict on the graph with the best repairs inside of its modules, and those modules."""
    for _ in range(MOST_REPAIRS):
        if all(issue.code != "module" for issue in check.issues):
            break
        for issue in opened(check, graph, modules, again).errors:
            within = graph_of(issue.node or "", graph, modules)
            if within and issue.fixes:
                modules = _with_fix(within, modules, issue.fixes[0])
                check = again(modules)
                break
        else:
            break
    return check, modules


def assuming(found: Check, after: Check) -> Check:
    """`found` with what `after`, the verdict with its modules mended, knows of the nodes behind."""
    known = {(issue.node, issue.code) for issue in found.issues}
    more = [i for i in after.issues if i.code != "module" and (i.node, i.code) not in known]
    nodes = dict(found.nodes)
    for name, info in after.nodes.items():
        if name in nodes and not nodes[name].outputs:
            nodes[name] = replace(info, assumed=True)
    return replace(
        found,
        nodes=nodes,
        issues=(*found.issues, *more),
        parameters=after.parameters,
        macs=after.macs,
        memory_bytes=after.memory_bytes,
    )


def unused(check: Check, graph: Graph) -> Check:
    """The check of a module that nothing uses yet. What comes in is not known before it is used, so
    shapes are neither shown nor complained of, unless its Inputs name theirs.
    """
    gates = [node for node in graph.nodes if node.layer == "Input"]
    if gates and all("shape" in node.params for node in gates):
        return check
    hidden = {node.id for node in gates} | {name for name, i in check.nodes.items() if i.inputs}
    issues = tuple(i for i in check.issues if i.code == "no_input" or i.node not in hidden)
    return Check(nodes={}, issues=issues, parameters=0, macs=0, memory_bytes=0)


def _within(
    check: Check, graph: Graph, modules: Mapping[str, Graph], path: str, depth: int
) -> _Found:
    result = _Found({}, [])
    layers = {node.id: node.layer for node in graph.nodes}
    for issue in check.issues:
        name = layers.get(issue.node or "", "")
        if issue.code != "module" or name not in modules or depth >= DEEPEST or not issue.node:
            result.issues.append(_moved(issue, path))
            continue
        module = modules[name]
        inner = _check(module, check.nodes[issue.node], modules)
        if not inner.errors:
            result.issues.append(_moved(issue, path))
            continue
        below = f"{path}{issue.node}/"
        deeper = _within(inner, module, modules, below, depth + 1)
        result.nodes.update({below + node: info for node, info in inner.nodes.items()})
        result.nodes.update(deeper.nodes)
        result.issues.extend(deeper.issues)
    return result


def _moved(issue: Issue, path: str) -> Issue:
    return replace(issue, node=path + issue.node) if path and issue.node else issue


def _check(module: Graph, info: NodeInfo, modules: Mapping[str, Graph]) -> Check:
    """The module by itself, fed with the shapes that come to it."""
    return compiler.check(module, _specs(module, info), modules=modules)


def _specs(module: Graph, info: NodeInfo) -> "dict[str, InputSpec]":
    from builder.data.specs import InputSpec

    names = [node.id for node in module.nodes if node.layer == "Input"]
    return {
        name: InputSpec(name=name, form="vector", shape=shape, stored="float32")
        for name, shape in zip(names, info.inputs)
    }


def graph_of(path: str, graph: Graph, modules: Mapping[str, Graph]) -> str | None:
    """The module that holds the node of that path ("modules.Block"); None at the top."""
    name = None
    for part in path.split("/")[:-1]:
        layer = next((node.layer for node in graph.nodes if node.id == part), "")
        if layer not in modules:
            return None
        graph, name = modules[layer], f"{MODULE}{layer}"
    return name
