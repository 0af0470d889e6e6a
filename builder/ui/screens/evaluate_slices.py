"""Evaluate: slices, rows kept under a name, judged against the rest."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import (
    Difference,
    Judged,
    Slice,
    columns,
    delete_slice,
    judged,
    save_condition,
    save_slice,
    slices,
)
from builder.ui import figures, parts
from builder.ui.components.samples import samples
from builder.ui.screens.evaluate_parts import Look, head

SAID = {
    "worse": "worse than the rest",
    "better": "better than the rest",
    "lower": "lower than the rest",
    "higher": "higher than the rest",
    "unclear": "may be chance",
    "few": "too few rows to tell",
}
TITLES = {"accuracy": "Accuracy", "mae": "Mean absolute error"}


def keep_or_delete(
    look: Look,
    found: Any,
    title: str,
    opened: str = "",
    *,
    by_answers: bool,
    condition: str = "",
) -> None:
    """The button that keeps these rows as a slice; where they are one, forgets it.

    `by_answers`: the model's answers chose the rows, not the truth alone; a `condition` on columns
    is kept as such, for every split.
    """
    made_before = int(st.session_state.get("slices_made", 0))
    if opened:
        if st.button("Delete slice", key="slice_delete", help="The rows themselves stay."):
            delete_slice(look.run, opened)
            st.rerun()
        return
    with st.popover("Save as slice", key=f"slice_save_{made_before}"):
        parts.html(
            '<div class="lm-s lm-m">Keep these rows under a name: they are judged against the '
            "rest, here and in every run on the same data.</div>"
        )
        name = st.text_input("Name", title[:60], key=f"slice_name_{title}")
        if st.button("Save", type="primary", key="slice_save_now"):
            try:
                if condition:
                    made = save_condition(look.run, name, condition)
                else:
                    made = save_slice(
                        look.run, name, look.split, found, title, by_answers=by_answers
                    )
            except LaminaError as error:
                parts.html(f'<div class="lm-s lm-err" role="alert">{parts.esc(str(error))}</div>')
                return
            st.session_state[f"evaluate_chosen_{look.run.id}"] = ("slice", made.name)
            st.session_state["slices_made"] = made_before + 1  # a fresh popover is closed
            st.rerun()


def table(look: Look, kept: Sequence[Slice], opened: str | None) -> str | None:
    """The card of the split's slices; gives the name of the one that was clicked."""
    if not kept:
        return None
    found = list(zip(kept, _judged(look, kept), strict=True))
    title = TITLES[found[0][1].against.name]
    with st.container(key="lm_card_slices"):
        head(
            "Slices",
            "against all others; a slice opens its rows; chance allows for all that are looked at",
            "slices",
            look.file("slices"),
            lambda: _csv(found),
        )
        items = [
            {
                "row": at,
                "number": str(at + 1),
                "title": f"{one.name}: open its rows",
                "cells": [
                    _named(one),
                    f"{len(one.rows):,}",
                    _figure(said.against, said.against.here),
                    _figure(said.against, said.against.there),
                    difference(said.against),
                    _believed(look, one, said),
                ],
            }
            for at, (one, said) in enumerate(found)
        ]
        heads = ["Slice", "Rows", title, "Of the rest", "Difference", "Beyond chance?"]
        names = [one.name for one in kept]
        clicked = samples(
            f"slices_{look.mark}",
            "vector",
            items,
            columns=heads,
            selected=names.index(opened) if opened in names else None,
        )
    return None if clicked is None else names[clicked]


def _named(one: Slice) -> str:
    """The name, and the condition that it stands for where it says something else."""
    if not one.condition or one.condition == one.name:
        return one.name
    return f"{one.name} ({one.condition})"


def _judged(look: Look, kept: Sequence[Slice]) -> tuple[Judged, ...]:
    """The slices in the words of the groups' table, which they never contradict."""
    some = any(one.condition for one in kept)
    known = columns(look.run.prepared(), look.split) if some else None
    return judged(look.report, kept, known)


def _believed(look: Look, one: Slice, said: Judged) -> str:
    if not one.rows:
        return "no such rows here"
    if one.by and one.by == look.run.id:
        return "chosen by this run's answers"
    return SAID[said.verdict]


def verdict(look: Look, one: Slice) -> str:
    """A slice against the rest in one sentence."""
    kept = slices(look.run, look.split)
    together = kept if one in kept else [one]  # as in the table, or alone
    said = _judged(look, together)[together.index(one)]
    gap = said.against
    line = f"{TITLES[gap.name]} {_figure(gap, gap.here)}"
    if gap.there != gap.there:
        return f"{line}; there are no other rows."
    tail = ""
    if said.verdict == "few":
        tail = ": too few rows to tell"
    elif not gap.sure:
        tail = f", which may be chance{said.among}"
    if one.by and one.by == look.run.id:
        tail = ". This run's own answers chose these rows: judge other runs by them"
    return f"{line} against {_figure(gap, gap.there)} on the rest{tail}."


def _figure(gap: Difference, value: float) -> str:
    return figures.share(value) if gap.name == "accuracy" else figures.number(value)


def difference(gap: Difference) -> str:
    """A difference with its interval: "+2.1 (0.3 to 3.9)"; of shares in percentage points."""
    points = gap.name == "accuracy"
    if gap.gap != gap.gap:
        return "–"
    shown = figures.signed(gap.gap, points=points)
    if gap.interval[0] != gap.interval[0]:
        return shown
    low, high = (figures.signed(end, points=points) for end in gap.interval)
    return f"{shown} ({low} to {high})"


def _csv(found: Sequence[tuple[Slice, Judged]]) -> bytes:
    lines = [
        [one.name, len(one.rows), gap.name, gap.here, gap.there, gap.gap, *gap.interval, one.what]
        for one, gap in ((one, said.against) for one, said in found)
    ]
    heads = ["slice", "rows", "figure", "slice_value", "rest_value", "difference", "low", "high"]
    return figures.table([*heads, "from"], lines)
