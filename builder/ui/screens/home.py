"""The first page: begin with digits or a template, bring data, go on with a project."""

import os
from html import escape

import streamlit as st

from builder import templates, workspace
from builder.errors import LaminaError
from builder.ui import (
    chrome,
    gallery,
    intake,
    lessons,
    manage,
    miniature,
    parts,
    recent,
    routes,
    state,
    tokens,
    warm,
)
from builder.ui.components import busy

PICTURES = busy.Until(gallery.complete)
KIND_ICON = {"image": "image", "table": "table", "series": "series", "text": "text"}


def show() -> None:
    """Draw the page."""
    chrome.page("home")
    with st.container(key="lm_home", horizontal=True):
        with st.container(key="lm_home_main"):
            parts.html("<h1>Build a network you can see into</h1>", "home-title")
            _problem()
            _hero()
            _gallery()
        with st.container(key="lm_home_side"):
            intake.drop_card()
            recent.projects()
            _lessons()
            with st.container(key="lm_foot", horizontal=True, vertical_alignment="center"):
                _machine()
                manage.disk()


def _problem() -> None:
    """What went wrong in the last click, until the next one."""
    error = st.session_state.pop("home_error", None)
    if isinstance(error, LaminaError):
        parts.failed(error, key="home_error")


def _begin(name: str) -> None:
    """Make a project from a template and open it."""
    try:
        with st.spinner("Preparing the data …"):
            project = templates.make(name)
            opened = workspace.create(project)
    except LaminaError as error:
        st.session_state["home_error"] = error
        st.rerun()
    state.go("build", project=opened)


def _lessons() -> None:
    parts.html(
        '<div class="lm-row" style="gap:12px;margin:24px 0 10px"><h2>Short lessons</h2>'
        '<span class="lm-f lm-s">on a live project</span></div>'
    )
    with st.container(key="lm_lessons"):
        for name, lesson in lessons.lessons().items():
            with st.container(key=f"lm_take_{name}"):
                parts.html(
                    f'<div class="lm-row"><span>{escape(lesson.title)}</span>'
                    f'<span class="lm-sp"></span><span class="lm-f lm-s">{lesson.minutes} min'
                    f'</span><span class="lm-f">{parts.icon("right")}</span></div>',
                    f"lesson-{name}",
                )
                if st.button(f"Take the lesson {lesson.title}", key=f"take_lesson_{name}"):
                    _take(name)


def _take(name: str) -> None:
    """Make a lesson's project and open it where its first step is done."""
    try:
        with st.spinner("Preparing the data …"):
            opened = lessons.begin(name)
    except LaminaError as error:
        st.session_state["home_error"] = error
        st.rerun()
    state.go(lessons.lessons()[name].steps[0].page, project=opened)


def _hero() -> None:
    with st.container(key="lm_hero", horizontal=True):
        with st.container(key="lm_hero_text"):
            parts.html(
                '<div class="lm-s lm-f" style="margin-bottom:4px">A good first project, about two '
                "minutes</div>"
                '<h2 style="font-size:20px;line-height:26px">Teach a network to read digits</h2>'
                '<p class="lm-m" style="margin-top:6px;max-width:400px">It opens ready to train. '
                "You watch it "
                "learn, see which digits it mixes up and why, and keep the PyTorch.</p>"
            )
            with st.container(key="lm_hero_buttons", horizontal=True, vertical_alignment="center"):
                if st.button(
                    "Open digits", type="primary", icon=":material/play_arrow:", key="open_digits"
                ):
                    _begin("cnn")
                if st.button("Start from an empty canvas", type="tertiary", key="open_empty"):
                    _empty()
        parts.html(_hero_picture())


def _empty() -> None:
    from builder.project import Project

    try:
        opened = workspace.create(Project(name="untitled"))
    except LaminaError as error:
        st.session_state["home_error"] = error
        st.rerun()
    state.go("build", project=opened)


def _hero_picture() -> str:
    images = "".join(
        f'<img src="{escape(address)}" alt="digit {digit}">'
        for digit, address in enumerate(gallery.samples())
    )
    card = next((card for card in gallery.cards() if card.name == "cnn"), None)
    graph = card.drawn() if card else None
    drawn = (
        parts.picture(miniature.svg(graph, 346, 76), "its layers")
        if graph
        else '<div style="height:76px"></div>'
    )
    steps = "".join(
        f'<span class="lm-step"><u>{number}</u>{word}</span>'
        for number, word in enumerate(("Look", "Train", "Judge", "Explain"), 1)
    )
    row = f'<div class="lm-digits {tokens.theme()}">{images}</div>' if images else ""
    return f'<div class="lm-hero-picture">{row}{drawn}<div class="lm-steps">{steps}</div></div>'


def _gallery() -> None:
    with st.container(key="lm_gallery_head", horizontal=True, vertical_alignment="center"):
        parts.html(
            '<div class="lm-row" style="gap:12px"><h2>Templates</h2>'
            '<span class="lm-f lm-s">each with data, fitted to yours when you bring it</span></div>'
        )
        wanted = st.text_input(
            "Find a template",
            placeholder="Find a template",
            label_visibility="collapsed",
            icon=":material/search:",
            key="find_template",
        )
    _cards(wanted)
    if not gallery.complete():
        busy.busy("gallery_wait", "gallery", PICTURES, routes.token(), card=False)


def _cards(wanted: str) -> None:
    words = wanted.lower().split()
    shown = [
        card
        for card in gallery.cards()
        if all(
            word in f"{card.title} {card.help} {card.kind} {card.data}".lower() for word in words
        )
    ]
    if not shown:
        parts.html(
            '<p class="lm-f">No template is called so. Try image, table, series or text.</p>'
        )
        return
    with st.container(key="lm_gallery"):
        for card in shown:
            with st.container(key=f"lm_template_{card.name}"):
                parts.html(_card(card), f"template-{card.name}")
                if st.button(f"Use the template {card.title}", key=f"use_{card.name}"):
                    _begin(card.name)


def _card(card: gallery.Card) -> str:
    graph = card.drawn()
    drawn = parts.picture(miniature.svg(graph), "its layers") if graph else ""
    size = f" · {count(card.parameters)} parameters" if card.parameters is not None else ""
    return (
        f'<div class="lm-tp"><div class="th">{drawn}</div><div class="tx"><div class="lm-row" '
        'style="gap:6px">'
        f'<span class="lm-f">{parts.icon(KIND_ICON[card.kind])}</span><b>{escape(card.title)}</b>'
        "</div>"
        f'<div class="lm-m lm-s one">{escape(card.help)}</div>'
        f'<div class="lm-f lm-s" style="margin-top:5px">{escape(card.data)}{size}</div></div></div>'
    )


def count(number: int) -> str:
    """A number of parameters in few digits: "850", "15 k", "1.6 M"."""
    if number < 1_000:
        return str(number)
    if number < 999_500:
        return f"{number / 1_000:.0f} k"
    return f"{number / 1_000_000:.1f} M"


def _machine() -> None:
    what = "Everything stays on this machine."
    if warm.ready():
        what = f"{_device()}, ready. {what}"
    parts.html(
        f'<div class="lm-row lm-s lm-m"><span class="lm-ok">{parts.icon("check")}</span>'
        f"{escape(what)}</div>",
        "machine",
    )


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        return f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB"
    cores = os.cpu_count() or 1
    return f"CPU with {cores} core{'s' if cores > 1 else ''}"
