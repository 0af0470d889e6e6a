"""The Train page: the recipe before a run, the live view of a run, and what came of it."""

import math
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, figures, parts, state
from builder.ui.canvas import graph_strip
from builder.ui.live import live
from builder.ui.live.stream import marked
from builder.ui.screens import train_fork, train_recipe

ACTIVE = frozenset({"queued", "preparing", "running", "paused"})
UNITS = {"image": "images", "series": "series", "tokens": "texts"}


def show() -> None:
    """Draw the page: the live view where a run goes on or was chosen, else the recipe."""
    chrome.page("train")
    state.project_or_run()
    project_id = state.project_id() or ""
    chosen = _chosen(project_id)
    asked = project_id and st.session_state.get("train_recipe") == project_id
    if chosen is None or asked:
        train_recipe.show(state.project(), project_id)
        return
    wish = train_fork.asked()
    try:
        if wish is not None and wish[0] == chosen:
            _fork(*wish)
        else:
            _live(chosen)
    except LaminaError as error:
        with st.container(key="lm_body_train_lost"):
            if parts.failed(error, button="Back to the recipe", key="train_lost"):
                state.set_run(None)
                st.rerun()


def _chosen(project_id: str) -> str | None:
    """The run that the address names, else one of this project that goes on."""
    from builder import runs

    named = state.run_id()
    if named:
        return named
    for row in runs.list_runs(project_id):
        if row.status in ACTIVE:
            state.set_run(row.id)
            return row.id
    return None


def _fork(run_id: str, checkpoint: str) -> None:
    from builder import runs

    run = runs.open_run(run_id)
    state.owner(run)
    train_fork.show(run, checkpoint)


def _live(run_id: str) -> None:
    from builder import runs

    run = runs.open_run(run_id)
    project = state.owner(run)
    metric = _headline(run)
    watched: dict[str, Any] = {
        "metric": metric.name if metric else None,
        "metric_title": metric.title if metric else "",
        "metric_share": metric is not None and metric.share,
        "metric_decades": metric is not None and metric.by_decades,
    }
    spec = run.spec
    unit = next((UNITS[i.form] for i in spec.inputs.values() if i.form in UNITS), "rows")
    name = str(run.info.get("name") or run_id)
    asked = live("head", run_id, title=name + _launched(run), project=project.name, unit=unit)
    if asked == "evaluate":
        state.go("evaluate", run=run_id)
    if asked == "recipe":
        st.session_state["train_recipe"] = state.project_id()
        st.rerun()
    snapshot = run.project()
    strip = st.container(key="lm_train_strip")
    task = run.task()
    if task.sampling():
        live("made", run_id, title=name, project=project.name, **watched)
    begun = live(
        "body",
        run_id,
        title=name,
        project=project.name,
        **watched,
        higher_is_better=metric is None or metric.higher_is_better,
        unit=unit,
        loss_note=_loss_note(run),
        loss_falls=all(phase.falls for phase in task.phases()),
        phases=tuple(phase.name for phase in task.phases()),
        monitor=_monitor(run),
        beside=_parent(run),
    )
    if begun and begun.startswith("run:"):  # the doctor's change, made in a new run
        state.set_run(begun.removeprefix("run:"))
        st.rerun()
    if begun and begun.startswith("fork:"):
        train_fork.ask(run_id, begun.removeprefix("fork:"))
        st.rerun()
    with strip:  # stands above the curves, but is sent after them: its bundle is the larger one
        graph_strip(
            f"health_{run_id}",
            snapshot.graph,
            health=marked(run),
            title="Model health",
            caption=name,
            follow=None if run.status.ended else run_id,
            graphs=snapshot.graphs,
        )
    if run.status.status == "failed":
        with st.expander("The run's log"):
            st.code(run.log()[-20_000:] or "The log is empty.", language=None)


def _parent(run: Any) -> tuple[str, str, int] | None:
    """The run whose curves are laid over: the one that this was forked or treated from."""
    from builder import runs

    origin = run.info.get("forked") or run.info.get("treated") or {}
    if not origin.get("run"):
        return None
    try:
        parent = runs.open_run(str(origin["run"]))
    except LaminaError:  # deleted since
        return None
    return parent.id, str(parent.info.get("name") or parent.id), int(origin.get("step", 0))


def _launched(run: Any) -> str:
    """Who trains it, where that is more than one process."""
    launcher, workers = run.info.get("launcher", "local"), run.info.get("workers", 1)
    return "" if launcher == "local" else f" · {launcher}, {workers} worker{'s' * (workers != 1)}"


def _loss_note(run: Any) -> tuple[str, str] | None:
    share, target = run.project().recipe.label_smoothing, run.spec.target
    if target is None or target.kind != "class":
        return None
    plain = run.task().details().get("loss") != "CrossEntropyLoss"  # the others do not smooth
    return None if plain else smoothed(share, len(target.classes))


def smoothed(share: float, classes: int) -> tuple[str, str] | None:
    """What must be said beside a loss with label smoothing: the least that it can be is not 0."""
    if not share:
        return None
    rest = share / classes
    sure = 1 - share + rest
    least = -sure * math.log(sure) - (classes - 1) * rest * math.log(rest)
    return (
        f"label smoothing {share:g}",
        "Label smoothing asks for a little doubt, in training and in validation: even a network "
        f"that is always right has a loss of {figures.number(least, 2)} here, not 0.",
    )


def _monitor(run: Any) -> tuple[str, bool, int]:
    """The figure by which the best epoch is kept, whether more of it is better, and the step from
    which on epochs are the run's own: those before a fork are its parent's.
    """
    from builder import metrics

    name = run.project().recipe.monitor
    since = int((run.info.get("forked") or {}).get("step", 0))
    return name, metrics.higher_is_better(name), since


def _headline(run: Any) -> Any:
    """The task's most telling metric; None where it has none."""
    from builder import metrics

    names = run.task().metrics()
    return metrics.get(names[0]) if names else None
