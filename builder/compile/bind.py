"""A layer bound to its settings: shapes, counts and cost for given inputs, each computed once and
kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder import layers
from builder.compile.types import NodeInfo, Value
from builder.errors import LaminaError
from builder.graph.spec import Node
from builder.layers.base import Call, Dtype, Layer, Port, Shape, ShapeError
from builder.layers.declare import text

_KEEP = 50_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a bound layer does with given inputs: either `error`, or everything else."""

    outputs: tuple[Value, ...] = ()
    info: NodeInfo = field(default_factory=NodeInfo)
    params: Mapping[str, Any] = field(default_factory=dict)  # complete, with the inferred sizes
    error: ShapeError | None = None
    kept: int = 0  # numbers per sample that training keeps for the way back
    inner: Mapping[str, NodeInfo] = field(default_factory=dict)  # nodes inside a user module


class Bound:
    """A layer type with complete settings; `error` where the settings are wrong."""

    def __init__(self, layer: Layer | None, params: dict[str, Any], error: LaminaError | None):
        self.layer = layer
        self.params = params
        self.error = error
        self.inputs: tuple[Port, ...] = layer.inputs if layer else ()
        self.outputs: tuple[Port, ...] = ()
        self._results: dict[tuple[Value, ...], Result] = {}
        if layer and not error:
            self.outputs = layer.output_ports(params)
        elif layer:
            self.outputs = layer.outputs

    def result(self, values: tuple[Value, ...]) -> Result:
        """The result for these inputs, from the cache where they came before."""
        found = self._results.get(values)
        if found is None:
            if len(self._results) > 256:
                self._results.clear()
            found = self._results[values] = self._evaluate(values)
        return found

    def _evaluate(self, values: tuple[Value, ...]) -> Result:
        layer = self.layer
        assert layer is not None  # noqa: S101 - wiring refuses unknown layers before
        try:
            return evaluate(layer, self.params, values)
        except ShapeError as error:
            return Result(error=error, info=NodeInfo(inputs=tuple(v.shape for v in values)))


def evaluate(
    layer: Layer, params: Mapping[str, Any], values: tuple[Value, ...], *, truth: bool = False
) -> Result:
    """Shapes, counts and cost of one layer; `truth` asks the layer itself even where there is a
    rule.

    Raises ShapeError where the layer cannot take the inputs.
    """
    shapes = tuple(value.shape for value in values)
    _fits(layer, values)
    cardinality = values[0].cardinality if values else 0
    dtypes: tuple[Dtype, ...] = tuple(value.dtype for value in values)
    call = Call("layer", params, shapes, (), cardinality, dtypes)
    inferred = layer.infer(call)
    if inferred:
        call = Call("layer", {**params, **inferred}, shapes, (), cardinality, dtypes)
    if layer.shape is not None and not truth:
        out = layer.shape(call)
    else:
        from builder.compile import meta

        out = meta.shapes(layer, call)
    outputs = _outputs(layer, call, values, out)
    count, formula = layer.count(call) if layer.count else (0, "")
    return Result(
        outputs=outputs,
        info=NodeInfo(
            inputs=shapes,
            outputs=tuple(value.shape for value in outputs),
            parameters=count,
            macs=layer.macs(call, out) if layer.macs else 0,
            derivation=f"{formula} = {count:,}" if formula else "",
            inferred=inferred,
            shape_derivation=layer.why(call, out) if layer.why else "",
        ),
        params=call.params,
        kept=0 if layer.name == "Output" else sum(_size(shape) for shape in out),
    )


def _outputs(
    layer: Layer, call: Call, values: tuple[Value, ...], out: tuple[Shape, ...]
) -> tuple[Value, ...]:
    """The shapes as values, with the kind of number and, where known, the sequences' layout."""
    if layer.name == "Input":
        form = call.params["form"]
        dtype: Dtype = "int" if form in ("tokens", "codes") else "float"
        return (Value(tuple(out[0]), dtype, 0, "channels" if form == "series" else ""),)
    same = "int" if values and all(value.dtype == "int" for value in values) else "float"
    dtype = (
        "int"
        if (layer.dtype_out == "int" or (layer.dtype_out == "same" and same == "int"))
        else "float"
    )
    kept = call.cardinality if dtype == "int" else 0
    return tuple(Value(tuple(s), dtype, kept, _layout(layer, values, len(s))) for s in out)


_STEPWISE = ("act", "merge", "norm", "linear")


def _layout(layer: Layer, values: tuple[Value, ...], rank: int) -> str:
    """Which axis of a sequence is time: after a 1d layer the last, after an LSTM the first."""
    if rank != 2 or not values:
        return ""
    if layer.name.endswith("1d"):
        return "channels"
    if layer.family == "seq" or layer.name == "Embedding":
        return "steps"
    if layer.family in _STEPWISE and len(values[0].shape) == 2:
        return values[0].layout
    return ""


def _size(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _fits(layer: Layer, values: tuple[Value, ...]) -> None:
    """Refuse the wrong kind of numbers and the wrong number of axes before any rule is asked."""
    for value in values:
        if layer.dtype_in != "any" and value.dtype != layer.dtype_in:
            if layer.dtype_in == "int":
                raise ShapeError(
                    "needs_codes",
                    f"{layer.name} looks up whole-number codes in a table, but measured numbers "
                    f"({text(value.shape)}) come in.",
                )
            raise ShapeError(
                "needs_numbers",
                f"{layer.name} calculates, but what comes in are codes (word 17, category 3): "
                "their size means nothing until an Embedding turns each into numbers.",
            )
        if value.layout == "channels" and layer.family == "seq":
            raise ShapeError(
                "time_axis",
                f"{layer.name} reads [steps, features], but here the channels come first and the "
                f"{value.shape[-1]} steps last ({text(value.shape)}).",
            )
        if value.layout == "steps" and layer.name.endswith("1d") and len(value.shape) == 2:
            raise ShapeError(
                "time_axis",
                f"{layer.name} reads [channels, length], but here the {value.shape[0]} steps come "
                f"first and the features last ({text(value.shape)}).",
            )
        if layer.ranks and len(value.shape) not in layer.ranks:
            raise ShapeError(
                "rank",
                f"{layer.name} takes {rank_words(layer)}; what comes in has "
                f"{_axes(len(value.shape))} ({text(value.shape)}).",
                ranks=layer.ranks,
                shape=value.shape,
            )


_ORDINARY = {
    (1,): "one axis: features",
    (2,): "two axes",
    (3,): "three axes: channels, height, width",
    (4,): "four axes: channels, depth, height, width",
    (1, 2): "one axis of features, or a sequence of them",
}


def rank_words(layer: Layer) -> str:
    """The axes that a layer takes, in words."""
    if layer.ranks == (2,):
        return (
            "two axes: steps, features" if layer.family == "seq" else "two axes: channels, length"
        )
    return _ORDINARY.get(layer.ranks, " or ".join(str(n) for n in layer.ranks) + " axes")


def _axes(count: int) -> str:
    return {0: "no axis", 1: "one axis", 2: "two axes", 3: "three axes"}.get(count, f"{count} axes")


_by_node: dict[int, tuple[Node, Bound]] = {}
_by_settings: dict[str, Bound] = {}


def bind(node: Node) -> Bound:
    """The bound layer of a node, shared by all nodes of equal settings."""
    found = _by_node.get(id(node))
    if found is not None and found[0] is node:
        return found[1]
    key = f"{node.layer}{json.dumps(node.params, sort_keys=True)}" if node.params else node.layer
    bound = _by_settings.get(key)
    if bound is None:
        if len(_by_settings) > _KEEP:
            _by_settings.clear()
        bound = _by_settings[key] = _make(node)
    if len(_by_node) > _KEEP:
        _by_node.clear()
    _by_node[id(node)] = (node, bound)
    return bound


def _make(node: Node) -> Bound:
    try:
        layer = layers.get(node.layer)
    except LaminaError as error:
        return Bound(None, {}, error)
    try:
        return Bound(layer, layers.complete(layer, node.params), None)
    except LaminaError as error:
        return Bound(layer, {}, error)
