"""The Build page: the canvas below the navigation; editing never reruns the page."""

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.ui import canvas, chrome, parts, routes, state
from builder.ui.canvas.desk import desk

PAGES = ("home", "data", "train")
ABLATE = "ablate:"
"""Begins what the inspector asks for: the node comes behind it."""


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
    if asked and asked.startswith(ABLATE):
        desk(project_id).flush()
        _ablate(project_id, asked.removeprefix(ABLATE))


def _ablate(project_id: str, node: str) -> None:
    """Train with and without that node, and show how it goes."""
    from builder import sweeps

    try:
        begun = sweeps.ablate(workspace.open_project(project_id), [node], project_id=project_id)
    except LaminaError as error:
        words = f"{error.fact} {error.remedy}".strip()
        st.toast(words, icon=":material/error:", duration="infinite")
        return
    state.go("runs", sweep=begun.id)
