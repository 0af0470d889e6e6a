from itertools import combinations

import pytest

from builder.errors import LaminaError
from builder.graph.document import Document
from builder.graph.evolve import evolve
from builder.graph.group import group, ungrouped
from builder.graph.journal import Journal
from builder.graph.spec import Graph

RAW = {
    "nodes": [
        {"id": "x", "layer": "Input"},
        {"id": "a", "layer": "ReLU"},
        {"id": "b", "layer": "Split", "params": {"split_size_or_sections": [1, 1]}},
        {"id": "c", "layer": "Tanh"},
        {"id": "s", "layer": "Concat"},
        {"id": "o", "layer": "Output"},
    ],
    "edges": [
        ["x", "a"],
        ["a", "b"],
        ["b.out1", "c"],
        ["c", "s"],
        ["b.out2", "s"],
        ["x", "s"],
        ["s", "o"],
    ],
}
INNER = ("a", "b", "c", "s")


def closed(chosen):
    """Whether no way leads out of these nodes and back in."""
    try:
        group(Graph.model_validate(RAW), chosen, "Block")
    except LaminaError:
        return False
    return True


SELECTIONS = [
    chosen for count in range(1, 5) for chosen in combinations(INNER, count) if closed(chosen)
]


def into(graph):
    """The edges by target, in the order of the arguments."""
    return {node.id: [edge.model_dump() for edge in graph.into(node.id)] for node in graph.nodes}


def start(folder, **more):
    return Journal(folder, {"graphs": {"model": RAW}, **more})


def do(journal, operation, graph="model", **arguments):
    journal.apply(operation, arguments, journal.revision, graph)
    return journal.document


@pytest.mark.parametrize("chosen", SELECTIONS, ids="+".join)
def test_ungrouping_gives_back_the_graph_that_was_grouped(chosen):
    before = Graph.model_validate(RAW)
    outer, inner = group(before, chosen, "Block")
    after, _ = ungrouped(outer, "block1", inner)
    assert {node.id: node for node in after.nodes} == {node.id: node for node in before.nodes}
    assert {name: sorted(edges) for name, edges in into(after).items()} == {
        name: sorted(edges) for name, edges in into(before).items()
    }


def test_the_module_goes_with_its_last_use_and_names_that_are_taken_are_changed(tmp_path):
    journal = start(tmp_path)
    do(journal, "group", ids=["c"], name="Block")
    do(journal, "duplicate", ids=["block1"])
    found = do(journal, "ungroup", id="block1")
    assert "Block" in found["modules"]
    found = do(journal, "ungroup", id="block2")
    assert found["modules"] == {}
    assert [node["id"] for node in found["graphs"]["model"]["nodes"]][-1] == "c1"
    for _ in range(4):
        journal.undo()
    assert journal.document["graphs"]["model"]["edges"] == RAW["edges"]


def test_settings_of_a_use_become_settings_of_its_nodes(tmp_path):
    journal = start(tmp_path)
    do(journal, "group", ids=["a", "b", "c", "s"], name="Block")
    do(journal, "set_params", id="block1", params={"s.dim": 2})
    found = do(journal, "ungroup", id="block1")
    nodes = {node["id"]: node.get("params") for node in found["graphs"]["model"]["nodes"]}
    assert nodes["s"] == {"dim": 2}


def test_what_was_inside_stands_where_the_module_stood(tmp_path):
    journal = start(tmp_path)
    do(journal, "group", ids=["a", "b"], name="Block")
    journal.apply("move", {"positions": {"block1": {"x": 500, "y": 40}}}, journal.revision)
    places = {"a": {"x": 10, "y": 20}, "b": {"x": 10, "y": 90}}
    journal.apply("move", {"positions": places}, journal.revision, "modules.Block")
    found = do(journal, "ungroup", id="block1")
    at = found["view"]["positions"]["model"]
    assert at == {"a": {"x": 500, "y": 40}, "b": {"x": 500, "y": 110}}


def test_renaming_a_module_follows_in_all_graphs_modules_and_places(tmp_path):
    journal = start(tmp_path)
    do(journal, "group", ids=["c"], name="Block")
    do(journal, "group", ids=["block1", "b"], name="Outer")
    journal.apply("move", {"positions": {"c": {"x": 1, "y": 2}}}, journal.revision, "modules.Block")
    before = journal.document
    found = do(journal, "rename_module", name="Block", new="Bend")
    assert set(found["modules"]) == {"Bend", "Outer"}
    inner = {node["id"]: node["layer"] for node in found["modules"]["Outer"]["nodes"]}
    assert inner["block1"] == "Bend"
    assert found["view"]["positions"] == {"modules.Bend": {"c": {"x": 1, "y": 2}}}
    journal.undo()
    assert journal.document == before
    assert Journal(tmp_path).document == before


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [("None", "X", "no module"), ("Block", "2", "no name"), ("Block", "Other", "already")],
)
def test_a_rename_that_cannot_be_is_refused(tmp_path, name, new, words):
    journal = start(tmp_path)
    do(journal, "group", ids=["c"], name="Block")
    do(journal, "group", ids=["a"], name="Other")
    with pytest.raises(LaminaError, match=words):
        do(journal, "rename_module", name=name, new=new)


def test_only_a_module_can_be_ungrouped(tmp_path):
    with pytest.raises(LaminaError, match="no module"):
        do(start(tmp_path), "ungroup", id="a")


def test_a_graph_gets_another_name_in_its_old_place_and_keeps_what_it_holds() -> None:
    graph = Graph.model_validate({"nodes": [{"id": "x", "layer": "Input"}]})
    before = Document({"a": graph, "b": Graph()}, {}, {"a": {"x": (1.0, 2.0)}})
    after = evolve(before, "rename_graph", {"name": "a", "new": "teacher"}, "a")
    assert list(after.graphs) == ["teacher", "b"]
    assert after.graphs["teacher"] is graph
    assert after.positions == {"teacher": {"x": (1.0, 2.0)}}
    for new in ("b", "no name"):
        with pytest.raises(LaminaError):
            evolve(before, "rename_graph", {"name": "a", "new": new}, "a")
    with pytest.raises(LaminaError, match="no graph"):
        evolve(before, "rename_graph", {"name": "gone", "new": "c"}, "a")


def test_a_paste_brings_the_modules_it_uses_and_is_undone_with_them(tmp_path):
    journal = start(tmp_path)
    inner = {"nodes": [{"id": "x", "layer": "Input"}, {"id": "y", "layer": "Output"}]}
    brought = {"Block": {**inner, "edges": [["x", "y"]]}}
    do(journal, "add_node", layer="Block", id="b1", modules=brought)
    assert journal.document["modules"]["Block"]["edges"] == [["x", "y"]]
    with pytest.raises(LaminaError, match="already"):
        do(journal, "add_node", layer="Block", id="b2", modules=brought)
    with pytest.raises(LaminaError, match="Modules are"):
        do(journal, "add_node", layer="Block", id="b2", modules=["Block"])
    journal.undo()
    assert journal.document["modules"] == {}
    assert "b1" not in [node["id"] for node in journal.document["graphs"]["model"]["nodes"]]


NESTED = {
    "Inner": {
        "nodes": [{"id": "x", "layer": "Input"}, {"id": "out", "layer": "Output"}],
        "edges": [["x", "out"]],
    },
    "Outer": {
        "nodes": [
            {"id": "x", "layer": "Input"},
            {"id": "inner1", "layer": "Inner"},
            {"id": "out", "layer": "Output"},
        ],
        "edges": [["x", "inner1"], ["inner1", "out"]],
    },
}


@pytest.mark.parametrize(
    ("graph", "layer", "said"),
    [
        ("modules.Inner", "Inner", "Inner cannot contain itself"),
        ("modules.Inner", "Outer", "Inner cannot contain Outer, which contains Inner"),
        ("modules.Outer", "Outer", "Outer cannot contain itself"),
    ],
)
def test_a_module_is_not_put_into_itself_nor_into_what_it_contains(tmp_path, graph, layer, said):
    journal = start(tmp_path, modules=NESTED)
    before = journal.document
    with pytest.raises(LaminaError, match=said) as told:
        do(journal, "add_node", graph, layer=layer)
    assert told.value.code == "module_cycle"
    assert told.value.remedy
    assert journal.document == before == Journal(tmp_path).document
    with pytest.raises(LaminaError, match=said):
        do(journal, "batch", graph, edits=[["add_node", {"layer": layer}]])
    do(journal, "add_node", "modules.Outer", layer="Inner")


def test_modules_that_a_file_brought_nested_in_themselves_can_be_mended(tmp_path):
    journal = start(tmp_path, modules=NESTED)
    looped = journal.document
    looped["modules"]["Inner"]["nodes"].append({"id": "again", "layer": "Outer"})
    do(journal, "replace_document", value=looped)
    do(journal, "add_node", "modules.Inner", layer="ReLU")
    do(journal, "remove", "modules.Inner", ids=["again"])
    with pytest.raises(LaminaError, match="which contains"):
        do(journal, "add_node", "modules.Inner", layer="Outer")


def test_modules_on_a_clipboard_may_not_contain_one_another(tmp_path):
    journal = start(tmp_path)
    looped = {
        name: {"nodes": [{"id": "a", "layer": other}]}
        for name, other in (("Left", "Right"), ("Right", "Left"))
    }
    with pytest.raises(LaminaError, match="would never end"):
        do(journal, "add_node", layer="Left", modules=looped)
    assert journal.document["modules"] == {}
