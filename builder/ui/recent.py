"""The projects that a person has, each with its last run."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.ui import comparison, labels, manage, parts, routes, signs, standing, state, warm
from builder.ui.components import busy

if TYPE_CHECKING:
    from builder.runs.index import Row

FIRST = 6
WARM = busy.Until(warm.ready)


@dataclass(frozen=True)
class Last:
    """What is told of a project's last run."""

    status: str
    note: str
    course: Sequence[float] = ()  # of the figure that decides which epoch is the best
    figure: str = "validation_loss"


def projects() -> None:
    """The heading and the list."""
    entries = workspace.projects()
    if not entries:
        return
    everything = st.session_state.get("all_projects", False)
    with st.container(
        key="lm_recent_head",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        parts.html("<h2>Recent projects</h2>")
        if len(entries) > FIRST:
            word = "Fewer" if everything else f"All {len(entries)}"
            if st.button(word, type="tertiary", key="toggle_all_projects"):
                st.session_state["all_projects"] = not everything
                st.rerun()
    shown = entries if everything else entries[:FIRST]
    drawn = _rows(shown)
    if not warm.ready():
        busy.busy("recent_wait", "warm", WARM, routes.token(), card=False)
    if drawn:
        parts.html(
            '<div class="lm-f lm-s" style="margin:8px 2px 0">Line and figure: what the last run '
            "chooses its best epoch by, the validation loss unless you set another.</div>"
        )


def _rows(shown: Sequence[workspace.Entry]) -> bool:
    """The projects' rows; whether one of them has a line and a figure."""
    last = last_runs([entry.id for entry in shown]) if warm.ready() else {}
    with st.container(key="lm_recent"):
        for entry in shown:
            with st.container(
                key=f"lm_project_{entry.id}", horizontal=True, vertical_alignment="center"
            ):
                parts.html(_row(entry, last.get(entry.id)), f"project-{entry.id}")
                if st.button(f"Open {labels.plain(entry.name)}", key=f"open_project_{entry.id}"):
                    _open(entry, last.get(entry.id))
                manage.menu(entry)
    return any(one.course for one in last.values())


def _open(entry: workspace.Entry, last: Last | None) -> None:
    """To Train where a run is under way, to Data where there is no network yet, else to Build."""
    try:
        drawn = bool(workspace.open_project(entry.id).graph.nodes)
    except LaminaError as error:
        st.session_state["home_error"] = error
        st.rerun()
    under_way = last is not None and last.status in ("queued", "preparing", "running", "paused")
    state.go("train" if under_way else "build" if drawn else "data", project=entry.id)


def _row(entry: workspace.Entry, last: Last | None) -> str:
    note, line, figure, title = ago(entry.changed), "", "", ""
    word, tone, sign = signs.RUN["unread"] if entry.error else ("Draft", "n", "")
    if last is None:
        line = "" if entry.error else '<span class="lm-f lm-s">no run yet</span>'
    else:
        word, tone, sign = signs.run(last.status)
        note, line = last.note, parts.sparkline(last.course)
        figure = _figure(last.course[-1]) if last.course else ""
        title = comparison.figure_name(last.figure)
    return (
        f'<div class="lm-rc"><div class="nm"><b title="{escape(entry.name)}">{escape(entry.name)}'
        f'</b><div class="lm-f lm-s">{escape(note)}</div></div>'
        f'<span class="sp">{line}</span><span class="lm-mono fg" title="{escape(title)}">'
        f"{escape(figure)}</span>"
        f'<span class="bd">{parts.badge(word, tone, sign)}</span></div>'
    )


def last_runs(projects: Sequence[str]) -> dict[str, Last]:
    """The newest run that a person began (else a sweep's best) of each of these projects that has
    one, with the course of the figure that its best epoch is chosen by.
    """
    from builder import runs

    newest: dict[str, list[Row]] = {}
    for row in runs.list_runs():
        if row.project_id in projects:
            newest.setdefault(row.project_id, []).append(row)
    return {project: _last(rows) for project, rows in newest.items()}


def _last(rows: "Sequence[Row]") -> Last:
    from builder import runs

    newest = standing.in_order(rows)[0]
    try:
        epochs = runs.open_run(newest.id).epochs()
    except LaminaError:
        epochs = []
    figure = comparison.watched(newest)
    course = [epoch[figure] for epoch in epochs if figure in epoch]
    if newest.status in ("running", "paused"):
        when = f"epoch {newest.epoch} of {newest.epochs}"
    else:
        when = ago(newest.created)
    note = f"{len(rows)} run{'s' if len(rows) > 1 else ''} · {when}"
    return Last(newest.status, note, course, figure)


def ago(when: float | None, now: dt.datetime | None = None) -> str:
    """A moment as people say it: "just now", "5 minutes ago", "yesterday", "Tuesday", "9
    November".
    """
    if not when:
        return "a while ago"
    now = now or dt.datetime.now()
    then = dt.datetime.fromtimestamp(when)
    seconds = (now - then).total_seconds()
    days = (now.date() - then.date()).days
    if seconds < 90:
        return "just now"
    if seconds < 3600:
        return f"{seconds / 60:.0f} minutes ago"
    if days == 0:
        return f"today {then:%H:%M}"
    if days == 1:
        return "yesterday"
    if days < 7:
        return f"{then:%A}"
    return f"{then.day} {then:%B}" + (f" {then.year}" if then.year != now.year else "")


def _figure(value: float) -> str:
    """Three digits, the last ones even where they are 0, so that a column stands in line."""
    return f"{value:#.3g}" if 0.001 <= abs(value) < 100 else f"{value:.3g}"
