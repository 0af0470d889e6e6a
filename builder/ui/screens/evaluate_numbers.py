"""Evaluate, for numbers: predicted against true, residuals, the worst rows, slices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import RegressionSplit, Slice, slices
from builder.ui import charts, figures, parts, rows
from builder.ui.components.samples import samples
from builder.ui.screens import evaluate_groups, evaluate_slices
from builder.ui.screens.evaluate_parts import Look, csv, explain, head, predictions_csv

WORST = 20


def show(look: Look, report: RegressionSplit) -> None:
    """Draw everything below the headline."""
    picked = _charts(look, report)
    kept = slices(look.run, look.split)
    key = f"evaluate_chosen_{look.run.id}"
    held = st.session_state.get(key)
    one = _open(look, held, kept)
    spot = st.container()
    opened = one.name if one else None
    asked = _asked("where", evaluate_groups.show(look, opened))
    asked = _asked("slice", evaluate_slices.table(look, kept, opened)) or asked
    if asked is not None and asked != held:
        st.session_state[key] = asked
        st.rerun()
    with spot:
        _rows(look, report, picked, one, held[0] if one and held else "")


def _open(look: Look, held: Any, kept: Sequence[Slice]) -> Slice | None:
    """The slice or the condition whose rows are shown."""
    if not held:
        return None
    if held[0] == "where":
        return evaluate_groups.rows(look, held[1])
    return next((one for one in kept if one.name == held[1] and one.rows), None)


def _asked(kind: str, name: str | None) -> tuple[str, str] | None:
    return None if name is None else (kind, name)


def _rows(
    look: Look, report: RegressionSplit, picked: list[int], one: Slice | None, kind: str
) -> None:
    """The rows that were boxed in the chart, else those that are open, else the worst."""
    off = np.abs(report.residuals)
    title, note = "Furthest off", "worst first; a row opens its explanation"
    found, opened, condition = report.mistakes(report.rows), "", ""
    if len(picked) > 1:
        found, one = np.asarray(picked, np.int64), None
        title, note = f"{len(picked):,} boxed {look.word(len(picked))}", "the furthest off first"
    elif one is not None:
        found, title = one.indexes, one.name
        opened, condition = (one.name, "") if kind == "slice" else ("", one.name)
        note = evaluate_slices.verdict(look, one)
    found = found[np.argsort(-off[found], kind="stable")]
    with st.container(key="lm_card_worst"):
        with st.container(horizontal=True, vertical_alignment="center", key="lm_head_worst"):
            parts.html(parts.heading(title, note), "worst-title")
            csv(lambda: predictions_csv(report, found), "worst", look.file(title))
        row = _grid(look, report, found[:WORST])
        if len(picked) > 1 or one is not None:
            with st.container(horizontal=True, key="lm_foot_worst"):
                evaluate_slices.keep_or_delete(
                    look, found, title, opened, by_answers=not condition, condition=condition
                )
                if one is not None and st.button("Show the worst of all", key="slice_close"):
                    st.session_state.pop(f"evaluate_chosen_{look.run.id}", None)
                    st.rerun()
                parts.html("")
    row = picked[0] if len(picked) == 1 else row
    if row is not None:
        explain(look.split, row, look.checkpoint, title, found)


def _charts(look: Look, report: RegressionSplit) -> list[int]:
    """Both charts; gives the rows that were clicked or boxed in the first."""
    target = rows.column_label(look.run.spec, look.run.spec.target.name)
    left, right = st.columns([700, 692], gap="small")
    key, name = f"scatter_{look.run.id}_{look.split}", look.file("predicted against true")
    with left, st.container(key="lm_card_scatter", height="stretch"):
        head(
            "Predicted against true",
            f"{target}; click or box dots",
            "scatter",
            look.file("predictions"),
            lambda: predictions_csv(report),
            [(key, name, "the chart")],
        )
        shown = charts.show(
            figures.predicted_against_true(report),
            key=key,
            height=330,
            files=False,
            box=True,
            on_select="rerun",
            selection_mode=("points", "box"),
        )
    with right, st.container(key="lm_card_residuals", height="stretch"):
        bias, name = figures.signed(float(report.residuals.mean())), look.file("residuals")
        head(
            "How far off",
            f"truth minus prediction, {bias} on average",
            "residuals",
            name,
            lambda: _residuals_csv(report),
            [("residuals_chart", name, "the chart")],
        )
        charts.show(figures.residuals(report), key="residuals_chart", height=330, files=False)
    points = (shown or {}).get("selection", {}).get("points", [])
    return sorted({row for row in map(_row, points) if 0 <= row < report.rows})


def _row(point: Any) -> int:
    """The index of a dot; -1 for a point of the diagonal."""
    told = point.get("customdata")
    told = told[0] if isinstance(told, list | tuple) and told else told
    return told if isinstance(told, int) else -1


def _grid(look: Look, report: RegressionSplit, found: Any) -> int | None:
    true = report.targets[found].astype(float).tolist()
    said = report.predictions[found].astype(float).tolist()
    off = [a - b for a, b in zip(true, said, strict=True)]
    columns = (figures.column(true), figures.column(said), figures.column(off, plus=True))
    cells = dict(zip(map(int, found), zip(*columns, strict=True), strict=True))

    def caption(row: int) -> dict[str, Any]:
        return {
            "left": "true",
            "leftFigure": cells[row][0],
            "right": "predicted",
            "rightFigure": cells[row][1],
            "cells": list(cells[row]),
        }

    return samples(
        f"worst_{look.run.id}",
        rows.form(look.run.spec),
        rows.items(look.run.prepared(), look.split, found, caption),
        columns=rows.heads(look.run.spec, ["True", "Predicted", "Off by"]),
    )


def _residuals_csv(report: RegressionSplit) -> bytes:
    counts, edges = figures.residual_bins(report)
    return figures.table(["from", "to", "rows"], zip(edges[:-1], edges[1:], counts, strict=True))
