"""Evaluate, for classes: the matrix, the samples of what was chosen, the classes, the slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import ClassificationSplit, Slice, slices
from builder.ui import figures, parts
from builder.ui.components.classes import classes
from builder.ui.components.matrix import matrix
from builder.ui.sample import called
from builder.ui.screens import evaluate_decide, evaluate_groups, evaluate_slices
from builder.ui.screens.evaluate_parts import (
    COLUMNS,
    Look,
    csv,
    explain,
    grid,
    head,
    predictions_csv,
)

PAGE = 15
NEAR = 8
FEW_SAMPLES = 5
"""So few samples are followed by others that help to read them."""


@dataclass(frozen=True)
class _Chosen:
    """Rows with their title and a line about them; `true` is the class that they are of."""

    rows: Any
    title: str
    line: str
    true: int | None = None
    slice: str = ""
    condition: str = ""
    by_answers: bool = True


@st.fragment
def show(look: Look, report: ClassificationSplit, few: bool) -> None:
    """The board. One fragment, so a click redraws only this."""
    key = f"evaluate_chosen_{look.run.id}"
    kept = slices(look.run, look.split)
    chosen: tuple[Any, ...] = st.session_state.get(key) or ("cell", *_worst(report))
    lost = chosen[0] == "slice" and chosen[1] not in [one.name for one in kept if one.rows]
    if lost or (chosen[0] == "where" and evaluate_groups.rows(look, chosen[1]) is None):
        chosen = ("cell", *_worst(report))
    left, middle, right = st.columns(list(COLUMNS), gap="small")
    spot = middle.container(key="lm_card_samples", height="stretch")
    with left, st.container(key="lm_card_matrix", height="stretch"):
        parts.html(parts.heading("Confusion matrix", "rows are the truth, columns the prediction"))
        cell = matrix(
            f"matrix_{look.mark}",
            report.classes,
            report.confusion_matrix,
            (chosen[1], chosen[2]) if chosen[0] == "cell" else None,
            name=look.file("confusion matrix"),
        )
    with right:
        code = _classes(look, report, chosen, few)
        if few:
            evaluate_decide.calibration(look, report)
    where = evaluate_groups.show(look, chosen[1] if chosen[0] == "where" else None)
    opened = evaluate_slices.table(look, kept, chosen[1] if chosen[0] == "slice" else None)
    asked: tuple[Any, ...] | None = ("cell", *cell) if cell else None
    asked = ("class", code) if code is not None else asked
    asked = ("slice", opened) if opened is not None else asked
    asked = ("where", where) if where is not None else asked
    if asked is not None and st.session_state.get(key) != asked:
        st.session_state[key] = asked
        st.session_state["evaluate_shown"] = PAGE
        st.rerun(scope="fragment")
    with spot:
        _samples(look, report, _chosen(look, report, asked or chosen))


def _worst(report: ClassificationSplit) -> tuple[int, int]:
    """The largest cell beside the diagonal; where nothing is wrong, the first on it."""
    wrong = report.matrix.copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (int(true), int(predicted)) if wrong.any() else (0, 0)


def _classes(
    look: Look, report: ClassificationSplit, chosen: Sequence[Any], few: bool
) -> int | None:
    with st.container(key="lm_card_classes", height="content" if few else "stretch"):
        head(
            "By class",
            "weakest first; a row opens its samples",
            "classes",
            look.file("by class"),
            lambda: _classes_csv(report),
        )
        found = [{"code": code, **vars(one)} for code, one in enumerate(report.per_class())]
        return classes(
            f"classes_{look.mark}",
            [
                {name: None if value != value else value for name, value in one.items()}
                for one in found
            ],
            chosen[1] if chosen[0] == "class" else None,
        )


def _classes_csv(report: ClassificationSplit) -> bytes:
    lines = report.per_class()
    return figures.table(list(vars(lines[0])), [list(vars(line).values()) for line in lines])


def _chosen(look: Look, report: ClassificationSplit, chosen: Sequence[Any]) -> _Chosen:
    """The rows that were chosen: of a cell, a class or a slice."""
    if chosen[0] == "cell":
        title, line = words(look, report, chosen[1], chosen[2])
        return _Chosen(report.cell(chosen[1], chosen[2]), title, line, chosen[1])
    if chosen[0] == "class":
        found = report.of_class(chosen[1])
        wrong = int((~report.right[found]).sum())
        title = f"{len(found):,} {look.word(len(found))} of {called(report.classes[chosen[1]])}"
        line = f"{wrong:,} of them taken for something else; those come first."
        return _Chosen(found, title, line, chosen[1], by_answers=False)
    kept: list[Slice | None] = [*slices(look.run, look.split)]
    if chosen[0] == "where":
        kept = [evaluate_groups.rows(look, chosen[1])]
    one = next(one for one in kept if one is not None and one.name == chosen[1])
    found = one.indexes[np.lexsort((-report.confidence[one.indexes], report.right[one.indexes]))]
    line = evaluate_slices.verdict(look, one)
    if chosen[0] == "where":
        return _Chosen(found, one.name, line, condition=one.name, by_answers=False)
    return _Chosen(found, one.name, line, slice=one.name)


def _samples(look: Look, report: ClassificationSplit, chosen: _Chosen) -> None:
    found, name = chosen.rows, f"lm_head_samples_{look.run.id}"
    with st.container(horizontal=True, vertical_alignment="center", key=name):
        parts.html(parts.heading(chosen.title, "surest first"), "samples-title")
        csv(lambda: predictions_csv(report, found), "samples", look.file(chosen.title))
    parts.html(f'<div class="lm-m lm-s">{escape(chosen.line)}</div>')
    shown = int(st.session_state.get("evaluate_shown", PAGE))
    row = grid(look, found[:shown], f"samples_{look.run.id}")
    among, title = found, chosen.title
    if len(found) <= FEW_SAMPLES:
        near = report.unsure(chosen.true)
        near = near[~np.isin(near, found)][:NEAR]
        if len(near):
            of = "" if chosen.true is None else f" of {called(report.classes[chosen.true])}"
            beside = f"Beside them{of}: right, but least sure"
            parts.html(f'<div class="lm-m lm-s" style="margin-top:8px">{escape(beside)}</div>')
            other = grid(look, near, f"beside_{look.run.id}")
            row, among, title = (row, among, title) if other is None else (other, near, beside)
    with st.container(horizontal=True, vertical_alignment="center", key="lm_foot_samples"):
        these = len(found) and st.button("Explain these", key="explain_these")
        if len(found):
            evaluate_slices.keep_or_delete(
                look,
                found,
                chosen.title,
                chosen.slice,
                by_answers=chosen.by_answers,
                condition=chosen.condition,
            )
        if len(found) > shown and st.button("More", key="more_samples"):
            st.session_state["evaluate_shown"] = shown + 2 * PAGE
            st.rerun(scope="fragment")
        parts.html(
            '<div class="lm-f lm-s" style="text-align:right;white-space:nowrap">'
            f"{min(shown, len(found)):,} of {len(found):,}</div>"
        )
    if these:
        row = int(found[0])
    if row is not None:
        explain(look.split, row, look.checkpoint, title, among)


def words(look: Look, report: ClassificationSplit, true: int, predicted: int) -> tuple[str, str]:
    """A cell's title and what it says of its class."""
    count = report.confusion_matrix[true][predicted]
    name, other = called(report.classes[true]), called(report.classes[predicted])
    total = int(report.matrix[true].sum())
    right = report.confusion_matrix[true][true]
    what = look.word(count)
    if true == predicted:
        return (
            f"{count:,} {what} of {name}, rightly predicted",
            f"{right:,} of the {total:,} {look.word(total)} of {name} are right.",
        )
    missed = total - right
    line = f"{right:,} of the {total:,} {look.word(total)} of {name} are right"
    line += f"; {_share_of_misses(count, missed)} went to {other}." if missed else "."
    return f"{count:,} {what} of {name} taken for {other}", line


def _share_of_misses(count: int, missed: int) -> str:
    if count < missed:
        return f"{count:,} of the {missed:,} misses"
    return {1: "the only miss", 2: "both misses"}.get(missed, f"all {missed:,} misses")
