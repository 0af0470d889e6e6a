"""Every layer's rule, count and source are held to the layer itself on torch's meta device."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import layers
from builder.compile import meta
from builder.compile.bind import evaluate
from builder.compile.types import Value
from builder.errors import LaminaError
from builder.layers.base import REQUIRED, Call, Layer, Param, ShapeError

LAYERS = [layer for layer in layers.catalogue().values() if layer.family != "io"]
STRICTER = {
    "axis": "an axis of the batch, which torch would let mix samples",
    "differ": "broadcasting between shapes of different rank, a silent mistake nearly always",
    "vocabulary": "the size of a table, which depends on values and not on shapes",
    "length": "positions beyond the table, which torch would let broadcast",
    "sides": "a border for some axes only, which leaves open which",
    "matmul": "broadcasting of leading axes",
}
"""Codes by which a rule knowingly refuses what torch would take, and why."""


def values_of(param: Param, rank: int) -> st.SearchStrategy[Any]:
    low = int(param.low) if param.low is not None else -4
    small = st.integers(low, max(low, min(int(param.high or 6), low + 6)))
    if param.choices and param.kind == "choice":
        found: st.SearchStrategy[Any] = st.sampled_from(param.choices)
    elif param.kind == "bool":
        found = st.booleans()
    elif param.kind == "float":
        high = param.high if param.high is not None else 8
        found = st.floats(param.low if param.low is not None else -2, high).map(
            lambda x: round(x, 3)
        )
    elif param.kind == "size":
        many = st.lists(small, min_size=max(1, rank - 1), max_size=max(1, rank - 1)).map(tuple)
        found = small | many
        if param.choices:
            found = found | st.sampled_from(param.choices)
    elif param.kind == "ints":
        found = st.lists(small, min_size=1, max_size=4).map(tuple)
        if param.name == "dims":
            found = st.permutations(range(1, rank + 1)).map(lambda p: (0, *p)) | found
    else:
        found = small
    if param.default is None:
        found = found | st.none()
    elif param.default is not REQUIRED:
        found = found | st.just(param.default)
    return found


@st.composite
def uses(draw: st.DrawFn, layer: Layer) -> tuple[dict[str, Any], tuple[Value, ...]]:
    rank = draw(st.sampled_from(layer.ranks or (1, 2, 3)))
    size = st.integers(1, 8) | st.sampled_from([4, 6, 8, 12])
    shape = tuple(draw(st.lists(size, min_size=rank, max_size=rank)))
    dtype = "int" if layer.dtype_in == "int" else "float"
    count = len(layer.inputs) if not layer.inputs[0].many else draw(st.integers(1, 3))
    shapes = [shape]
    for _ in range(count - 1):
        twisted = list(shape)
        if draw(st.booleans()):
            twisted[draw(st.integers(0, rank - 1))] = draw(size)
        shapes.append(tuple(twisted))
    given_ = {
        param.name: draw(values_of(param, rank)) for param in layer.params if not param.inferred
    }
    if layer.name == "Threshold":
        given_["inplace"] = False
    return given_, tuple(Value(s, dtype, 9 if dtype == "int" else 0) for s in shapes)


def verdict(layer: Layer, params: dict[str, Any], values: Any, truth: bool) -> Any:
    try:
        result = evaluate(layer, params, values, truth=truth)
    except ShapeError as error:
        return error
    return tuple(value.shape for value in result.outputs)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_rule_gives_the_shapes_of_the_layer_itself_and_refuses_what_it_refuses(layer):
    assert layer.shape is not None, "every layer of the catalogue has a rule, for speed"

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(uses(layer))
    def holds(use):
        params, values = use
        try:
            full = layers.complete(layer, params)
        except LaminaError:
            return
        quick = verdict(layer, full, values, truth=False)
        if isinstance(quick, ShapeError) and quick.code in STRICTER:
            return
        real = verdict(layer, full, values, truth=True)
        if isinstance(real, ShapeError) or isinstance(quick, ShapeError):
            both = isinstance(real, ShapeError) and isinstance(quick, ShapeError)
            assert both, f"{full} on {values}: rule {quick}, torch {real}"
        else:
            assert quick == real, f"{full} on {values}"
            check_count(layer, full, values)

    holds()


def check_count(layer: Layer, full: dict[str, Any], values: Any) -> None:
    result = evaluate(layer, full, values)
    call = Call("layer", result.params, [v.shape for v in values], (), 9, [v.dtype for v in values])
    module = meta.build(layer, call)
    real = sum(p.numel() for p in module.parameters()) if module is not None else 0
    assert result.info.parameters == real, f"{full} on {values}"
    if result.info.derivation:
        formula, _, total = result.info.derivation.rpartition(" = ")
        assert total == f"{real:,}"
        words = formula.replace("×", "*").replace("²", "**2").replace(",", "").replace("slopes", "")
        assert eval(words) == real, formula
