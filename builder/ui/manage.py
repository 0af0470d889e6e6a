"""What can be done with a project as a whole, and what all of them take on the disk."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.home import home
from builder.ui import labels, parts, state

if TYPE_CHECKING:
    from builder.runs.index import Row

ACTIVE = ("queued", "preparing", "running", "paused")
"""Statuses of a run that goes on."""


def menu(entry: workspace.Entry) -> None:
    """Rename, duplicate, export, delete."""
    place = f"menu_{entry.id}"
    with st.popover(
        "",
        icon=":material/more_vert:",
        key=place,
        help=f"More for {labels.plain(entry.name)}",
        on_change="rerun",
    ):
        if st.button(
            "Rename …",
            type="tertiary",
            key=f"rename_{entry.id}",
            icon=":material/edit:",
            on_click=_close,
            args=(place,),
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
            args=(place,),
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
    """Bytes in few digits: "12 kB", "0.4 MB", "1.3 GB"."""
    if number >= 1e9:
        return f"{number / 1e9:.1f} GB"
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.0f} kB"
