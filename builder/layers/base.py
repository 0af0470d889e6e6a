"""What a layer declares.

The palette, the forms, the docs, the shapes and the source are drawn from this.
"""

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
"""`size` is an int or one int per axis (kernel_size, stride); `ints` a list of ints (a shape,
axes).
"""
Dtype = Literal["float", "int"]


@dataclass(frozen=True)
class Param:
    """One setting of a layer, under torch.nn's own name and default.

    None is a legal value exactly where the default is None. `help` is one line in a beginner's
    words that also says why the default is what it is.
    """

    name: str
    kind: Kind
    default: Any = REQUIRED
    help: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    inferred: bool = False  # follows from the input (in_channels); never asked for, may not be set
    start: Any = None  # what a new node gets where there is no default (out_features: 64)
    positional: bool = False  # written without its name in the source: nn.Dropout(0.2)
    local: bool = False  # Lamina's own (LSTM's `output`): never an argument of the torch class


@dataclass(frozen=True)
class Port:
    """An input or output. `many` takes any number of edges (Add); `optional` may stay open."""

    name: str = "x"
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Call:
    """What a layer is told when it writes its source: complete settings and the shapes of what
    comes in.
    """

    name: str  # the attribute that holds the layer: self.<name>
    params: Mapping[str, Any]  # defaults filled in, and what `infer` gave
    shapes: Sequence[Shape]  # one per connected input, without batch
    args: Sequence[str] = ()  # the Python names that hold the inputs, in port order
    cardinality: int = 0  # for int inputs: how many different values there can be; 0 = not known
    dtypes: Sequence[Dtype] = ()  # one per connected input


@dataclass(frozen=True)
class Layer:
    """A layer type. One value in one file of `catalog/`, found by scan.

    `construct` gives the expression that makes it ("nn.Conv2d(3, 16, 3)") or None for a plain
    function; `call` the expression that applies it ("self.conv1(x)", "a + b"); with several outputs
    the expression is a tuple in port order. `fill` gives statements that follow the making and set
    its first weights ("nn.init.normal_(self.embed.weight, std=0.02)"). `infer` gives the sizes that
    follow from the input ({"in_channels": 16}). `shape` is an optional fast rule from input shapes
    to output shapes that raises `ShapeError`; the truth is the layer itself on the meta device, at
    one of `ranks` (axes without batch; empty: any). `call_one` is the shorter expression for one
    output (by index) where the others are not read. `count` gives the number of parameters and its
    derivation ("32 × (16×3×3) + 32"); `macs` the multiply-adds for one sample. `dtype_in` says what
    it takes ("float", "int" token ids, "any"). `helper` is source that the generated file needs
    before its first use.
    """

    name: str
    family: Family
    help: str
    params: tuple[Param, ...] = ()
    inputs: tuple[Port, ...] = (Port(),)
    outputs: tuple[Port, ...] = (Port("out"),)
    construct: Callable[[Call], str | None] = lambda _: None
    call: Callable[[Call], str] = lambda call: f"self.{call.name}({', '.join(call.args)})"
    fill: Callable[[Call], tuple[str, ...]] = lambda _: ()
    infer: Callable[[Call], dict[str, Any]] = lambda _: {}
    shape: Callable[[Call], tuple[Shape, ...]] | None = None
    ranks: tuple[int, ...] = ()
    count: Callable[[Call], tuple[int, str]] | None = None
    macs: Callable[[Call, tuple[Shape, ...]], int] | None = None
    why: Callable[[Call, tuple[Shape, ...]], str] | None = None  # how the sizes come about
    outputs_of: Callable[[Mapping[str, Any]], tuple[Port, ...]] | None = (
        None  # set by settings: Split
    )
    call_one: Callable[[Call, int], str] | None = None  # one output alone, where no other is read
    dtype_in: Literal["float", "int", "any"] = "float"
    dtype_out: Literal["float", "int", "same"] = "same"
    helper: str = ""
    docs: str = ""  # address of the reference page
    keywords: tuple[str, ...] = field(default=())  # what else a person may type to find it
    lamina: bool = (
        False  # one in, one out, snaps under the layer before it (ReLU, BatchNorm, Flatten)
    )

    def param(self, name: str) -> Param | None:
        """The parameter of that name, None where there is none."""
        return next((param for param in self.params if param.name == name), None)

    def output_ports(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        """The output ports under these complete settings."""
        return self.outputs_of(params) if self.outputs_of else self.outputs


class ShapeError(Exception):
    """A shape that a layer cannot take; `message` is for a beginner, `code` for the repairs
    (compile/repair).
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        self.code = code
        self.message = message
        self.facts = facts
        super().__init__(message)
