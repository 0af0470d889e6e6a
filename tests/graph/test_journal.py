import json
import multiprocessing
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import LaminaError
from builder.graph.document import Document
from builder.graph.journal import Journal
from builder.project import Project


def grow(journal, count=3):
    for _ in range(count):
        journal.apply("add_node", {"layer": "ReLU"}, journal.revision)


def ids(journal, graph="model"):
    return [node["id"] for node in journal.document["graphs"][graph]["nodes"]]


def test_a_new_journal_starts_with_the_given_document(tmp_path):
    start = {"graphs": {"model": {"nodes": [{"id": "a", "layer": "Input"}]}}}
    assert ids(Journal(tmp_path, start)) == ["a"]
    assert ids(Journal(tmp_path, {"graphs": {}})) == ["a"]  # what is on disk wins


def test_undo_and_redo_go_all_the_way_also_after_restarts(tmp_path):
    grow(Journal(tmp_path), 250)
    journal = Journal(tmp_path)
    assert len(ids(journal)) == 250
    for _ in range(250):
        journal.undo()
    assert ids(journal) == []
    assert not journal.can_undo
    with pytest.raises(LaminaError, match="nothing to undo"):
        journal.undo()
    journal = Journal(tmp_path)
    for _ in range(250):
        journal.redo(journal.revision)
    assert len(ids(journal)) == 250
    assert not journal.can_redo


def test_a_hundred_different_edits_go_back_and_forth_over_a_reopened_journal(tmp_path):
    nodes = [{"id": "a", "layer": "Linear"}, {"id": "b", "layer": "Linear"}]
    start = {"graphs": {"model": {"nodes": nodes, "edges": [["a", "b"]]}}}
    journal = Journal(tmp_path, start)
    seen = [journal.document]
    for number in range(25):
        linear = f"l{number}"
        for operation, arguments in (
            ("add_node", {"layer": "Linear", "id": linear}),
            ("set_params", {"id": linear, "params": {"out_features": number + 1}}),
            ("move", {"positions": {linear: {"x": 0, "y": 90 * number}}}),
            ("insert_on_edge", {"edge": ["a", "b"], "layer": "ReLU"})
            if number == 0
            else ("connect", {"source": f"l{number - 1}", "target": linear}),
        ):
            journal.apply(operation, arguments, journal.revision)
            seen.append(journal.document)
    assert len(seen) == 101
    journal = Journal(tmp_path)
    for document in reversed(seen[:-1]):
        journal.undo()
        assert journal.document == document
    assert not journal.can_undo
    journal = Journal(tmp_path)
    for document in seen[1:]:
        journal.redo()
        assert journal.document == document
    assert not journal.can_redo
    assert Journal(tmp_path).document == seen[-1]


def test_an_edit_after_undo_drops_what_was_undone(tmp_path):
    journal = Journal(tmp_path)
    grow(journal, 2)
    journal.undo()
    journal.apply("add_node", {"layer": "Linear"}, journal.revision)
    assert ids(journal) == ["relu1", "linear1"]
    assert not journal.can_redo
    assert ids(Journal(tmp_path)) == ["relu1", "linear1"]


def test_a_stale_base_is_refused_and_changes_nothing(tmp_path):
    journal = Journal(tmp_path)
    old = journal.revision
    grow(journal, 1)
    with pytest.raises(LaminaError) as caught:
        journal.apply("add_node", {"layer": "ReLU"}, old)
    assert caught.value.code == "stale"
    assert ids(journal) == ["relu1"]


def test_two_open_journals_see_each_other(tmp_path):
    one, two = Journal(tmp_path), Journal(tmp_path)
    grow(one, 1)
    assert two.revision == one.revision
    grow(two, 1)
    assert ids(one) == ids(two) == ["relu1", "relu2"]


def test_a_refused_edit_leaves_no_trace(tmp_path):
    journal = Journal(tmp_path)
    before = journal.path.read_bytes()
    with pytest.raises(LaminaError):
        journal.apply("remove", {"ids": ["nobody"]}, journal.revision)
    with pytest.raises(LaminaError):
        journal.apply("add_node", {"layer": "A", "params": {"x": float("nan")}}, journal.revision)
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_is_forgotten_and_the_journal_goes_on(tmp_path, cut):
    journal = Journal(tmp_path)
    grow(journal, 2)
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-cut])
    again = Journal(tmp_path)
    assert ids(again) == ["relu1"]
    grow(again, 1)
    assert ids(Journal(tmp_path)) == ["relu1", "relu2"]


def test_a_line_damaged_in_the_middle_is_named(tmp_path):
    journal = Journal(tmp_path)
    grow(journal, 3)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    lines[2] = b"{broken\n"
    journal.path.write_bytes(b"".join(lines))
    with pytest.raises(LaminaError, match="line 3"):
        Journal(tmp_path)


def test_a_row_of_moves_of_the_same_nodes_is_undone_at_once(tmp_path):
    journal = Journal(tmp_path)
    grow(journal, 2)
    for x in (1, 2, 3):
        places = {"relu1": {"x": x, "y": 0}}
        journal.apply("move", {"positions": places}, journal.revision)
    journal.apply("move", {"positions": {"relu2": {"x": 9, "y": 9}}}, journal.revision)
    journal.undo()
    assert journal.document["view"]["positions"]["model"] == {"relu1": {"x": 3.0, "y": 0.0}}
    journal.undo()
    assert journal.document["view"]["positions"] == {}
    journal.redo()
    assert journal.document["view"]["positions"]["model"] == {"relu1": {"x": 3.0, "y": 0.0}}


def test_moving_nodes_does_not_change_the_digest_of_the_project(tmp_path):
    journal = Journal(tmp_path)
    grow(journal, 2)
    before = Project.model_validate(journal.document).digest()
    journal.apply("move", {"positions": {"relu1": {"x": 5, "y": 6}}}, journal.revision)
    after = Project.model_validate(journal.document)
    assert after.digest() == before
    assert after.view.positions["model"]["relu1"].x == 5


def test_positions_follow_adding_renaming_and_removing(tmp_path):
    journal = Journal(tmp_path)
    places = {"relu1": {"x": 5, "y": 6}}
    journal.apply("add_node", {"layer": "ReLU", "positions": places}, journal.revision)
    journal.apply("rename", {"id": "relu1", "new": "bend"}, journal.revision)
    assert journal.document["view"]["positions"]["model"] == {"bend": {"x": 5.0, "y": 6.0}}
    journal.apply("remove", {"ids": ["bend"]}, journal.revision)
    assert journal.document["view"]["positions"] == {}
    journal.undo()
    assert journal.document["view"]["positions"]["model"] == {"bend": {"x": 5.0, "y": 6.0}}


@pytest.mark.parametrize("bad", [{"a": 3}, [1], None, {"relu1": {"x": "left", "y": 0}}, 4])
def test_wrong_positions_are_refused(tmp_path, bad):
    journal = Journal(tmp_path)
    grow(journal, 1)
    with pytest.raises(LaminaError):
        journal.apply("move", {"positions": bad}, journal.revision)


def test_several_graphs_and_modules_are_edited_and_undone(tmp_path):
    journal = Journal(tmp_path)
    journal.apply("add_graph", {"name": "critic"}, journal.revision)
    journal.apply("add_node", {"layer": "Linear"}, journal.revision, graph="critic")
    journal.apply("add_graph", {"name": "Block", "module": True}, journal.revision)
    journal.apply("add_node", {"layer": "ReLU"}, journal.revision, graph="modules.Block")
    journal.apply("add_node", {"layer": "Block"}, journal.revision)
    assert ids(journal, "critic") == ["linear1"]
    assert journal.document["modules"]["Block"]["nodes"][0]["id"] == "relu1"
    with pytest.raises(LaminaError, match="still used"):
        journal.apply("remove_graph", {"name": "modules.Block"}, journal.revision)
    with pytest.raises(LaminaError, match="no graph"):
        journal.apply("add_node", {"layer": "ReLU"}, journal.revision, graph="nowhere")
    journal.apply("remove_graph", {"name": "critic"}, journal.revision)
    assert "critic" not in journal.document["graphs"]
    journal.undo()
    assert ids(journal, "critic") == ["linear1"]


def test_replacing_the_document_is_one_step(tmp_path):
    journal = Journal(tmp_path)
    grow(journal, 2)
    fresh = {"graphs": {"model": {"nodes": [{"id": "a", "layer": "Input"}], "edges": []}}}
    journal.apply("replace_document", {"value": fresh}, journal.revision)
    assert ids(journal) == ["a"]
    journal.undo()
    assert ids(journal) == ["relu1", "relu2"]
    with pytest.raises(LaminaError):
        journal.apply("replace_document", {"value": {"graphs": 3}}, journal.revision)
    with pytest.raises(LaminaError):
        journal.apply("replace_document", {"value": [1]}, journal.revision)


def test_grouping_makes_a_module_and_is_undone_as_one_step(tmp_path):
    raw = {
        "nodes": [{"id": i, "layer": n} for i, n in
                  [("x", "Input"), ("a", "ReLU"), ("b", "Tanh"), ("s", "Add"), ("o", "Output")]],
        "edges": [["x", "a"], ["a", "b"], ["b", "s"], ["x", "s"], ["s", "o"]],
    }  # fmt: skip
    journal = Journal(tmp_path, {"graphs": {"model": raw}})
    journal.apply("group", {"ids": ["a", "b", "s"], "name": "Block"}, journal.revision)
    assert ids(journal) == ["x", "block1", "o"]
    inner = journal.document["modules"]["Block"]
    assert [n["layer"] for n in inner["nodes"]] == ["Input", "ReLU", "Tanh", "Add", "Output"]
    with pytest.raises(LaminaError, match="Input and Output"):
        journal.apply("group", {"ids": ["x"], "name": "Other"}, journal.revision)
    journal.undo()
    assert ids(journal) == ["x", "a", "b", "s", "o"]


def test_the_journal_knows_what_was_sent_under_a_key_also_after_a_restart(tmp_path):
    journal = Journal(tmp_path)
    journal.apply("add_node", {"layer": "ReLU"}, 0, key="one")
    journal.undo(key="two")
    for known in (journal, Journal(tmp_path)):
        assert [known.done(key) for key in ("one", "two", "three")] == [1, 2, None]


def _write_for_ever(folder):
    journal = Journal(folder)
    while True:
        journal.apply("add_node", {"layer": "ReLU"}, journal.revision)


def test_a_kill_in_the_middle_of_writing_loses_at_most_the_edit_under_way(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_write_for_ever, args=(tmp_path,))
    process.start()
    path = tmp_path / "journal.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_bytes().count(b"\n") > 30:
            break
        time.sleep(0.01)
    process.kill()
    process.join()
    journal = Journal(tmp_path)
    assert len(ids(journal)) == journal.revision >= 30
    grow(journal, 1)
    assert len(ids(Journal(tmp_path))) == journal.revision


def test_an_edit_of_a_large_graph_is_one_short_line_and_reads_nothing_again(tmp_path, monkeypatch):
    nodes = [{"id": f"n{i}", "layer": "ReLU"} for i in range(500)]
    journal = Journal(tmp_path, {"graphs": {"model": {"nodes": nodes}}})
    before = journal.path.stat().st_size
    for whole in ("from_dict", "to_dict"):
        monkeypatch.delattr(Document, whole)
    grow(journal, 3)
    assert journal.path.stat().st_size - before < 3 * 150
    assert len(journal.state.graphs["model"].nodes) == 503


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(["add", "remove", "connect", "move", "undo", "redo"]), max_size=25))
def test_undo_is_the_exact_reverse_of_every_edit(tmp_path_factory, actions):
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder)
    history, place = [journal.document], 0
    for number, action in enumerate(actions):
        now = ids(journal)
        try:
            if action == "undo":
                journal.undo()
                place -= 1
            elif action == "redo":
                journal.redo()
                place += 1
            else:
                arguments = {
                    "add": ("add_node", {"layer": "ReLU"}),
                    "remove": ("remove", {"ids": now[:1]}),
                    "connect": (
                        "connect",
                        {"source": (now or ["-"])[0], "target": (now or ["-"])[-1]},
                    ),
                    "move": ("move", {"positions": {f"relu{number}": {"x": number, "y": 0}}}),
                }[action]
                journal.apply(*arguments, journal.revision)
                history = [*history[: place + 1], journal.document]
                place += 1
        except LaminaError:
            continue
        assert journal.document == history[place]
    assert Journal(folder).document == history[place]
    assert json.loads(json.dumps(journal.document)) == journal.document
    assert Document.from_dict(journal.document).to_dict() == journal.document
