import inspect
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from builder import layers
from builder.compile import bind, build, check, generate
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.layers import catalog, reference
from builder.layers.base import REQUIRED

ALL = list(layers.catalogue().values())
DOC = Path(__file__).parents[2] / "docs" / "add-a-layer.md"


def test_the_catalogue_is_broad():
    torch_names = [layer for layer in ALL if "torch.nn." in layer.docs]
    assert len(torch_names) >= 75
    assert {layer.family for layer in ALL} == set(layers.FAMILIES)


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: layer.name)
def test_every_layer_and_setting_explains_itself(layer):
    assert layer.help.endswith(".")
    assert layer.keywords
    assert layer.docs.startswith("https://") or layer.family == "io"
    for param in layer.params:
        assert param.help.endswith((".", ":")), param.name
        assert len(param.help) < 120, param.name
        if param.default is REQUIRED and not param.inferred:
            assert param.start is not None, f"{param.name}: what does a new node get?"
        assert not (param.kind == "choice" and not param.choices)


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: layer.name)
def test_a_new_node_has_valid_settings(layer):
    full = layers.complete(layer, layers.defaults(layer))
    assert set(full) == {p.name for p in layer.params if not (p.inferred and p.default is REQUIRED)}


WRAPPED = ("TransformerEncoder",)  # made of another layer, whose settings it carries
OF_TORCH = [layer for layer in ALL if hasattr(nn, layer.name) and layer.name not in WRAPPED]


@pytest.mark.parametrize("layer", OF_TORCH, ids=lambda layer: layer.name)
def test_defaults_are_torch_s_own(layer):
    signature = inspect.signature(getattr(nn, layer.name).__init__).parameters
    ours_on_purpose = {"batch_first", "dim", "num_embeddings", "normalized_shape", "activation"}
    for param in layer.params:
        if param.local or param.name in ours_on_purpose or "args" in signature:
            continue
        assert param.name in signature, param.name
        default = signature[param.name].default
        if default is inspect.Parameter.empty:
            assert param.default is REQUIRED, param.name
        else:
            assert param.default == default, param.name


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("Conv2d", {"out_channels": 8}, "needs kernel_size"),
        ("Conv2d", {"out_channels": 0, "kernel_size": 3}, "between 1 and"),
        ("Linear", {"out_features": 10**9}, "between 1 and 1,000,000, not 1,000,000,000"),
        ("Conv2d", {"out_channels": True, "kernel_size": 3}, "whole number"),
        ("Conv2d", {"out_channels": 8, "kernel_size": []}, "whole number"),
        ("Conv2d", {"out_channels": 8, "kernel_size": 3, "padding": "full"}, "whole number"),
        ("Conv2d", {"out_channels": 8, "kernel_size": 3, "strid": 2}, "Did you mean stride"),
        ("Conv2d", {"out_channels": 10**12, "kernel_size": 3}, "between"),
        ("Linear", {"out_features": None}, "whole number"),
        ("Linear", {"out_features": 2.5}, "whole number"),
        ("Linear", {"out_features": 8, "in_features": 3}, "Leave it out"),
        ("LSTM", {"hidden_size": 8, "batch_first": False}, "batch comes first"),
        ("Dropout", {"p": "0.5"}, "a number"),
        ("Dropout", {"p": 2}, "between 0 and 1"),
        ("Dropout", {"p": float("nan")}, "between 0 and 1"),
        ("GELU", {"approximate": "fast"}, "one of none, tanh"),
        ("ReLU", {"x": 1}, "inplace"),
    ],
)
def test_wrong_settings_are_refused_with_place_and_reason(name, params, words):
    with pytest.raises(LaminaError, match=words) as caught:
        layers.complete(layers.get(name), params)
    assert caught.value.place.startswith(f"{name}.")
    assert caught.value.remedy


def test_unknown_layers_are_refused_with_near_names():
    with pytest.raises(LaminaError, match="Conv2d"):
        layers.get("conv2")
    with pytest.raises(LaminaError, match="palette"):
        layers.get("Qqqqq")


def test_whole_floats_from_json_are_whole_numbers():
    full = layers.complete(layers.get("Linear"), {"out_features": 8.0})
    assert full["out_features"] == 8
    assert type(full["out_features"]) is int


def test_the_reference_page_is_current():
    """Write it anew with: python -m builder.layers.reference."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.text() + "\n"


def test_a_layer_added_as_the_guide_says_works_everywhere(tmp_path, monkeypatch):
    guide = DOC.read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (file,) = re.findall(r"Write `builder/layers/catalog/(\w+\.py)`", guide)
    (tmp_path / file).write_text(source, encoding="utf-8")
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(tmp_path)])
    layers.catalogue.cache_clear()
    bind._by_settings.clear()
    try:
        assert layers.get("PairedCELU").family == "act"
        graph = Graph.model_validate(
            {
                "nodes": [
                    {"id": "x", "layer": "Input"},
                    {"id": "pair", "layer": "PairedCELU", "params": {"alpha": 2.0}},
                    {"id": "out", "layer": "Output"},
                ],
                "edges": [["x", "pair"], ["pair", "out"]],
            }
        )
        spec = {"x": InputSpec(name="x", form="vector", shape=(7,), stored="float32")}
        assert check(graph, spec).nodes["out"].outputs == ((14,),)
        model = build(generate({"model": graph}, spec).text)
        assert model(torch.zeros(2, 7)).shape == (2, 14)
        assert "PairedCELU" in reference.text()
    finally:
        monkeypatch.undo()
        layers.catalogue.cache_clear()
        bind._by_settings.clear()
