"""Sweeps on the Runs page: the form, one sweep, what is said of bad input."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder import sweeps, templates, workspace
from builder.project import Data
from builder.runs import care
from builder.sweeps.folder import State, Sweep, Trial
from tests.ui.apptest import open_page, text_of


@pytest.fixture
def project(lamina_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kept project on a tiny table; nothing drives its sweeps."""
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    rows = "\n".join(f"{at},{at % 7},{'yes' if at % 3 else 'no'}" for at in range(60))
    path = tmp_path / "tiny.csv"
    path.write_text(f"a,b,buys\n{rows}\n")
    data = Data(source="table", options={"path": str(path)}, target="buys")
    return workspace.create(templates.make("mlp-classification", data))


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


def test_a_grid_needs_values_and_says_so(project: str) -> None:
    app = form(project)
    app.button_group("sweep_sampler").set_value("grid").run()
    assert "n=5 for five values" in text_of(app)


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


def test_a_sweep_that_runs_can_be_stopped(project: str) -> None:
    sweep = made(project)
    app = open_page("runs", project=project, sweep=sweep.id)
    app.button("danger_sweep_stop").click().run()
    assert sweep.stop_path.exists()


def test_a_sweep_that_is_gone_is_said_to_be_gone(project: str) -> None:
    app = open_page("runs", project=project, sweep="20260101-000000-abcdef")
    assert not app.exception
    assert "There is no sweep" in text_of(app)
