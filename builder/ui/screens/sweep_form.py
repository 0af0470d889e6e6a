"""The form for a new sweep: fields of recipe and nodes with their spaces, and how to search."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.progress import Progress
from builder.ui import chrome, comparison, parts, routes, state, work
from builder.ui.components import busy
from builder.ui.screens import sweep_space

if TYPE_CHECKING:
    from builder.project import Project
    from builder.sweeps import Parameter

SAMPLERS = {
    "tpe": "Learns from trials (TPE)",
    "random": "Random",
    "grid": "Every combination",
}
PRUNERS = {
    "median": "Worse than the median",
    "halving": "Successive halving",
    "none": "None",
}


def show() -> None:
    """Draw the form."""
    from builder.sweeps import suggest

    project = state.project()
    with st.container(key="lm_bar_place"):  # as high as the bar, which comes last
        begin = st.empty()
    offered = {one.field: one for one in suggest.suggestions(project)}
    sampler = str(st.session_state.get("sweep_sampler") or "tpe")
    check = _checked(project)
    with st.container(key="lm_body_sweep_form"):
        left, right = st.columns([8, 5], gap="small")
        with left:
            over, sound = sweep_space.show(
                project, offered, grid=sampler == "grid", loaded=check.finished()
            )
        with right:
            figures, fit = _verdict(check)
            how = _how(project, figures or [project.recipe.monitor])
            ready = bool(how["objectives"])
            if sound:
                _meaning(project, over, how)
    with begin.container():
        chrome.bar(
            (project.name, "Runs", "New sweep"),
            actions=lambda: _actions(project, over, how, blocked=not (sound and fit and ready)),
        )


def _actions(
    project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any], *, blocked: bool
) -> None:
    _back()
    if st.button(
        "Start the sweep",
        type="primary",
        icon=":material/play_arrow:",
        key="sweep_start",
        disabled=blocked or not over,
    ):
        _start(project, over, how)


def _back() -> None:
    if st.button("All runs", icon=":material/arrow_back:", key="sweep_form_back"):
        state.go("runs")


def _start(project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any]) -> None:
    from builder import sweeps

    try:
        begun = sweeps.start(project, over, project_id=state.project_id() or "", **how)
    except LaminaError as error:
        st.session_state["sweep_refused"] = error
        st.rerun()
    st.session_state.pop("sweep_trial", None)
    state.go("runs", sweep=begun.id)


# --- how


def _checked(project: "Project") -> "work.Job[list[str]]":
    """The check of the project, in a thread of its own; it gives what may be an objective."""

    def check(_: Progress) -> list[str]:
        from builder import runs
        from builder.sweeps import launch

        return launch.figures(runs.check(project))

    return work.job(work.own("sweep_check"), check, fresh=project.digest())


def _verdict(check: "work.Job[list[str]]") -> tuple[list[str], bool]:
    """What may be an objective, and whether the project can run; says so where it cannot."""
    if not check.finished(wait=0.3):
        parts.html('<p class="lm-f lm-s">The project is being checked …</p>', "sweep-checking")
        busy.busy("sweep_checking", check.name, check, routes.token(), card=False)
        return [], False
    try:
        return list(check.outcome() or []), True
    except LaminaError as error:
        if parts.failed(error, button="Go to Build", key="sweep_unfit"):
            state.go("build")
        return [], False


def _how(project: "Project", figures: Sequence[str]) -> dict[str, Any]:
    from builder import runs
    from builder.sweeps import grid

    with parts.card("How", key="sweep_how"):
        sampler = st.segmented_control(
            "Next values",
            list(SAMPLERS),
            default="tpe",
            required=True,
            format_func=SAMPLERS.__getitem__,
            key="sweep_sampler",
        )
        first = [project.recipe.monitor] if project.recipe.monitor in figures else figures[:1]
        objectives = st.multiselect(
            "Best by",
            figures,
            default=first,
            format_func=comparison.figure_name,
            max_selections=3,
            key="sweep_objectives",
            help="With two or three there is no single best: a Pareto front is shown.",
        )
        if not objectives:
            sweep_space.wrong(LaminaError("Without a figure none is best.", remedy="Choose one."))
        one, two = st.columns(2)
        trials = one.number_input(
            "Trials",
            min_value=1,
            max_value=grid.LARGEST,
            value=20,
            key="sweep_trials",
            disabled=sampler == "grid",
            help="Each is a run of its own, kept on the Runs page.",
        )
        pruner = two.selectbox(
            "Give up early",
            _pruners(objectives),
            format_func=PRUNERS.__getitem__,
            key="sweep_pruner",
            help="Trials that fall behind are stopped; their curves stay.",
        )
        parallel = one.number_input(
            "Runs at once",
            min_value=1,
            max_value=runs.queue.MOST,
            value=None,
            placeholder=str(runs.limits(_device(project))),
            key="sweep_parallel",
            help="As many as the device takes, where none is given; more than that wait in turn.",
        )
        seed = two.number_input(
            "Seed of the draws",
            min_value=0,
            max_value=2**31 - 1,
            value=0,
            key="sweep_seed",
            disabled=sampler == "grid",
            help="The same seed tries the same settings, one run at a time.",
        )
        name = st.text_input("Name", max_chars=120, placeholder="by number", key="sweep_name")
    return {
        "sampler": str(sampler),
        "objectives": list(objectives),
        "trials": None if sampler == "grid" else int(trials),
        "pruner": pruner,
        "parallel": int(parallel) if parallel else None,
        "seed": int(seed),
        "name": name,
    }


def _pruners(objectives: Sequence[str]) -> list[str]:
    """The pruners that can judge by these objectives, the usual one first."""
    from builder.sweeps import launch

    fit = launch.pruners(objectives)
    return [one for one in PRUNERS if one in fit] if len(objectives) < 2 else ["none", *fit[:-1]]


def _device(project: "Project") -> str:
    return project.recipe.device if project.recipe.device != "auto" else "cpu"


def _meaning(project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any]) -> None:
    """What will happen, in a sentence."""
    from builder import runs
    from builder.sweeps import grid

    if not over:
        return
    count = len(grid.grid(over)) if how["sampler"] == "grid" else how["trials"]
    limit = runs.limits(_device(project))
    at_once = min(how["parallel"] or limit, limit, count)
    words = (
        f"{count:,} run{'s' * (count != 1)} of up to {project.recipe.epochs:,} epochs, "
        f"{at_once} at once. Single runs go before them. You may close this page."
    )
    parts.html(f'<p class="lm-m lm-s">{escape(words)}</p>', "sweep-meaning")
