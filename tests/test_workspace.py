"""Kept projects: nothing outside their folder is touched, nothing half-written stays."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from builder import workspace
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.project import Data, Project

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


def _with_upload(lamina_home: Path, content: str = "a,b\n1,2\n") -> str:
    folder = lamina_home / "uploads" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "tiny.csv").write_text(content)
    data = Data(source="table", options={"path": str(folder / "tiny.csv"), "header": True})
    return workspace.create(SMALL.model_copy(update={"data": data}))


def test_a_project_with_uploaded_data_takes_it_along(lamina_home: Path) -> None:
    key = _with_upload(lamina_home)
    assert workspace.projects()[0].uploads
    packed = workspace.export_file(key)
    workspace.delete(key)
    shutil.rmtree(lamina_home / "uploads")
    opened = workspace.open_project(workspace.import_file(packed))
    path = Path(str(opened.data.options["path"]))
    assert path.read_text() == "a,b\n1,2\n"
    assert path.is_relative_to(lamina_home / "uploads")
    assert opened.data.options["header"] is True


def test_data_outside_the_uploads_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a\n1\n")
    data = Data(source="table", options={"path": str(tmp_path / "own.csv")})
    key = workspace.create(SMALL.model_copy(update={"data": data}))
    assert workspace.export_file(key).startswith(b"{")


def _zip(entries: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


PROJECT = json.dumps(
    {
        "lamina": 1,
        "name": "x",
        "data": {"source": "table", "options": {"path": "bundled:data/0/a.csv"}},
    }
).encode()


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (_zip({workspace.FILE: PROJECT, "data/../../../out.csv": b"a"}), "leads outside"),
        (_zip({workspace.FILE: PROJECT, "data/0/b.csv": b"a"}), "lacks a file"),
        (_zip({"readme.txt": b"hello"}), "holds no project"),
        (_zip({workspace.FILE: b"{", "data/0/a.csv": b"a"}), "line 1"),
        (_zip({workspace.FILE: PROJECT, "data/0/a.csv": b"0" * 200_000_000}), "not believable"),
        (_zip({workspace.FILE: PROJECT, "data/0/a.csv": b"a"})[:-30], "damaged"),
        (
            _zip(
                {workspace.FILE: PROJECT.replace(b"data/0/a.csv", b"../../x"), "data/0/a.csv": b"a"}
            ),
            "lacks a file",
        ),
    ],
)
def test_a_hostile_or_broken_zip_is_refused_and_leaves_nothing(
    packed: bytes, words: str, lamina_home: Path
) -> None:
    with pytest.raises(LaminaError, match=words):
        workspace.import_file(packed)
    assert workspace.projects() == ()
    assert list((lamina_home / "uploads").iterdir()) == []
    assert not (lamina_home.parent / "out.csv").exists()


def test_an_import_from_a_missing_path_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="cannot be read"):
        workspace.import_file(tmp_path / "none.json")
    with pytest.raises(LaminaError, match="folder"):
        workspace.import_file(tmp_path)
