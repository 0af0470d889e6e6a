"""Every change of the data on this page is a step that Undo takes back; whoever draws an old view
is told.
"""

import streamlit as st

from builder.data import told
from builder.errors import LaminaError
from builder.project import Project
from builder.ui import labels, state
from builder.ui.components import plain
from builder.workspace import history

SEEN, TURN, MESSAGE = "data_seen", "data_turn", "data_message"


def guard(project: Project) -> None:
    """Begins the page anew where the data is no longer what this visitor saw when he clicked: the
    click was meant for something else.
    """
    known = st.session_state.get(SEEN)
    now = _seen(project)
    st.session_state[SEEN] = now
    if known is not None and known[0] == now[0] and known != now:
        _anew("The data was changed elsewhere meanwhile. This is how it is now.")
    said = st.session_state.pop(MESSAGE, None)
    if said:
        st.toast(labels.plain(said))


def turn() -> int:
    """Counts how often the data became another without this page's fields: part of their keys, so
    that they show it."""
    return int(st.session_state.get(TURN, 0))


def save(before: Project, after: Project, said: str = "", headerless: bool = False) -> None:
    """Write what a person changed of the data, in words where they are known; the later of two is
    told, and the page drawn as it is now.

    Raises LaminaError where it cannot be written.
    """
    words = said or told.told(before.data, after.data, headerless)
    words = words[:1].lower() + words[1:]
    try:
        made = history.edit(_id(), before, after, words)
    except LaminaError as error:
        if error.code != "stale":
            raise
        st.session_state.pop(SEEN, None)
        _anew(f"{error.fact} {error.remedy}")
    else:
        st.session_state[SEEN] = _seen(made)


def buttons() -> None:
    """Undo and Redo, each with what it would do in words; the keys for them outside of text."""
    kept = history.of(_id())
    if not (kept.done or kept.undone):
        return
    with st.container(key="lm_steps", horizontal=True, width="content"):
        if _button("undo", kept.undo(), "Takes back", "Ctrl+Z"):
            _step(back=True)
        if _button("redo", kept.redo(), "Does again", "Ctrl+Shift+Z"):
            _step(back=False)
        plain.mount("undokeys")(key="undo_keys", data={})


def _button(kind: str, said: str, verb: str, keys: str) -> bool:
    """Where there is nothing to do, the other one alone says enough."""
    if not said:
        return False
    name = kind.capitalize()
    return st.button(
        labels.plain(f"{name}: {said}") if kind == "undo" else name,
        key=f"data_{kind}",
        icon=f":material/{kind}:",
        type="tertiary",
        help=labels.plain(f"{verb}: {said} ({keys})"),
        wrap=False,
    )


def _step(*, back: bool) -> None:
    try:
        said = history.undo(_id()) if back else history.redo(_id())
        message = f"Taken back: {said}." if back else f"Done again: {said}."
    except LaminaError as error:
        message = f"{error.fact} {error.remedy}"
    st.session_state.pop(SEEN, None)
    _anew(message)


def _anew(message: str) -> None:
    st.session_state[TURN] = turn() + 1
    st.session_state[MESSAGE] = message
    st.rerun(scope="app")


def _seen(project: Project) -> tuple[str, str]:
    return _id(), project.data.model_dump_json()


def _id() -> str:
    asked = state.project_id()
    if asked is None:
        raise ValueError("the data page needs an open project")
    return asked
