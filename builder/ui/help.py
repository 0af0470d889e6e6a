"""The question mark in the navigation: what one does on this page, and where to read on."""

import streamlit as st

from builder.ui import state

ABOUT = {
    "home": "Begin here. **Open digits** is ready to train. **Upload** brings your own table, "
    "images, series or text. A template opens with data of its own.",
    "data": "The table is the form: the menus in a column's head say what it is and what it is "
    "for; its name opens how it is treated. What stands at the right should be decided first.",
    "build": "Drag a layer onto the canvas, or press **/** and type its name. Drop it on a line to "
    "insert it. Shapes appear as you draw; an error says what does not fit and mends it by a "
    "button. **?** shows all keys.",
    "train": "**Train** starts a run in a process of its own: you may close this page, and find it "
    "again. Blue is what it learns from, orange is what it is judged by. Where orange rises while "
    "blue falls, it learns by heart.",
    "evaluate": "How good the network is on rows it has never seen. A cell of the matrix opens its "
    "samples. The test part is for the last word, not for choosing.",
    "explain": "Why the network answered so, for one sample. Read the verdict before the picture: "
    "a method that fails its check says nothing.",
    "runs": "Every run with its figures. Mark some to lay their curves over each other; a sweep "
    "tries many settings. The best epoch is the one with the least validation loss, unless the "
    "recipe names another figure; that network is kept.",
    "deploy": "Try the network on a form, a file or a drawing, and take it with you: the exported "
    "folder predicts with PyTorch alone.",
}
"""What to do on each page, in two or three sentences of Markdown."""


def mark(page: str) -> None:
    """Draw the sign; it stands in the navigation. `page` is "" for Home."""
    name = page or "home"
    with (
        st.container(key="lm_help"),
        st.popover("Help", icon=":material/help:", type="tertiary", key="help_open"),
    ):
        with st.container(key="lm_help_text"):
            st.markdown(ABOUT[name])
        if name != "home" and st.button("Short lessons", key="help_lessons", type="tertiary"):
            state.go("home")
