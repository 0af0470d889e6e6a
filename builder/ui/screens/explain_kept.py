"""The explanations that somebody keeps with the model: the list, and the form to add one."""

from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.explain import keepsakes, packing
from builder.ui import labels, parts, rows, sample
from builder.ui.sample import Sample
from builder.ui.screens import explain_work


def show(run: Any, checkpoint: str, one: Sample, methods_key: str, grey: Any = None) -> None:
    """Draw the card. `grey` [H, W] from 0 to 1 lies below a kept image's map."""
    found = keepsakes.listed(run)
    with st.container(key="lm_card_kept"):
        with st.container(horizontal=True, vertical_alignment="center", key="lm_quiet_kept"):
            note = "they stay with the run and leave with every export"
            parts.html(parts.heading("Kept with the model", note), "kept")
            _form(run, checkpoint, one, grey, len(found))
        if not found:
            parts.html(
                '<div class="lm-s lm-m">Nothing is kept yet. Keep an explanation that somebody '
                "should see: it goes along as a picture, a table and JSON.</div>"
            )
        for keepsake in found:
            _line(run, keepsake, methods_key)


def _form(run: Any, checkpoint: str, one: Sample, grey: Any, kept: int) -> None:
    shown = explain_work.shown()
    with st.popover(
        "Keep with the model",
        icon=":material/bookmark_add:",
        key=f"keep_popover_{kept}",  # another one once something was kept: that one is closed
    ):
        if not shown:
            parts.html('<p class="lm-f">Wait for an explanation, then keep it.</p>')
            return
        method = st.selectbox(
            "Which", list(shown), format_func=lambda name: shown[name].title, key="keep_method"
        )
        chosen = shown[method]
        about = f"{chosen.title} of {sample.name(run, one)}"
        name = st.text_input(
            "Name", value=about, max_chars=keepsakes.LONGEST_NAME, key=f"keep_name_{about}"
        )
        note = st.text_area(
            "Note",
            max_chars=keepsakes.LONGEST_NOTE,
            placeholder="What should somebody see in it?",
            key=f"keep_note_{about}",
            height=80,
        )
        if st.button("Keep", type="primary", key="keep_this", disabled=not name.strip()):
            split = "" if one.record is not None else one.split
            try:
                keepsakes.keep(
                    run, chosen, name, note, split=split, checkpoint=checkpoint, grey=grey
                )
            except (LaminaError, OSError) as error:
                parts.failed(error if isinstance(error, LaminaError) else str(error), key="keep")
                return
            st.toast(f"Kept as “{labels.plain(name)}”.", icon=":material/bookmark_added:")
            st.rerun()


def _line(run: Any, kept: keepsakes.Keepsake, methods_key: str) -> None:
    where = (
        f"{kept.split} {rows.word(run.spec, 1)} {rows.row_label(kept.row)}"
        if (kept.row is not None)
        else f"your {rows.word(run.spec, 1)}"
    )
    why = f"why {rows.column_label(run.spec, kept.target)}" if kept.target else ""
    facts = [kept.title, where, why, kept.verdict]
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"lm_quiet_keepsake_{kept.id}"
    ):
        png = keepsakes.picture_of(run, kept)
        image = (
            f'<img class="lm-keepsake" alt="" src="{rows.address(png)}">' if png is not None else ""
        )
        note = f'<div class="lm-m lm-s">{escape(kept.note)}</div>' if kept.note else ""
        parts.html(
            f'<div class="lm-row" style="gap:12px">{image}<div><b>{escape(kept.name)}</b>'
            f'<div class="lm-f lm-s">{escape(", ".join(filter(None, facts)))}</div>{note}</div>'
            "</div>",
            "keepsake",
        )
        st.button(
            "Open",
            key=f"open_{kept.id}",
            on_click=_open,
            args=(run, kept, methods_key),
            help="Show this sample with this method and comparison",
        )
        if st.button("Remove", key=f"remove_{kept.id}"):
            keepsakes.forget(run, kept.id)
            st.rerun()


def _open(run: Any, kept: keepsakes.Keepsake, methods_key: str) -> None:
    """Look at the kept sample the kept way; called before the page is drawn."""
    state = st.session_state
    if kept.row is not None:
        sample.choose(kept.split, kept.row)
        mark = Sample(kept.split, kept.row).mark
    else:
        sample.give(run, packing.raw(kept.record))
        mark = state["explain_given"].mark
    if run.spec.target is not None and kept.target in run.spec.target.classes:
        state[f"explain_class_{mark}_{run.id}"] = kept.target
    if kept.baseline:
        state[f"explain_baseline_{run.id}"] = kept.baseline
    if kept.layer:
        state[f"explain_layer_{run.id}"] = kept.layer
    if kept.checkpoint:
        state["explain_checkpoint"] = kept.checkpoint
    chosen = list(state.get(methods_key) or ())
    if chosen and kept.method not in chosen:
        state[methods_key] = [*chosen, kept.method]
