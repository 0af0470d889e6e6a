"""The Train page: the recipe before a run, the live view of a run, and what came of it."""

import math
from html import escape
from typing import Any

import streamlit as st
from pydantic import ValidationError

from builder.errors import LaminaError
from builder.project import Project
from builder.ui import chrome, figures, making, parts, recipe, state
from builder.ui.canvas import graph_strip
from builder.ui.live import live
from builder.ui.live.stream import marked

ACTIVE = frozenset({"queued", "preparing", "running", "paused"})
UNITS = {"image": "images", "series": "series", "tokens": "texts"}


def show() -> None:
    """Draw the page: the live view where a run goes on or was chosen, else the recipe."""
    chrome.page("train")
    project = state.project()
    project_id = state.project_id()
    if project_id is None:
        return
    chosen = _chosen(project_id)
    if chosen is None or st.session_state.get("train_recipe") == project_id:
        _recipe(project, project_id)
        return
    try:
        _live(project, chosen)
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


def _live(project: Project, run_id: str) -> None:
    from builder import runs

    run = runs.open_run(run_id)
    metric = _headline(run)
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
    making.live(run)
    begun = live(
        "body",
        run_id,
        title=name,
        project=project.name,
        metric=metric.name if metric else None,
        metric_title=metric.title if metric else "",
        metric_share=metric is not None and metric.share,
        higher_is_better=metric is None or metric.higher_is_better,
        unit=unit,
        loss_note=_loss_note(run),
    )
    if begun and begun.startswith("run:"):  # the doctor's change, made in a new run
        state.set_run(begun.removeprefix("run:"))
        st.rerun()
    with strip:  # stands above the curves, but is sent after them: its bundle is the larger one
        graph_strip(
            f"health_{run_id}",
            snapshot.graph,
            health=marked(run),
            title="Model health",
            caption=name,
            follow=None if run.status.ended else run_id,
        )
    if run.status.status == "failed":
        with st.expander("The run's log"):
            st.code(run.log()[-20_000:] or "The log is empty.", language=None)


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
        f"with label smoothing {share:g}",
        "Label smoothing asks for a little doubt, in training and in validation: even a network "
        f"that is always right has a loss of {figures.number(least, 2)} here, not 0.",
    )


def _headline(run: Any) -> Any:
    """The task's most telling metric; None where it has none."""
    from builder import metrics

    names = run.task().metrics()
    return metrics.get(names[0]) if names else None


def _recipe(project: Project, project_id: str) -> None:
    started = False

    def actions() -> None:
        nonlocal started
        place = st.empty()
        started = place.button(
            "Train", type="primary", key="train_start", icon=":material/play_arrow:"
        )
        if started:  # seen at once, while the form and the start take their time
            place.button("Starting …", key="train_starting", disabled=True)

    chrome.bar([project.name, "recipe"], actions=actions)
    with st.container(key="lm_body_train"):
        left, right = st.columns([2, 1], gap="medium")
        with left:
            changed = _edited(project)
            if started and changed is not None:
                _start(changed, project_id)
        with right:
            _before(changed or project)
            _earlier(project_id)


def _edited(project: Project) -> Project | None:
    """The project with the form's recipe, saved where it differs; None where a field is wrong."""
    from builder.train import optim

    try:
        made = recipe.form(project, optim.names(), _devices())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        fact = f"{first['msg'].replace('Input should', 'The field ' + field + ' should')}."
        parts.failed(fact, "Change that field; nothing was saved.", key="train_field")
        return None
    if made == project.recipe:
        return project
    changed = project.model_copy(update={"recipe": made})
    try:
        state.save_project(changed)
    except LaminaError as error:
        parts.failed(error)
    return changed


def _devices() -> list[tuple[str, str]]:
    """What can be trained on, as (name for the recipe, words with free memory and load)."""
    from builder import runs

    found = [("auto", "automatic")]
    for device in runs.devices():
        load = f", {device.load * 100:.0f} % busy" if device.load is not None else ""
        free = f"{device.memory_free / 1e9:.1f} of {device.memory_total / 1e9:.1f} GB free"
        found.append((device.name, f"{device.title}: {free}{load}"))
    return found


def _before(project: Project) -> None:
    """What should be looked at before the start."""
    from builder import compile as compiling
    from builder import data

    with parts.card("Before you train", key="train_before"):
        try:
            spec = data.specs(project)
            found = compiling.check(
                project.graph,
                spec.inputs,
                modules=project.modules,
                output_shape=_output(project, spec),
                batch_size=project.recipe.batch_size or 64,
            )
        except LaminaError as error:
            if parts.failed(error, button="Go to Data", key="train_data"):
                state.go("data")
            return
        rows = ", ".join(f"{count:,} {name}" for name, count in spec.sizes.items())
        lines = [
            ("Rows", rows),
            ("Parameters", f"{found.parameters:,}"),
            ("Multiply-adds per row", f"{found.macs:,}"),
            ("Memory", f"{found.memory_bytes / 1e6:,.0f} MB at this batch size"),
        ]
        parts.html(
            "".join(
                f'<div class="lm-row" style="justify-content:space-between;margin-top:4px">'
                f'<span class="lm-f lm-s">{escape(name)}</span>'
                f'<b class="lm-s">{escape(value)}</b></div>'
                for name, value in lines
            )
        )
        errors = [issue for issue in found.issues if issue.severity == "error"]
        for issue in errors[:3]:
            parts.html(
                f'<div class="lm-err lm-s" style="margin-top:6px">{parts.icon("cross")} '
                f"<b>{escape(issue.title)}</b> {escape(issue.message)}</div>",
                "train-issue",
            )
        if errors and st.button("Repair on the canvas", key="train_repair"):
            state.go("build")


def _output(project: Project, spec: Any) -> tuple[int, ...] | None:
    from builder import tasks

    return tasks.output_shapes(project, spec)[next(iter(project.graphs))]


def _earlier(project_id: str) -> None:
    from builder import runs

    rows = runs.list_runs(project_id)[:6]
    if not rows:
        return
    with parts.card("Earlier runs", key="train_earlier"):
        for row in rows:
            tone = {"finished": "ok", "failed": "err", "running": "acc"}.get(row.status, "n")
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button(row.name or row.id, key=f"open_{row.id}", type="tertiary"):
                    st.session_state.pop("train_recipe", None)
                    state.set_run(row.id)
                    st.rerun()
                parts.html(parts.badge(row.status, tone))  # type: ignore[arg-type]


def _start(project: Project, project_id: str) -> None:
    from builder import data, runs

    place = st.empty()

    def progress(what: str, done: int, total: int) -> None:
        with place.container():
            parts.busy(what, done, total)

    try:
        data.prepare(project, progress)
        run = runs.start(project, project_id=project_id)
    except LaminaError as error:
        place.empty()
        parts.failed(error, key="train_refused")
        return
    st.session_state.pop("train_recipe", None)
    state.set_run(run.id)
    st.rerun()
