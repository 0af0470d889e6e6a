"""The projects that a person has: their last run, a menu for each, and what they take on the
disk.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.home import home
from builder.ui import parts, state, warm

if TYPE_CHECKING:
    from builder.runs.index import Row

FIRST = 6
BADGES: dict[str, tuple[str, parts.Tone, str]] = {
    "queued": ("Queued", "n", ""),
    "preparing": ("Preparing", "acc", "live"),
    "running": ("Training", "acc", "live"),
    "paused": ("Paused", "warn", "warn"),
    "finished": ("Finished", "ok", "check"),
    "stopped": ("Stopped", "n", "check"),
    "failed": ("Failed", "err", "cross"),
    "unread": ("Cannot be read", "err", "cross"),
}
"""By status of a run: word, tone, sign."""


@dataclass(frozen=True)
class Last:
    """What is told of a project's last run."""

    status: str
    note: str
    losses: Sequence[float] = ()


def projects() -> None:
    """The heading, the list, and below it the disk."""
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
    if warm.ready():
        _rows(shown)
    else:
        st.fragment(_rows_when_ready, run_every=1.0)(shown)
    parts.html(
        '<div class="lm-f lm-s" style="margin:8px 2px 0">Line and figure: validation loss of the '
        "last run.</div>"
    )


def _rows_when_ready(shown: Sequence[workspace.Entry]) -> None:
    if warm.ready():
        st.rerun()
    _rows(shown)


def _rows(shown: Sequence[workspace.Entry]) -> None:
    last = last_runs([entry.id for entry in shown]) if warm.ready() else {}
    with st.container(key="lm_recent"):
        for entry in shown:
            with st.container(
                key=f"lm_project_{entry.id}", horizontal=True, vertical_alignment="center"
            ):
                parts.html(_row(entry, last.get(entry.id)), f"project-{entry.id}")
                if st.button(f"Open {entry.name}", key=f"open_project_{entry.id}"):
                    _open(entry, last.get(entry.id))
                _menu(entry)


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
    note, line, figure = ago(entry.changed), "", ""
    word, tone, sign = BADGES["unread"] if entry.error else ("Draft", "n", "")
    if last is None:
        line = "" if entry.error else '<span class="lm-f lm-s">no run yet</span>'
    else:
        word, tone, sign = BADGES.get(last.status, (last.status, "n", ""))
        note, line = last.note, parts.sparkline(last.losses)
        figure = f"{last.losses[-1]:.3g}" if last.losses else ""
    return (
        f'<div class="lm-rc"><div class="nm"><b>{escape(entry.name)}</b><div class="lm-f lm-s">'
        f"{escape(note)}</div></div>"
        f'<span class="sp">{line}</span><span class="lm-mono fg">{escape(figure)}</span>'
        f'<span class="bd">{parts.badge(word, tone, sign)}</span></div>'
    )


def last_runs(projects: Sequence[str]) -> dict[str, Last]:
    """The newest run of each of these projects that has one, with its validation losses."""
    from builder import runs

    newest: dict[str, list[Row]] = {}
    for row in runs.list_runs():
        if row.project_id in projects:
            newest.setdefault(row.project_id, []).append(row)
    return {project: _last(rows) for project, rows in newest.items()}


def _last(rows: "Sequence[Row]") -> Last:
    from builder import runs

    newest = rows[0]
    try:
        epochs = runs.open_run(newest.id).epochs()
    except LaminaError:
        epochs = []
    losses = [epoch["validation_loss"] for epoch in epochs if "validation_loss" in epoch]
    if newest.status in ("running", "paused"):
        when = f"epoch {newest.epoch} of {newest.epochs}"
    else:
        when = ago(newest.created)
    return Last(newest.status, f"{len(rows)} run{'s' if len(rows) > 1 else ''} · {when}", losses)


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


def _menu(entry: workspace.Entry) -> None:
    menu = f"menu_{entry.id}"
    with st.popover(
        "",
        icon=":material/more_vert:",
        key=menu,
        help=f"More for {entry.name}",
        on_change="rerun",
    ):
        if st.button(
            "Rename …",
            type="tertiary",
            key=f"rename_{entry.id}",
            icon=":material/edit:",
            on_click=_close,
            args=(menu,),
        ):
            _rename(entry)
        st.button(
            "Duplicate",
            type="tertiary",
            key=f"duplicate_{entry.id}",
            icon=":material/content_copy:",
            on_click=_act,
            args=(workspace.duplicate, entry.id),
        )
        st.download_button(
            "Export as a file",
            data=lambda: workspace.export_file(entry.id),
            file_name=f"{safe(entry.name)}.lamina.{'zip' if entry.uploads else 'json'}",
            mime="application/octet-stream",
            type="tertiary",
            key=f"export_{entry.id}",
            icon=":material/download:",
            on_click="ignore",
        )
        if st.button(
            "Delete …",
            type="tertiary",
            key=f"danger_delete_{entry.id}",
            icon=":material/delete:",
            on_click=_close,
            args=(menu,),
        ):
            _delete(entry)


def _close(menu: str) -> None:
    """A dialog takes the menu's place."""
    st.session_state[menu] = False


def safe(name: str) -> str:
    """A project's name as a file name."""
    kept = "".join(char if char.isalnum() or char in " -_" else "-" for char in name).strip()
    return kept[:80] or "project"


@st.dialog("Rename the project")
def _rename(entry: workspace.Entry) -> None:
    name = st.text_input("Name", value=entry.name, max_chars=120, key=f"new_name_{entry.id}")
    if st.button(
        "Rename",
        type="primary",
        key="confirm_rename",
        disabled=not name.strip(),
        on_click=_act,
        args=(workspace.rename, entry.id, name.strip()),
    ):
        st.rerun()


ACTIVE = ("queued", "preparing", "running", "paused")


@st.dialog("Delete the project?")
def _delete(entry: workspace.Entry) -> None:
    from builder import runs

    active = [row for row in runs.list_runs(entry.id) if row.status in ACTIVE]
    if active:
        parts.html(f'<p class="lm-warn">{escape(training(active))}</p>', "delete-training")
    parts.html(
        f"<p><b>{escape(entry.name)}</b> and its history of edits will be gone. Runs and files "
        "that you brought stay.</p>"
    )
    with st.container(horizontal=True):
        if active and st.button(
            "Stop and delete", key="danger_stop_delete", on_click=_act, args=(_halt, entry.id)
        ):
            st.rerun()
        if st.button(
            "Delete, let it train" if active else "Delete",
            key="danger_confirm_delete",
            on_click=_act,
            args=(_remove, entry.id),
        ):
            st.rerun()
        if st.button("Keep it", key="cancel_delete"):
            st.rerun()


def training(active: "Sequence[Row]") -> str:
    """What goes on in a project: "1 run is training: first try, epoch 3 of 10."."""
    first = active[0]
    count = "1 run is" if len(active) == 1 else f"{len(active)} runs are"
    more = f" and {len(active) - 1} more" if len(active) > 1 else ""
    return (
        f"{count} training: {first.name or first.id}, epoch {first.epoch} of {first.epochs}{more}."
    )


def _halt(project: str) -> None:
    """Stop what trains, then delete; where a run cannot be stopped, the project stays."""
    from builder import runs

    for row in runs.list_runs(project):
        if row.status in ACTIVE:
            runs.order(row.id, {"order": "stop"})
    _remove(project)


def _remove(project: str) -> None:
    if st.session_state.get("lamina_project") == project:
        state.close()
    workspace.delete(project)


def _act(what: Callable[..., object], *arguments: str) -> None:
    """Do it; what went wrong is shown by the page."""
    try:
        what(*arguments)
    except LaminaError as error:
        st.session_state["home_error"] = error


def disk() -> None:
    """What Lamina keeps on this machine, and the way to free what can be made again."""
    with st.popover("Disk", type="tertiary", key="disk_popover", icon=":material/hard_drive:"):
        for use in workspace.disk_use():
            with st.container(
                key=f"lm_disk_{use.room}", horizontal=True, vertical_alignment="center"
            ):
                parts.html(
                    f'<div class="lm-row"><span>{escape(use.title)}</span><span class="lm-sp">'
                    "</span>"
                    f'<span class="lm-mono">{size(use.bytes)}</span></div>'
                )
                if use.room in ("prepared", "downloads") and use.bytes:
                    st.button(
                        "Clean up",
                        key=f"clean_{use.room}",
                        on_click=_act,
                        args=(workspace.clean_up, use.room),
                    )
        parts.html(
            f'<p class="lm-f lm-s">All of it lies in {escape(str(home()))}.</p>', "disk-place"
        )


def size(number: int) -> str:
    """Bytes in few digits: "0.4 MB", "1.3 GB"."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"
