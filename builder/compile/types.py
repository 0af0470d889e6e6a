"""What the compiler says about a graph: plain, frozen values that turn into JSON."""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from builder.layers.base import Dtype, Shape

Edit = tuple[str, dict[str, Any]]
"""An operation of graph.edit and its arguments, in plain JSON values."""


class Value(NamedTuple):
    """What flows along an edge: a shape without batch, the kind of number, and for codes how many
    there are.

    `layout` tells sequences apart: "channels" is [channels, time], "steps" is [time, features], ""
    is anything else.
    """

    shape: Shape
    dtype: Dtype = "float"
    cardinality: int = 0
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair: what the button says, why it helps, its price, the edits that carry it out."""

    label: str
    why: str
    price: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong (error) or doubtful (warning) with the graph, in words for a beginner.

    `table` lists the shapes that disagree, `axes` names their axes, `differing` gives the indexes
    of the axes that differ. The best fix comes first.
    """

    node: str | None
    code: str
    severity: Literal["error", "warning"]
    title: str
    message: str
    table: tuple[tuple[str, Shape], ...] = ()
    axes: tuple[str, ...] = ()
    differing: tuple[int, ...] = ()
    fixes: tuple[Fix, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return _plain(dataclasses.asdict(self))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What is known of one node.

    Shapes are without batch; `assumed` means: as if the errors before were repaired.
    """

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    parameters: int = 0
    macs: int = 0
    assumed: bool = False
    derivation: str = ""
    inferred: Mapping[str, int] = field(default_factory=dict)
    shape_derivation: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "inputs": [list(shape) for shape in self.inputs],
            "outputs": [list(shape) for shape in self.outputs],
            "parameters": self.parameters,
            "macs": self.macs,
            "assumed": self.assumed,
            "derivation": self.derivation,
            "inferred": _plain(dict(self.inferred)),
            "shape_derivation": self.shape_derivation,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """The whole verdict.

    Nodes inside user modules appear as "block1/conv2". `memory_bytes` is for one training step.
    """

    nodes: dict[str, NodeInfo]
    issues: tuple[Issue, ...]
    parameters: int
    macs: int
    memory_bytes: int

    @property
    def ok(self) -> bool:
        """Whether the graph can be built (warnings allowed)."""
        return not any(issue.severity == "error" for issue in self.issues)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that forbid building."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "ok": self.ok,
            "nodes": {name: info.to_dict() for name, info in self.nodes.items()},
            "issues": [issue.to_dict() for issue in self.issues],
            "parameters": self.parameters,
            "macs": self.macs,
            "memory_bytes": self.memory_bytes,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """Generated Python.

    `lines` maps each line (from 1) to its node: "conv1" of graph "model", else "graph/node".
    """

    text: str
    lines: dict[int, str]

    @property
    def digest(self) -> str:
        """Sixteen hex digits of SHA-256 over the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def lines_of(self, node: str) -> list[int]:
        """The lines that a node is responsible for, itself or as a module that holds others."""
        return [line for line, owner in self.lines.items() if owner == node]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
