"""What the canvas is told, as JSON: the palette, the document, the verdict, the source."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from builder import layers
from builder.compile import Check, Fix, Issue, NodeInfo
from builder.errors import LaminaError
from builder.graph.document import Document
from builder.graph.spec import Graph
from builder.layers.base import REQUIRED, Layer, Param, Port
from builder.ui.canvas import inside
from builder.ui.canvas.facts import Wants

DEEPEST = 8


@cache
def catalogue() -> dict[str, Any]:
    """All layer types and their families, as the palette and the inspector draw them."""
    return {
        "families": [{"key": key, "title": title} for key, title in layers.FAMILIES.items()],
        "layers": {name: face(layer) for name, layer in layers.catalogue().items()},
    }


def face(layer: Layer) -> dict[str, Any]:
    """A layer's declaration."""
    return {
        "name": layer.name,
        "family": layer.family,
        "help": layer.help,
        "params": [_param(param) for param in layer.params],
        "inputs": [_port(port) for port in layer.inputs],
        "outputs": [_port(port) for port in layer.outputs],
        "docs": layer.docs,
        "keywords": list(layer.keywords),
        "lamina": layer.lamina,
    }


def _param(param: Param) -> dict[str, Any]:
    required = param.default is REQUIRED
    return {
        "name": param.name,
        "kind": param.kind,
        "required": required,
        "default": None if required else _plain(param.default),
        "start": _plain(param.start),
        "help": param.help,
        "low": param.low,
        "high": param.high,
        "choices": list(param.choices),
        "inferred": param.inferred,
    }


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "many": port.many, "optional": port.optional}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def document(given: Document) -> dict[str, Any]:
    """The document with `params` spelt out, also where a node has none."""
    return {
        "graphs": {name: _graph(graph) for name, graph in given.graphs.items()},
        "modules": {name: _graph(graph) for name, graph in given.modules.items()},
        "positions": {
            name: {node: {"x": x, "y": y} for node, (x, y) in table.items()}
            for name, table in given.positions.items()
            if table
        },
    }


def _graph(graph: Graph) -> dict[str, Any]:
    return {
        "nodes": [{"id": n.id, "layer": n.layer, "params": n.params} for n in graph.nodes],
        "edges": [edge.pair() for edge in graph.edges],
    }


def wants(given: Wants, graphs: Mapping[str, Graph]) -> dict[str, Any]:
    """What the task asks of the graphs: which must stay, which it does not train, and whether there
    may be more.
    """
    idle = sorted(given.idle & set(graphs))
    return {"held": dict(given.held), "idle": idle, "closed": given.closed}


Told = tuple[Check, dict[str, Any]]
"""A check and what was made of it."""


def verdict(
    check: Check, graph: Graph, modules: Mapping[str, Graph], before: Told | None = None
) -> dict[str, Any]:
    """A check with the ports that settings decide; what is as in `before` is taken from there."""
    old, known = before if before else (None, {"nodes": {}})
    infos = old.nodes if old else {}
    nodes = {
        name: known["nodes"][name] if infos.get(name) is info else _info(info)
        for name, info in check.nodes.items()
    }
    return {
        "nodes": nodes,
        "issues": [_issue(issue, graph, modules) for issue in check.issues],
        "parameters": check.parameters,
        "macs": check.macs,
        "memory": check.memory_bytes,
        "ok": check.ok,
        "ports": ports(graph, modules),
    }


def _info(info: NodeInfo) -> dict[str, Any]:
    return {
        "inputs": [list(shape) for shape in info.inputs],
        "outputs": [list(shape) for shape in info.outputs],
        "parameters": info.parameters,
        "macs": info.macs,
        "assumed": info.assumed,
        "derivation": info.derivation,
        "inferred": dict(info.inferred),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [list(step) for step in fix.edits]
    return {"label": fix.label, "why": fix.why, "price": fix.price, "edits": edits}


def _issue(issue: Issue, graph: Graph, modules: Mapping[str, Graph]) -> dict[str, Any]:
    told = {
        "node": issue.node,
        "code": issue.code,
        "severity": issue.severity,
        "title": issue.title,
        "message": issue.message,
        "table": [{"label": label, "shape": shape} for label, shape in issue.table],
        "axes": issue.axes,
        "differing": issue.differing,
        "fixes": [_fix(fix) for fix in issue.fixes],
    }
    within = inside.graph_of(issue.node or "", graph, modules) if modules else None
    return {**told, "graph": within} if within else told


def ports(graph: Graph, modules: Mapping[str, Graph], path: str = "") -> dict[str, Any]:
    """Output ports of the nodes whose settings decide them (Split), by the node's path."""
    found: dict[str, Any] = {}
    for node in graph.nodes:
        if node.layer in modules and path.count("/") < DEEPEST:
            found |= ports(modules[node.layer], modules, f"{path}{node.id}/")
        layer = layers.catalogue().get(node.layer)
        if layer is None or layer.outputs_of is None:
            continue
        try:
            given = layer.outputs_of(layers.complete(layer, node.params))
        except LaminaError:
            continue  # the check says what is wrong with its settings
        found[path + node.id] = [_port(port) for port in given]
    return found
