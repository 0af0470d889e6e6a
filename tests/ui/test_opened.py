"""What the Evaluate and Explain pages share, and whose run they show."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from builder import runs, templates, workspace
from builder.progress import Progress
from builder.runs import lease
from builder.ui import opened, work
from tests.ui.apptest import open_page, text_of
from tests.ui.tiny import tiny_project


def looked_at() -> None:
    from types import SimpleNamespace

    import streamlit as st

    from builder.ui import opened

    run = SimpleNamespace(id="one", spec=SimpleNamespace(sizes={"test": 5000, "train": 2000}))
    st.html(f"<p>{opened.report(run, 'best', st.query_params['split'])}</p>")


def page(monkeypatch: pytest.MonkeyPatch, split: str, evaluated: Callable[..., Any]) -> AppTest:
    monkeypatch.setattr(opened, "stamp", lambda *_: (f"{split} {evaluated.__name__}", 1))
    monkeypatch.setattr(opened, "PATIENCE", 0.0)
    monkeypatch.setattr(opened, "evaluate_run", evaluated)
    app = AppTest.from_function(looked_at, default_timeout=30)
    app.query_params["split"] = split
    return app.run()


def running(app: AppTest) -> work.Job[Any]:
    return app.session_state["lamina_jobs"]["predict_test"][1]


def test_many_rows_are_predicted_on_a_busy_card_that_gives_way_to_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, told = threading.Event(), threading.Event()

    def slow(_: Any, __: str, splits: tuple[str, ...], progress: Progress) -> Any:
        progress(splits[0], 2500, 5000)
        told.set()
        go_on.wait(30)
        return SimpleNamespace(splits={splits[0]: "the report"})

    app = page(monkeypatch, "test", slow)
    assert not app.exception
    assert text_of(app) == ""
    assert told.wait(30)
    told_now = running(app).progress()
    assert (told_now["what"], told_now["count"]) == ("Predicting the test split", "2,500 of 5,000")
    go_on.set()
    assert running(app).finished(30)
    assert "the report" in text_of(app.run())
    assert app.session_state["lamina_jobs"] == {}


def test_a_prediction_that_was_stopped_begins_again_by_a_click_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = []

    def endless(_: Any, __: str, splits: tuple[str, ...], progress: Progress) -> Any:
        begun.append(splits)
        while len(begun) == 1:
            progress(splits[0], 1, 5000)
        return SimpleNamespace(splits={splits[0]: "the report"})

    app = page(monkeypatch, "test", endless)
    running(app).stop()
    assert running(app).finished(30)
    assert "was stopped" in text_of(app.run())
    assert "was stopped" in text_of(app.run())
    app.button(key="predict_test_button").click().run()
    if "predict_test" in app.session_state["lamina_jobs"]:  # it may be over at once
        assert running(app).finished(30)
        app.run()
    assert "the report" in text_of(app)
    assert len(begun) == 2


def test_few_rows_are_predicted_without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(_: Any, __: str, splits: tuple[str, ...]) -> Any:
        return SimpleNamespace(splits={splits[0]: "the report"})

    app = page(monkeypatch, "train", quick)
    assert "the report" in text_of(app)
    assert "lamina_jobs" not in app.session_state


def owned() -> None:
    import streamlit as st

    from builder import runs
    from builder.ui import state

    state.project()
    st.html(state.owner(runs.open_run(str(state.run_id()))).name)


def test_a_run_is_shown_under_its_own_project_whatever_the_address_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lease, "ensure_current", lambda: None)  # it only has to be there
    made = templates.make("mlp-classification")
    own = workspace.create(made.model_copy(update={"name": "Its own"}))
    other = workspace.create(made.model_copy(update={"name": "Another"}))
    run = runs.start(workspace.open_project(own), project_id=own).id
    app = AppTest.from_function(owned, default_timeout=60)
    app.query_params["project"], app.query_params["run"] = other, run
    app.run()
    assert not app.exception
    assert text_of(app) == "Its own"
    assert own in app.query_params["project"]
    assert run in app.query_params["run"]
    workspace.delete(own)
    app = AppTest.from_function(owned, default_timeout=60)
    app.query_params["project"], app.query_params["run"] = other, run
    app.run()
    assert text_of(app) == "Its own", "it is told what it was begun with"
    assert other in app.query_params["project"]


@pytest.mark.parametrize("page", ["train", "evaluate", "explain", "deploy"])
def test_a_run_of_a_project_file_is_looked_at_without_a_project(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "ensure_current", lambda: None)  # it only has to be there
    run = runs.start(templates.make("mlp-classification")).id
    app = open_page(page, run=run)
    assert not app.exception
    assert "No project is open" not in text_of(app)
    assert run in app.query_params["run"]
    app = open_page(page)
    assert "No project is open" in text_of(app)


@pytest.mark.parametrize("page", ["train", "evaluate", "explain", "deploy"])
def test_a_run_whose_project_was_deleted_is_still_looked_at(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "ensure_current", lambda: None)  # it only has to be there
    made = templates.make("mlp-classification")
    own = workspace.create(made)
    run = runs.start(made, project_id=own).id
    workspace.delete(own)
    app = open_page(page, project=own, run=run)
    assert not app.exception
    assert "There is no such project" not in text_of(app)
    assert run in app.query_params["run"]
    assert "project" not in app.query_params
    assert "There is no such project" in text_of(open_page(page, project=own))


@pytest.mark.parametrize("page", ["evaluate", "explain", "deploy"])
def test_a_run_that_failed_before_a_checkpoint_says_why_and_offers_another(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tiny_project(tmp_path)
    project = workspace.open_project(key)
    rate = {"recipe.optimizer.lr": 1e6, "recipe.optimizer.weight_decay": 1e33}
    settings = {**rate, "recipe.epochs": 2, "recipe.device": "cpu"}
    run = runs.start(project, project_id=key, detach=False, overrides=settings, name="too fast")
    assert run.status.status == "failed"
    assert not run.checkpoints()
    app = open_page(page, project=key, run=run.id)
    assert not app.exception
    said = text_of(app)
    assert "This run failed before it kept a checkpoint" in said
    assert "no longer a finite number" in said
    assert 'title="too fast">too fast</span>' in said
    app.button(key=f"{page}_another").click().run()
    assert not app.exception
    assert "There is no trained run yet" in text_of(app)
