"""The document that the canvas edits: graphs, user modules and where nodes stand.

Edits of it are in graph.evolve.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from builder import wording
from builder.errors import LaminaError
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
            graphs = {
                checked_name(k): Graph.model_validate(v) for k, v in raw.get("graphs", {}).items()
            }
            modules = {
                checked_name(k): Graph.model_validate(v) for k, v in raw.get("modules", {}).items()
            }
            table = raw.get("view", {}).get("positions", {})
            positions = {name: checked_positions(nodes) for name, nodes in table.items()}
        except ValidationError as error:
            found = error.errors(include_url=False)
            fact, remedy = wording.sentence(found)
            raise LaminaError(
                fact, place=wording.place(found[0]), remedy=remedy, code="document"
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
        "edges": [edge.pair() for edge in graph.edges],
    }


def checked_name(name: str) -> str:
    """The name of a graph or module; LaminaError (code "name") where it cannot be one."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise LaminaError(
            f"{str(name)[:70]!r} is no name.",
            remedy="Use letters, digits and _, a letter first, at most 64.",
            code="name",
        )
    return name


def checked_positions(raw: Any) -> dict[str, tuple[float, float]]:
    """Positions as given by the canvas, checked."""
    found: dict[str, tuple[float, float]] = {}
    for node, place in raw.items():
        x, y = (place["x"], place["y"]) if isinstance(place, Mapping) else place
        good = all(isinstance(v, int | float) and abs(v) < 1e7 for v in (x, y))  # NaN is not < 1e7
        if not good:
            raise LaminaError("A position is a pair of numbers.", place=node, code="edit")
        found[node] = (float(x), float(y))
    return found


def pruned(document: Document, graph: str) -> Document:
    """Without positions of nodes that are gone."""
    table = document.positions.get(graph)
    if not table:
        return document
    known = document.graph(graph).ids()
    if all(node in known for node in table):
        return document
    kept = {node: place for node, place in table.items() if node in known}
    return replace(document, positions={**document.positions, graph: kept})
