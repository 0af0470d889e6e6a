"""Kept projects: nothing outside their folder is touched, nothing half-written stays."""

from pathlib import Path

import pytest

from builder import workspace
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.project import Project

SMALL = Project(
    name="digits",
    graphs={"model": Graph.model_validate({"nodes": [{"id": "a", "layer": "Input"}], "edges": []})},
)


def test_a_kept_project_opens_as_it_was() -> None:
    key = workspace.create(SMALL)
    assert workspace.open_project(key) == SMALL
    assert [(entry.id, entry.name) for entry in workspace.projects()] == [(key, "digits")]


def test_a_second_project_of_a_name_gets_a_number() -> None:
    first, second = workspace.create(SMALL), workspace.create(SMALL)
    assert first != second
    assert workspace.open_project(second).name == "digits 2"


@pytest.mark.parametrize("name", ["Häuser & Preise", "数字", "../../etc", "a" * 120])
def test_any_name_makes_a_safe_id(name: str) -> None:
    key = workspace.create(SMALL.model_copy(update={"name": name}))
    assert workspace.ID.fullmatch(key)
    assert workspace.open_project(key).name == name


@pytest.mark.parametrize("key", ["..", "../runs", "", "A", "a/b", "missing-1", ".gone-1"])
def test_an_id_that_is_none_is_refused_with_words(key: str) -> None:
    with pytest.raises(LaminaError, match="no such project"):
        workspace.open_project(key)
    with pytest.raises(LaminaError, match="no such project"):
        workspace.delete(key)


def test_rename_and_save_keep_the_rest() -> None:
    key = workspace.create(SMALL)
    workspace.rename(key, " other ")
    assert workspace.open_project(key) == SMALL.model_copy(update={"name": "other"})


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    key = workspace.create(SMALL)
    with pytest.raises(LaminaError, match="1 to 120"):
        workspace.rename(key, name)


def test_export_then_import_gives_the_same_project() -> None:
    key = workspace.create(SMALL)
    text = workspace.export_file(key)
    workspace.delete(key)
    assert workspace.projects() == ()
    assert workspace.open_project(workspace.import_file(text)) == SMALL


def test_a_broken_project_is_listed_with_the_reason_and_harms_no_other(lamina_home: Path) -> None:
    key = workspace.create(SMALL)
    (lamina_home / "projects" / "bad").mkdir()
    (lamina_home / "projects" / "bad" / workspace.FILE).write_text('{"lamina": 1,')
    errors = {entry.id: entry.error for entry in workspace.projects()}
    assert errors[key] == ""
    assert "line 1" in errors["bad"]


def test_a_copy_has_a_name_of_its_own() -> None:
    copy = workspace.duplicate(workspace.create(SMALL))
    assert workspace.open_project(copy).name == "digits copy"


def test_disk_use_counts_bytes_and_clean_up_frees_what_can_be_made_again(lamina_home: Path) -> None:
    workspace.create(SMALL)
    (lamina_home / "prepared" / "key").mkdir(parents=True)
    (lamina_home / "prepared" / "key" / "x.bin").write_bytes(b"0" * 1000)
    use = {item.room: item.bytes for item in workspace.disk_use()}
    assert use["prepared"] == 1000
    assert use["projects"] > 0
    assert workspace.clean_up("prepared") == 1000
    assert {item.room: item.bytes for item in workspace.disk_use()}["prepared"] == 0


@pytest.mark.parametrize("name", ["projects", "runs", "..", "uploads"])
def test_clean_up_never_empties_work(name: str) -> None:
    with pytest.raises(LaminaError, match="not emptied"):
        workspace.clean_up(name)
