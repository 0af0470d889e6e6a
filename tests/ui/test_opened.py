"""What the Evaluate and Explain pages share, and whose run they show."""

import pytest
from streamlit.testing.v1 import AppTest

from builder import runs, templates, workspace
from builder.runs import lease
from tests.ui.apptest import text_of


def predicting() -> None:
    import streamlit as st

    from builder.ui import opened

    for split, total in (("validation", 5000), ("test", 2500), ("train", 2000)):
        slot = st.empty()
        show = opened._progress(slot)
        for done in range(500, total + 1, 500):
            show(split, done, total)
        if split != "test":
            slot.empty()


def test_progress_over_many_rows_is_drawn_again_and_again_without_an_error():
    app = AppTest.from_function(predicting, default_timeout=30).run()
    assert not app.exception
    shown = text_of(app)
    assert "Predicting the test split" in shown
    assert "2,500 of 2,500" in shown
    assert "train" not in shown  # 2,000 rows are done before a person could read it


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
