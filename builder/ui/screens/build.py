"""The Build page: the canvas below the navigation; editing never reruns the page."""

import streamlit as st

from builder.errors import LaminaError
from builder.ui import canvas, chrome, parts, routes, state
from builder.ui.canvas.desk import desk

PAGES = ("home", "data", "train")


def show() -> None:
    """Draw the page."""
    chrome.page("build")
    project = state.project()
    project_id = state.project_id() or ""
    try:
        asked = canvas.editor(
            f"canvas_{project_id}", project_id=project_id, name=project.name, token=routes.token()
        )
    except LaminaError as error:
        with st.container(key="lm_body_canvas"):
            parts.failed(error)
        return
    if asked in PAGES:
        desk(project_id).flush()
        state.go(asked)
