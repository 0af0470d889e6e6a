"""The Evaluate page.

Figures with their uncertainty, cells that open rows, downloads that hold what is shown.
"""

import csv
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest

from builder.evaluate import (
    ClassificationSplit,
    Comparison,
    Difference,
    RegressionSplit,
    delete_slice,
    save_slice,
)
from builder.evaluate import evaluate as report_of
from builder.runs import open_run as runs_open
from builder.ui import figures, rows, sample, state
from builder.ui.components import downloads, matrix, samples
from builder.ui.screens import (
    evaluate_board,
    evaluate_compare,
    evaluate_decide,
    evaluate_parts,
    evaluate_slices,
    explain_table,
)
from tests.trained import trained
from tests.ui.apptest import open_page, text_of


def components(app):
    """The data of each own component on the page, by the component's name."""
    found = {}
    for element in app.get("bidi_component"):
        proto = element.proto
        payload = proto.json if proto.HasField("json") else proto.mixed.json
        found.setdefault(proto.component_name, []).append(json.loads(payload))
    return found


@pytest.fixture
def images(monkeypatch):
    return trained("image", monkeypatch)


def test_the_page_shows_figures_with_uncertainty_and_the_guess_to_beat(images):
    app = open_page("evaluate", project=images.project, run=images.run)
    assert not app.exception
    shown = text_of(app)
    report = report_of(images.run).splits["test"]
    assert f"{report.metrics['accuracy'] * 100:.1f} %" in shown
    assert "±" in shown
    assert "Guessing gets" in shown
    assert "none seen in training" in shown


def test_a_cell_opens_its_samples_surest_first(images):
    app = open_page("evaluate", project=images.project, run=images.run)
    found = components(app)
    report = report_of(images.run).splits["test"]
    assert found["lamina_matrix"][0]["counts"] == report.confusion_matrix
    assert found["lamina_matrix"][0]["selected"] is not None
    true, predicted = found["lamina_matrix"][0]["selected"]
    shown = [item["row"] for item in found["lamina_samples"][0]["items"]]
    assert shown == report.cell(true, predicted)[:15].tolist()
    assert found["lamina_samples"][0]["items"][0]["src"].startswith("data:image/png;base64,")


def test_choosing_another_class_shows_its_rows(images):
    app = open_page("evaluate", project=images.project, run=images.run)
    app.session_state[f"evaluate_chosen_{images.run}"] = ("class", 3)
    app.run()
    report = report_of(images.run).splits["test"]
    found = components(app)
    assert found["lamina_classes"][0]["selected"] == 3
    shown = [item["row"] for item in found["lamina_samples"][0]["items"]]
    assert shown == report.of_class(3)[:15].tolist()


def test_another_split_gives_its_own_figures_and_a_warning(images):
    app = open_page("evaluate", project=images.project, run=images.run)
    app.session_state["evaluate_split"] = "train"
    app.run()
    assert "all of them seen in training" in text_of(app)
    rows_seen = sum(map(sum, components(app)["lamina_matrix"][0]["counts"]))
    assert rows_seen == report_of(images.run).splits["train"].rows


def test_two_classes_get_a_threshold_that_moves_every_figure(monkeypatch):
    run = trained("table", monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    assert not app.exception
    report = report_of(run.run).splits["test"]
    app.slider(key="threshold_positive").set_value(0.8).run()
    assert not app.exception
    expected = report.threshold(0.8).figures
    assert f">{figures.number(expected['recall'])}<" in text_of(app)


def test_sentences_about_classes_and_misses_read_as_sentences():
    words = evaluate_board._share_of_misses
    assert [words(19, 19), words(2, 2), words(1, 1), words(3, 19)] == [
        "all 19 misses", "both misses", "the only miss", "3 of the 19 misses",
    ]  # fmt: skip


def test_a_threshold_where_it_was_repeats_no_figure(monkeypatch):
    said = []
    monkeypatch.setattr(evaluate_decide.parts, "html", lambda text, *_: said.append(text))
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    split = ClassificationSplit(np.array([0, 1, 1]), p, ("0", "1"))
    evaluate_decide._at_threshold(split, 0.5)
    assert "From 0.50 on, the answer is class 1" in said[0]
    assert "1 of the 2 of class 1 are found, 1 missed; 0 of the 1 of class 0" in said[0]
    assert "at 0.50" not in said[0]
    evaluate_decide._at_threshold(split, 0.3)
    assert said[1].count("at 0.50") == 4


def test_a_regression_shows_its_errors_in_the_targets_unit(monkeypatch):
    run = trained("number", monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    assert not app.exception
    report = report_of(run.run).splits["test"]
    shown = text_of(app)
    assert "Mean absolute error" in shown
    assert figures.number(report.metrics["mae"]) in shown
    worst = components(app)["lamina_samples"][0]["items"]
    assert [item["row"] for item in worst] == report.mistakes(20).tolist()


def test_hostile_names_reach_the_page_as_text(monkeypatch):
    run = trained("text", monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    assert not app.exception
    assert "<b>fine</b>" not in text_of(app)


@pytest.mark.parametrize("page", ["evaluate", "explain", "deploy"])
def test_without_a_run_the_page_names_its_project_and_shows_one_way_on(page):
    from builder import workspace
    from builder.project import Project

    key = workspace.create(Project(name="empty"))
    app = open_page(page, project=key)
    assert not app.exception
    name = workspace.open_project(key).name
    assert f'<b class="part" title="{name}">{name}</b>' in text_of(app)
    assert "There is no trained run yet" in text_of(app)
    assert "Go to Train" in [button.label for button in app.button]


def test_a_run_that_is_not_there_is_said_so():
    from builder import workspace
    from builder.project import Project

    key = workspace.create(Project(name="empty"))
    app = open_page("evaluate", project=key, run="20990101-000000-abcdef")
    assert not app.exception
    assert "Look at another run" in [button.label for button in app.button]


def test_rows_are_counted_from_one_wherever_a_person_sees_them():
    assert [rows.row_label(0), rows.row_label(1700)] == ["1", "1,701"]
    split = RegressionSplit(np.array([1.0, 2.0]), np.array([1.5, 2.5]))
    dots = figures.predicted_against_true(split).data[0]
    # the index to open, then what is shown
    assert [list(one) for one in dots.customdata] == [
        [0, "1", "1.000", "1.500"], [1, "2", "2.000", "2.500"],
    ]  # fmt: skip


def test_csv_holds_every_row_and_no_formula():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    split = ClassificationSplit(np.array([0, 0]), probabilities, ("=cmd()", "b,c"))
    read = list(csv.reader(io.StringIO(evaluate_parts.predictions_csv(split).decode())))
    assert read[0] == ["row", "truth", "prediction", "p(=cmd())", "p(b,c)"]
    assert read[1][:3] == ["1", "'=cmd()", "'=cmd()"]
    assert read[2][:3] == ["2", "'=cmd()", "b,c"]


@pytest.mark.parametrize(
    ("sent", "cell"),
    [({"true": 1, "predicted": 0}, (1, 0)), ({"true": 9, "predicted": 0}, None), (None, None),
     ({"true": "1", "predicted": 0}, None), ({"true": -1, "predicted": 0}, None), ("x", None)],
)  # fmt: skip
def test_only_cells_that_exist_are_taken_from_the_browser(sent, cell):
    assert matrix._cell(sent, 3) == cell


def test_figures_of_a_column_have_the_decimals_of_the_largest():
    assert figures.column([7.8364, 26.6, float("nan")]) == ["7.84", "26.60", "–"]
    assert figures.column([9.5, -0.25, 0.0], plus=True) == ["+9.500", "−0.250", "0.000"]
    assert figures.column([206900.0, 12.0]) == ["206,900", "12"]
    assert figures.column([3e-8, 0.0]) == ["3e-08", "0.000"]
    assert figures.column([]) == []


def test_numbers_are_written_as_short_as_they_can_be_read():
    assert [figures.number(v) for v in (0.58934, 4.9631, 55.903, 68772.1, float("nan"))] == [
        "0.589", "4.963", "55.90", "68,772", "–",
    ]  # fmt: skip
    assert [figures.number(v) for v in (0.0, 0.00312, 0.00031, -4.2e-5, 3e-8)] == [
        "0.000",
        "0.003",
        "0.00031",
        "-0.000042",
        "3e-08",
    ]
    assert [figures.number(v) for v in (206900.0, 5e8, -1234.5)] == [
        "206,900", "500,000,000", "-1,234",
    ]  # fmt: skip
    assert [rows.show(v) for v in (206900.0, 99999.6, 1234.5, 2000.0, 0.25, 5.1, 4.2e-5)] == [
        "206,900", "100,000", "1,234.5", "2,000", "0.25", "5.1", "0.000042",
    ]  # fmt: skip
    assert explain_table._tick(2_069_000.0, 50_000.0) == "2,069,000"
    assert explain_table._tick(0.25, 0.05) == "0.25"
    assert figures.share(0.5911) == "59.1 %"
    assert figures.half((0.569, 0.613), percent=True) == "± 2.2"
    assert figures.half((0.676, 1.0), 1.0, percent=True) == "≥ 67.6"
    assert figures.half((0.0, 0.2), 0.0) == "≤ 0.200"
    assert figures.half((1.0, 1.0)) == figures.half((float("nan"), float("nan"))) == ""
    assert [rows.show(v) for v in (-118.24, -3, -4.2e-7)] == ["−118.2", "−3", "−4.2e-07"]
    assert rows.show(None) == "–"
    assert samples.samples is not None


def test_explaining_a_row_turns_the_page_with_its_address_and_writes_no_other(monkeypatch):
    turned = []
    monkeypatch.setattr(state.chrome, "page_object", lambda name: name)
    monkeypatch.setattr(state.st, "switch_page", lambda page, query_params: turned.append(
        (page, query_params)
    ))  # fmt: skip
    monkeypatch.setattr(state.st, "session_state", {"lamina_project": "p", "lamina_run": "r"})
    monkeypatch.setattr(state.st, "query_params", None)  # whoever writes the address fails
    evaluate_parts.explain("test", 7, "best")
    address = {"project": "p", "run": "r", "split": "test", "row": "7"}
    assert turned == [("explain", address)]


def test_choosing_another_sample_writes_the_address_once(monkeypatch):
    class Address(dict):
        written = 0

        def to_dict(self):
            return dict(self)

        def from_dict(self, values):
            self.written += 1
            self.update(values)

    address = Address(project="p", split="test", row="7")
    monkeypatch.setattr(sample.st, "query_params", address)
    monkeypatch.setattr(sample.st, "session_state", {})
    sample.choose("validation", 3)
    assert address == {"project": "p", "split": "validation", "row": "3"}
    assert address.written == 1


def test_another_run_is_laid_beside_this_one_with_its_uncertainty(images):
    from builder import runs, workspace

    twin = runs.start(
        workspace.open_project(images.project),
        project_id=images.project,
        detach=False,
        overrides={"recipe.epochs": 1, "recipe.device": "cpu"},
    )
    try:
        app = open_page("evaluate", project=images.project, run=images.run)
        app.selectbox(key=f"evaluate_compare_{images.run}").set_value(twin.id).run()
        assert not app.exception
        shown = text_of(app)
        assert "lm-versus" in shown
        assert "McNemar" in shown
        assert "95 % interval" in shown
    finally:
        runs.delete(twin.id)


@pytest.mark.parametrize("page", ["evaluate", "explain", "deploy"])
def test_another_run_and_checkpoint_is_chosen_where_it_is_looked_at(images, page):
    from builder import runs, workspace

    twin = runs.start(
        workspace.open_project(images.project),
        project_id=images.project,
        detach=False,
        name="twin",
        overrides={"recipe.epochs": 2, "recipe.device": "cpu"},
    )
    try:
        app = open_page(page, project=images.project, run=images.run)
        box = app.selectbox(key=f"{page}_run_{images.run}")
        assert box.label == "Run"
        given = sample.Sample("given", 1, {"image": twin.prepared().record("test", 0)["image"]})
        app.session_state["explain_given"] = given
        app.session_state["explain_given_run"] = images.run
        box.set_value(twin.id).run()
        assert not app.exception
        assert twin.id in app.query_params["run"]
        assert 'title="twin">twin</span>' in text_of(app)
        if page == "explain":  # a record of one's own reads the same columns, and comes along
            assert "your image" in text_of(app)
        box = app.selectbox(key=f"{page}_checkpoint_choice_{twin.id}")
        kept = [one.name for one in twin.checkpoints() if one.name != "best"]
        box.set_value(kept[-1]).run()
        assert not app.exception
        assert app.session_state[f"{page}_checkpoint"] == kept[-1]
    finally:
        runs.delete(twin.id)


def test_a_comparison_names_the_better_run_and_says_what_chance_may_give():
    def of(gap, low, high):
        difference = Difference("accuracy", 0.5 + gap, 0.5, (low, high))
        return Comparison((difference,), 0.5, np.zeros(0, np.int64), np.zeros(0, np.int64))

    say = evaluate_compare.verdict
    assert say(of(0.1, 0.05, 0.15), "a", "b") == (
        "a is better than b, and more than chance explains."
    )
    assert (
        say(of(-0.1, -0.2, 0.01), "a", "b") == "b is ahead of a, by no more than chance may give."
    )
    assert say(of(0.0, -0.1, 0.1), "a", "b") == "Both are equally good by accuracy."
    assert evaluate_slices.difference(Difference("accuracy", 0.6, 0.5, (0.02, 0.18))) == (
        "+10.0 (+2.0 to +18.0)"
    )
    assert evaluate_slices.difference(Difference("mae", 1.0, 2.5, (np.nan, np.nan))) == "−1.500"


def test_a_kept_slice_is_offered_and_opens_its_rows(images):
    run = runs_open(images.run)
    report = report_of(images.run).splits["test"]
    chosen = report.of_class(3)
    save_slice(run, "the threes", "test", chosen)
    save_slice(run, "its mistakes", "test", report.mistakes(5), by_answers=True)
    try:
        app = open_page("evaluate", project=images.project, run=images.run)
        grids = components(app)["lamina_samples"]
        listed = next(one["items"] for one in grids if one["columns"][:1] == ["Slice"])
        assert [item["cells"][:2] for item in listed] == [
            ["the threes", f"{len(chosen):,}"], ["its mistakes", "5"],
        ]  # fmt: skip
        assert listed[1]["cells"][-1] == "chosen by this run's answers"
        app.session_state[f"evaluate_chosen_{images.run}"] = ("slice", "the threes")
        app.run()
        assert not app.exception
        shown = [item["row"] for item in components(app)["lamina_samples"][0]["items"]]
        assert set(shown) <= set(chosen.tolist())
        assert "Delete slice" in [button.label for button in app.button]
    finally:
        for name in ("the threes", "its mistakes"):
            delete_slice(run, name)


def test_smoothed_labels_explain_modest_confidence_and_nothing_else():
    def split(sure, right=95):
        p = np.full((100, 2), 1 - sure)
        p[:, 0] = sure
        target = np.r_[np.zeros(right, int), np.ones(100 - right, int)]
        return ClassificationSplit(target, p, ("a", "b"))

    tone, word, line = evaluate_decide.judged(split(0.8), 0.1)
    assert (tone, word) == ("n", "Modest by design")
    assert "smooths labels by 0.10" in line
    assert "aims at 95.0 %" in line
    assert "Off by 15.0 % on average" in line  # nothing is hidden
    assert evaluate_decide.judged(split(0.8), 0.0)[1] == "Badly calibrated"
    assert "too modest" in evaluate_decide.judged(split(0.8), 0.0)[2]
    tone, word, line = evaluate_decide.judged(split(0.95, right=70), 0.1)
    assert (tone, word) == ("warn", "Badly calibrated")
    assert "too sure" in line
    assert "Smoothed labels do not explain that" in line
    assert evaluate_decide.judged(split(0.9, right=90), 0.1)[1] == "Well calibrated"
    assert evaluate_decide.judged(split(0.95, right=98), 0.0) == (
        "n",
        "Too few rows to tell",
        "2 of 100 answers are wrong: whether its percentages hold shows only with 10 or more.",
    )
    assert evaluate_decide.judged(split(0.95, right=100), 0.0)[1] == "Too few rows to tell"


def test_a_calibration_that_chance_may_give_is_not_called_a_leaning():
    p = np.repeat([[0.6, 0.4], [0.9, 0.1]], 40, axis=0)
    target = np.r_[np.tile([0, 0, 0, 0, 1], 8), np.tile([0, 0, 0, 1], 10)]
    line = evaluate_decide.judged(ClassificationSplit(target, p, ("a", "b")), 0.0)[2]
    assert "Neither too sure nor too modest on the whole" in line


@pytest.mark.parametrize(
    ("parts", "name"),
    [(["digits", "run 1", "test", "ROC 9"], "digits-run-1-test-roc-9"),
     (["a/../b", "x\n"], "a-..-b-x"), (["", "…"], "figure"), (["Größe", "1"], "größe-1")],
)  # fmt: skip
def test_files_are_named_after_project_run_and_figure_and_never_leave_their_folder(parts, name):
    assert downloads.file_name(parts) == name
    assert "/" not in downloads.file_name(parts)


def test_every_chart_has_its_png_and_svg_under_its_own_name(images, monkeypatch):
    app = open_page("evaluate", project=images.project, run=images.run)
    given = components(app)["lamina_downloads"]
    assert {one["chart"].removeprefix("st-key-") for one in given} == {
        "threshold_chart", "calibration_chart", "roc_chart", "pr_chart",
    }  # fmt: skip
    assert len({one["name"] for one in given}) == 4
    assert all("-run-1-test-" in one["name"] for one in given)


def test_columns_of_a_table_without_a_head_are_called_by_their_number():
    def spec(names, target):
        one = SimpleNamespace(origins=names, features=(), form="vector")
        return SimpleNamespace(inputs={"table": one}, target=SimpleNamespace(name=target))

    assert rows.heads(spec(("#0", "#1"), "#8"), []) == ["Row", "column 1", "column 2"]
    assert rows.column_label(spec(("#0",), "#8"), "#8") == "column 9"
    spoken = spec(("text",), "#0")  # its input is no column
    spoken.inputs["table"].form = "tokens"
    assert rows.column_label(spoken, "#0") == "column 1"
    assert rows.column_label(spec(("age", "#1"), "#8"), "#1") == "#1"  # a head that says so


@pytest.mark.parametrize("kind", ["table", "number"])
def test_groups_of_a_column_stand_worst_first_and_open_their_rows(monkeypatch, kind):
    run = trained(kind, monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    app.selectbox(key=f"groups_by_{run.run}").set_value("town").run()
    assert not app.exception
    report = report_of(run.run).splits["test"]
    found = components(app)["lamina_groups"][0]
    assert sorted(row["cells"][0] for row in found["rows"]) == ["<b>B</b>", "A"]
    assert sum(int(row["cells"][1]) for row in found["rows"]) == report.rows
    worst = found["rows"][0]["at"] - found["rows"][1]["at"]
    assert worst >= 0 if kind == "number" else worst <= 0
    app.session_state[f"evaluate_chosen_{run.run}"] = ("where", "town=A")
    app.run()
    assert components(app)["lamina_groups"][0]["selected"] is not None
    assert "The rows of town=A stand above." in text_of(app)
    prepared = runs_open(run.run).prepared()
    shown = [item["row"] for item in components(app)["lamina_samples"][0]["items"]]
    assert {prepared.record("test", row)["town"] for row in shown} == {"A"}


def test_columns_that_the_model_does_not_read_are_offered_too(monkeypatch):
    run = trained("table", monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    assert app.selectbox(key=f"groups_by_{run.run}").options[1:] == [
        "age",
        "town",
        "rooms",
        "price",
    ]


def test_rows_are_chosen_by_columns_and_kept_for_every_split(monkeypatch):
    run = trained("table", monkeypatch)
    app = open_page("evaluate", project=run.project, run=run.run)
    app.selectbox(key="condition_column_0_0").set_value("town").run()
    assert "Choose a value in each condition." in text_of(app)
    app.multiselect(key="condition_names_0_0_1").set_value(["<b>B</b>"]).run()
    assert not app.button(key="conditions_look").disabled
    assert 'town="&lt;b&gt;B&lt;/b&gt;"' in text_of(app).replace("&quot;", '"')
    app.button(key="conditions_more").click().run()
    assert app.selectbox(key="condition_column_0_1").value == "age", "the first without a condition"
    app.selectbox(key="condition_range_0_1_0").set_value("from … to …").run()
    assert "Choose a value in each condition." in text_of(app)
    assert app.button(key="conditions_look").disabled, "the first alone would be other rows"
    app.number_input(key="condition_from_0_1_0").set_value(40).run()
    app.button(key="conditions_look").click().run()
    assert not app.exception
    condition = 'town="<b>B</b>" & age>=40'
    assert app.session_state[f"evaluate_chosen_{run.run}"] == ("where", condition)
    assert app.selectbox(key="condition_column_1_0").value == "town", "opened again it is as left"
    assert app.multiselect(key="condition_names_1_0_1").value == ["<b>B</b>"]
    assert app.number_input(key="condition_from_1_1_0").value == 40
    app.text_input(key=f"slice_name_{condition}").set_value("older B").run()
    app.button(key="slice_save_now").click().run()
    try:
        for split in ("test", "train"):
            app.session_state["evaluate_split"] = split
            app.run()
            assert not app.exception
            shown = json.dumps(components(app)["lamina_samples"])
            assert json.dumps(f"older B ({condition})")[1:-1] in shown.replace("\\u0026", "&")
    finally:
        delete_slice(runs_open(run.run), "older B")


def test_rows_without_columns_have_no_card_of_groups(images):
    app = open_page("evaluate", project=images.project, run=images.run)
    assert "lamina_groups" not in components(app)
    assert "For whom is it worse?" not in text_of(app)
