import json
import subprocess
import sys
from pathlib import Path

import pytest

from builder.compile import bind, check
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.graph import edit
from builder.graph.spec import Graph

sys.path.insert(0, str(Path(__file__).parent))
from examples import EXAMPLES, MODULES
from zoo import IMAGE, TABLE, TOKENS, ZOO, graph, mlp, residual


def test_a_node_tells_shapes_sizes_parameters_and_how_they_come_about():
    model = graph(
        "x Input",
        ("conv2 Conv2d", {"out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1}),
        "out Output",
    )
    spec = InputSpec(name="x", form="image", shape=(16, 32, 32), stored="uint8")
    info = check(model, {"x": spec}).nodes["conv2"]
    assert info.inputs == ((16, 32, 32),)
    assert info.outputs == ((32, 16, 16),)
    assert info.parameters == 4640
    assert info.derivation == "32 × (16×3×3) + 32 = 4,640"
    assert info.inferred == {"in_channels": 16}
    words = "height, width: (32 + 2×1 − 3) / 2 + 1 = 16, rounded down"
    assert info.shape_derivation == words
    assert info.macs == 32 * 16 * 16 * 16 * 9


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_verdict_of_a_whole_graph_is_sound_and_is_plain_json(name):
    model, specs, modules = EXAMPLES[name]
    verdict = check(model, {spec.name: spec for spec in specs}, modules=modules)
    assert verdict.ok
    assert verdict.issues == ()
    top = [info for key, info in verdict.nodes.items() if "/" not in key]
    assert verdict.parameters == sum(info.parameters for info in top)
    assert verdict.macs == sum(info.macs for info in top)
    assert not any(info.assumed for info in top)
    assert json.loads(json.dumps(verdict.to_dict())) == verdict.to_dict()


@pytest.mark.parametrize("broken", ZOO, ids=lambda broken: broken.name)
def test_the_verdict_of_a_broken_graph_is_plain_json_too(broken):
    verdict = check(broken.graph, broken.specs, modules=broken.modules)
    told = verdict.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert set(told["nodes"]) >= set(broken.graph.ids())


def test_memory_counts_weights_four_times_and_grows_with_the_batch():
    model = graph("table Input", ("head Linear", {"out_features": 3}), "out Output")
    small = check(model, {"table": TABLE}, batch_size=1)
    large = check(model, {"table": TABLE}, batch_size=101)
    assert small.memory_bytes >= 16 * small.parameters
    assert large.memory_bytes - small.memory_bytes == 100 * 4 * (3 + 3)


def test_inputs_without_data_take_their_own_shape():
    model = graph(
        ("text Input", {"shape": [12], "form": "tokens"}),
        ("embed Embedding", {"num_embeddings": 50, "embedding_dim": 4}),
        "out Output",
    )
    assert check(model, {}).nodes["embed"].outputs == ((12, 4),)


def test_the_vocabulary_follows_from_the_data():
    model = graph("text Input", ("embed Embedding", {"embedding_dim": 4}), "out Output")
    info = check(model, {"text": TOKENS}).nodes["embed"]
    assert info.inferred == {"num_embeddings": 500}
    assert info.derivation == "500 × 4 = 2,000"


def test_modules_show_what_is_inside_and_count_once_each():
    model, _, modules = EXAMPLES["modules"]
    verdict = check(model, {"image": IMAGE}, modules=modules)
    assert verdict.nodes["second"].parameters == 16 * 16 * 9 + 32 + 16 * 16 + 16
    assert verdict.nodes["second/conv1"].inferred == {"in_channels": 16}
    assert verdict.nodes["second/project/conv"].outputs == ((16, 32, 32),)
    assert "conv1" in verdict.nodes["second"].derivation


def test_a_fault_inside_a_module_is_told_with_its_place():
    bad = {
        **MODULES,
        "ConvProject": graph(
            "x Input", ("conv Conv2d", {"out_channels": 8, "kernel_size": 1}), "y Output"
        ),
    }
    model = graph("image Input", "block ResidualBlock", "out Output")
    (issue,) = check(model, {"image": IMAGE}, modules=bad).errors
    assert issue.node == "block"
    assert "Inside ResidualBlock: add: Adding works number by number" in issue.message


def test_a_module_without_output_or_with_a_wrong_setting_is_told():
    empty = {"Block": graph("x Input", "relu ReLU")}
    model = graph("table Input", "block Block", "out Output")
    (issue,) = check(model, {"table": TABLE}, modules=empty).errors
    assert issue.node == "block"
    model = graph("image Input", ("block ResidualBlock", {"nobody.p": 3}), "out Output")
    first = check(model, {"image": IMAGE}, modules=MODULES).errors[0]
    assert (first.code, first.node) == ("param", "block")
    assert first.fixes


def test_a_changed_module_is_seen_at_once():
    model = graph("image Input", "block ConvProject", "out Output")
    assert check(model, {"image": IMAGE}, modules=MODULES).nodes["block"].outputs[0][0] == 16
    inner = edit.set_params(MODULES["ConvProject"], "conv", {"out_channels": 24})
    after = check(model, {"image": IMAGE}, modules={**MODULES, "ConvProject": inner})
    assert after.nodes["block"].outputs[0][0] == 24


def test_sizes_tell_how_they_come_about():
    double = ("up ConvTranspose2d", {"out_channels": 2, "kernel_size": 2, "stride": 2})
    pool = ("pool MaxPool2d", {"kernel_size": 3})
    model = graph("image Input", pool, double, "flat Flatten", "out Output")
    nodes = check(model, {"image": IMAGE}).nodes
    assert nodes["pool"].shape_derivation == "height, width: (32 − 3) / 3 + 1 = 10, rounded down"
    assert nodes["up"].shape_derivation == "height, width: (10 − 1) × 2 + 2 = 20"
    assert nodes["flat"].shape_derivation == "2 × 20 × 20 = 800"
    joined = residual({"out_channels": 24, "kernel_size": 3, "padding": 1}, "Concat")
    assert check(joined, {"image": IMAGE}).nodes["add1"].shape_derivation == "24 + 16 = 40"


def test_several_outputs_are_not_held_to_one_shape():
    model, specs, modules = EXAMPLES["several_outputs"]
    assert check(model, {s.name: s for s in specs}, modules=modules, output_shape=(99,)).ok


def test_arguments_keep_their_order():
    model = graph(
        "table Input",
        ("a Linear", {"out_features": 2}),
        ("b Linear", {"out_features": 3}),
        "cat Concat",
        "out Output",
        edges="table>a table>b b>cat a>cat cat>out",
    )
    assert check(model, {"table": TABLE}).nodes["cat"].inputs == ((3,), (2,))


def test_check_never_imports_torch_while_all_layers_have_rules():
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from builder.compile import check, generate\n"
        "from builder.graph.spec import Graph\n"
        "g = Graph.model_validate({'nodes': [{'id': 'x', 'layer': 'Input', 'params': {'shape': [3, 8, 8]}},"  # noqa: E501
        "{'id': 'c', 'layer': 'Conv2d', 'params': {'out_channels': 4, 'kernel_size': 3}},"
        "{'id': 'f', 'layer': 'Linear', 'params': {'out_features': 4}}, {'id': 'o', 'layer': 'Output'}],"  # noqa: E501
        "'edges': [['x', 'c'], ['c', 'f'], ['f', 'o']]})\n"
        "assert check(g, {}).errors[0].node == 'f'\n"
        "print([m for m in ('torch', 'pandas', 'streamlit') if m in sys.modules])\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"


def long_net(blocks):
    net = edit.add_node(Graph(), "Input", "image")
    last = "image"
    for number in range(blocks):
        for layer, params in (
            ("Conv2d", {"out_channels": 8, "kernel_size": 3, "padding": 1}),
            ("BatchNorm2d", {}),
            ("ReLU", {}),
        ):
            name = f"{layer.lower()}_{number}"
            net = edit.connect(edit.add_node(net, layer, name, params), last, name)
            last = name
    return edit.connect(edit.add_node(net, "Output", "out"), last, "out")


def test_an_edit_asks_only_the_layers_anew_that_see_another_shape(monkeypatch):
    asked = []
    real = bind.evaluate

    def counting(layer, params, values, **options):
        asked.append(layer.name)
        return real(layer, params, values, **options)

    monkeypatch.setattr(bind, "evaluate", counting)
    net = long_net(33)
    check(net, {"image": IMAGE})
    asked.clear()
    wider = edit.set_params(net, "conv2d_5", {"out_channels": 21})
    assert check(wider, {"image": IMAGE}).ok
    assert sorted(asked) == ["BatchNorm2d", "Conv2d", "Conv2d", "ReLU"]
    asked.clear()
    assert check(wider, {"image": IMAGE}).ok
    assert check(net, {"image": IMAGE}).ok
    assert not asked


def test_wrong_graphs_never_raise():
    nasty = graph(
        "a Output",
        "b Output",
        "c Input",
        ("d Split", {"split_size_or_sections": []}),
        "e Add",
        edges="a>b b>c c>d d>e e>d",
    )
    verdict = check(nasty, {"c": TABLE}, output_shape=(2,))
    assert not verdict.ok
    assert residual({}, "Nothing")
    for spec in ({}, {"image": IMAGE}):
        assert not check(residual({}, "Nothing"), spec).ok


def test_edges_to_ports_of_layers_with_named_inputs():
    model = graph(
        "table Input",
        ("a Linear", {"out_features": 4}),
        ("b Linear", {"out_features": 4}),
        "minus Subtract",
        "out Output",
        edges="table>a table>b a>minus.b b>minus.a minus>out",
    )
    verdict = check(model, {"table": TABLE})
    assert verdict.ok
    with pytest.raises(LaminaError):
        edit.connect(model, "a", "minus", target_port="not a port")


@pytest.mark.parametrize(
    ("spec", "expected", "words"),
    [
        (TABLE, (11,), "There are 11 classes, and each needs a score."),
        (TABLE, (14,), "What is predicted has the shape 14, as what comes in."),
        (TABLE, (1,), "A single number is predicted."),
        (TOKENS, (40, 500), "At each of 40 places, each of 500 tokens needs a score."),
    ],
    ids=["classes", "rebuilt", "number", "next token"],
)
def test_why_an_output_is_of_another_size_fits_the_task(spec, expected, words):
    layers = () if spec is TABLE else (("embed Embedding", {"embedding_dim": 8}),)
    model = mlp(*layers, spec=spec, first=f"{spec.name} Input", out=7)
    (issue,) = check(model, {spec.name: spec}, output_shape=expected).issues
    assert issue.code == "output_size"
    assert issue.message.endswith(words)


def test_no_mistake_is_told_of_a_node_that_only_a_repair_would_add():
    for model in (Graph(), graph(("head Linear", {"out_features": 3}), "out Output")):
        own = {node.id for node in model.nodes}
        assert all(issue.node is None or issue.node in own for issue in check(model, {}).issues)
        assert not check(model, {}).ok
