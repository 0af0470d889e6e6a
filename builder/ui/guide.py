"""The lesson's line below the navigation, on every page of a project in which one goes on."""

from html import escape

import streamlit as st

from builder.ui import lessons, parts, state

HEIGHT = 44
"""Pixels; the Build page, which fills the window, makes room by the same variable."""


def strip(page: str) -> None:
    """Draw the line; one element whether there is a lesson or not. `page` is "" for Home."""
    with st.container(key="lm_lesson"):
        project = st.query_params.get("project") or st.session_state.get("lamina_project")
        found = lessons.at(project) if page and isinstance(project, str) else None
        if found is None or not isinstance(project, str):
            return
        lesson, number = found
        st.html(f"<style>:root{{--lm-lesson:{HEIGHT}px}}</style>")
        with st.container(key="lm_lesson_row", horizontal=True, vertical_alignment="center"):
            _said(lesson, number)
            _ways(project, lesson, number, page)


def _said(lesson: type[lessons.Lesson], number: int) -> None:
    step = lesson.steps[number]
    parts.html(
        f'<div class="lm-lesson" role="note"><b>{escape(lesson.title)}</b>'
        f'<span class="lm-f">{number + 1} of {len(lesson.steps)}</span>'
        f'<span class="say" title="{escape(step.text)}">{escape(step.text)}</span></div>',
        "lesson",
    )


def _ways(project: str, lesson: type[lessons.Lesson], number: int, page: str) -> None:
    here = lesson.steps[number].page
    if here != page and st.button(f"Go to {here.capitalize()}", key="lesson_here"):
        state.go(here)
    if number and st.button("Back", key="lesson_back", type="tertiary"):
        _turn(project, lesson, number - 1, page)
    if number + 1 < len(lesson.steps) and st.button("Next", key="lesson_next"):
        _turn(project, lesson, number + 1, page)
    word = "End" if number + 1 < len(lesson.steps) else "Done"
    if st.button(word, key="lesson_end", type="tertiary", help="The project stays as it is."):
        lessons.leave(project)
        st.rerun()


def _turn(project: str, lesson: type[lessons.Lesson], number: int, page: str) -> None:
    lessons.turn(project, number)
    wanted = lesson.steps[number].page
    if wanted != page:
        state.go(wanted)
    st.rerun()
