"""The document that the canvas edits: graphs, user modules and where nodes stand; edits of it are
pure functions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from builder.errors import LaminaError
from builder.graph import edit
from builder.graph.spec import NAME, Graph

Positions = Mapping[str, tuple[float, float]]
MODULE = "modules."
"""A graph named "modules.Block" is the inside of the user module Block."""


@dataclass(frozen=True)
class Document:
    """Graphs, modules and, per graph, the position of each node in pixels."""

    graphs: Mapping[str, Graph] = field(default_factory=lambda: {"model": Graph()})
    modules: Mapping[str, Graph] = field(default_factory=dict)
    positions: Mapping[str, Positions] = field(default_factory=dict)

    def graph(self, name: str) -> Graph:
        """A graph or, as "modules.<name>", a module; LaminaError where there is none."""
        table, key = self._place(name)
        if key not in table:
            raise LaminaError(f"There is no graph {name!r}.", place=name, code="no_graph")
        return table[key]

    def _place(self, name: str) -> tuple[Mapping[str, Graph], str]:
        if name.startswith(MODULE):
            return self.modules, name.removeprefix(MODULE)
        return self.graphs, name

    def with_graph(self, name: str, graph: Graph) -> "Document":
        """With one graph or module in its new form."""
        table, key = self._place(name)
        fresh = {**table, key: graph}
        return (
            replace(self, modules=fresh) if table is self.modules else replace(self, graphs=fresh)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, in the keys of the project file."""
        return {
            "graphs": {name: _dump(graph) for name, graph in self.graphs.items()},
            "modules": {name: _dump(graph) for name, graph in self.modules.items()},
            "view": {
                "positions": {
                    name: {node: {"x": x, "y": y} for node, (x, y) in table.items()}
                    for name, table in self.positions.items()
                    if table
                }
            },
        }

    @staticmethod
    def from_dict(raw: Mapping[str, Any]) -> "Document":
        """The reverse of `to_dict`; keys may be missing. LaminaError where something is wrong."""
        try:
            graphs = {_name(k): Graph.model_validate(v) for k, v in raw.get("graphs", {}).items()}
            modules = {_name(k): Graph.model_validate(v) for k, v in raw.get("modules", {}).items()}
            table = raw.get("view", {}).get("positions", {})
            positions = {name: _positions(nodes) for name, nodes in table.items()}
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise LaminaError(
                first["msg"].removeprefix("Value error, ") + ".",
                place=".".join(str(part) for part in first["loc"]),
                code="document",
            ) from error
        except (AttributeError, TypeError, KeyError) as error:
            raise LaminaError(
                "The document has not the form of a project.", code="document"
            ) from error
        return Document(graphs or {"model": Graph()}, modules, positions)


def _dump(graph: Graph) -> dict[str, Any]:
    return {
        "nodes": [
            {"id": node.id, "layer": node.layer, **({"params": node.params} if node.params else {})}
            for node in graph.nodes
        ],
        "edges": [edge.model_dump() for edge in graph.edges],
    }


def _name(name: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise LaminaError(
            f"{str(name)[:70]!r} is no name.",
            remedy="Use letters, digits and _, a letter first, at most 64.",
            code="name",
        )
    return name


def _positions(raw: Any) -> dict[str, tuple[float, float]]:
    """Positions as given by the canvas, checked."""
    found: dict[str, tuple[float, float]] = {}
    for node, place in raw.items():
        x, y = (place["x"], place["y"]) if isinstance(place, Mapping) else place
        good = all(isinstance(v, int | float) and abs(v) < 1e7 for v in (x, y))  # NaN is not < 1e7
        if not good:
            raise LaminaError("A position is a pair of numbers.", place=node, code="edit")
        found[node] = (float(x), float(y))
    return found


def evolve(
    document: Document, operation: str, arguments: Mapping[str, Any], graph: str
) -> Document:
    """The document after one edit: of a graph (graph.edit), of positions, or of the document as a
    whole.

    Any operation may carry `positions` ({id: {"x", "y"}}), so that adding a node and placing it are
    one step; None instead of a place gives the node back to the automatic layout.
    """
    arguments = dict(arguments)
    placed = arguments.pop("positions", None)
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
        if operation == "rename":
            document = _follow(document, graph, arguments["id"], arguments["new"])
        document = _prune(document, graph)
    if placed is not None or operation == "move":
        document = _move(document, graph, placed)
    return document


def _move(document: Document, graph: str, placed: Any) -> Document:
    known = document.graph(graph).ids()
    try:
        gone = {n for n, place in placed.items() if place is None}
        given = {n: place for n, place in placed.items() if n not in gone}
        fresh = {n: place for n, place in _positions(given).items() if n in known}
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        if isinstance(error, LaminaError):
            raise
        raise LaminaError("Positions are {node: {x, y}}.", code="edit") from error
    kept = {n: at for n, at in document.positions.get(graph, {}).items() if n not in gone}
    merged = {**kept, **fresh}
    return replace(document, positions={**document.positions, graph: merged})


def _prune(document: Document, graph: str) -> Document:
    """Without positions of nodes that are gone."""
    table = document.positions.get(graph)
    if not table:
        return document
    known = document.graph(graph).ids()
    if all(node in known for node in table):
        return document
    kept = {node: place for node, place in table.items() if node in known}
    return replace(document, positions={**document.positions, graph: kept})


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
    full = f"{MODULE}{_name(name)}" if module else _name(name)
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


def _group(document: Document, ids: Any, name: str, graph: str = "model") -> Document:
    """Turn nodes into a user module; edges that cross its border become its Inputs and Outputs."""
    from builder.graph.group import group

    if _name(name) in document.modules:
        raise LaminaError(f"There is a module {name!r} already.", place=name)
    outer, inner = group(document.graph(graph), ids, name)
    return _prune(document.with_graph(graph, outer).with_graph(f"{MODULE}{name}", inner), graph)


_WHOLE: dict[str, Callable[..., Document]] = {
    "replace_document": _replace_document,
    "add_graph": _add_graph,
    "remove_graph": _remove_graph,
    "group": _group,
}
