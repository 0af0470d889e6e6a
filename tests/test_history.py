"""Decisions about data are taken back one by one, across restarts, and nothing else is."""

import json
import threading
from pathlib import Path

import pytest

from builder import workspace
from builder.errors import LaminaError
from builder.graph.spec import Graph, Node
from builder.project import Column, Data, Project, Recipe, Split, TaskChoice
from builder.workspace import history

START = Project(name="people", data=Data(source="table", target="income"))


@pytest.fixture
def key() -> str:
    return workspace.create(START)


def decide(key: str, said: str, **data: object) -> Project:
    seen = workspace.open_project(key)
    after = seen.model_copy(update={"data": seen.data.model_copy(update=data)})
    return history.edit(key, seen, after, said)


def role(value: str) -> dict[str, Column]:
    return {"age": Column.model_validate({"role": value})}


def test_every_decision_is_taken_back_and_done_again_in_order(key: str) -> None:
    states = [workspace.open_project(key).data]
    for said, data in [
        ("role", {"columns": role("ignore")}),
        ("split", {"split": Split(kind="random", seed=3)}),
        ("reading", {"options": {"header": False}}),
        ("target", {"target": "age", "columns": {}}),
    ]:
        states.append(decide(key, said, **data).data)
    for state, said in zip(states[-2::-1], ("target", "reading", "split", "role"), strict=True):
        assert history.of(key).undo() == said
        assert history.undo(key) == said
        assert workspace.open_project(key).data == state
    assert history.of(key).undo() == ""
    for state, said in zip(states[1:], ("role", "split", "reading", "target"), strict=True):
        assert history.redo(key) == said
        assert workspace.open_project(key).data == state
    with pytest.raises(LaminaError, match="nothing to redo"):
        history.redo(key)


def test_a_new_decision_forgets_what_was_taken_back(key: str) -> None:
    decide(key, "role", columns=role("ignore"))
    history.undo(key)
    decide(key, "group", columns=role("group"))
    assert history.of(key).redo() == ""
    assert history.of(key).undo() == "group"


def test_a_decision_that_changes_nothing_is_no_step(key: str) -> None:
    decide(key, "nothing", target="income")
    assert history.of(key) == history.History()


def test_what_canvas_and_recipe_wrote_meanwhile_stays(key: str) -> None:
    seen = workspace.open_project(key)
    followed = {
        "data": Data(source="table", target="age"),
        "task": TaskChoice(kind="regression"),
        "recipe": Recipe(epochs=70),
    }
    history.edit(key, seen, seen.model_copy(update=followed), "target: age")
    drawn = Graph(nodes=(Node(id="in", layer="Input"),))
    now = workspace.open_project(key)
    own = {"graphs": {"model": drawn}, "recipe": Recipe(epochs=5, batch_size=8)}
    workspace.save_project(key, now.model_copy(update=own))
    history.undo(key)
    back = workspace.open_project(key)
    assert (back.data.target, back.task.kind) == ("income", "classification")
    assert back.graphs["model"] == drawn
    assert (back.recipe.epochs, back.recipe.batch_size) == (5, 8)


def test_task_and_recipe_that_followed_the_data_follow_it_back(key: str) -> None:
    seen = workspace.open_project(key)
    followed = {"data": Data(source="table", target="age"), "recipe": Recipe(epochs=70)}
    history.edit(key, seen, seen.model_copy(update=followed), "target: age")
    history.undo(key)
    assert workspace.open_project(key) == seen


def test_the_later_of_two_tabs_is_told_and_overwrites_nothing(key: str) -> None:
    seen = workspace.open_project(key)
    decide(key, "role", columns=role("ignore"))
    late = seen.data.model_copy(update={"columns": role("group")})
    with pytest.raises(LaminaError, match="changed elsewhere") as told:
        history.edit(key, seen, seen.model_copy(update={"data": late}), "group")
    assert told.value.code == "stale"
    assert workspace.open_project(key).data.columns == role("ignore")
    assert history.of(key).undo() == "role"


def test_what_two_tabs_decide_of_different_columns_both_holds(key: str) -> None:
    seen = workspace.open_project(key)
    decide(key, "role", columns=role("ignore"))
    other = {"sex": Column(encode="embedding")}
    late = seen.model_copy(update={"data": seen.data.model_copy(update={"columns": other})})
    made = history.edit(key, seen, late, "encoding")
    assert made.data.columns == role("ignore") | other
    assert made == workspace.open_project(key)


def test_a_step_whose_place_another_program_wrote_is_forgotten_and_the_next_is_free(
    key: str,
) -> None:
    decide(key, "split", split=Split(seed=4))
    decide(key, "role", columns=role("ignore"))
    now = workspace.open_project(key)
    data = now.data.model_copy(update={"columns": role("time")})
    workspace.save_project(key, now.model_copy(update={"data": data}))
    with pytest.raises(LaminaError, match="“role” can no longer be taken back"):
        history.undo(key)
    assert history.undo(key) == "split"
    assert workspace.open_project(key).data == START.data.model_copy(
        update={"columns": role("time")}
    )


def test_a_step_that_a_crash_kept_from_the_project_stands_in_nobodys_way(key: str) -> None:
    before = workspace.open_project(key)
    decide(key, "split", split=Split(seed=4))
    decide(key, "role", columns=role("ignore"))
    split = before.data.model_copy(update={"split": Split(seed=4)})
    workspace.save_project(key, before.model_copy(update={"data": split}))  # as if never written
    assert history.undo(key) == "role"
    assert history.undo(key) == "split"
    assert workspace.open_project(key) == before


def test_a_project_that_cannot_be_written_leaves_no_step(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(key, "split", split=Split(seed=4))

    def full(*_: object) -> None:
        raise LaminaError("No space left on device.")

    monkeypatch.setattr(workspace, "save_project", full)
    with pytest.raises(LaminaError, match="No space"):
        decide(key, "role", columns=role("ignore"))
    assert history.of(key).undo() == "split"


def test_a_damaged_history_is_an_empty_one_and_harms_no_project(key: str) -> None:
    decide(key, "split", split=Split(seed=4))
    (workspace.folder(key) / history.NAME).write_text('{"done": [{"said"')
    assert history.of(key) == history.History()
    decide(key, "role", columns=role("ignore"))
    assert history.undo(key) == "role"


def test_the_oldest_steps_are_forgotten_and_the_newest_never(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_STEPS", 3)
    for seed in range(1, 6):
        decide(key, f"seed {seed}", split=Split(seed=seed))
    assert [step.said for step in history.of(key).done] == ["seed 3", "seed 4", "seed 5"]
    monkeypatch.setattr(history, "MOST_BYTES", 10)
    decide(key, "seed 6", split=Split(seed=6))
    assert [step.said for step in history.of(key).done] == ["seed 6"]


def test_decisions_made_at_once_are_all_kept(key: str) -> None:
    """Each thread decides on a column of its own."""
    seen = workspace.open_project(key)

    def one(name: str) -> None:
        columns = {name: Column(role="ignore")}
        data = seen.data.model_copy(update={"columns": columns})
        history.edit(key, seen, seen.model_copy(update={"data": data}), name)

    names = [f"c{i}" for i in range(8)]
    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(workspace.open_project(key).data.columns) == set(names)
    assert {step.said for step in history.of(key).done} == set(names)


def test_a_copy_begins_without_history_and_the_file_is_plain_json(key: str) -> None:
    decide(key, "split", split=Split(seed=4))
    assert history.of(workspace.duplicate(key)) == history.History()
    kept = json.loads((workspace.folder(key) / history.NAME).read_text())
    assert kept["done"][0]["changes"][0]["place"] == ["data", "split"]
    names = {path.name for path in Path(workspace.folder(key)).iterdir()}
    assert names == {workspace.FILE, history.NAME, f".{history.NAME}.lock"}
