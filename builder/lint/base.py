"""The lint contract: graphs that run but are wrong or weak, each suspicion with a reason and a
repair.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from builder.compile.types import Check, Edit, Fix, Issue
from builder.graph import structure
from builder.graph.spec import Edge, Graph, Node
from builder.layers import catalogue
from builder.layers.base import Layer, Shape


@dataclass(frozen=True)
class Subject:
    """What a rule looks at: a graph that can be built, its check, and the kind of task."""

    graph: Graph
    check: Check
    task_kind: str = ""
    output_shape: Shape | None = None
    modules: Mapping[str, Graph] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The nodes by id."""
        return {node.id: node for node in self.graph.nodes}

    @cached_property
    def order(self) -> list[Node]:
        """The nodes in computing order."""
        return [self.nodes[name] for name in structure.order(self.graph)]

    @cached_property
    def into(self) -> dict[str, list[Edge]]:
        """The edges into each node."""
        return structure.incoming(self.graph)

    @cached_property
    def behind(self) -> dict[str, list[Edge]]:
        """The edges out of each node."""
        return structure.outgoing(self.graph)

    def layer(self, node: Node) -> Layer | None:
        """The node's layer type; None for a user module."""
        return catalogue().get(node.layer)

    def before(self, node: Node) -> Node | None:
        """The single node before this one, None where there are none or several."""
        edges = self.into[node.id]
        return self.nodes[edges[0].source] if len(edges) == 1 else None

    def after(self, node: Node) -> Node | None:
        """The single node behind this one, None where there are none or several."""
        edges = self.behind[node.id]
        return self.nodes[edges[0].target] if len(edges) == 1 else None

    def param(self, node: Node, name: str) -> Any:
        """A setting of the node, its default where it is not set."""
        layer = self.layer(node)
        param = layer.param(name) if layer else None
        return node.params.get(name, param.default if param else None)


class Rule(ABC):
    """One suspicion; one file in builder/lint/rules, found by scan."""

    name: ClassVar[str]  # the issue's code
    title: ClassVar[str]  # what it looks for, for the documentation
    help: ClassVar[str]  # why it matters, in a beginner's words

    @abstractmethod
    def find(self, subject: Subject) -> Iterator[Issue]:
        """The warnings of this rule; none where all is well."""


def warning(rule: Rule, node: Node, title: str, message: str, *fixes: Fix) -> Issue:
    """A warning of the rule at a node."""
    return Issue(
        node=node.id,
        code=rule.name,
        severity="warning",
        title=title,
        message=message,
        fixes=fixes,
    )


def removal(node: Node, why: str) -> Fix:
    """The repair that takes a node out and joins what is before and behind it."""
    edits: tuple[Edit, ...] = (("remove", {"ids": [node.id], "heal": True}),)
    return Fix(label=f"Remove {node.id}", why=why, price="no parameters", edits=edits)
