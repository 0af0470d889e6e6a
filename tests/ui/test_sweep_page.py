"""Sweeps on the Runs page: the form, one sweep, what is said of bad input."""

import re
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from builder import sweeps, workspace
from builder.runs import care
from builder.sweeps.folder import State, Sweep, Trial
from builder.sweeps.trials import WHY
from builder.ui import routes
from builder.ui.components.trials import rows
from builder.ui.components.trials.charts import CHARTS
from builder.ui.components.trials.routes import ROUTES
from builder.ui.screens import runs_watch, sweep_view
from builder.ui.screens import sweep as sweep_list
from tests.ui.apptest import open_page, text_of
from tests.ui.test_routes import Client
from tests.ui.tiny import tiny_project


@pytest.fixture
def project(lamina_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kept project on a tiny table; nothing drives its sweeps."""
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    return tiny_project(tmp_path)


def form(project: str) -> AppTest:
    """The form, once the project has been checked."""
    app = open_page("runs", project=project, sweep="new")
    while app.button("sweep_start").disabled:
        app.run()
    return app


def made(project: str, **given: object) -> Sweep:
    over = ["recipe.optimizer.lr=1e-4..1e-1:log", "recipe.batch_size=16,32"]
    opened = workspace.open_project(project)
    return sweeps.start(opened, over, project_id=project, trials=4, **given)  # type: ignore[arg-type]


def told(sweep: Sweep, status: str = "finished") -> None:
    """Trials as a driver would have written them."""
    for number, (lr, state, value) in enumerate(
        [(0.001, "complete", 0.5), (0.01, "complete", 0.3), (0.1, "pruned", 0), (1, "failed", 0)], 1
    ):
        settings = {"recipe.optimizer.lr": lr, "recipe.batch_size": 16}
        trial = Trial(number, settings, state, epoch=5, epochs=5, ended=time.time())
        if state == "complete":
            trial = replace(trial, values=(value,) * len(sweep.plan.objectives))
        if state == "failed":
            trial = replace(trial, message="The <b>shapes</b> do not fit.")
        sweep.write_trial(trial)
    sweep.write_state(State(status, importance={"recipe.optimizer.lr": 0.8}))


def test_the_form_offers_fields_and_starts_a_sweep(project: str) -> None:
    app = form(project)
    assert not app.exception
    assert "Learning rate" in text_of(app)
    assert "20 runs of up to" in text_of(app)
    app.selectbox("sweep_add").set_value("recipe.batch_size").run()
    assert "Batch size" in text_of(app)
    app.number_input("sweep_trials").set_value(6).run()
    app.button("sweep_start").click().run()
    assert not app.exception
    (begun,) = sweeps.list_sweeps(project)
    assert begun.plan.trials == 6
    assert [one.field for one in begun.plan.parameters] == [
        "recipe.optimizer.lr",
        "recipe.batch_size",
    ]
    assert app.query_params["sweep"] == begun.id


def test_a_range_upside_down_is_said_beside_its_field_and_blocks_the_start(project: str) -> None:
    app = form(project)
    app.number_input("sweep_high_recipe.optimizer.lr").set_value(1e-6).run()
    assert "upside down" in text_of(app)
    assert app.button("sweep_start").disabled


def test_a_field_that_is_not_there_is_refused_in_words(project: str) -> None:
    app = form(project)
    app.text_input("sweep_text").set_value("recipe.optimizer.lrr=0..1").run()
    assert "has no argument" in text_of(app)


def test_a_grid_needs_values_and_takes_five_of_a_range_at_a_press(project: str) -> None:
    app = form(project)
    app.button_group("sweep_sampler").set_value("grid").run()
    assert "Every combination needs single values" in text_of(app)
    assert app.button("sweep_start").disabled
    app.button("sweep_spread_recipe.optimizer.lr").click().run()
    assert not app.exception
    assert "5 runs of up to" in text_of(app)
    assert len(app.multiselect("sweep_values_recipe.optimizer.lr").value) == 5


def test_seed_and_runs_at_once_go_into_the_plan(project: str) -> None:
    app = form(project)
    app.number_input("sweep_parallel").set_value(3).run()
    app.number_input("sweep_seed").set_value(7).run()
    app.button("sweep_start").click().run()
    (begun,) = sweeps.list_sweeps(project)
    assert (begun.plan.parallel, begun.plan.seed) == (3, 7)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("recipe.label_smoothing=0..2", "below 1"),
        ("recipe.batch_size=0,16", "found 0"),
        ("recipe.optimizer.weight_decay=0..0.1:log", "begins above 0"),
        ("recipe.batch_size=16..16", "one value"),
        ("recipe.optimizer.momentum=0.1,0.9 if recipe.optimizer.name=SGD", "not varied"),
    ],
)
def test_a_space_that_cannot_be_is_refused_in_the_form(project: str, over: str, said: str) -> None:
    app = form(project)
    app.text_input("sweep_text").set_value(over).run()
    assert not app.exception
    assert said in text_of(app)


def test_a_range_without_a_logarithm_blocks_the_start(project: str) -> None:
    app = form(project)
    app.number_input("sweep_low_recipe.optimizer.lr").set_value(0.0).run()
    assert "begins above 0" in text_of(app)
    assert app.button("sweep_start").disabled


def test_a_value_that_the_project_refuses_is_said_at_its_field(project: str) -> None:
    app = form(project)
    app.toggle("sweep_log_recipe.optimizer.lr").set_value(False).run()
    app.number_input("sweep_low_recipe.optimizer.lr").set_value(-1.0).run()
    assert "found -1.0" in text_of(app)
    assert app.button("sweep_start").disabled


def test_a_written_condition_is_kept(project: str) -> None:
    app = form(project)
    app.text_input("sweep_text").set_value("recipe.optimizer.name=SGD,AdamW").run()
    condition = "recipe.optimizer.momentum=0..0.99 if recipe.optimizer.name=SGD"
    app.text_input("sweep_text").set_value(condition).run()
    assert not app.exception
    labels = [one.proto.popover.label for one in app.get("popover")]
    assert "Only when Optimiser is SGD" in labels
    app.button("sweep_start").click().run()
    (begun,) = sweeps.list_sweeps(project)
    whens = {one.field: one.when and one.when.values for one in begun.plan.parameters}
    assert whens["recipe.optimizer.momentum"] == ("SGD",)


def test_without_an_objective_nothing_starts(project: str) -> None:
    app = form(project)
    app.multiselect("sweep_objectives").set_value([]).run()
    assert "Without a figure none is best." in text_of(app)
    assert app.button("sweep_start").disabled


def test_a_finished_sweep_shows_its_best_and_gives_its_settings_to_the_project(
    project: str,
) -> None:
    sweep = made(project)
    told(sweep)
    app = open_page("runs", project=project, sweep=sweep.id)
    assert not app.exception
    text = text_of(app)
    assert "0.3" in text
    assert "trial 2" in text
    assert "What mattered" in text
    app.button("sweep_adopt").click().run()
    assert workspace.open_project(project).recipe.optimizer.lr == 0.01


def test_what_failed_is_escaped(project: str) -> None:
    sweep = made(project)
    told(sweep)
    app = open_page("runs", project=project, sweep=sweep.id)
    app.session_state["sweep_trial"] = 4
    app.run()
    assert "The &lt;b&gt;shapes&lt;/b&gt; do not fit." in text_of(app)


def test_two_objectives_have_a_front_and_no_single_best(project: str) -> None:
    sweep = made(project, objectives=["validation_loss", "seconds"])
    told(sweep)
    app = open_page("runs", project=project, sweep=sweep.id)
    assert not app.exception
    assert "Pareto front" in text_of(app)


def test_a_sweep_under_way_says_how_long_it_takes_and_what_waits(project: str) -> None:
    begun = made(project)
    now = time.time()
    for number, state in enumerate(("complete", "pruned", "running"), 1):
        settings = {"recipe.optimizer.lr": 0.01 * number, "recipe.batch_size": 16}
        ended = 0.0 if state == "running" else now - 100.0
        trial = Trial(number, settings, state, started=now - 700.0, ended=ended)
        begun.write_trial(replace(trial, message="Waits." if state == "running" else ""))
    begun.write_state(State("running"))
    text = text_of(open_page("runs", project=project, sweep=begun.id))
    assert re.search(r"time left, about\D*12 min", text)
    assert re.search(r"waits\D*1", text)
    assert "running" not in re.findall(r'class="l">(\w+)<', text)


def test_a_sweep_that_is_being_stopped_says_so_until_it_has_ended(project: str) -> None:
    begun = made(project)
    begun.write_state(State("running"))
    begun.stop_path.touch()
    app = open_page("runs", project=project, sweep=begun.id)
    assert "It is being stopped" in text_of(app)
    assert app.button("danger_sweep_stop").disabled
    begun.write_state(State("stopped", "Stopped by an order."))
    app.run()
    assert "It is being stopped" not in text_of(app)


def test_only_what_its_state_does_not_say_is_told_of_a_trial_that_was_given_up(
    project: str,
) -> None:
    plan = made(project).plan
    said = f"Given up by the sweep after epoch 1: {WHY['median']}."
    settings = {"recipe.optimizer.lr": 0.1, "recipe.batch_size": 16}
    ended = [
        Trial(1, settings, "pruned", message=said),
        Trial(2, settings, "pruned", message="Stopped by hand after epoch 1."),
        Trial(3, settings, "failed", message="The shapes do not fit."),
        Trial(4, settings, "running", message="Waits."),
    ]
    shown = [(row["words"], row["title"]) for row in rows.lines(plan, ended)]
    by_hand, failed = ended[1].message, ended[2].message
    assert shown == [("", said), (by_hand, by_hand), (failed, failed), ("", "")]


def test_a_sweep_that_runs_can_be_stopped(project: str) -> None:
    sweep = made(project)
    app = open_page("runs", project=project, sweep=sweep.id)
    app.button("danger_sweep_stop").click().run()
    assert sweep.stop_path.exists()


def test_the_table_of_trials_follows_by_a_route_of_its_own(project: str) -> None:
    sweep = made(project)
    told(sweep)
    client, known = Client(Starlette(routes=ROUTES)), {"X-Lamina-Token": routes.token()}
    rows = client.get(f"/lamina/api/sweeps/{sweep.id}/trials", known).json()["rows"]
    assert [row["word"] for row in rows] == ["Complete", "Complete", "Given up", "Failed"]
    assert rows[1]["values"] == [0.3]
    gone = client.get("/lamina/api/sweeps/20260101-000000-abcdef/trials", known)
    assert gone.status_code == 404
    assert client.get(f"/lamina/api/sweeps/{sweep.id}/trials").status_code == 403


def test_an_ablations_chart_calls_its_groups_as_the_runs_are_called(project: str) -> None:
    opened = workspace.open_project(project)
    node = sweeps.removable(opened)[0]
    sweep = sweeps.ablate(opened, [node], count=2, project_id=project)
    for number, gone in enumerate(("", node), 1):
        settings = {"recipe.seed": opened.recipe.seed, "without": gone}
        sweep.write_trial(Trial(number, settings, "complete", values=(0.5,)))
    chart = CHARTS["groups"](sweep.plan, sweep.trials())
    assert chart["y"]["words"] == [f"with {node}", f"without {node}"]


def test_folds_give_every_figure_with_its_spread_and_no_settings_to_adopt(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = sweeps.Spread("validation_accuracy", 3, 0.91, 0.02, 0.885, 0.93)
    monkeypatch.setattr(sweeps, "spreads", lambda *_: [over])
    sweep = sweeps.folds(workspace.open_project(project), 3, project_id=project)
    for fold in (1, 2, 3):
        trial = Trial(fold, {"data.split.fold": fold}, "complete", values=(0.1 + fold / 10,))
        sweep.write_trial(replace(trial, ended=time.time()))
    sweep.write_state(State("finished"))
    app = open_page("runs", project=project, sweep=sweep.id)
    said = text_of(app)
    assert "How it does on each fold" in said
    for part in ("Accuracy", "0.91", "± 0.02", "0.885", "0.93", "stay the last word"):
        assert part in said
    assert not [one.key for one in app.button if "adopt" in str(one.key)]
    assert sweep_list._outcome(sweep.plan, sweep.records()) == (
        "validation loss 0.3 ± 0.1 over 3 folds"
    )


def test_what_stands_below_a_sweeps_figures_has_its_place_whatever_is_said_above(
    project: str,
) -> None:
    sweep = made(project)
    said = []
    for status, message in (("running", ""), ("stopped", "Stopped by an order."), ("finished", "")):
        told(sweep, status)
        sweep.write_state(State(status, message=message))
        said.append(text_of(open_page("runs", project=project, sweep=sweep.id)))
    assert "They go on when you close this tab." in said[0]
    assert "Stopped by an order." in said[1]
    assert "All trials are done." in said[2]


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_charts_follow_by_the_same_route(project: str, objectives: int) -> None:
    figures = ["validation_loss", "seconds:min", "validation_f1:max"][:objectives]
    sweep = made(project, objectives=figures)
    told(sweep, "running")
    client, known = Client(Starlette(routes=ROUTES)), {"X-Lamina-Token": routes.token()}
    told_of = {name: client.get(f"/lamina/api/sweeps/{sweep.id}/{name}", known) for name in CHARTS}
    assert told_of["front"].status_code == (200 if objectives > 1 else 404)
    parts = {name: answer.json() for name, answer in told_of.items()}
    assert [line["trial"] for line in parts["lines"]["lines"]] == [1, 2, 3, 4]
    assert parts["lines"]["lines"][2]["values"] == [0.1, 0, *[None] * objectives]
    assert parts["best"]["lines"][0]["points"] == [[1, 0.5], [2, 0.3]]
    assert [dot["trial"] for dot in parts["best"]["dots"]] == [1, 2]
    assert parts["groups"]["y"]["words"] == ["as it is", "as it is"]
    if objectives > 1:
        dots = {dot["trial"]: dot for dot in parts["front"]["dots"]}
        assert (dots[2]["x"], dots[2]["y"], dots[2]["tone"]) == (0.3, 0.3, "acc")
        assert dots[1]["shade"] == (1.0 if objectives == 3 else None)
    assert client.get(f"/lamina/api/sweeps/{sweep.id}/nothing", known).status_code == 404


def test_the_page_is_drawn_anew_when_a_trial_ends_and_not_before(
    project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_watch, "PATIENCE", 0)
    sweep = made(project)
    change = runs_watch.Change(lambda: sweep_view.seen(sweep), sweep_view.seen(sweep), 0.0)
    assert change.progress() == {"over": False}
    told(sweep)
    assert change.progress() == {"over": True}


def test_what_is_watched_is_held_under_no_key_of_an_element(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Streamlit forgets an element's key as the page is left: what was watched seemed to be over,
    and the page that was left was drawn anew in place of the next one.
    """
    mounted: list[str] = []
    held: dict[str, object] = {}
    monkeypatch.setattr(runs_watch.st, "session_state", held)
    monkeypatch.setattr(runs_watch.st, "container", lambda **_: nullcontext())
    monkeypatch.setattr(runs_watch.routes, "token", lambda: "")
    monkeypatch.setattr(runs_watch.busy, "busy", lambda key, *_, **__: mounted.append(key))
    runs_watch.watch("sweep", lambda: 1)
    (change,) = held.values()
    assert isinstance(change, runs_watch.Change)
    assert not set(mounted) & set(held)


def test_a_sweep_that_is_gone_is_said_to_be_gone(project: str) -> None:
    app = open_page("runs", project=project, sweep="20260101-000000-abcdef")
    assert not app.exception
    assert "There is no sweep" in text_of(app)


def test_the_bar_of_a_sweep_names_its_project_where_none_is_open(project: str) -> None:
    sweep = made(project, name="rates")
    name = workspace.open_project(project).name
    app = open_page("runs", sweep=sweep.id)
    assert not app.exception
    assert f'<b class="part" title="{name}">{name}</b>' in text_of(app)
    assert '<span class="part on" title="rates">rates</span>' in text_of(app)
