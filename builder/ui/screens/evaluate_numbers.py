"""Evaluate, for numbers: predicted against true, residuals, the worst rows."""

from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import RegressionSplit
from builder.ui import charts, figures, rows
from builder.ui.components.samples import samples
from builder.ui.screens.evaluate_classes import head


def show(run: Any, report: RegressionSplit, split: str, checkpoint: str) -> None:
    """Draw everything below the headline."""
    from builder.ui.screens.evaluate import explain

    clicked = _charts(run, report, split)
    with st.container(key="lm_card_worst"):
        head(
            "Furthest off",
            "worst first; a row opens its explanation",
            "worst",
            f"predictions-{split}",
            lambda: _csv(report),
        )
        worst = report.mistakes(20)
        row = _grid(run, report, split, worst)
    row = clicked if clicked is not None else row
    if row is not None:
        st.session_state["explain_list"] = [int(one) for one in report.mistakes(200)]
        st.session_state["explain_list_title"] = "Furthest off"
        explain(split, row, checkpoint)


def _charts(run: Any, report: RegressionSplit, split: str) -> int | None:
    left, right = st.columns([700, 692], gap="small")
    with left, st.container(key="lm_card_scatter", height="stretch"):
        head(
            f"Predicted against true {run.spec.target.name}",
            "a dot on the line is right; click one to explain it",
            "scatter",
            f"predictions-{split}",
            lambda: _csv(report),
        )
        picked = charts.show(
            figures.predicted_against_true(report),
            key=f"scatter_{run.id}_{split}",
            height=330,
            name="predicted-against-true",
            on_select="rerun",
            selection_mode="points",
        )
    with right, st.container(key="lm_card_residuals", height="stretch"):
        bias = float(report.residuals.mean())
        note = f"truth minus prediction, {figures.number(bias)} on average"
        head("How far off", note, "residuals", "residuals", lambda: _residuals_csv(report))
        charts.show(figures.residuals(report), key="residuals_chart", height=330, name="residuals")
    points = (picked or {}).get("selection", {}).get("points", []) if picked is not None else []
    for point in points:
        row = point.get("customdata")
        row = row[0] if isinstance(row, list) else row
        if isinstance(row, int):
            return row
    return None


def _grid(run: Any, report: RegressionSplit, split: str, found: Any) -> int | None:
    def caption(row: int) -> dict[str, Any]:
        truth, answer = float(report.targets[row]), float(report.predictions[row])
        return {
            "left": "true",
            "leftFigure": figures.number(truth),
            "right": "predicted",
            "rightFigure": figures.number(answer),
            "cells": [
                figures.number(truth),
                figures.number(answer),
                figures.number(truth - answer),
            ],
        }

    return samples(
        f"worst_{run.id}",
        rows.form(run.spec),
        rows.items(run.prepared(), split, found, caption),
        columns=rows.heads(run.spec, ["True", "Predicted", "Off by"]),
    )


def _csv(report: RegressionSplit) -> bytes:
    lines = zip(
        range(1, report.rows + 1), report.targets, report.predictions, report.residuals, strict=True
    )
    return figures.table(["row", "truth", "prediction", "truth_minus_prediction"], lines)


def _residuals_csv(report: RegressionSplit) -> bytes:
    counts, edges = np.histogram(report.residuals, bins=41)
    return figures.table(["from", "to", "rows"], zip(edges[:-1], edges[1:], counts, strict=True))
