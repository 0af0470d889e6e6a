"""Finders beside the recipe: which learning rate, which batch size, by short trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.project import Project, Recipe
from builder.ui import charts, parts, state, tokens, work


@dataclass(frozen=True)
class Finder:
    """What is looked for, in the page's words."""

    button: str
    title: str
    help: str


FINDERS = {
    "rate": Finder(
        "Find a rate",
        "Learning rates tried",
        "Raises the rate over 100 short steps on a copy of the network until the loss runs away.",
    ),
    "batch": Finder(
        "Find a size",
        "Batch sizes tried",
        "Measures rows per second by batch size, up to what fits in memory.",
    ),
}


def taken(project_id: str) -> int:
    """How often a finding was taken over: the form's fields are made anew with it."""
    return int(st.session_state.get(f"found_{project_id}", 0))


def button(kind: str, project_id: str) -> None:
    """Begins the search."""
    found = FINDERS[kind]
    if st.button(
        found.button,
        key=f"find_{kind}",
        type="tertiary",
        icon=":material/query_stats:",
        help=found.help,
    ):
        work.forget(work.own(f"find_{kind}"))
        st.session_state[f"find_{kind}_asked"] = project_id


def cards(project: Project, project_id: str) -> None:
    """What is being looked for, or was found and not yet taken or put away."""
    for kind in FINDERS:
        if st.session_state.get(f"find_{kind}_asked") == project_id:
            _card(kind, project, project_id)


def _card(kind: str, project: Project, project_id: str) -> None:
    from builder import runs

    search: Any = runs.find_rate if kind == "rate" else runs.find_batch
    name = work.own(f"find_{kind}")
    running = work.job(name, lambda report: search(project, report=report), fresh=kind)
    if not running.finished(0.2):
        work.show(running, key=f"find_{kind}")
        return
    try:
        found = running.outcome()
    except LaminaError as error:
        if parts.failed(error, button="Put away", key=f"find_{kind}"):
            _away(kind)
        return
    if found is None:  # stopped
        _away(kind)
        return
    with parts.card(FINDERS[kind].title, key=f"find_{kind}"):
        (_rates if kind == "rate" else _sizes)(found)
        parts.html(f'<p class="lm-m lm-s">{parts.esc(found.words)}</p>', f"found-{kind}")
        with st.container(horizontal=True):
            if found.suggested is not None and st.button(
                f"Use {worded(found.suggested)}", type="secondary", key=f"find_{kind}_use"
            ):
                _use(kind, project, project_id, found.suggested)
            if st.button("Put away", type="tertiary", key=f"find_{kind}_away"):
                _away(kind)


def worded(value: float) -> str:
    """3e-3, 0.1, 64: short, and as it can be typed."""
    if isinstance(value, int) or value >= 0.01:
        return f"{value:g}"
    return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")


def _use(kind: str, project: Project, project_id: str, value: float) -> None:
    held: Recipe = project.recipe
    if kind == "rate":
        change: dict[str, Any] = {
            "optimizer": held.optimizer.model_copy(update={"lr": float(value)})
        }
    else:
        change = {"batch_size": int(value)}
    take(project, project_id, change)
    _away(kind)


def take(project: Project, project_id: str, change: Mapping[str, Any]) -> None:
    """Save the project with these fields of its recipe; the form is made anew with them."""
    recipe = project.recipe.model_copy(update=dict(change))
    state.save_project(project.model_copy(update={"recipe": recipe}))
    st.session_state[f"found_{project_id}"] = taken(project_id) + 1


def _away(kind: str) -> None:
    st.session_state.pop(f"find_{kind}_asked", None)
    work.forget(work.own(f"find_{kind}"))
    st.rerun()


def _rates(found: Any) -> None:
    """The loss over the rates, the suggested one marked."""
    colour = tokens.colours()
    chart = charts.figure(
        xaxis={"type": "log", "exponentformat": "power", "dtick": 1},
        yaxis={"range": _range(found.losses)},
        margin={"l": 44, "r": 12, "t": 20, "b": 24},
    )
    hover = "rate %{x:.2g}: loss %{y:.3f}<extra></extra>"
    line = {"color": colour["train"]}
    chart.add_scatter(x=found.rates, y=found.losses, mode="lines", line=line, hovertemplate=hover)
    if found.suggested is not None:
        chart.add_vline(
            x=found.suggested,
            line={"color": colour["warn"], "dash": "dot", "width": 1.5},
            annotation={"text": worded(found.suggested), "font": {"color": colour["warn"]}},
        )
    charts.show(chart, key="find_rate_chart", height=190, files=False)


def _range(losses: Any) -> list[float] | None:
    """The losses before they ran away, with a little room."""
    if not losses:
        return None
    low, first = min(losses), losses[0]
    high = max(first, low) + 0.35 * max(first - low, 0.05)
    return [low - 0.1 * (high - low), high]


def _sizes(found: Any) -> None:
    """Rows a second by batch size, the suggested one filled."""
    colour = tokens.colours()
    good = [trial for trial in found.trials if not trial.problem]
    fill = [colour["acc"] if t.size == found.suggested else colour["line2"] for t in good]
    chart = charts.figure(xaxis={"type": "category"}, bargap=0.35)
    chart.add_bar(
        x=[str(trial.size) for trial in good],
        y=[trial.samples_per_second for trial in good],
        marker={"color": fill},
        hovertemplate="%{x} rows: %{y:,.0f} rows a second<extra></extra>",
    )
    charts.show(chart, key="find_batch_chart", height=190, files=False)
    for trial in found.trials:
        if trial.problem:
            parts.html(f'<p class="lm-f lm-s">{trial.size:,} rows: {parts.esc(trial.problem)}</p>')
