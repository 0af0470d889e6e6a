"""Which project and run a visitor has open: in the address, so that a link restores it, and in the
session between pages.
"""

from typing import TYPE_CHECKING

import streamlit as st

from builder import workspace
from builder.errors import LaminaError
from builder.project import Project
from builder.ui import chrome, parts

if TYPE_CHECKING:
    from builder.runs import Run


def _remembered(name: str) -> str | None:
    asked = st.query_params.get(name)
    kept = st.session_state.get(f"lamina_{name}")
    if asked and asked != kept:
        st.session_state[f"lamina_{name}"] = asked
        if name == "project":
            _forget("run")
        return asked
    if kept and not asked:
        st.query_params[name] = kept
    return kept if isinstance(kept, str) else None


def _forget(name: str) -> None:
    if f"lamina_{name}" in st.session_state and name not in st.query_params:
        del st.session_state[f"lamina_{name}"]


def project_id() -> str | None:
    """The open project's id; None where none is open."""
    return _remembered("project")


def run_id() -> str | None:
    """The id of the run that is looked at; None where none was chosen."""
    project_id()
    return _remembered("run")


def set_run(run: str | None) -> None:
    """Look at this run from now on, here and on the other pages."""
    st.session_state.pop("lamina_run", None)
    st.query_params.pop("run", None)
    if run:
        st.session_state["lamina_run"] = run
        st.query_params["run"] = run


def project() -> Project:
    """The open project; where there is none or it cannot be read, says so with one way on, and
    ends the page.
    """
    asked = project_id()
    if asked is None:
        with st.container(key="lm_body_none"):
            if parts.empty(
                "No project is open",
                "Open one of yours, or begin with a template.",
                "Go to Home",
                key="no_project",
            ):
                go("home")
        st.stop()
    try:
        return workspace.open_project(asked)
    except LaminaError as error:
        with st.container(key="lm_body_lost"):
            if parts.failed(error, button="Go to Home", key="lost_project"):
                close()
                go("home")
        st.stop()


def project_or_run() -> None:
    """Ends the page as `project` does, unless the address names a run: a run stands by itself, also
    when its project has been deleted.
    """
    asked = project_id()
    if run_id() is None:
        project()
    elif asked is not None and not workspace.exists(asked):
        st.session_state.pop("lamina_project", None)
        st.query_params.pop("project", None)
    elif asked is not None:
        project()


def owner(run: "Run") -> Project:
    """The project of a run that is looked at. Where the address names another one, turns to the
    run's own and begins the page anew; a run of no kept project brings the one it was begun with.
    """
    belongs = str(run.info.get("project_id") or "")
    if belongs == project_id():
        return project()
    if not workspace.exists(belongs):
        return run.project()
    st.session_state["lamina_project"] = st.query_params["project"] = belongs
    st.session_state["lamina_run"] = run.id
    st.rerun()


def save_project(changed: Project) -> None:
    """Write the open project back. Raises LaminaError where it cannot be written."""
    asked = project_id()
    if asked is None:
        raise ValueError("save_project needs an open project")
    workspace.save_project(asked, changed)


def close() -> None:
    """No project and no run from now on."""
    for name in ("project", "run"):
        st.session_state.pop(f"lamina_{name}", None)
        st.query_params.pop(name, None)


def go(page: str, project: str | None = None, run: str | None = None, **more: str) -> None:
    """Turn to a page by its name, with a project and a run where they change. Does not return.

    `more` goes into the page's address with them, so that Back needs one step.
    """
    if project and project != st.session_state.get("lamina_project"):
        st.session_state["lamina_project"] = project
        st.session_state.pop("lamina_run", None)
    if run:
        st.session_state["lamina_run"] = run
    kept = {
        name: st.session_state[f"lamina_{name}"]
        for name in ("project", "run")
        if st.session_state.get(f"lamina_{name}") and page != "home"
    }
    st.switch_page(chrome.page_object(page), query_params=kept | more)
