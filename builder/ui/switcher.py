"""The small menu at the open project's name: the projects last changed, and the way to all."""

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.ui import labels, recent, state

FIRST = 6
KEY, WISH = "switch_project", "switch_project_to"


def mark(page: str) -> None:
    """Draw the sign before the crumb, on every page where a project is open but Home.

    One container either way, so that what follows keeps its place. `page` is "" for Home.
    """
    with st.container(key="lm_switch"):
        here = st.query_params.get("project") or st.session_state.get("lamina_project")
        if page and isinstance(here, str) and _there(here):
            _menu(page, here)


def _there(project: str) -> bool:
    try:
        workspace.folder(project)
    except LaminaError:
        return False
    return True


@st.fragment
def _menu(page: str, here: str) -> None:
    """Projects are read only once it is opened."""
    wish = st.session_state.pop(WISH, None)
    if wish is not None:
        state.go(page if wish else "home", project=wish)
    menu = st.popover(
        "Projects",
        icon=":material/unfold_more:",
        type="tertiary",
        help="Switch to another project",
        key=KEY,
        on_change="rerun",
    )
    with menu, st.container(key="lm_switch_list"):
        st.button(  # stands before the others are read, so that no empty menu is seen
            "All projects",
            key="switch_all",
            type="tertiary",
            icon=":material/grid_view:",
            on_click=_choose,
            args=("",),
        )
        if menu.open:
            _others(here)


def _others(here: str) -> None:
    others = [entry for entry in workspace.projects() if entry.id != here and not entry.error]
    for entry in others[:FIRST]:
        st.button(
            f"{labels.plain(entry.name)} :gray[· {recent.ago(entry.changed)}]",
            key=f"switch_to_{entry.id}",
            type="tertiary",
            on_click=_choose,
            args=(entry.id,),
        )


def _choose(project: str) -> None:
    """Closes the menu; "" means Home."""
    st.session_state[WISH] = project
    st.session_state[KEY] = False
