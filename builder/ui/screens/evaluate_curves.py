"""Evaluate, for classes: ROC and precision-recall by class, and the most confident mistakes."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import ClassificationSplit
from builder.ui import charts, figures, parts
from builder.ui.components.downloads import downloads
from builder.ui.screens.evaluate_parts import PAIR, Look, csv, explain, grid, predictions_csv

MOST_CURVES = 20
SHOWN = 12
SHOWN_TALL = 20
NEAR = 4
FEW = 5
"""Up to so many mistakes are followed by what was nearly one."""


@st.fragment
def beside(look: Look, report: ClassificationSplit) -> None:
    """The ranking, and the mistakes beside it."""
    left, right = st.columns(list(PAIR), gap="small")
    with left:
        ranking(look, report)
    with right:
        mistakes(look, report)


def ranking(look: Look, report: ClassificationSplit) -> None:
    """ROC and precision-recall of one class, the others' behind it."""
    names, lines = list(report.classes), report.per_class()
    with st.container(key="lm_card_curves", height="stretch"):
        with st.container(horizontal=True, vertical_alignment="center", key="lm_head_curves"):
            parts.html(
                parts.heading("Ranking", "how well its confidence tells a class from the rest")
            )
            name = st.selectbox(
                "Class",
                names,
                index=1 if report.binary else _weakest(report),
                key=f"curve_class_{look.run.id}",
                label_visibility="collapsed",
                width=180,
            )
            csv(lambda: curves_csv(report), "curves", look.file("roc and precision recall"))
        code = names.index(name)
        others = [] if report.binary else [at for at in range(len(names)) if at != code]
        order = [code, *others[:MOST_CURVES]]
        roc, pr = st.columns(2, gap="small")
        with roc:
            area = figures.number(lines[code].roc_auc)
            _curve(look, "roc", f"ROC of {name}, area", area, f"roc {name}")
            found = [(names[at], report.roc(at)) for at in order]
            charts.show(figures.curves(found, "roc"), key="roc_chart", height=300, files=False)
        with pr:
            area = figures.number(lines[code].average_precision)
            _curve(
                look, "pr", f"Precision and recall of {name}, average precision", area,
                f"precision recall {name}",
            )  # fmt: skip
            found = [(names[at], report.pr(at)) for at in order]
            charts.show(figures.curves(found, "pr"), key="pr_chart", height=300, files=False)


def _curve(look: Look, kind: str, text: str, area: str, figure: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"lm_head_{kind}"):
        parts.html(f'<div class="lm-s lm-m">{escape(text)} <b>{area}</b></div>', kind)
        downloads(f"{kind}_chart", look.file(figure), of=f"the {figure} curve")


def _weakest(report: ClassificationSplit) -> int:
    return int(np.argmin([one.f1 for one in report.per_class()]))


def curves_csv(report: ClassificationSplit) -> bytes:
    """Every class's ROC and precision-recall curve, point by point."""
    lines: list[list[Any]] = []
    for code, name in enumerate(report.classes):
        for kind, curve in (("roc", report.roc(code)), ("precision_recall", report.pr(code))):
            points = zip(curve.thresholds, curve.x, curve.y, strict=True)
            lines.extend([kind, name, *point] for point in points)
    return figures.table(["curve", "class", "threshold", "x", "y"], lines)


def mistakes(look: Look, report: ClassificationSplit, tall: bool = False) -> None:
    """The mistakes of which the model is surest; where there are few, the nearest misses too."""
    most = SHOWN_TALL if tall else SHOWN
    wrong = report.mistakes(report.rows)
    with st.container(key="lm_card_mistakes", height="stretch"):
        name = f"lm_head_mistakes_{look.run.id}"
        with st.container(horizontal=True, vertical_alignment="center", key=name):
            parts.html(parts.heading("Most confident mistakes"))
            csv(lambda: predictions_csv(report, wrong), "mistakes", look.file("mistakes"))
            csv(
                lambda: predictions_csv(report),
                "predictions",
                look.file("predictions"),
                f"CSV of all {look.word(2)}",
            )
        among, title = wrong, "Most confident mistakes"
        row = grid(
            look,
            wrong[:most],
            f"mistakes_{look.run.id}",
            f"Not one {look.word(1)} is wrong.",
            tall=tall,
        )
        if len(wrong) <= FEW:
            near = report.unsure()[: 2 * NEAR if tall else NEAR]
            beside = "Right, but least sure"
            parts.html(f'<div class="lm-s lm-m" style="margin-top:8px">{beside}</div>')
            other = grid(look, near, f"unsure_{look.run.id}")
            row, among, title = (row, among, title) if other is None else (other, near, beside)
    if row is not None:
        explain(look.split, row, look.checkpoint, title, among)
