import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import LaminaError
from builder.graph import edit, structure
from builder.graph.spec import Graph

SMALL = Graph.model_validate(
    {
        "nodes": [
            {"id": "image", "layer": "Input"},
            {"id": "conv1", "layer": "Conv2d", "params": {"out_channels": 8}},
            {"id": "join", "layer": "Concat"},
            {"id": "out", "layer": "Output"},
        ],
        "edges": [["image", "join"], ["image", "conv1"], ["conv1", "join"], ["join", "out"]],
    }
)


def pairs(graph):
    return [edge.model_dump() for edge in graph.edges]


def test_an_edit_leaves_the_old_graph_as_it_was():
    before = SMALL.model_dump()
    grown = edit.add_node(SMALL, "ReLU")
    assert grown.nodes[-1].id == "relu1"
    assert SMALL.model_dump() == before


def test_fresh_names_are_short_and_free():
    assert edit.fresh_id(SMALL, "Conv2d") == "conv2"
    assert edit.fresh_id(SMALL, "BatchNorm2d") == "bn1"
    assert edit.fresh_id(SMALL, "MyBlock") == "myblock1"


def test_inserting_on_an_edge_keeps_the_order_of_arguments():
    grown = edit.insert_on_edge(SMALL, ["image", "join"], "ReLU")
    assert [edge.source for edge in grown.into("join")] == ["relu1", "conv1"]
    assert pairs(grown)[0] == ["image", "relu1"]


def test_inserting_keeps_named_ports():
    graph = Graph.model_validate(
        {
            "nodes": [{"id": "a", "layer": "Input"}, {"id": "m", "layer": "MatMul"}],
            "edges": [["a.out", "m.b"], ["a", "m.a"]],
        }
    )
    grown = edit.insert_on_edge(graph, ["a.out", "m.b"], "Transpose")
    assert ["a.out", "transpose1"] in pairs(grown)
    assert ["transpose1", "m.b"] in pairs(grown)


def test_removing_can_heal_the_gap_in_the_same_argument_place():
    grown = edit.insert_on_edge(SMALL, ["image", "join"], "ReLU")
    healed = edit.remove(grown, ["relu1"], heal=True)
    assert [e.source for e in healed.into("join")] == ["image", "conv1"]
    assert "conv1" not in edit.remove(SMALL, ["conv1"]).ids()


def test_rename_follows_into_edges_and_duplicate_copies_inner_edges():
    renamed = edit.rename(SMALL, "conv1", "first")
    assert ["image", "first"] in pairs(renamed)
    doubled = edit.duplicate(SMALL, ["conv1", "join"])
    assert {"conv2", "join1"} <= doubled.ids()
    assert ["conv2", "join1"] in pairs(doubled)


def test_paste_renames_only_what_is_taken():
    grown = edit.paste(SMALL, [{"id": "conv1", "layer": "Conv2d"}, {"id": "new", "layer": "ReLU"}])
    assert {"conv2", "new"} <= grown.ids()


def test_set_params_merges_and_removes():
    graph = edit.set_params(SMALL, "conv1", {"kernel_size": 3})
    assert graph.node("conv1").params == {"out_channels": 8, "kernel_size": 3}
    graph = edit.set_params(graph, "conv1", {}, remove=["kernel_size"])
    assert graph.node("conv1").params == {"out_channels": 8}


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("add_node", {"layer": "ReLU", "id": "conv1"}, "already"),
        ("add_node", {"layer": "ReLU", "id": "a b"}, "no name"),
        ("add_node", {"layer": ""}, "layer"),
        ("add_node", {"layer": "ReLU", "id": "__import__"}, "no name"),
        ("add_node", {"layer": 3}, "wrong layer"),
        ("add_node", {"layer": "ReLU", "params": [1]}, "wrong params"),
        ("add_node", {"layer": "ReLU", "params": {"a": object}}, "params"),
        ("remove", {"ids": ["nobody"]}, "no node"),
        ("remove", {"ids": "conv1"}, "wrong ids"),
        ("connect", {"source": "out", "target": "conv1"}, "circle"),
        ("connect", {"source": "conv1", "target": "conv1"}, "circle"),
        ("connect", {"source": "image", "target": "conv1"}, "already"),
        ("connect", {"source": "image", "target": "out", "source_port": "a b"}, "no name"),
        ("disconnect", {"source": "image", "target": "out"}, "no edge"),
        ("insert_on_edge", {"edge": ["image", "out"], "layer": "ReLU"}, "no edge"),
        ("insert_on_edge", {"edge": "image", "layer": "ReLU"}, "wrong edge"),
        ("rename", {"id": "conv1", "new": "join"}, "already"),
        ("rename", {"id": "conv1", "new": "1x"}, "no name"),
        ("replace", {"nodes": [{"id": "a", "layer": "ReLU"}] * 2}, "Two nodes"),
        ("replace", {"nodes": [], "edges": [["a", "b"]]}, "no node"),
        ("paste", {"nodes": [{"name": "x"}]}, "nodes"),
        ("batch", {"edits": [["add_node"]]}, "pair"),
        ("explode", {}, "no edit"),
        ("rename", {"id": "conv1"}, "incomplete"),
        ("rename", {"id": "conv1", "new": "b", "extra": 1}, "incomplete"),
    ],
)
def test_what_cannot_be_is_refused_in_words(operation, arguments, words):
    with pytest.raises(LaminaError, match=words):
        edit.apply(SMALL, operation, arguments)


def test_replace_keeps_unchanged_nodes_as_the_same_objects():
    raw = SMALL.model_dump(mode="json")
    raw["nodes"][1]["params"] = {"out_channels": 9}
    fresh = edit.apply(SMALL, "replace", raw)
    assert fresh.nodes[0] is SMALL.nodes[0]
    assert fresh.nodes[1].params == {"out_channels": 9}


def chain(length):
    nodes = [{"id": f"n{i}", "layer": "ReLU"} for i in range(length)]
    edges = [[f"n{i}", f"n{i + 1}"] for i in range(length - 1)]
    return Graph.model_validate({"nodes": nodes, "edges": edges})


def test_an_edit_leaves_all_other_nodes_and_edges_as_they_are():
    graph = chain(500)
    edited = edit.insert_on_edge(graph, ["n200", "n201"], "Dropout")
    before = {id(part) for part in (*graph.nodes, *graph.edges)}
    made = [part for part in (*edited.nodes, *edited.edges) if id(part) not in before]
    assert len(made) == 3, "a node and two edges"


def test_order_cycles_and_dead_ends():
    assert structure.order(SMALL) == ["image", "conv1", "join", "out"]
    assert structure.cycles(SMALL) == []
    ring = Graph.model_validate(
        {
            "nodes": [{"id": n, "layer": "ReLU"} for n in "abcd"],
            "edges": [["a", "b"], ["b", "c"], ["c", "b"], ["c", "d"]],
        }
    )
    assert [sorted(circle) for circle in structure.cycles(ring)] == [["b", "c"]]
    assert structure.order(ring) == ["a"]
    loose = edit.connect(edit.add_node(SMALL, "ReLU"), "conv1", "relu1")
    assert structure.dead(loose) == ["relu1"]
    assert structure.dead(ring) == []


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30))
def test_order_puts_every_node_behind_what_it_needs_and_leaves_out_circles_only(links):
    nodes = [{"id": f"n{i}", "layer": "ReLU"} for i in range(12)]
    edges = [[f"n{a}", f"n{b}"] for a, b in links]
    graph = Graph.model_validate({"nodes": nodes, "edges": edges})
    order = structure.order(graph)
    place = {name: i for i, name in enumerate(order)}
    for edge in graph.edges:
        if edge.target in place:
            assert place[edge.source] < place[edge.target]
    circles = structure.cycles(graph)
    assert bool(circles) == (len(order) < 12)
    for circle in circles:
        for a, b in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert [a, b] in [e.model_dump() for e in graph.edges]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(["ReLU", "Conv2d", "Add"]), max_size=8), st.randoms())
def test_a_graph_survives_saving_and_loading(kinds, random):
    graph = Graph()
    for kind in kinds:
        graph = edit.add_node(graph, kind, params={"p": random.random()})
    for _ in range(6):
        if len(graph.nodes) > 1:
            a, b = random.sample([n.id for n in graph.nodes], 2)
            with contextlib.suppress(LaminaError):  # a circle, or connected already
                graph = edit.connect(graph, a, b)
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
