"""Evaluate, for classes: thresholds, and whether confidence can be believed."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import ClassificationSplit
from builder.ui import charts, figures, labels, parts
from builder.ui.sample import called
from builder.ui.screens.evaluate_parts import COLUMNS, HALVES, Look, figure, head

NOTHING = "\u00a0"
"""Keeps a note's line where there is nothing to note, so that the page stands still."""

LEAST = 10
"""Fewer wrong (or right) answers judge no calibration: by chance alone their number strays by a
third or more (Poisson, 1/√n); Collins et al. (2016) ask for 100 of the rarer outcome.
"""

JUDGED = "Choose the value on validation data; test data only judges it."


@st.fragment
def show(look: Look, report: ClassificationSplit, beside: bool) -> None:
    """The threshold's two cards, with the calibration `beside` them or without it."""
    left, right, *rest = st.columns(list(COLUMNS if beside else HALVES), gap="small")
    _threshold(look, report, left, right)
    for column in rest:
        with column:
            calibration(look, report)


def _threshold(look: Look, report: ClassificationSplit, left: Any, right: Any) -> None:
    """The chart of every threshold, and the figures at the one that is chosen."""
    with left, st.container(key="lm_card_threshold", height="stretch"):
        mode = _mode(look, report)
        low = 0.0 if report.binary else float(np.floor(10 / len(report.classes)) / 10)
        chart_spot = st.container()
        at = st.slider(
            "At least",
            low,
            1.0,
            0.5 if mode == "positive" else 0.6,
            0.01,
            key=f"threshold_{mode}",
            label_visibility="collapsed",
        )
        drawn = (
            figures.threshold(report, at) if mode == "positive" else figures.coverage(report, at)
        )
        with chart_spot:
            charts.show(drawn, key="threshold_chart", height=176, files=False)
    with right, st.container(key="lm_card_at", height="stretch"):
        if mode == "positive":
            _at_threshold(report, at)
        else:
            _when_sure(report, at)


def _mode(look: Look, report: ClassificationSplit) -> str:
    """What the threshold is of, as chosen: "positive" class, or how "sure" the model must be."""
    title, note = ("By threshold", "") if report.binary else ("Answer only when sure", "at least")
    name = look.file("thresholds" if report.binary else "answer only when sure")
    held = st.session_state.get("threshold_mode", "positive") if report.binary else "sure"
    head(
        title,
        note and "at least this sure",
        "threshold",
        name,
        (lambda: _threshold_csv(report)) if held == "positive" else (lambda: _coverage_csv(report)),
        [("threshold_chart", name, "the chart")],
    )
    if not report.binary:
        return "sure"
    return str(
        st.segmented_control(
            "Threshold",
            ["positive", "sure"],
            default="positive",
            required=True,
            key="threshold_mode",
            format_func={
                "positive": f"Answer {labels.plain(called(report.classes[1]))} from",
                "sure": "Answer only when sure",
            }.__getitem__,
            label_visibility="collapsed",
        )
    )


def _coverage_csv(report: ClassificationSplit) -> bytes:
    return figures.table(["at_least", "answered", "accuracy"], zip(*report.coverage, strict=True))


def _threshold_csv(report: ClassificationSplit) -> bytes:
    found = [report.threshold(float(value)) for value in np.linspace(0, 1, 101)]
    return figures.table(
        ["threshold", *found[0].figures], [[one.threshold, *one.figures.values()] for one in found]
    )


def _when_sure(report: ClassificationSplit, at: float) -> None:
    answered, right = report.sure(at)
    left = report.rows - answered
    parts.html(
        f'{parts.heading("At this threshold")}<div style="display:flex;gap:28px;margin:10px '
        '0 12px">'
        + figure(
            "Answered", figures.share(answered / report.rows), f"{answered:,} of {report.rows:,}"
        )
        + figure(
            "Accuracy of answers",
            figures.share(right),
            f"{figures.share(report.metrics['accuracy'])} without threshold" if left else NOTHING,
        )
        + f'</div><div class="lm-m">The other {left:,} would go to a person. {JUDGED}</div>',
        "at-threshold",
    )


def _at_threshold(report: ClassificationSplit, at: float) -> None:
    found = report.threshold(at)
    usual = report.threshold(0.5)
    shown = figures.number
    names = {"accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1"}
    cells = "".join(
        figure(
            title,
            "–" if name == "precision" and not found.answered else shown(found.figures[name]),
            NOTHING if found.matrix == usual.matrix else f"{shown(usual.figures[name])} at 0.50",
        )
        for name, title in names.items()
    )
    no, yes = report.classes
    (tn, fp), (fn, tp) = found.matrix
    parts.html(
        f"{parts.heading(f'From {at:.2f} on, the answer is {called(yes)}')}"
        f'<div style="display:flex;gap:28px;margin:10px 0 12px">{cells}</div><div class="lm-m">'
        f"{tp:,} of the {tp + fn:,} of {escape(called(yes))} are found, {fn:,} missed; {fp:,} of "
        f"the {fp + tn:,} of {escape(called(no))} raise a false alarm. {JUDGED}</div>",
        "at-threshold",
    )


def calibration(look: Look, report: ClassificationSplit) -> None:
    """How often the model is right against how sure it is, and what follows from it."""
    bins, name = report.calibration, look.file("calibration")
    with st.container(key="lm_card_calibration", height="stretch"):
        head(
            "Calibration",
            "does 80 % sure mean right 8 times in 10?",
            "calibration",
            name,
            lambda: figures.table(
                ["from", "to", "sure", "right", "rows"],
                zip(bins.edges[:-1], bins.edges[1:], bins.sure, bins.right, bins.rows, strict=True),
            ),
            [("calibration_chart", name, "the chart")],
        )
        chart, beside = st.columns([276, 168], gap="small")
        with chart:
            charts.show(
                figures.calibration(report), key="calibration_chart", height=188, files=False
            )
        with beside:
            smoothing = float((look.run.info.get("recipe") or {}).get("label_smoothing") or 0)
            tone, word, line = judged(report, smoothing)
            badge = parts.badge(word, "ok" if tone == "ok" else "n" if tone == "n" else "warn")
            parts.html(
                '<div class="lm-s lm-row"><span class="lm-swatch" '
                'style="background:var(--train);opacity:.75"></span>right in fact</div>'
                '<div class="lm-s lm-row" style="margin:4px 0 8px"><span class="lm-swatch" '
                'style="height:3px;background:var(--val)"></span>sure on average</div>'
                f'{badge}<div class="lm-m lm-s" style="margin-top:8px">{escape(line)}</div>',
                "calibration",
            )


def judged(report: ClassificationSplit, smoothing: float) -> tuple[str, str, str]:
    """What the calibration says: tone ("ok", "warn", "n"), the word for it, and what it means.

    `smoothing` is the recipe's label smoothing: a model trained with it is taught to stop short of
    certainty, so modesty is expected of it, and said to be (Müller et al. 2019).
    """
    error = report.calibration.error
    sure = float(report.confidence.mean())
    off = f"Off by {figures.share(error)} on average. "
    low, high = report.intervals["accuracy"]
    wrong = int((~report.right).sum())
    rarer = min(wrong, report.rows - wrong)
    if rarer < LEAST and (error <= 0.05 or low <= sure <= high):
        kind = "wrong" if wrong == rarer else "right"
        return (
            "n",
            "Too few rows to tell",
            f"{rarer:,} of {report.rows:,} answers {'is' if rarer == 1 else 'are'} {kind}: whether "
            f"its percentages hold shows only with {LEAST} or more.",
        )
    if error <= 0.05:
        return "ok", "Well calibrated", off + "Its confidences can be read as odds."
    if smoothing and sure < low:
        most = figures.share(1 - smoothing + smoothing / len(report.classes))
        return (
            "n",
            "Modest by design",
            f"{off}The recipe smooths labels by {figures.number(smoothing, 2)}: training aims at "
            f"{most}, not 100 %, so it is right more often than it says. Do not read its "
            "percentages as odds.",
        )
    word = "Roughly calibrated" if error <= 0.1 else "Badly calibrated"
    if low <= sure <= high:
        line = (
            "Neither too sure nor too modest on the whole; it strays in places, as "
            f"{report.rows:,} rows may by chance."
        )
    else:
        bold = "too modest" if sure < low else "too sure"
        line = f"On the whole the model is {bold}: read its confidences with care."
        line += " Smoothed labels do not explain that." if smoothing else ""
    return "warn", word, off + line
