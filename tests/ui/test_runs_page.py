"""The Runs page compares: what differs, curves of ticked runs, names, notes, deletion."""

import json
import time
from pathlib import Path

import pytest
from starlette.applications import Starlette

from builder import runs, templates, workspace
from builder.runs.index import Row
from builder.ui import comparison, routes
from builder.ui.components.runtable import rows as runtable_rows
from builder.ui.components.runtable.routes import ROUTES
from builder.ui.screens import runs as page
from tests.ui.apptest import open_page, text_of
from tests.ui.test_routes import Client


def test_only_settings_that_differ_are_shown_the_telling_ones_first():
    rows = [
        Row(id="a", recipe={"seed": 0, "epochs": 3, "optimizer": {"name": "AdamW", "lr": 0.1}}),
        Row(id="b", recipe={"seed": 1, "epochs": 3, "optimizer": {"name": "AdamW", "lr": 0.2}}),
    ]
    found = comparison.settings(rows)
    assert found["a"]["optimizer.lr"] == 0.1
    assert comparison.differing(found) == ["optimizer.lr", "seed"]


def test_a_setting_that_one_run_lacks_differs():
    rows = [Row(id="a", recipe={"clip_norm": 1.0}), Row(id="b", recipe={"clip_norm": None})]
    assert comparison.differing(comparison.settings(rows)) == ["clip_norm"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (42.4, "42 s"), (59.7, "1:00"), (185, "3:05"), (3753, "1:02:33")],
)
def test_durations_are_short(seconds, text):
    assert comparison.lasted(seconds) == text


def test_the_beginning_is_a_time_today_and_a_day_before():
    now = time.mktime((2026, 11, 21, 9, 30, 0, 0, 0, -1))
    assert comparison.begun(now - 3600, now) == "08:30"
    assert comparison.begun(now - 86400 * 3, now) == "18 Nov 09:30"


def test_figures_that_are_no_numbers_are_left_open():
    row = Row(id="a", best={"validation_loss": float("nan")}, last={"validation_accuracy": 0.9})
    assert comparison.figures(row, "validation_accuracy") == {
        "best": None,
        "last": 0.9,
        "best_loss": None,
    }


def test_a_smoothed_curve_begins_where_it_was_measured_and_follows_slowly():
    assert comparison.smoothed([4.0, 4.0, 4.0], 0.9) == pytest.approx([4.0, 4.0, 4.0])
    found = comparison.smoothed([400_000.0, 1.0, 1.0], 0.5)
    assert found[0] == 400_000.0
    assert found[1] == pytest.approx((0.25 * 400_000 + 0.5) / 0.75)
    assert comparison.smoothed([3.0, 1.0], 0.0) == [3.0, 1.0]


@pytest.mark.parametrize(("log", "kind"), [(False, None), (True, "log")])
def test_curves_stand_on_a_logarithmic_axis_by_wish_pale_behind_their_average(
    log, kind, monkeypatch
):
    shown = []
    monkeypatch.setattr(page.charts, "show", lambda figure, **_: shown.append(figure))
    monkeypatch.setattr(page.parts, "html", lambda *_: None)
    monkeypatch.setattr(page, "rows_in_order", list)
    monkeypatch.setattr(page.state, "project_id", lambda: None)
    epochs = [{"epoch": n, "validation_loss": value} for n, value in enumerate([4e5, 1, 2], 1)]
    row = Row(id="a", name="one")
    page._chart([row], {"a": epochs}, "validation_loss", "epoch", log=log, smooth=0.5)
    raw, smooth = shown[0].data
    assert shown[0].layout.yaxis.type == kind
    assert (list(raw.y), raw.opacity) == ([4e5, 1, 2], page.PALE)
    assert list(smooth.y) == comparison.smoothed([4e5, 1, 2], 0.5)


def test_curves_leave_gaps_out_and_begin_with_the_validation_loss():
    rows = [{"epoch": 1, "validation_loss": 2.0, "train_loss": 1.0}, {"epoch": 2, "lr": 0.1}]
    assert comparison.curve_names({"a": rows}) == ["validation_loss", "train_loss", "lr"]
    assert comparison.curve(rows, "validation_loss", "epoch") == ([1.0], [2.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97224, "0.9722"),
        (123456.0, "123,456"),
        (12345, "12,345"),
        (1e3, "1,000"),
        (3.16e-5, "0.0000316"),
        (1e-9, "1e-09"),
        (0, "0"),
    ],
)
def test_figures_are_written_as_the_tables_write_them(value, text):
    assert comparison.figure(value) == text


def test_a_figure_has_one_name_alone_and_one_within_a_sentence():
    assert comparison.figure_name("validation_roc_auc") == "Validation ROC AUC"
    assert comparison.figure_word("validation_accuracy") == "validation accuracy"
    assert comparison.figure_name("seconds") == "Seconds"


@pytest.fixture
def two_runs():
    project = templates.make("mlp-classification")
    opened = workspace.create(project)
    made = [
        runs.start(
            project,
            project_id=opened,
            detach=False,
            overrides={"recipe.epochs": epochs},
            name=f"run {epochs}",
        )
        for epochs in (1, 2)
    ]
    return opened, made


def _table(app):
    import json

    for element in app.get("bidi_component"):
        if element.proto.component_name.endswith("runtable"):
            return json.loads(element.proto.json)
    raise AssertionError("the page shows no table of runs")


def test_a_project_without_runs_points_to_training():
    opened = workspace.create(templates.make("mlp-classification"))
    app = open_page("runs", project=opened)
    assert not app.exception
    assert "No runs yet" in text_of(app)


def test_the_table_shows_runs_with_what_differs(two_runs):
    opened, made = two_runs
    app = open_page("runs", project=opened)
    assert not app.exception
    data = _table(app)
    assert [row["name"] for row in data["rows"]] == ["run 2", "run 1"]
    assert [column["name"] for column in data["settings"]] == ["epochs"]
    assert set(data["colours"]) == {run.id for run in made}
    assert all(row["figures"]["best"] > 0.5 for row in data["rows"])
    named = {column["name"]: column["label"] for column in data["figures"]}
    assert named["best"] == "Accuracy at the best epoch"
    assert named["best_loss"] == "Loss at the best epoch"


def test_names_and_notes_are_kept(two_runs):
    opened, made = two_runs
    app = open_page("runs", project=opened, run=made[0].id)
    app.text_input(key=f"runs_name_{made[0].id}").set_value("a <b>better</b> name").run()
    app.text_area(key=f"runs_note_{made[0].id}").set_value("tried it").run()
    assert not app.exception
    info = runs.open_run(made[0].id).info
    assert (info["name"], info["note"]) == ("a <b>better</b> name", "tried it")
    assert "a &lt;b&gt;better&lt;/b&gt; name" in text_of(app)
    assert "<b>better" not in text_of(app)


def test_a_deleted_run_is_gone_from_page_and_disk(two_runs):
    opened, made = two_runs
    app = open_page("runs", project=opened, run=made[1].id)
    app.button(key=f"danger_runs_delete_{made[1].id}").click().run()
    assert not app.exception
    asked = [one.key for one in app.button if "danger_runs_delete" in str(one.key)]
    assert asked == [f"danger_runs_delete_{made[0].id}"], "the open question is not passed on"
    assert [row.id for row in runs.list_runs()] == [made[0].id]
    assert not made[1].folder.exists()


def test_a_run_whose_status_is_damaged_has_failed_in_words_and_can_be_deleted(two_runs):
    opened, made = two_runs
    (made[1].folder / "status.json").write_text('{"status": "running", "epoch": "x"}')
    app = open_page("runs", project=opened, run=made[1].id)
    assert not app.exception
    said = text_of(app)
    assert "Its status file is damaged" in said
    assert "are kept: fork it from one, or delete it." in said
    app.button(key=f"danger_runs_delete_{made[1].id}").click().run()
    assert not made[1].folder.exists()


def test_the_table_follows_by_a_route_of_its_own(two_runs):
    opened, _ = two_runs
    client, known = Client(Starlette(routes=ROUTES)), {"X-Lamina-Token": routes.token()}
    rows = client.get(f"/lamina/api/runs?project={opened}", known).json()["rows"]
    assert [row["name"] for row in rows] == ["run 2", "run 1"]
    assert rows == _table(open_page("runs", project=opened))["rows"]
    assert client.get("/lamina/api/runs").status_code == 403


def test_the_page_is_drawn_anew_when_a_run_is_renamed_elsewhere(two_runs):
    opened, made = two_runs
    before = page._seen(opened)
    assert page._seen(opened) == before
    runs.rename(made[0].id, "renamed by the command line")
    assert page._seen(opened) != before


def test_files_of_the_chart_are_named_by_project_runs_and_figure(two_runs):
    import json

    opened, _ = two_runs
    app = open_page("runs", project=opened)
    names = [
        json.loads(element.proto.json).get("name")
        for element in app.get("bidi_component")
        if element.proto.component_name.endswith("downloads")
    ]
    project = workspace.open_project(opened).name
    assert names == [f"{project}-run-2-run-1-validation_loss".lower().replace(" ", "-")]


def test_the_small_line_of_a_run_is_the_figure_that_its_best_epoch_is_kept_by(
    lamina_home: Path,
) -> None:
    folder = lamina_home / "runs" / "20260101-000000-abcdef"
    folder.mkdir(parents=True)
    epochs = [
        {"epoch": epoch, "validation_loss": 0.5, "validation_fid": fid}
        for epoch, fid in ((1, 90.0), (2, 30.0))
    ]
    (folder / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in epochs))
    (folder / "run.json").write_text("{}")
    made = Row(id=folder.name, status="finished", recipe={"monitor": "validation_fid"})
    assert runtable_rows.lines([made])[0]["spark"] == [90.0, 30.0]
    other = Row(id=folder.name, status="finished")
    assert runtable_rows.lines([other])[0]["spark"] == [0.5, 0.5]


def test_the_chart_of_runs_opens_with_the_figure_that_they_all_watch() -> None:
    gan = Row(id="a", recipe={"monitor": "validation_fid"})
    names = ["validation_loss", "validation_fid"]
    assert page._watched([gan, gan], names) == 1
    assert page._watched([gan, Row(id="b")], names) == 0
    assert page._watched([gan], ["validation_loss"]) == 0
