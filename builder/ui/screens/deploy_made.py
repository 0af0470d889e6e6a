"""Deploy, for networks that make things: a form to use them, and their source and weights."""

from typing import Any

import streamlit as st

from builder.ui import making, opened, parts
from builder.ui.screens.deploy_take import command


def show(run: Any, checkpoint: str) -> None:
    """Draw the page's two columns."""
    with st.container(key="lm_body_deploy"):
        left, right = st.columns([8, 5], gap="small")
        with right:
            _take(run, checkpoint)
        with left:
            making.card(run, checkpoint, key="deploy")


def _take(run: Any, checkpoint: str) -> None:
    name = opened.name_of(run).replace(" ", "-")
    with parts.card("Take it along", "plain PyTorch, no Lamina needed", key="deploy_made_take"):
        st.download_button(
            "Source (model.py)",
            run.source,
            file_name="model.py",
            mime="text/x-python",
            key="deploy_source",
            on_click="ignore",
        )
        st.download_button(
            "Weights (safetensors)",
            run.checkpoint(checkpoint).path.read_bytes,
            file_name=f"{name}.safetensors",
            mime="application/octet-stream",
            key="deploy_weights",
            on_click="ignore",
        )
        graphs = list(run.project().graphs)
        if len(graphs) > 1:
            parts.html(
                '<p class="lm-f lm-s">The weights of both networks are in one file, each name led '
                f"by its graph: {' and '.join(graphs)}.</p>"
            )
    with parts.card("In a terminal", key="deploy_made_terminal"):
        options = {option.name for option in run.task().sampling()}
        more = ' --prompt "Once"' if "prompt" in options else " -o images.png"
        st.code(f"{command()} sample {run.id}{more}", language=None, wrap_lines=True)
