"""Each rule finds what it is for, leaves good graphs alone, and its repair removes the warning."""

from itertools import pairwise

import pytest

from builder import lint
from builder.compile import check
from builder.data.specs import InputSpec
from builder.graph import edit
from builder.graph.spec import Graph

IMAGE = InputSpec(name="x", form="image", shape=(3, 32, 32), stored="uint8")
TABLE = InputSpec(name="x", form="vector", shape=(20,), stored="float32")


def chain(*layers):
    nodes = [{"id": "x", "layer": "Input"}]
    for number, entry in enumerate(layers):
        layer, params = entry if isinstance(entry, tuple) else (entry, {})
        nodes.append({"id": f"n{number}", "layer": layer, "params": params})
    nodes.append({"id": "out", "layer": "Output"})
    names = [node["id"] for node in nodes]
    return Graph.model_validate({"nodes": nodes, "edges": [list(p) for p in pairwise(names)]})


def linear(n):
    return ("Linear", {"out_features": n})


def conv(n, **more):
    return ("Conv2d", {"out_channels": n, "kernel_size": 3, "padding": 1, **more})


def found(graph, spec, task="classification"):
    verdict = check(graph, {"x": spec})
    assert verdict.ok, verdict.errors
    return [issue for issue in lint.run(graph, verdict, task) if issue.severity == "warning"]


HEAD = (("AdaptiveAvgPool2d", {"output_size": 1}), "Flatten", linear(10))
DEEP = [layer for _ in range(6) for layer in (linear(16), "ReLU")]
BAD = {
    "softmax_output": (chain(linear(8), "ReLU", linear(3), "Softmax"), TABLE, "n3"),
    "bounded_output": (chain(linear(8), "ReLU", linear(2), "Sigmoid"), TABLE, "n3"),
    "no_activation": (chain(linear(32), ("Dropout", {"p": 0.2}), linear(3)), TABLE, "n2"),
    "idle_reshape": (
        chain(linear(8), "ReLU", ("Unflatten", {"dim": 1, "unflattened_size": [-1]}), linear(3)),
        TABLE,
        "n2",
    ),
    "bias_before_norm": (chain(conv(8), "BatchNorm2d", "ReLU", *HEAD), IMAGE, "n0"),
    "dropout_output": (chain(linear(8), "ReLU", linear(3), "Dropout"), TABLE, "n3"),
    "huge_flatten": (
        chain(conv(16), "ReLU", "Flatten", linear(64), "ReLU", linear(3)),
        IMAGE,
        "n3",
    ),
    "no_norm": (chain(*DEEP, linear(3)), TABLE, "n0"),
    "saturated_hidden": (
        chain(*[layer for _ in range(4) for layer in (linear(9), "Tanh")], linear(3)),
        TABLE,
        "n1",
    ),
    "strong_dropout": (chain(linear(8), "ReLU", ("Dropout", {"p": 0.9}), linear(3)), TABLE, "n2"),
}


def test_every_rule_has_a_bad_example_here():
    assert {rule.name for rule in lint.rules()} == {*BAD, "unused_input"}
    assert len(lint.rules()) >= 8
    for rule in lint.rules():
        assert rule.title
        assert rule.help.endswith(".")


@pytest.mark.parametrize("name", BAD)
def test_rule_finds_its_fault_and_its_repair_removes_it(name):
    graph, spec, node = BAD[name]
    issues = [issue for issue in found(graph, spec) if issue.code == name]
    assert [issue.node for issue in issues] == [node]
    (issue,) = issues
    assert issue.title
    assert issue.message.endswith(".")
    for operation, arguments in issue.fixes[0].edits:
        graph = edit.apply(graph, operation, arguments)
    assert name not in {other.code for other in found(graph, spec)}


def test_a_layer_that_only_turns_the_shape_bends_nothing():
    split = ("Unflatten", {"dim": 1, "unflattened_size": [4, 4, 4]})
    graph = chain(linear(64), split, conv(8), "ReLU", *HEAD)
    assert [(one.code, one.node) for one in found(graph, TABLE)] == [("no_activation", "n2")]
    mended = chain(linear(64), "ReLU", split, conv(8), "ReLU", *HEAD)
    assert found(mended, TABLE) == []


GOOD = {
    "mlp": (chain(linear(64), "ReLU", ("Dropout", {"p": 0.3}), linear(3)), TABLE),
    "cnn": (chain(conv(16, bias=False), "BatchNorm2d", "ReLU", *HEAD), IMAGE),
    "depthwise": (chain(conv(3, groups=3), conv(16), "ReLU", *HEAD), IMAGE),
    "waist": (chain(linear(4), linear(16), "ReLU", linear(3)), TABLE),
    "small flatten": (chain(conv(4), "ReLU", "Flatten", linear(3)), IMAGE),
    "one layer": (chain(linear(3)), TABLE),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_good_graphs_are_left_alone(name, task):
    graph, spec = GOOD[name]
    assert found(graph, spec, task) == []


def test_what_is_right_for_another_task_is_left_alone():
    graph = chain(linear(8), "ReLU", linear(3), "Softmax")
    assert found(graph, TABLE, "generation") == []


def test_an_unused_input_is_named():
    graph = edit.add_node(chain(linear(3)), "Input", "y", {"shape": [4]})
    verdict = check(graph, {"x": TABLE})
    (issue,) = lint.run(graph, verdict, "classification")
    assert (issue.code, issue.node) == ("unused_input", "y")


def test_errors_come_first():
    graph = chain(linear(3), "Softmax", "Conv2d")
    assert lint.run(graph, check(graph, {"x": TABLE}), "classification") == ()
