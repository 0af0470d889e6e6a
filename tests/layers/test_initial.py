"""Chosen first weights stand in the source as plain torch.nn.init, and are what the model has."""

from itertools import pairwise

import pytest
import torch

from builder import layers
from builder.compile import build, check, generate
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.layers.initial import INIT, METHODS

IMAGE = InputSpec(name="x", form="image", shape=(3, 8, 8), stored="uint8", features=())
TOKENS = InputSpec(
    name="x", form="tokens", shape=(8,), stored="int64", features=("text",), cardinality=500
)
CHOOSING = [layer.name for layer in layers.catalogue().values() if INIT[0] in layer.params]


def graph(*nodes):
    ids = ["x", *(name for name, _, _ in nodes), "out"]
    return Graph.model_validate(
        {
            "nodes": [
                {"id": "x", "layer": "Input"},
                *({"id": i, "layer": layer, "params": params} for i, layer, params in nodes),
                {"id": "out", "layer": "Output"},
            ],
            "edges": [[a, b] for a, b in pairwise(ids)],
        }
    )


def made(model, spec):
    source = generate({"model": model}, {"x": spec})
    torch.manual_seed(0)
    return source, build(source.text)


def test_layers_with_weight_matrices_can_begin_otherwise():
    assert set(CHOOSING) == {
        *(f"Conv{n}d" for n in (1, 2, 3)),
        *(f"ConvTranspose{n}d" for n in (1, 2, 3)),
        *("Linear", "Bilinear", "Embedding", "EmbeddingBag", "CausalSelfAttention"),
    }


@pytest.mark.parametrize("method", METHODS)
def test_the_source_says_how_weights_begin_and_biases_begin_at_0(method):
    settings = {"out_channels": 64, "kernel_size": 3, "init": method}
    source, model = made(graph(("conv", "Conv2d", settings)), IMAGE)
    assert f"        nn.init.{method}_(self.conv.weight" in source.text
    again = torch.empty_like(model.conv.weight)
    call = METHODS[method].format(weight="again", std=0.02, low=-0.04, high=0.04)
    torch.manual_seed(0)
    torch.nn.Conv2d(3, 64, 3)
    eval(call, {"nn": torch.nn, "again": again})
    assert torch.equal(model.conv.weight, again)
    assert not model.conv.bias.any()
    assert all(weight.requires_grad for weight in model.parameters())


def test_lines_of_first_weights_belong_to_their_node():
    source, _ = made(graph(("embed", "Embedding", {"embedding_dim": 4, "init": "normal"})), TOKENS)
    lines = source.text.split("\n")
    (number,) = [n for n, line in enumerate(lines, 1) if "nn.init" in line]
    assert source.lines[number] == "embed"
    assert lines[number - 1] == "        nn.init.normal_(self.embed.weight, std=0.02)"


def test_a_padding_code_stays_0_and_the_spread_is_the_chosen_one():
    settings = {"embedding_dim": 64, "init": "normal", "init_std": 0.5, "padding_idx": 0}
    _, model = made(graph(("embed", "Embedding", settings)), TOKENS)
    assert not model.embed.weight[0].any()
    assert float(model.embed.weight[1:].detach().std()) == pytest.approx(0.5, rel=0.02)


def test_all_matrices_of_attention_begin_so():
    nodes = (
        ("embed", "Embedding", {"embedding_dim": 64}),
        ("look", "CausalSelfAttention", {"num_heads": 2, "init": "normal"}),
    )
    _, model = made(graph(*nodes), TOKENS)
    for part in (model.look.qkv, model.look.out):
        assert float(part.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
        assert not part.bias.any()


def test_without_a_choice_nothing_is_written_and_a_wrong_one_is_refused():
    source, _ = made(graph(("conv", "Conv2d", {"out_channels": 4, "kernel_size": 3})), IMAGE)
    assert "nn.init" not in source.text
    linear = layers.get("Linear")
    with pytest.raises(LaminaError, match="one of default, normal"):
        layers.complete(linear, {"out_features": 3, "init": "he"})
    with pytest.raises(LaminaError, match="between 0 and 10"):
        layers.complete(linear, {"out_features": 3, "init": "normal", "init_std": -1})


def test_first_weights_change_no_shape_and_no_cost():
    plain = graph(("conv", "Conv2d", {"out_channels": 4, "kernel_size": 3}))
    chosen = graph(("conv", "Conv2d", {"out_channels": 4, "kernel_size": 3, "init": "orthogonal"}))
    one, other = (check(model, {"x": IMAGE}) for model in (plain, chosen))
    assert one.ok
    assert other.ok
    assert (one.parameters, one.macs) == (other.parameters, other.macs)
    assert one.nodes["conv"].outputs == other.nodes["conv"].outputs
