"""Errors inside of user modules: found where they are, so that they are seen and repaired there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from builder import compile as compiler
from builder.compile import Check, Issue, NodeInfo
from builder.graph.document import MODULE
from builder.graph.spec import Graph

DEEPEST = 8


@dataclass(frozen=True)
class _Found:
    nodes: dict[str, NodeInfo]
    issues: list[Issue]


def opened(check: Check, graph: Graph, modules: Mapping[str, Graph]) -> Check:
    """The check with each error of a module replaced by what is wrong inside ("block1/add1")."""
    found = _within(check, graph, modules, "", 0)
    return replace(check, nodes={**check.nodes, **found.nodes}, issues=tuple(found.issues))


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
    from builder.data.specs import InputSpec

    names = [node.id for node in module.nodes if node.layer == "Input"]
    specs = {
        name: InputSpec(name=name, form="vector", shape=shape, stored="float32")
        for name, shape in zip(names, info.inputs)
    }
    return compiler.check(module, specs, modules=modules)


def graph_of(path: str, graph: Graph, modules: Mapping[str, Graph]) -> str | None:
    """The module that holds the node of that path ("modules.Block"); None at the top."""
    name = None
    for part in path.split("/")[:-1]:
        layer = next((node.layer for node in graph.nodes if node.id == part), "")
        if layer not in modules:
            return None
        graph, name = modules[layer], f"{MODULE}{layer}"
    return name
