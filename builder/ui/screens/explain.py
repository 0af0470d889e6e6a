"""The Explain page: why the model answers what it answers, and whether that can be trusted."""

import json
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.explain import methods, open_subject, unfit
from builder.ui import chrome, making, opened, parts, sample, state
from builder.ui.components.downloads import file_name
from builder.ui.screens import (
    explain_kept,
    explain_maps,
    explain_table,
    explain_whole,
    explain_work,
)

VIEWS = {"prediction": "This prediction", "model": "Whole model"}
FIRST = {
    "image": ("integrated_gradients", "occlusion", "grad_cam"),
    "series": ("integrated_gradients", "occlusion", "grad_cam"),
    "tokens": ("integrated_gradients", "feature_ablation", "saliency"),
    "table": ("shap_values",),
}

METHODS = "explain_methods_{kind}"
"""Where the session keeps which methods are shown."""


def show() -> None:
    """Draw the page for the run and the sample that are looked at."""
    chrome.page("explain")
    opened.styles()
    state.project_or_run()
    run = opened.run_or_stop("explain")
    project = state.owner(run)
    try:
        if making.makes(run):
            checkpoint = opened.checkpoint_of(run, "explain")
            chrome.bar(
                [project.name, opened.name_of(run)],
                actions=lambda: opened.chooser(run, "explain", checkpoint),
            )
            making.nothing_by_row("explain", run, "There is no prediction to explain")
        else:
            _page(project.name, run)
    except LaminaError as error:
        with st.container(key="lm_body_explain_failed"):
            if parts.failed(error, button="Look at its figures", key="explain_failed"):
                st.session_state.pop("explain_given", None)
                state.go("evaluate")


def _page(project: str, run: Any) -> None:
    checkpoint = opened.checkpoint_of(run, "explain")
    asked = open_subject(run.id, checkpoint)
    one = sample.current(run, checkpoint)
    table = asked.subject.forms <= {"vector", "codes"}
    reasons = unfit(asked.subject)
    view = "prediction"
    if "explain_view_wish" in st.session_state:
        st.session_state["explain_view"] = st.session_state.pop("explain_view_wish")

    def actions() -> None:
        nonlocal view
        if table:
            view = (
                st.segmented_control(
                    "View",
                    list(VIEWS),
                    default="prediction",
                    format_func=VIEWS.__getitem__,
                    required=True,
                    key="explain_view",
                    label_visibility="collapsed",
                )
                or "prediction"
            )
        opened.chooser(run, "explain", checkpoint, lambda to: sample.carry(run, to))
        _choose_methods(reasons, _kind(asked))
        st.download_button(
            "Export report",
            lambda: _report(run.id),
            file_name=f"{file_name([project, opened.name_of(run), 'explanation'])}.json",
            mime="application/json",
            key="explain_report",
            on_click="ignore",
            help="Everything on this page that was computed, as JSON",
        )

    whole = table and st.session_state.get("explain_view") == "model"
    last = VIEWS["model"].lower() if whole else sample.name(run, one)
    chrome.bar([project, opened.name_of(run), last], actions=actions)
    chosen = [name for name in _chosen(_kind(asked)) if reasons.get(name) is None]
    if table and view == "model":
        explain_whole.show(run, asked, checkpoint)
    elif table:
        explain_table.show(run, asked, checkpoint, one, chosen)
        with st.container(key="lm_body_explain_kept"):
            explain_kept.show(run, checkpoint, one, METHODS.format(kind="table"))
    else:
        explain_maps.show(run, asked, checkpoint, one, chosen, METHODS.format(kind=_kind(asked)))


def _kind(asked: Any) -> str:
    forms = asked.subject.forms
    return next((form for form in ("image", "series", "tokens") if form in forms), "table")


def _chosen(kind: str) -> list[str]:
    found = st.session_state.get(METHODS.format(kind=kind))
    return list(found) if found is not None else list(FIRST[kind])


def _choose_methods(reasons: dict[str, str | None], kind: str) -> None:
    """The list of methods: each with its question; greyed with the reason where it does not fit."""
    with st.popover("Method", icon=":material/add:", key="method_popover"):
        chosen = _chosen(kind)
        for method in methods():
            reason = reasons[method.name]
            on = st.checkbox(
                method.title,
                value=method.name in chosen and reason is None,
                disabled=reason is not None,
                key=f"method_{method.name}_{kind}",
            )
            tone = "lm-warn" if reason else "lm-f"
            parts.html(
                f'<div class="lm-s {tone}" style="margin:-10px 0 4px 28px;max-width:340px">'
                f"{_escape(reason or method.help)}</div>",
                f"method-{method.name}",
            )
            if reason is None and on != (method.name in chosen):
                wanted = [*chosen, method.name] if on else [n for n in chosen if n != method.name]
                st.session_state[METHODS.format(kind=kind)] = wanted
                st.rerun()


def _escape(text: str) -> str:
    from html import escape

    return escape(text)


def _report(run_id: str) -> bytes:
    found = [one.to_dict() for one in explain_work.shown().values()]
    body = {"run": run_id, "explanations": found}
    return json.dumps(body, indent=1, ensure_ascii=False).encode()
