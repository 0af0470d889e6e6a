"""What is proposed while a network is being drawn."""

import sys
from pathlib import Path

import pytest

from builder.compile import check, fix
from builder.errors import LaminaError
from builder.graph import edit, structure
from builder.graph.spec import Graph

sys.path.insert(0, str(Path(__file__).parent))
from zoo import CODES, GREY, IMAGE, SERIES, TABLE, TOKENS, graph

C8 = {"out_channels": 8, "kernel_size": 3, "padding": 1}
CNN = graph(
    "image Input",
    ("conv1 Conv2d", C8),
    "norm1 BatchNorm2d",
    "relu1 ReLU",
    ("pool1 MaxPool2d", {"kernel_size": 2}),
    "flatten1 Flatten",
    ("linear1 Linear", {"out_features": 64}),
    "relu2 ReLU",
    ("dropout1 Dropout", {"p": 0.3}),
    ("head Linear", {"out_features": 10}),
    "out1 Output",
)
RESIDUAL = graph(
    "image Input",
    ("stem Conv2d", C8),
    "relu1 ReLU",
    ("conv1 Conv2d", C8),
    "relu2 ReLU",
    ("conv2 Conv2d", C8),
    "add1 Add",
    "relu3 ReLU",
    ("pool1 AdaptiveAvgPool2d", {"output_size": 1}),
    "flatten1 Flatten",
    ("head Linear", {"out_features": 10}),
    "out1 Output",
    edges="image>stem stem>relu1 relu1>conv1 conv1>relu2 relu2>conv2 conv2>add1 relu1>add1 "
    "add1>relu3 relu3>pool1 pool1>flatten1 flatten1>head head>out1",
)
MLP = graph(
    "table Input",
    ("linear1 Linear", {"out_features": 32}),
    "relu1 ReLU",
    ("head Linear", {"out_features": 3}),
    "out1 Output",
)
TEXT = graph(
    "text Input",
    ("bag1 EmbeddingBag", {"embedding_dim": 32}),
    ("dropout1 Dropout", {"p": 0.2}),
    ("head Linear", {"out_features": 2}),
    "out1 Output",
)
DRAWN = {
    "cnn": (CNN, IMAGE, (10,)),
    "residual": (RESIDUAL, IMAGE, (10,)),
    "mlp": (MLP, TABLE, (3,)),
    "text": (TEXT, TOKENS, (2,)),
}
CUTS = [(name, at) for name, (whole, _, _) in DRAWN.items() for at in range(len(whole.edges))]
INNER = [
    (name, node.id)
    for name, (whole, _, _) in DRAWN.items()
    for node in whole.nodes
    if len(whole.into(node.id)) == len(whole.out_of(node.id)) == 1
]


def told(name, drawing):
    _, spec, expected = DRAWN[name]
    return check(drawing, {spec.name: spec}, output_shape=expected)


def pressed(drawing, repair):
    for operation, arguments in repair.edits:
        drawing = edit.apply(drawing, operation, arguments)
    return drawing


def edges(drawing):
    return sorted((edge.source, edge.target) for edge in drawing.edges)


@pytest.mark.parametrize(("name", "at"), CUTS)
def test_the_first_proposal_brings_a_missing_edge_back(name, at):
    whole = DRAWN[name][0]
    cut = Graph(nodes=whole.nodes, edges=whole.edges[:at] + whole.edges[at + 1 :])
    first = told(name, cut).issues[0].fixes[0]
    assert edges(pressed(cut, first)) == edges(whole)


@pytest.mark.parametrize(("name", "node"), INNER)
def test_a_layer_that_lies_beside_a_chain_is_put_into_it_and_none_is_added(name, node):
    whole, spec, expected = DRAWN[name]
    healed = edit.remove(whole, [node], heal=True)
    beside = Graph(nodes=whole.nodes, edges=healed.edges)
    mended, _ = fix(beside, {spec.name: spec}, output_shape=expected)
    assert mended.ids() == whole.ids()
    assert told(name, mended).ok
    assert structure.dead(mended) == []


@pytest.mark.parametrize("name", DRAWN)
def test_layers_dropped_one_after_another_are_joined_in_turn(name):
    """Nothing is connected yet: the chain is proposed as it was dropped, layer by layer."""
    whole, spec, expected = DRAWN[name]
    if name == "residual":
        pytest.skip("nothing tells a shortcut before it is drawn")
    loose = Graph(nodes=whole.nodes)
    mended, done = fix(loose, {spec.name: spec}, output_shape=expected)
    assert edges(mended) == edges(whole)
    assert len(done) == len(whole.edges)


def test_loose_layers_go_where_they_fit_and_the_answer_is_the_end_of_the_chain():
    drawing = graph(
        "image Input",
        ("conv1 Conv2d", C8),
        ("linear1 Linear", {"out_features": 64}),
        "relu1 ReLU",
        ("pool1 MaxPool2d", {"kernel_size": 2}),
        "out1 Output",
        edges="image>conv1 conv1>linear1",
    )
    verdict = check(drawing, {"image": IMAGE}, output_shape=(10,))
    best = {issue.node: issue.fixes[0].label for issue in reversed(verdict.issues)}
    assert best["out1"] == "Connect linear1 to out1"
    assert best["relu1"] == "Put relu1 between conv1 and linear1"
    assert best["pool1"] == "Put pool1 between conv1 and linear1"
    assert verdict.nodes["relu1"].inputs == ()
    assert not [issue for issue in verdict.issues if issue.code == "dead"]
    mended, _ = fix(drawing, {"image": IMAGE}, output_shape=(10,))
    assert [node.layer for node in mended.nodes if node.id not in drawing.ids()] == ["Flatten"]
    assert check(mended, {"image": IMAGE}, output_shape=(10,)).parameters < 25_000


def test_an_edge_shows_what_flows_before_a_later_mistake_is_mended():
    drawing = graph(
        "image Input",
        ("conv1 Conv2d", C8),
        ("linear1 Linear", {"out_features": 64}),
        "out1 Output",
    )
    verdict = check(drawing, {"image": IMAGE}, output_shape=(10,))
    wrong = next(issue for issue in verdict.issues if issue.node == "out1")
    assert ("from linear1", (64,)) in wrong.table
    assert verdict.nodes["linear1"].outputs == ((64,),)
    assert verdict.nodes["out1"].inputs == ((64,),)


def test_two_open_ways_before_the_answer_are_joined():
    mended, done = fix(edit.remove(RESIDUAL, ["add1"]), {"image": IMAGE}, output_shape=(10,))
    assert check(mended, {"image": IMAGE}, output_shape=(10,)).ok
    assert structure.dead(mended) == []
    assert done


def test_a_way_that_leads_nowhere_is_offered_to_what_joins_others():
    cut = edit.disconnect(RESIDUAL, "conv2", "add1")
    (issue,) = told("residual", cut).issues[:1]
    assert issue.code == "dead"
    assert issue.fixes[0].label == "Connect conv2 to add1"
    assert issue.fixes[-1].label.startswith("Remove")


def test_an_add_with_one_input_is_told_and_offered_the_shortcut():
    cut = edit.disconnect(RESIDUAL, "relu1", "add1")
    (issue,) = told("residual", cut).issues
    assert (issue.code, issue.severity) == ("lonely", "warning")
    assert issue.fixes[0].label == "Connect relu1 to add1"
    assert issue.fixes[-1].label == "Remove add1"


def test_a_layer_that_fits_nowhere_in_a_whole_chain_is_to_be_removed():
    grown = edit.add_node(MLP, "Conv2d", "conv1", C8)
    (issue,) = told("mlp", grown).errors
    assert issue.fixes[0].label == "Remove conv1"


def test_an_answer_of_another_width_in_a_sequence_or_a_picture_gets_a_layer():
    chain = graph("image Input", ("conv1 Conv2d", C8), "out1 Output")
    mended, (done,) = fix(chain, {"image": IMAGE}, output_shape=(3, 32, 32))
    assert done.label == "Add a Conv2d 1×1 before it"
    assert check(mended, {"image": IMAGE}, output_shape=(3, 32, 32)).ok
    rows = graph("image Input", ("linear1 GRU", {"hidden_size": 8}), "out1 Output")
    mended, (done,) = fix(rows, {"image": GREY}, output_shape=(28, 5))
    assert done.label == "Add a Linear layer before it"


def test_codes_that_reach_the_answer_get_a_table_and_a_head():
    bare = graph("text Input", "out1 Output")
    mended, (done,) = fix(bare, {"text": TOKENS}, output_shape=(2,))
    assert done.label == "Put EmbeddingBag and Linear before it"
    assert check(mended, {"text": TOKENS}, output_shape=(2,)).ok


def test_an_edge_that_is_drawn_twice_is_taken_away_once():
    raw = MLP.model_dump(mode="json")
    raw["edges"].insert(1, raw["edges"][1])
    twice = Graph.model_validate(raw)
    (issue,) = told("mlp", twice).errors
    assert issue.code == "too_many"
    assert issue.fixes[0].label == "Remove the doubled edge from linear1"
    mended, _ = fix(twice, {"table": TABLE}, output_shape=(3,))
    assert edges(mended) == edges(MLP)


def test_a_circle_is_refused_in_words_that_say_which_way_data_flows():
    with pytest.raises(LaminaError, match="linear1 leads to head already") as refused:
        edit.connect(MLP, "head", "linear1")
    assert "comes before it" in refused.value.remedy


def test_a_long_circle_is_told_by_its_beginning_and_its_end():
    names = [f"fc{index}" for index in range(40)]
    nodes = [{"id": n, "layer": "Linear", "params": {"out_features": 4}} for n in names]
    edges = [[a, b] for a, b in zip(names, [*names[1:], names[0]], strict=True)]
    found = check(Graph.model_validate({"nodes": nodes, "edges": edges}), {})
    circle = next(issue for issue in found.issues if issue.code == "cycle")
    assert circle.message.count("→") < 6
    assert "37 more" in circle.message


def test_a_layer_just_dropped_is_joined_to_what_is_there_and_not_removed():
    drawn = graph(
        "image Input", ("conv1 Conv2d", C8), ("linear1 Linear", {"out_features": 64}),
        edges="image>conv1",
    )  # fmt: skip
    told = {issue.code: issue for issue in check(drawn, {"image": IMAGE}).issues}
    assert told["unconnected"].fixes[0].label == "Connect conv1 to linear1"
    mended, _ = fix(drawn, {"image": IMAGE})
    assert "linear1" in mended.ids()


def test_places_of_a_table_are_flattened_before_they_are_joined():
    drawn = graph(
        "codes Input", "table Input", ("embed Embedding", {"embedding_dim": 8}), "join Concat",
        ("head Linear", {"out_features": 3}), "out Output",
        edges="codes>embed embed>join table>join join>head head>out",
    )  # fmt: skip
    mended, _ = fix(drawn, {"codes": CODES, "table": TABLE}, output_shape=(3,))
    assert {node.layer for node in mended.nodes} - {node.layer for node in drawn.nodes} == {
        "Flatten"
    }


def test_axes_put_in_order_on_purpose_are_flattened_as_they_stand():
    drawn = graph(
        "series Input", ("patches Patches", {"dimension": -1, "size": 2, "step": 2}),
        ("permute Permute", {"dims": [0, 2, 1, 3]}),
        ("lstm LSTM", {"hidden_size": 8, "output": "last"}),
        ("head Linear", {"out_features": 3}), "out Output",
    )  # fmt: skip
    mended, fixes = fix(drawn, {"series": SERIES}, output_shape=(3,))
    assert len(fixes) == 1
    (flat,) = (node for node in mended.nodes if node.id not in drawn.ids())
    assert (flat.layer, flat.params["start_dim"]) == ("Flatten", 2)


def test_a_missing_embedding_gets_the_width_that_later_layers_ask_for():
    drawn = graph(
        "text Input", "norm LayerNorm", ("wide Linear", {"out_features": 96}), "relu ReLU",
        ("narrow Linear", {"out_features": 48}), "add Add", ("pool Mean", {"dim": 1}),
        ("head Linear", {"out_features": 2}), "out Output",
        edges="text>norm norm>wide wide>relu relu>narrow narrow>add norm>add add>pool pool>head "
        "head>out",
    )  # fmt: skip
    mended, _ = fix(drawn, {"text": TOKENS}, output_shape=(2,))
    (embed,) = (node for node in mended.nodes if node.layer == "Embedding")
    assert embed.params["embedding_dim"] == 48
    assert len(mended.nodes) == len(drawn.nodes) + 1


LOOSE = {
    "a sequence layer and the answer": graph(
        ("lstm1 LSTM", {"hidden_size": 64, "last": True}), "out1 Output", edges="lstm1>out1"
    ),
    "pieces in a wrong order": graph(
        ("conv1 Conv2d", C8),
        ("linear1 Linear", {"out_features": 64}),
        ("lstm1 LSTM", {"hidden_size": 64}),
        ("embed1 Embedding", {"embedding_dim": 32}),
        "out1 Output",
        edges="lstm1>conv1 conv1>linear1",
    ),
}


@pytest.mark.parametrize("model", LOOSE.values(), ids=LOOSE)
def test_a_missing_input_is_told_at_the_layer_that_waits_for_it(model: Graph) -> None:
    errors = check(model, {"image": IMAGE}, output_shape=(3,)).errors
    assert (errors[0].code, errors[0].node) == ("no_input", "lstm1")
    assert [fix.label for fix in errors[0].fixes] == ["Add an Input before lstm1"]
    drawn = model.ids()
    for error in errors:
        assert error.fixes, error.title
        named = {label.removeprefix("from ") for label, _ in error.table}
        assert named <= drawn | {"the task needs"}, error.title


@pytest.mark.parametrize("model", LOOSE.values(), ids=LOOSE)
def test_pressing_the_first_repair_leads_from_no_input_to_a_whole_network(model: Graph) -> None:
    mended, done = fix(model, {"image": IMAGE}, output_shape=(3,))
    assert done[0].label == "Add an Input before lstm1"
    assert check(mended, {"image": IMAGE}, output_shape=(3,)).ok
