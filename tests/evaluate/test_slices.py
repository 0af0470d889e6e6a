"""Slices keep rows under a name for a project's runs on the same data."""

import json
from types import SimpleNamespace

import pytest

from builder import workspace
from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.evaluate import delete_slice, save_condition, save_slice, slice_named, slices
from builder.project import Project


def a_run(folder, project="", data="d1"):
    folder.mkdir(exist_ok=True)
    info = {"project_id": project, "data": data}
    return SimpleNamespace(
        id="r", folder=folder, info=info, spec=SimpleNamespace(sizes={"test": 10, "train": 50})
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path / "home"))
    return workspace.create(Project(name="p"))


def test_every_run_of_a_project_on_the_same_data_has_its_slices(project, tmp_path):
    made = save_slice(a_run(tmp_path / "a", project), " hard  ones ", "test", [7, 2, 2], "5 for 9")
    assert (made.name, made.rows, made.what) == ("hard ones", (2, 7), "5 for 9")
    assert slices(a_run(tmp_path / "b", project)) == [made]
    assert slices(a_run(tmp_path / "b", project), "train") == []
    assert slices(a_run(tmp_path / "b", project, data="d2")) == []
    assert slice_named(a_run(tmp_path / "b", project), "hard ones").indexes.tolist() == [2, 7]


def test_a_slice_remembers_whose_answers_chose_it(tmp_path):
    run = a_run(tmp_path / "a")
    assert save_slice(run, "by truth", "test", [0]).by == ""
    assert save_slice(run, "by answers", "test", [0], by_answers=True).by == run.id
    assert [one.by for one in slices(run)] == ["", run.id]


def test_a_run_without_a_project_keeps_its_slices_itself(tmp_path):
    run = a_run(tmp_path / "a")
    save_slice(run, "one", "test", [0])
    assert [one.name for one in slices(run)] == ["one"]
    assert slices(a_run(tmp_path / "b")) == []


def test_a_deleted_slice_is_gone_and_the_others_stay(project, tmp_path):
    run = a_run(tmp_path / "a", project)
    for name in ("one", "two"):
        save_slice(run, name, "test", [0])
    delete_slice(run, "one")
    assert [one.name for one in slices(run)] == ["two"]
    with pytest.raises(LaminaError, match="no slice 'one'"):
        delete_slice(run, "one")


@pytest.mark.parametrize(
    ("name", "rows", "fact"),
    [("", [0], "1 to 60"), ("x" * 61, [0], "1 to 60"), ("none", [], "needs rows"),
     ("outside", [10], "needs rows"), ("before", [-1], "needs rows"), ("kept", [0], "already")],
)  # fmt: skip
def test_what_cannot_be_a_slice_is_refused_and_nothing_changes(tmp_path, name, rows, fact):
    run = a_run(tmp_path / "a")
    kept = save_slice(run, "kept", "test", [1])
    with pytest.raises(LaminaError, match=fact):
        save_slice(run, name, "test", rows)
    assert slices(run) == [kept]


def test_a_name_that_is_unknown_lists_those_there_are(tmp_path):
    run = a_run(tmp_path / "a")
    with pytest.raises(LaminaError) as caught:
        slice_named(run, "nothing")
    assert "Save as slice" in caught.value.remedy
    save_slice(run, "kept", "test", [1])
    with pytest.raises(LaminaError) as caught:
        slice_named(run, "nothing")
    assert caught.value.remedy.startswith("Use one of: kept;")


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "x"}]', '{"a": 1}'])
def test_a_torn_file_of_slices_is_no_slices(tmp_path, text):
    run = a_run(tmp_path / "a")
    (run.folder / "slices.json").write_text(text)
    assert slices(run) == []
    save_slice(run, "kept", "test", [1])
    assert [one.name for one in slices(run)] == ["kept"]


def test_rows_that_a_changed_split_no_longer_has_are_not_offered(tmp_path):
    run = a_run(tmp_path / "a")
    save_slice(run, "kept", "test", [9])
    run.spec.sizes["test"] = 5
    assert slices(run) == []


def a_run_with_columns(folder, project="", data="d1", column="sex"):
    """A run whose test split says "a", "b", "a" in a column, its training split "b"."""
    folder.mkdir(exist_ok=True)
    for split, values in (("test", "aba"), ("train", "b"), ("validation", "")):
        lines = "".join(json.dumps({column: value}) + "\n" for value in values)
        (folder / f"{split}.records.jsonl").write_text(lines)
    sizes = {"test": 3, "train": 1, "validation": 0}
    spec = PreparedSpec(key=data, inputs={}, target=None, sizes=sizes)
    prepared = SimpleNamespace(folder=folder, spec=spec, preparation={"inputs": {}})
    info = {"project_id": project, "data": data}
    return SimpleNamespace(id="r", folder=folder, info=info, spec=spec, prepared=lambda: prepared)


def test_a_kept_condition_is_of_every_split_and_of_data_prepared_otherwise(project, tmp_path):
    run = a_run_with_columns(tmp_path / "a", project)
    made = save_condition(run, "the a", " sex = a ")
    assert (made.split, made.rows, made.condition) == ("test", (0, 2), "sex=a")
    again = a_run_with_columns(tmp_path / "b", project, data="d2")
    assert slice_named(again, "the a").rows == (0, 2)
    save_condition(again, "the b", "sex=b")
    assert [(one.name, one.split, one.rows) for one in slices(again, "train")] == [
        ("the b", "train", (0,))
    ]
    other = a_run_with_columns(tmp_path / "c", project, column="age")
    assert slices(other) == []


def test_a_condition_shares_its_names_with_chosen_rows_and_is_deleted_as_they_are(tmp_path):
    run = a_run_with_columns(tmp_path / "a")
    save_slice(run, "one", "test", [0])
    with pytest.raises(LaminaError, match="already"):
        save_condition(run, "one", "sex=a")
    save_condition(run, "two", "sex=a")
    with pytest.raises(LaminaError, match="already"):
        save_slice(run, "two", "test", [0])
    delete_slice(run, "two")
    assert [one.name for one in slices(run)] == ["one"]


def test_a_condition_that_cannot_be_applied_is_not_kept(tmp_path):
    run = a_run_with_columns(tmp_path / "a")
    for condition in ("sex=c", "age>3", "sex"):
        with pytest.raises(LaminaError):
            save_condition(run, "bad", condition)
    assert slices(run) == []
