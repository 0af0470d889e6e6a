"""The Deploy page: predict new input, and take the network along."""

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, making, opened, parts, state
from builder.ui.screens import deploy_predict, deploy_take


def show() -> None:
    """Draw the page."""
    chrome.page("deploy")
    state.project_or_run()
    run = opened.run_or_stop("deploy")
    project = state.owner(run)
    checkpoint = opened.checkpoint_of(run, "deploy")
    chrome.bar(
        (project.name, opened.name_of(run), "Deploy"),
        actions=lambda: opened.chooser(run, "deploy", checkpoint),
    )
    try:
        with st.container(key="lm_body_deploy"):
            left, right = st.columns([8, 5], gap="small")
            with right:
                deploy_take.show(run, checkpoint)
            with left:
                if making.makes(run):
                    making.card(run, checkpoint, key="deploy")
                else:
                    deploy_predict.show(run, checkpoint)
    except LaminaError as error:
        with st.container(key="lm_body_deploy_failed"):
            if parts.failed(error, button="See all runs", key="deploy_failed"):
                state.go("runs")
