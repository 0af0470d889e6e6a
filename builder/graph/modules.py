"""Edits of the user's own modules: grouping nodes into one, dissolving its use, renaming it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.errors import LaminaError
from builder.graph.document import MODULE, Document, checked_name, pruned
from builder.graph.group import group, ungrouped
from builder.graph.spec import Graph, Node


def group_nodes(document: Document, ids: Any, name: str, graph: str = "model") -> Document:
    """Turn nodes into a user module; edges that cross its border become its Inputs and Outputs."""
    if checked_name(name) in document.modules:
        raise LaminaError(f"There is a module {name!r} already.", place=name)
    outer, inner = group(document.graph(graph), ids, name)
    return pruned(document.with_graph(graph, outer).with_graph(f"{MODULE}{name}", inner), graph)


def ungroup(document: Document, id: str, graph: str = "model") -> Document:
    """Put what is inside of a module in the place of its node.

    The module itself goes with its last use, so that grouping and ungrouping leave nothing behind.
    LaminaError where the node is no module.
    """
    outer = document.graph(graph)
    node = next((node for node in outer.nodes if node.id == id), None)
    if node is None or node.layer not in document.modules:
        raise LaminaError(f"{id} is no module.", place=id, code="edit")
    module = node.layer
    after, names = ungrouped(outer, id, document.modules[module])
    positions = _spread(document, graph, id, f"{MODULE}{module}", names)
    document = replace(document.with_graph(graph, after), positions=positions)
    if not uses(document, module):
        modules = {key: inner for key, inner in document.modules.items() if key != module}
        kept = {key: at for key, at in document.positions.items() if key != f"{MODULE}{module}"}
        document = replace(document, modules=modules, positions=kept)
    return pruned(document, graph)


def _spread(
    document: Document, graph: str, id: str, inside: str, names: Mapping[str, str]
) -> dict[str, Mapping[str, tuple[float, float]]]:
    """The places of what was inside, moved to where the module stood if that was set by hand."""
    table = dict(document.positions.get(graph, {}))
    corner = table.pop(id, None)
    inner = {node: at for node, at in document.positions.get(inside, {}).items() if node in names}
    if corner is not None and inner:
        left, top = (min(at[axis] for at in inner.values()) for axis in (0, 1))
        for node, (x, y) in inner.items():
            table[names[node]] = (corner[0] + x - left, corner[1] + y - top)
    elif corner is not None:
        table[next(iter(names.values()))] = corner
    return {**document.positions, graph: table}


def rename_module(document: Document, name: str, new: str) -> Document:
    """With the module called `new` wherever it is used.

    LaminaError where there is no such module, or one of the new name already.
    """
    if not _renames(document.modules, "module", name, new):
        return document
    renamed = {new if key == name else key: graph for key, graph in document.modules.items()}
    old, fresh = f"{MODULE}{name}", f"{MODULE}{new}"
    return Document(
        {key: _following(graph, name, new) for key, graph in document.graphs.items()},
        {key: _following(graph, name, new) for key, graph in renamed.items()},
        {fresh if key == old else key: table for key, table in document.positions.items()},
    )


def rename_graph(document: Document, name: str, new: str) -> Document:
    """With the graph called `new`, in the place that it has among the others.

    LaminaError where there is no such graph, or one of the new name already.
    """
    if not _renames(document.graphs, "graph", name, new):
        return document
    return replace(
        document,
        graphs={new if key == name else key: graph for key, graph in document.graphs.items()},
        positions={new if key == name else key: at for key, at in document.positions.items()},
    )


def _renames(held: Mapping[str, Graph], kind: str, name: str, new: str) -> bool:
    """Whether the name changes. LaminaError where nothing is called so, or something `new`."""
    if name not in held:
        raise LaminaError(f"There is no {kind} {name!r}.", place=name, code="no_graph")
    if checked_name(new) == name:
        return False
    if new in held:
        raise LaminaError(
            f"There is a {kind} {new!r} already.", place=name, remedy="Choose another name."
        )
    return True


def _following(graph: Graph, name: str, new: str) -> Graph:
    """The graph with the layer `name` called `new`; the same object where it is not used."""
    if all(node.layer != name for node in graph.nodes):
        return graph
    nodes = tuple(
        Node(id=node.id, layer=new, params=node.params) if node.layer == name else node
        for node in graph.nodes
    )
    return Graph(nodes=nodes, edges=graph.edges)


def uses(document: Document, module: str) -> int:
    """How many nodes of all graphs and modules are that module."""
    every = (*document.graphs.values(), *document.modules.values())
    return sum(node.layer == module for graph in every for node in graph.nodes)


def holds_itself(name: str, modules: Mapping[str, Graph]) -> bool:
    """Whether a module uses itself, directly or through others."""
    return name in _inside(name, modules)


def _inside(name: str, modules: Mapping[str, Graph]) -> dict[str, str]:
    """The modules that a module uses, also through others, each with the one that uses it."""
    found: dict[str, str] = {}
    stack = [name]
    while stack:
        user = stack.pop()
        for node in modules[user].nodes:
            if node.layer in modules and node.layer not in found:
                found[node.layer] = user
                stack.append(node.layer)
    return found


def refuse_nesting(before: Document, after: Document) -> None:
    """LaminaError where an edit put a module into itself or into one that it contains."""
    if before.modules is after.modules:
        return
    for name, graph in after.modules.items():
        if graph is before.modules.get(name) or not holds_itself(name, after.modules):
            continue
        if name in before.modules and holds_itself(name, before.modules):
            continue  # a file brought it; such a module can be edited until it is whole again
        had = before.modules[name].nodes if name in before.modules else ()
        held = {node.layer for node in had}
        put = next(
            node.layer
            for node in graph.nodes
            if node.layer in after.modules
            and node.layer not in held
            and (node.layer == name or name in _inside(node.layer, after.modules))
        )
        held_by = "itself" if put == name else f"{put}, which contains {name}"
        raise LaminaError(
            f"{name} cannot contain {held_by}: it would never end.",
            place=name,
            remedy=f"Use {put} in a graph, or in a module that it does not contain.",
            code="module_cycle",
        )
