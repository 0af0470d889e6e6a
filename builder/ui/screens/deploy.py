"""The Deploy page: predict new input, and take the network along."""

from collections.abc import Mapping

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, making, opened, parts, state
from builder.ui.screens import deploy_made, deploy_predict, deploy_take


def show() -> None:
    """Draw the page."""
    chrome.page("deploy")
    state.project_or_run()
    run = opened.run_or_stop("deploy")
    project = state.owner(run)
    choices = opened.checkpoints(run)
    kept = st.session_state.get("deploy_checkpoint")
    checkpoint = kept if kept in choices else next(iter(choices))

    def actions() -> None:
        opened.choose_run(run, "deploy")
        _checkpoint(run.id, choices, checkpoint)

    chrome.bar((project.name, opened.name_of(run), "Deploy"), actions=actions)
    try:
        if making.makes(run):
            deploy_made.show(run, checkpoint)
            return
        with st.container(key="lm_body_deploy"):
            left, right = st.columns([8, 5], gap="small")
            with right:
                deploy_take.show(run, checkpoint)
            with left:
                deploy_predict.show(run, checkpoint)
    except LaminaError as error:
        with st.container(key="lm_body_deploy_failed"):
            if parts.failed(error, button="See all runs", key="deploy_failed"):
                state.go("runs")


def _checkpoint(run: str, choices: Mapping[str, str], chosen: str) -> None:
    key = f"deploy_checkpoint_choice_{run}"

    def remember() -> None:
        st.session_state["deploy_checkpoint"] = st.session_state[key]

    st.selectbox(
        "Checkpoint",
        list(choices),
        index=list(choices).index(chosen),
        format_func=choices.__getitem__,
        key=key,
        width=190,
        label_visibility="collapsed",
        on_change=remember,
    )
