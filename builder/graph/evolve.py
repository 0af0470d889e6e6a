"""Edits of the whole document as pure functions: of its graphs, its modules, and of places."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from builder.errors import LaminaError
from builder.graph import edit, modules
from builder.graph.document import MODULE, Document, checked_name, checked_positions, pruned
from builder.graph.spec import Graph


def evolve(
    document: Document, operation: str, arguments: Mapping[str, Any], graph: str
) -> Document:
    """The document after one edit: of a graph (graph.edit), of positions, or of the document as a
    whole.

    Any edit of a graph may bring `modules` ({name: {"nodes", "edges"}}) that are not there yet.
    Any operation may carry `positions` ({id: {"x", "y"}}), so that adding a node and placing it are
    one step; None instead of a place gives the node back to the automatic layout.
    """
    arguments = dict(arguments)
    placed = arguments.pop("positions", None)
    if operation not in _WHOLE and "modules" in arguments:
        document = _with_modules(document, arguments.pop("modules"))
    if operation in _WHOLE:
        try:
            document = _WHOLE[operation](document, **arguments)
        except TypeError as error:
            raise LaminaError(
                f"The edit {operation} is incomplete: {error}.", code="edit"
            ) from error
    elif operation != "move":
        before = document.graph(graph)
        after = edit.apply(before, operation, arguments)
        document = document.with_graph(graph, after)
        for old, new in _renames(operation, arguments):
            document = _follow(document, graph, old, new)
        document = pruned(document, graph)
    if placed is not None or operation == "move":
        document = _move(document, graph, placed)
    return document


def _with_modules(document: Document, brought: Any) -> Document:
    if not isinstance(brought, Mapping) or not all(
        isinstance(v, Mapping) for v in brought.values()
    ):
        raise LaminaError("Modules are {name: {nodes, edges}}.", code="edit")
    for name, parts in brought.items():
        document = _add_graph(document, name, parts.get("nodes", ()), parts.get("edges", ()), True)
    return document


def _move(document: Document, graph: str, placed: Any) -> Document:
    known = document.graph(graph).ids()
    try:
        gone = {n for n, place in placed.items() if place is None}
        given = {n: place for n, place in placed.items() if n not in gone}
        fresh = {n: place for n, place in checked_positions(given).items() if n in known}
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        if isinstance(error, LaminaError):
            raise
        raise LaminaError("Positions are {node: {x, y}}.", code="edit") from error
    kept = {n: at for n, at in document.positions.get(graph, {}).items() if n not in gone}
    merged = {**kept, **fresh}
    return replace(document, positions={**document.positions, graph: merged})


def _renames(operation: str, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Old and new names of the nodes that an edit, or those of a batch, renamed; in order."""
    if operation == "batch":
        return [pair for step in arguments["edits"] for pair in _renames(*step)]
    return [(arguments["id"], arguments["new"])] if operation == "rename" else []


def _follow(document: Document, graph: str, old: str, new: str) -> Document:
    table = dict(document.positions.get(graph, {}))
    if old in table:
        table[new] = table.pop(old)
    return replace(document, positions={**document.positions, graph: table})


def _replace_document(document: Document, value: Mapping[str, Any]) -> Document:  # noqa: ARG001
    if not isinstance(value, Mapping):
        raise LaminaError("The document has not the form of a project.", code="document")
    return Document.from_dict(value)


def _add_graph(
    document: Document, name: str, nodes: Any = (), edges: Any = (), module: bool = False
) -> Document:
    full = f"{MODULE}{checked_name(name)}" if module else checked_name(name)
    table = document.modules if module else document.graphs
    if name in table:
        raise LaminaError(f"There is a graph {name!r} already.", place=name)
    return document.with_graph(full, edit.replace(Graph(), nodes, edges))


def _remove_graph(document: Document, name: str) -> Document:
    document.graph(name)
    positions = {key: value for key, value in document.positions.items() if key != name}
    if name.startswith(MODULE):
        bare = name.removeprefix(MODULE)
        users = [
            key
            for key, graph in (*document.graphs.items(), *document.modules.items())
            if any(node.layer == bare for node in graph.nodes)
        ]
        if users:
            raise LaminaError(
                f"{bare} is still used in {', '.join(users)}.",
                place=bare,
                remedy="Remove it there.",
            )
        modules = {key: graph for key, graph in document.modules.items() if key != bare}
        return replace(document, modules=modules, positions=positions)
    if len(document.graphs) == 1:
        raise LaminaError("A project keeps at least one graph.", place=name)
    graphs = {key: graph for key, graph in document.graphs.items() if key != name}
    return replace(document, graphs=graphs, positions=positions)


_WHOLE: dict[str, Callable[..., Document]] = {
    "replace_document": _replace_document,
    "add_graph": _add_graph,
    "remove_graph": _remove_graph,
    "group": modules.group_nodes,
    "ungroup": modules.ungroup,
    "rename_module": modules.rename_module,
    "rename_graph": modules.rename_graph,
}
