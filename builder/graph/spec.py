"""A network as frozen data: nodes, edges, and nothing that computes. No torch here."""

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_serializer,
    model_validator,
)

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""Node ids and port names become Python names in the generated source, so nothing else is let in.
"""


class Frozen(BaseModel):
    """Base of all graph data: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _name(value: Any) -> Any:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is no name; use letters, digits and _, a letter first, at most 64"
        )
    return value


Name = Annotated[str, BeforeValidator(_name)]


class Node(Frozen):
    """One layer of the network.

    `params` holds only what the user set; defaults live in the layer's declaration.
    """

    id: Name
    layer: str = Field(min_length=1, max_length=64)
    params: dict[str, JsonValue] = {}


class Edge(Frozen):
    """From an output port to an input port; written `["a", "b"]` or `["a.port", "b.port"]` in the
    project file.

    An empty port means the layer's only (or next free) one. Where an input takes any number of
    edges (Add, Concat), the order of `Graph.edges` is the order of the arguments.
    """

    source: Name
    target: Name
    source_port: str = ""
    target_port: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if not isinstance(value, dict | Edge):
            if (
                not isinstance(value, list | tuple)
                or len(value) != 2
                or not all(isinstance(end, str) for end in value)
            ):
                raise ValueError('an edge is a pair of node names such as ["conv1", "relu1"]')
            source, _, source_port = value[0].partition(".")
            target, _, target_port = value[1].partition(".")
            return {
                "source": source,
                "target": target,
                "source_port": source_port,
                "target_port": target_port,
            }
        return value

    @field_validator("source_port", "target_port")
    @classmethod
    def _port(cls, value: str) -> str:
        return _name(value) if value else value

    @model_serializer
    def _to_pair(self) -> list[str]:
        return self.pair()

    def pair(self) -> list[str]:
        """As in the project file: `["a", "b"]` or `["a.port", "b.port"]`."""
        return [
            f"{self.source}.{self.source_port}" if self.source_port else self.source,
            f"{self.target}.{self.target_port}" if self.target_port else self.target,
        ]


class Graph(Frozen):
    """A directed graph of layers.

    It may be unfinished or wrong: checks say so, the data type does not.
    """

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> "Graph":
        seen: set[str] = set()
        for node in self.nodes:
            if node.id in seen:
                raise ValueError(f"two nodes are called {node.id!r}; give each a name of its own")
            seen.add(node.id)
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in seen:
                    raise ValueError(
                        f"an edge names {end!r}, but no node is called so; "
                        "correct the edge, or add the node"
                    )
        return self

    def node(self, node_id: str) -> Node:
        """The node of that id; KeyError where there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)

    def ids(self) -> frozenset[str]:
        """All node ids."""
        return frozenset(node.id for node in self.nodes)

    def into(self, node_id: str) -> tuple[Edge, ...]:
        """The edges that end at the node, in argument order."""
        return tuple(edge for edge in self.edges if edge.target == node_id)

    def out_of(self, node_id: str) -> tuple[Edge, ...]:
        """The edges that start at the node."""
        return tuple(edge for edge in self.edges if edge.source == node_id)
