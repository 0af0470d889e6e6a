"""The first page: one click to a project, bad files refused in words, projects kept in order."""

import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder import runs, templates, workspace
from builder.errors import LaminaError
from builder.home import home
from builder.project import Project
from builder.runs.index import Row
from builder.ui import chrome, comparison, gallery, help, intake, recent
from builder.ui.screens.home import count
from tests.ui.apptest import open_page, text_of


def test_the_page_offers_digits_an_empty_canvas_and_every_template() -> None:
    app = open_page("home")
    assert not app.exception
    keys = {button.key for button in app.button}
    assert {"open_digits", "open_empty"} <= keys
    assert {f"use_{name}" for name in templates.templates()} <= keys


def test_open_digits_makes_a_project_of_the_template_with_one_click() -> None:
    app = open_page("home").button(key="open_digits").click().run()
    (entry,) = workspace.projects()
    opened = workspace.open_project(entry.id)
    assert opened.data.source == "sklearn"
    assert any(node.layer == "Conv2d" for node in opened.graph.nodes)
    assert app.session_state["lamina_project"] == entry.id


def test_search_leaves_the_templates_that_fit_and_says_so_where_none_does() -> None:
    app = open_page("home")
    app.text_input(key="find_template").set_value("text").run()
    keys = {button.key for button in app.button if str(button.key).startswith("use_")}
    assert keys
    assert all(
        templates.get(key.removeprefix("use_")).data_kind == "text" for key in map(str, keys)
    )
    app.text_input(key="find_template").set_value("zebra").run()
    assert "No template is called so" in text_of(app)


def test_names_of_projects_are_escaped() -> None:
    workspace.create(Project(name="<img src=x onerror=alert(1)>"))
    shown = text_of(open_page("home"))
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown


def test_delete_asks_first_and_then_removes() -> None:
    key = workspace.create(Project(name="gone"))
    app = open_page("home").button(key=f"danger_delete_{key}").click().run()
    assert workspace.projects()
    app.button(key="danger_confirm_delete").click().run()
    assert workspace.projects() == ()


def test_delete_tells_of_a_run_that_trains_and_stops_it_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = workspace.create(Project(name="busy"))
    row = SimpleNamespace(id="r1", name="first", status="running", epoch=3, epochs=10)
    orders = []
    monkeypatch.setattr(runs, "list_runs", lambda *_: [row])
    monkeypatch.setattr(runs, "order", lambda run, wish: orders.append((run, wish["order"])))
    monkeypatch.setattr(recent.warm, "ready", lambda: False)
    app = open_page("home").button(key=f"danger_delete_{key}").click().run()
    assert "1 run is training: first, epoch 3 of 10." in text_of(app)
    app.button(key="danger_stop_delete").click().run()
    assert orders == [("r1", "stop")]
    assert workspace.projects() == ()


def test_duplicate_lists_a_copy() -> None:
    key = workspace.create(Project(name="one"))
    open_page("home").button(key=f"duplicate_{key}").click().run()
    assert {entry.name for entry in workspace.projects()} == {"one", "one copy"}


def test_a_path_that_does_not_exist_is_said_and_makes_no_project() -> None:
    app = open_page("home")
    app.text_input(key="path_typed").set_value("/nowhere/data.csv")
    assert app.text_input(key="path_typed").proto.form_id == "path_form"  # Enter opens it
    app.button(key="path_open").click().run()
    assert 'data-testid="failed"' in text_of(app)
    assert "intake_error" not in app.session_state  # told in the popover, not behind it
    assert "/nowhere/data.csv" in text_of(app)
    assert workspace.projects() == ()


def test_an_upload_is_kept_once_under_a_safe_name() -> None:
    path = intake.keep([BytesIO(b"a,b\n1,2\n")], ["../../evil.csv"])
    again = intake.keep([BytesIO(b"a,b\n1,2\n")], ["../../evil.csv"])
    assert path == again
    assert path.name == "evil.csv"
    assert path.resolve().is_relative_to(home() / "uploads")


def test_files_that_belong_together_share_a_folder() -> None:
    folder = intake.keep([BytesIO(b"x"), BytesIO(b"y")], ["r.pos", "r.neg"])
    assert sorted(path.name for path in folder.iterdir()) == ["r.neg", "r.pos"]


def test_a_file_of_no_known_kind_is_refused_with_what_to_bring(tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    path.write_bytes(b"\0" * 64)
    with pytest.raises(LaminaError, match=r"does not know what to make of movie\.mp4"):
        intake.recognised(path)


def test_forget_removes_uploads_only(tmp_path: Path) -> None:
    own = tmp_path / "mine" / "data.csv"
    own.parent.mkdir()
    own.write_text("a,b\n1,2\n")
    intake.forget(own)
    assert own.exists()
    kept = intake.keep([BytesIO(b"1")], ["x.csv"])
    intake.forget(kept)
    assert not kept.parent.exists()


@pytest.mark.parametrize(
    ("number", "words"), [(7, "7"), (999, "999"), (12_345, "12 k"), (1_640_000, "1.6 M")]
)
def test_parameters_are_told_in_few_digits(number: int, words: str) -> None:
    assert count(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "just now"), (600, "10 minutes ago"), (86_400, "yesterday"), (3 * 86_400, "Wednesday")],
)
def test_moments_are_told_as_people_do(seconds: float, words: str) -> None:
    import datetime as dt

    now = dt.datetime(2026, 11, 21, 12, 0)
    assert recent.ago(now.timestamp() - seconds, now) == words


def test_a_card_is_drawn_from_the_templates_own_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    only = {"cnn": templates.get("cnn")}
    monkeypatch.setattr(templates, "templates", lambda: only)
    monkeypatch.setattr(gallery, "SHIPPED", gallery.home() / "none.json")
    assert not gallery.complete()
    gallery.fill()
    assert gallery.complete()
    (card,) = gallery.cards()
    graph = card.drawn()
    assert graph is not None
    assert graph == templates.make("cnn").graph
    assert card.parameters
    assert len(gallery.samples()) == 10


def test_a_broken_gallery_file_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "SHIPPED", gallery.home() / "none.json")
    gallery._file().write_text("{")
    assert all(card.graph is None for card in gallery.cards())


def test_the_gallery_is_whole_before_anything_was_made() -> None:
    """gallery.json draws what the templates make today: else `python -m builder.ui.gallery`."""
    fresh = gallery.made()
    shipped = {card.name: (card.graph, card.parameters) for card in gallery.cards()}
    assert shipped == {
        name: (item["graph"], item["parameters"]) for name, item in fresh.items() if name
    }
    assert len(gallery.samples()) == 10
    assert gallery._current(), "else every first start builds all templates in the background"
    assert not gallery._file().exists()


def test_every_page_has_its_help() -> None:
    assert set(help.ABOUT) == set(chrome.TITLES)


def test_export_is_a_project_file_that_imports() -> None:
    key = workspace.create(Project(name="one"))
    text = workspace.export_file(key)
    assert json.loads(text)["lamina"] == 1
    assert workspace.open_project(workspace.import_file(text)).name == "one 2"


def test_a_project_file_that_cannot_be_read_is_told_where_it_was_given() -> None:
    app = open_page("home")
    app.session_state["import_error"] = LaminaError("This is no project file.", remedy="Another.")
    app.run()
    assert not app.exception
    (popover,) = [
        part for part in app.get("popover") if part.proto.popover.label == "Import a project"
    ]
    assert any("no project file" in part.proto.body for part in popover.get("html"))
    assert text_of(app).count("This is no project file.") == 1


def test_a_project_shows_the_figure_that_its_run_chooses_the_best_epoch_by(lamina_home) -> None:
    folder = lamina_home / "runs" / "20260101-000000-abcdef"
    folder.mkdir(parents=True)
    lines = [
        {"epoch": epoch, "validation_loss": 0.5, "validation_fid": fid}
        for epoch, fid in ((1, 90.0), (2, 30.0))
    ]
    (folder / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    row = Row(id=folder.name, status="finished", recipe={"monitor": "validation_fid"})
    last = recent._last([row])
    assert list(last.course) == [90.0, 30.0]
    assert comparison.figure_name(last.figure) == "Validation Fréchet distance"
    assert list(recent._last([Row(id=folder.name, status="finished")]).course) == [0.5, 0.5]


def test_lines_and_figures_are_explained_only_where_a_run_has_some(monkeypatch, lamina_home):
    workspace.create(Project(name="new"))
    monkeypatch.setattr(recent.warm, "ready", lambda: True)
    course: list[float] = []
    monkeypatch.setattr(
        recent,
        "last_runs",
        lambda ids: {one: recent.Last(status="finished", note="", course=course) for one in ids},
    )
    assert "Line and figure" not in text_of(open_page("home"))
    course.extend([0.5, 0.25])
    assert "Line and figure" in text_of(open_page("home"))
