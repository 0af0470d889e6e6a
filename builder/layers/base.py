"""What a layer declares. The palette, the forms, the docs, the shapes and the source are drawn from this."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = tuple[int, ...]
"""Sizes without the batch axis, as a node shows them: (16, 32, 32)."""

REQUIRED: Any = object()
"""Marks a parameter without a default."""

Family = Literal["io", "conv", "norm", "act", "pool", "linear", "merge", "seq"]
Kind = Literal[
    "int", "float", "bool", "choice", "ints", "size", "text", "optional_int", "optional_float"
]
"""`size` is an int or one int per axis (kernel_size, stride, padding); `ints` a list of ints (a shape, axes)."""


@dataclass(frozen=True)
class Param:
    """One setting of a layer, under torch.nn's own name and default."""

    name: str
    kind: Kind
    default: Any = REQUIRED
    help: str = ""  # one line, in a beginner's words; also why the default is what it is
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    inferred: bool = False  # follows from the input (in_channels); never asked for, may not be set
    start: Any = None  # what a new node gets where there is no default (out_features: 64)


@dataclass(frozen=True)
class Port:
    """An input or output. `many` takes any number of edges (Add, Concat); `optional` may stay open."""

    name: str = "x"
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Call:
    """What a layer is told when it writes its source: settings complete with defaults, shapes of what comes in."""

    name: str  # the node id, hence the attribute: self.<name>
    params: Mapping[str, Any]
    shapes: Sequence[Shape]  # one per connected input, without batch
    args: Sequence[str]  # the Python names that hold the inputs, in port order


@dataclass(frozen=True)
class Layer:
    """A layer type. One value in one file of `catalog/`, found by scan.

    `construct` gives the expression that makes it ("nn.Conv2d(3, 16, 3)") or None for a plain function;
    `call` the expression that applies it ("self.conv1(x)", "a + b"); with several outputs the expression is a tuple in
    port order. `shape` is an optional fast rule from input shapes to output shapes that raises `ShapeError`;
    the truth is the layer itself on the meta device. `dtype_in` says what it takes ("float", "int" token ids, "any").
    """

    name: str
    family: Family
    help: str
    params: tuple[Param, ...] = ()
    inputs: tuple[Port, ...] = (Port(),)
    outputs: tuple[Port, ...] = (Port("out"),)
    construct: Callable[[Call], str | None] = lambda call: None
    call: Callable[[Call], str] = lambda call: f"self.{call.name}({', '.join(call.args)})"
    shape: Callable[[Call], tuple[Shape, ...]] | None = None
    outputs_of: Callable[[Mapping[str, Any]], tuple[Port, ...]] | None = (
        None  # where settings decide (Split)
    )
    dtype_in: Literal["float", "int", "any"] = "float"
    dtype_out: Literal["float", "int", "same"] = "same"
    docs: str = ""  # address of the reference page
    keywords: tuple[str, ...] = field(default=())  # what else a person may type to find it
    lamina: bool = False  # one in, one out, snaps under the layer before it (ReLU, BatchNorm, Dropout, Flatten)


class ShapeError(Exception):
    """A shape that a layer cannot take; `message` is for a beginner, `code` for the repairs (see compile/repair)."""

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        self.code = code
        self.message = message
        self.facts = facts
        super().__init__(message)
