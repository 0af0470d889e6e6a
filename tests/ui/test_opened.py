"""What the Evaluate and Explain pages share."""

from streamlit.testing.v1 import AppTest

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
