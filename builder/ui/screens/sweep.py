"""Sweeps, reached from Runs: a list of them, one of them live, and the form for a new one.

The address says which: `?sweep=<id>` or `?sweep=new`.
"""

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, comparison, parts, signs, state
from builder.ui.screens import runs_watch, sweep_form, sweep_view

if TYPE_CHECKING:
    from builder.runs import Run
    from builder.sweeps import Plan, Sweep, Trial

FIRST = 3
"""So many sweeps are shown before the older ones are folded away."""


def asked() -> str:
    """What the address asks for; empty where it is the table of runs."""
    return st.query_params.get("sweep") or ""


def show() -> None:
    """Draw what the address asks for."""
    if asked() == "new":
        sweep_form.show()
        return
    from builder import sweeps

    try:
        found = sweeps.open_sweep(asked())
    except LaminaError as error:
        with st.container(key="lm_body_sweep_lost"):
            if parts.failed(error, "It may have been deleted.", "Go to Runs", key="sweep_lost"):
                state.go("runs")
        return
    _one(found)


# --- one sweep


def _one(found: "Sweep") -> None:
    plan = found.plan
    title = (state.project() if state.project_id() else found.project()).name
    runs_watch.watch(f"sweep_{found.id}", lambda: sweep_view.seen(found), every=1.0)
    chrome.bar((title, "Runs", plan.name), actions=lambda: _actions(found))
    with st.container(key="lm_body_sweep"):
        sweep_view.show(found)


def _actions(found: "Sweep") -> None:
    from builder import sweeps

    plan, now, trials = found.plan, found.state, found.records()
    if st.button("All runs", icon=":material/arrow_back:", key="sweep_back"):
        state.go("runs")
    if now.status in ("running", "interrupted"):
        if st.button(
            "Stop", icon=":material/stop:", key="danger_sweep_stop", disabled=found.stopping
        ):
            _try(lambda: sweeps.stop(found.id))
    elif _left(found, len(trials)) and st.button(
        "Resume", icon=":material/resume:", key="sweep_resume"
    ):
        _try(lambda: sweeps.resume(found.id))
    elif plan.kind == "search" and plan.sampler != "grid":
        more = len(trials) + 10
        if st.button("10 more trials", icon=":material/add:", key="sweep_more"):
            _try(lambda: sweeps.resume(found.id, trials=more))
    best = sweeps.best(trials, plan)
    single = plan.kind == "search" and len(plan.objectives) == 1
    if best is not None and state.project_id() and single:
        words = "Use the best settings"
        if st.button(words, type="primary", icon=":material/check:", key="sweep_adopt"):
            sweep_view.adopt(found, best)


def _left(found: "Sweep", begun: int) -> bool:
    """Whether trials are still to come."""
    again = any(one.state in ("stopped", "running") for one in found.records())
    return again or (begun < found.plan.trials and found.state.status != "finished")


def _try(act: Callable[[], object]) -> None:
    """Carry out an order; say what is wrong with it."""
    try:
        act()
    except LaminaError as error:
        st.toast(str(error))
        return
    time.sleep(0.3)  # the driver needs a moment to say so
    st.rerun()


# --- the list, on the table of runs


def seen(project: str | None) -> Any:
    """What the list shows."""
    from builder import sweeps

    return [
        (one.id, one.plan.name, one.state.status, [trial.state for trial in one.records()])
        for one in sweeps.list_sweeps(project)[:FIRST]
    ]


def card(project: str | None) -> None:
    """The newest sweeps with their state; nothing where there are none."""
    from builder import sweeps

    found = sweeps.list_sweeps(project)
    if not found:
        return
    with parts.card("Sweeps", "many runs that vary settings", key="sweeps"):
        for one in found[:FIRST]:
            _line(one)
        older = found[FIRST:]
        if older:
            with st.expander(f"{len(older)} older", key="sweeps_older"):
                for one in older:
                    _line(one)


def _line(found: "Sweep") -> None:
    from builder import sweeps

    plan, now, trials = found.plan, found.state, found.records()
    word, tone, sign = signs.SWEEP[now.status]
    ended = sum(one.state in sweeps.ENDED for one in trials)
    said = _outcome(plan, trials)
    key = f"lm_sweep_line_{found.id}"
    with st.container(key=key, horizontal=True, vertical_alignment="center"):
        parts.html(
            f'<div class="lm-row"><b>{escape(plan.name)}</b>{parts.badge(word, tone, sign)}'
            f'<span class="lm-m lm-s">{ended} of {plan.trials} trials · {escape(said)} · '
            f"{comparison.begun(plan.created)}</span></div>"
        )
        if st.button("Open", key=f"sweep_open_{found.id}"):
            state.go("runs", sweep=found.id)


def _outcome(plan: "Plan", trials: Sequence["Trial"]) -> str:
    """What came of a sweep so far, in few words."""
    from builder import sweeps

    best = sweeps.best(trials, plan)
    if best is not None and plan.repeats:
        (group,) = sweeps.groups(trials)
        word = comparison.figure_word(plan.objectives[0].figure)
        mean = f"{comparison.figure(group.mean)} {comparison.spread(group.deviation)}".rstrip()
        return f"{word} {mean} over {group.count} {plan.kind}"
    if plan.kind != "search" or best is None:
        return plan.kind
    if len(plan.objectives) > 1:
        return f"{len(sweeps.pareto(trials, plan))} on the Pareto front"
    figure = comparison.figure_word(plan.objectives[0].figure)
    return f"best {figure} {comparison.figure(best.values[0])}"


def new_button(project: str | None) -> None:
    """The way to a new sweep, where a project is open."""
    if project and st.button("New sweep", icon=":material/tune:", key="runs_sweep"):
        state.go("runs", sweep="new")


# --- one click: seeds, folds and ablation


def repeat(run: "Run") -> None:
    """The button that trains a run's project again: over seeds, over folds, without a node."""
    from builder import sweeps

    if not run.status.ended:
        return
    project, project_id = run.project(), str(run.info.get("project_id") or "")
    nodes = [node.id for node in project.graph.nodes if node.layer not in ("Input", "Output")]
    with st.popover("Repeat", icon=":material/repeat:", key="runs_repeat"):
        parts.html(
            '<p class="lm-m lm-s">Train the same with other seeds, to see how much of a figure is '
            "luck.</p>"
        )
        field, press = st.columns([1, 1], vertical_alignment="bottom")
        count = field.number_input("Seeds", 2, 100, 5, key="runs_seeds_count")
        if press.button("Train with these seeds", key="runs_seeds"):
            _begin(lambda: sweeps.seeds(project, int(count), project_id=project_id))
        parts.html(
            '<p class="lm-m lm-s">Or share the rows beside the test into folds and train once for '
            "each, with it held out.</p>"
        )
        field, press = st.columns([1, 1], vertical_alignment="bottom")
        folds = field.number_input("Folds", 2, 10_000, 5, key="runs_folds_count")
        if press.button("Cross-validate", key="runs_folds"):
            _begin(lambda: sweeps.folds(project, int(folds), project_id=project_id))
        parts.html(
            '<p class="lm-m lm-s">Or train with and without a node over the same seeds, to see '
            "what it contributes.</p>"
        )
        field, press = st.columns([1, 1], vertical_alignment="bottom")
        node = field.selectbox("Node", nodes, index=None, placeholder="All", key="runs_ablate_node")
        if press.button("Compare without it", key="runs_ablate"):
            chosen = [node] if node else []
            _begin(lambda: sweeps.ablate(project, chosen, count=int(count), project_id=project_id))


def _begin(start: Callable[[], "Sweep"]) -> None:
    try:
        found = start()
    except LaminaError as error:
        parts.failed(error, key="runs_repeat_failed")
        return
    state.go("runs", sweep=found.id)
