"""What a network makes, on the pages: the task's settings as a form, texts, sheets of images."""

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import forms, parts
from builder.ui.live import made


def makes(run: Any) -> bool:
    """Whether the run's network makes things, in place of predicting rows."""
    return "rows" not in run.task().views


def card(run: Any, checkpoint: str, *, key: str) -> None:
    """A card with the task's settings and what the checkpoint makes with them."""
    options = run.task().sampling()
    with parts.card("Try it", "the same seed makes the same again", key=f"{key}_making"):
        with st.form(f"{key}_making_form", border=False):
            given = _fields(options, key)
            left, right = st.columns([1, 3], vertical_alignment="bottom")
            with left:
                typed = st.number_input(
                    "Seed",
                    0.0,
                    1e6,
                    0.0,
                    step=1.0,
                    format=forms.WHOLE,
                    help="Where chance begins: another number makes something else.",
                    key=f"{key}_seed",
                )
                seed = forms.whole_number("Seed", typed)
            asked = right.form_submit_button("Make", type="primary")
        shelf = f"{key}_made_{run.id}_{checkpoint}"
        if asked and seed is not None and not given.refused:
            st.session_state[shelf] = _made(run, checkpoint, given, seed)
        found = st.session_state.get(shelf)
        if isinstance(found, LaminaError):
            parts.failed(found, key=f"{key}_making_failed")
        elif found is not None:
            _show(found.values, found.tensors, key)
        else:
            _kept(run, checkpoint, key)


def _fields(options: Any, key: str) -> forms.Given:
    texts = [option for option in options if option.kind == "text"]
    rest = [option for option in options if option.kind != "text"]
    given = forms.fields(texts, {}, key=f"{key}_making")
    for option, place in zip(rest, st.columns(max(len(rest), 1)), strict=False):
        with place:
            one = forms.fields((option,), {}, key=f"{key}_making")
            given.update(one)
            given.refused += one.refused
    return given


def _made(run: Any, checkpoint: str, given: Mapping[str, Any], seed: int) -> Any:
    from builder.evaluate import make

    try:
        with st.spinner("Making …"):
            return make(run, given, checkpoint, seed)
    except LaminaError as error:
        return error


def _kept(run: Any, checkpoint: str, key: str) -> None:
    """Before anything was asked for: what was made in training at the checkpoint's step; where that
    is not kept, the last thing that was made.
    """
    kept = made.moments(run)
    if not kept:
        return
    steps = {one.step for one in run.checkpoints() if one.name == checkpoint}
    same = [moment for moment in kept if moment["step"] in steps]
    moment = (same or kept)[-1]
    entry = run.generated()[moment["at"]]
    which = "by this checkpoint" if same else "the last of the run, not by this checkpoint"
    words = f"Made in training, at step {moment['step']:,}, {which}:"
    parts.html(f'<p class="lm-f lm-s">{words}</p>')
    _show(entry, made.tensors(run, entry), key)


def _show(values: Mapping[str, Any], tensors: Mapping[str, Any], key: str) -> None:
    if "text" in values:
        parts.html(text(str(values.get("prompt", "")), str(values["text"])), "made-text")
    images = tensors.get("images")
    if images is None:
        return
    from builder.data.media import sheet

    content = sheet(images)
    parts.html(picture(content, len(images)), "made-images")
    st.download_button(
        "Save as PNG",
        content,
        file_name="images.png",
        mime="image/png",
        key=f"{key}_save_images",
        on_click="ignore",
    )


def text(prompt: str, found: str) -> str:
    """A text that a network wrote, what it was given in bold."""
    begun = f"<b>{escape(prompt)}</b>" if prompt else ""
    return (
        '<div class="lm-mono lm-s" style="white-space:pre-wrap;overflow-wrap:anywhere;'
        f'max-height:340px;overflow:auto">{begun}{escape(found)}</div>'
    )


def picture(png: bytes, count: int) -> str:
    """A sheet of images as large as the card, its pixels sharp."""
    address = "data:image/png;base64," + base64.b64encode(png).decode()
    return (
        f'<img src="{address}" alt="{count} images that the network made" style="width:100%;'
        f'max-width:560px;image-rendering:pixelated;border-radius:6px;display:block">'
    )


def nothing_by_row(page: str, run: Any, title: str) -> None:
    """In place of a page that shows predictions row by row: what there is in its stead."""
    from builder.ui import state

    words = (
        f"{run.task().title} predicts no row, so there is nothing of that kind to show. "
        "Its figures and what it makes are on the Evaluate page."
    )
    with st.container(key=f"lm_body_{page}_made"):
        if parts.empty(title, words, "Go to Evaluate", key=f"{page}_made"):
            state.go("evaluate")
