"""Evaluate, for classes: the matrix, its samples, the classes.

Thresholds, calibration, curves, sure mistakes.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import ClassificationSplit
from builder.ui import charts, figures, parts, rows
from builder.ui.components.classes import classes
from builder.ui.components.matrix import matrix
from builder.ui.components.samples import samples
from builder.ui.sample import called

PAGE = 15
NOTHING = "\u00a0"
"""Keeps a note's line where there is nothing to note, so that the page stands still."""


def show(run: Any, report: ClassificationSplit, split: str, checkpoint: str) -> None:
    """Draw everything below the headline."""
    _board(run, report, split, checkpoint)
    _decide(report)
    _curves(run, report, split, checkpoint)


def head(title: str, note: str, key: str, name: str, content: Callable[[], bytes]) -> None:
    """A card's heading with the download of what it shows."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"lm_head_{key}"):
        parts.html(parts.heading(title, note))
        st.download_button(
            "CSV",
            content,
            file_name=f"{name}.csv",
            mime="text/csv",
            type="tertiary",
            key=f"{key}_csv",
            on_click="ignore",
            help="Download these figures",
        )


@st.fragment
def _board(run: Any, report: ClassificationSplit, split: str, checkpoint: str) -> None:
    """The matrix, the samples of what was chosen, and the classes.

    One fragment, so a click redraws only this.
    """
    key = f"evaluate_chosen_{run.id}"
    chosen = st.session_state.get(key) or ("cell", *_worst(report))
    left, middle, right = st.columns([448, 440, 488], gap="small")
    spot = middle.container(key="lm_card_samples", height="stretch")
    with left, st.container(key="lm_card_matrix", height="stretch"):
        parts.html(parts.heading("Confusion matrix", "rows are the truth, columns the prediction"))
        cell = matrix(
            f"matrix_{run.id}_{split}_{checkpoint}",
            report.classes,
            report.confusion_matrix,
            (chosen[1], chosen[2]) if chosen[0] == "cell" else None,
        )
    with right, st.container(key="lm_card_classes", height="stretch"):
        head(
            "By class",
            "weakest first; a row opens its samples",
            "classes",
            "by-class",
            lambda: _classes_csv(report),
        )
        found = [{"code": code, **vars(one)} for code, one in enumerate(report.per_class())]
        code = classes(
            f"classes_{run.id}_{split}_{checkpoint}",
            [
                {name: None if value != value else value for name, value in one.items()}
                for one in found
            ],
            chosen[1] if chosen[0] == "class" else None,
        )
    asked = ("cell", *cell) if cell else ("class", code) if code is not None else None
    if asked is not None:
        chosen = asked
        if st.session_state.get(key) != asked:
            st.session_state[key] = asked
            st.session_state["evaluate_shown"] = PAGE
            st.rerun(scope="fragment")
    with spot:
        _samples(run, report, split, checkpoint, chosen)


def _worst(report: ClassificationSplit) -> tuple[int, int]:
    """The largest cell beside the diagonal; where nothing is wrong, the first on it."""
    wrong = report.matrix.copy()
    np.fill_diagonal(wrong, 0)
    true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return (int(true), int(predicted)) if wrong.any() else (0, 0)


def _classes_csv(report: ClassificationSplit) -> bytes:
    lines = report.per_class()
    return figures.table(list(vars(lines[0])), [list(vars(line).values()) for line in lines])


def _samples(
    run: Any, report: ClassificationSplit, split: str, checkpoint: str, chosen: Sequence[Any]
) -> None:
    from builder.ui.screens.evaluate import explain

    if chosen[0] == "cell":
        found = report.cell(chosen[1], chosen[2])
        title, line = _words(run, report, chosen[1], chosen[2])
    else:
        found = report.of_class(chosen[1])
        name = report.classes[chosen[1]]
        wrong = int((~report.right[found]).sum())
        title = f"{len(found):,} {rows.word(run.spec, len(found))} of {called(name)}"
        line = f"{wrong:,} of them taken for something else; those come first."
    parts.html(parts.heading(title, "surest first"), "samples-title")
    parts.html(f'<div class="lm-m lm-s">{escape(line)}</div>')
    shown = int(st.session_state.get("evaluate_shown", PAGE))
    row = grid(run, report, split, found[:shown], f"samples_{run.id}")
    with st.container(horizontal=True, vertical_alignment="center", key="lm_foot_samples"):
        these = len(found) and st.button("Explain these", key="explain_these")
        if len(found) > shown and st.button("Show more", key="more_samples"):
            st.session_state["evaluate_shown"] = shown + 2 * PAGE
            st.rerun(scope="fragment")
        parts.html(
            f'<div class="lm-f lm-s" style="text-align:right">{min(shown, len(found)):,} of '
            f"{len(found):,}</div>"
        )
    if these:
        row = int(found[0])
    if row is not None:
        st.session_state["explain_list"] = [int(one) for one in found[:200]]
        st.session_state["explain_list_title"] = title
        explain(split, row, checkpoint)


def grid(
    run: Any, report: ClassificationSplit, split: str, found: Any, key: str, none: str = ""
) -> int | None:
    """The rows as samples with what the model said and how sure it was.

    Gives the row that was clicked.
    """

    def caption(row: int) -> dict[str, Any]:
        answer, truth = int(report.predictions[row]), int(report.targets[row])
        wrong = truth != answer
        other = truth if wrong else int(np.argsort(report.probabilities[row])[-2])
        p = report.probabilities[row]
        names = report.classes
        return {
            "left": f"said {names[answer]}",
            "leftFigure": f"· {p[answer] * 100:.0f} %",
            "right": f"{'is' if wrong else 'next'} {names[other]}",
            "rightFigure": f"· {p[other] * 100:.0f} %",
            "title": f"Row {rows.row_label(row)}: truth {names[truth]}, predicted "
            f"{names[answer]}. Click to explain.",
            "cells": [names[truth], names[answer], f"{p[answer] * 100:.0f} %"],
        }

    prepared = run.prepared()
    return samples(
        key,
        rows.form(run.spec),
        rows.items(prepared, split, found, caption),
        columns=rows.heads(run.spec, ["Truth", "Predicted", "Sure"]),
        none=none or "No rows in this cell.",
    )


def _words(run: Any, report: ClassificationSplit, true: int, predicted: int) -> tuple[str, str]:
    count = report.confusion_matrix[true][predicted]
    name, other = called(report.classes[true]), called(report.classes[predicted])
    total = int(report.matrix[true].sum())
    right = report.confusion_matrix[true][true]
    what = rows.word(run.spec, count)
    if true == predicted:
        return (
            f"{count:,} {what} of {name}, rightly predicted",
            f"{right:,} of the {total:,} {rows.word(run.spec, total)} of {name} are right.",
        )
    missed = total - right
    line = f"{right:,} of the {total:,} {rows.word(run.spec, total)} of {name} are right"
    line += f"; {_share_of_misses(count, missed)} went to {other}." if missed else "."
    return f"{count:,} {what} of {name} taken for {other}", line


def _share_of_misses(count: int, missed: int) -> str:
    if count < missed:
        return f"{count:,} of the {missed:,} misses"
    return {1: "the only miss", 2: "both misses"}.get(missed, f"all {missed:,} misses")


@st.fragment
def _decide(report: ClassificationSplit) -> None:
    """Thresholds and calibration."""
    left, middle, right = st.columns([448, 440, 488], gap="small")
    with left, st.container(key="lm_card_threshold", height="stretch"):
        mode = "sure"
        if report.binary:
            mode = st.segmented_control(
                "Threshold",
                ["positive", "sure"],
                default="positive",
                required=True,
                key="threshold_mode",
                format_func={
                    "positive": f"Answer {called(report.classes[1])} from",
                    "sure": "Answer only when sure",
                }.__getitem__,
                label_visibility="collapsed",
            )
        else:
            head(
                "Answer only when sure",
                "at least this sure",
                "coverage",
                "answer-only-when-sure",
                lambda: _coverage_csv(report),
            )
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
            charts.show(drawn, key="threshold_chart", height=176, name="threshold")
    with middle, st.container(key="lm_card_at", height="stretch"):
        if mode == "positive":
            _at_threshold(report, at)
        else:
            _when_sure(report, at)
    with right, st.container(key="lm_card_calibration", height="stretch"):
        _calibration(report)


def _coverage_csv(report: ClassificationSplit) -> bytes:
    return figures.table(["at_least", "answered", "accuracy"], zip(*report.coverage, strict=True))


def figure(label: str, value: str, note: str) -> str:
    """A figure with its label above and a note below, as markup."""
    return (
        f'<div><div class="lm-f lm-s">{escape(label)}</div>'
        f'<div style="font-size:20px;font-weight:600;line-height:26px">{escape(value)}</div>'
        f'<div class="lm-s lm-f">{escape(note)}</div></div>'
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
        + f'</div><div class="lm-m">The other {left:,} would go to a person. Choose the '
        "value on validation data; "
        "test data only judges it.</div>",
        "at-threshold",
    )


def _at_threshold(report: ClassificationSplit, at: float) -> None:
    found = report.threshold(at)
    usual = report.threshold(0.5)
    names = {"accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1"}
    cells = "".join(
        figure(
            title,
            figures.number(found.figures[name]),
            NOTHING
            if found.matrix == usual.matrix
            else f"{figures.number(usual.figures[name])} at 0.50",
        )
        for name, title in names.items()
    )
    no, yes = report.classes
    (tn, fp), (fn, tp) = found.matrix
    head(
        f"From {at:.2f} on, the answer is {called(yes)}",
        "",
        "at",
        "thresholds",
        lambda: _threshold_csv(report),
    )
    parts.html(
        f'<div style="display:flex;gap:28px;margin:6px 0 12px">{cells}</div><div class="lm-m">'
        f"{tp:,} of the {tp + fn:,} of {escape(called(yes))} are found, {fn:,} missed; {fp:,} of "
        f"the {fp + tn:,} of {escape(called(no))} raise a false alarm. "
        "Choose the value on validation data; test data only judges it.</div>",
        "at-threshold",
    )


def _threshold_csv(report: ClassificationSplit) -> bytes:
    found = [report.threshold(float(value)) for value in np.linspace(0, 1, 101)]
    return figures.table(
        ["threshold", *found[0].figures], [[one.threshold, *one.figures.values()] for one in found]
    )


def _calibration(report: ClassificationSplit) -> None:
    bins = report.calibration
    head(
        "Calibration",
        "does 80 % sure mean right 8 times in 10?",
        "calibration",
        "calibration",
        lambda: figures.table(
            ["from", "to", "sure", "right", "rows"],
            zip(bins.edges[:-1], bins.edges[1:], bins.sure, bins.right, bins.rows, strict=True),
        ),
    )
    chart, words = st.columns([276, 150], gap="small")
    with chart:
        charts.show(
            figures.calibration(report), key="calibration_chart", height=188, name="calibration"
        )
    with words:
        error = bins.error
        sure = float(np.nansum(bins.sure * bins.rows) / max(1, report.rows))
        bold = "too sure" if sure > report.metrics["accuracy"] else "too modest"
        if error <= 0.05:
            badge, line = (
                parts.badge("Well calibrated", "ok"),
                "Its confidences can be read as odds.",
            )
        else:
            badge = parts.badge(
                "Roughly calibrated" if error <= 0.1 else "Badly calibrated", "warn"
            )
            line = f"On the whole the model is {bold}: read its confidences with care."
        parts.html(
            '<div class="lm-s lm-row"><span class="lm-swatch" '
            'style="background:var(--train);opacity:.75"></span>right in fact</div>'
            '<div class="lm-s lm-row" style="margin:4px 0 8px"><span class="lm-swatch" '
            'style="height:3px;background:var(--val)"></span>sure on average</div>'
            f'{badge}<div class="lm-m lm-s" style="margin-top:8px">Off by '
            f"{figures.share(error)} on average. {line}</div>",
            "calibration",
        )


@st.fragment
def _curves(run: Any, report: ClassificationSplit, split: str, checkpoint: str) -> None:
    """ROC and precision-recall by class, and the most confident mistakes."""
    from builder.ui.screens.evaluate import explain

    left, right = st.columns([904, 488], gap="small")
    with left, st.container(key="lm_card_curves", height="stretch"):
        names = list(report.classes)
        lines = report.per_class()
        with st.container(horizontal=True, vertical_alignment="center", key="lm_head_curves"):
            parts.html(
                parts.heading("Ranking", "how well its confidence tells a class from the rest")
            )
            name = st.selectbox(
                "Class",
                names,
                index=1 if report.binary else _weakest(report),
                key=f"curve_class_{run.id}",
                label_visibility="collapsed",
                width=180,
            )
            st.download_button(
                "CSV",
                lambda: _curves_csv(report),
                file_name="roc-and-pr.csv",
                mime="text/csv",
                type="tertiary",
                key="curves_csv",
                on_click="ignore",
                help="Download these curves",
            )
        code = names.index(name)
        order = (
            [code]
            if report.binary
            else [code, *[at for at in range(len(names)) if at != code][:20]]
        )
        roc, pr = st.columns(2, gap="small")
        with roc:
            parts.html(
                f'<div class="lm-s lm-m">ROC of {escape(name)}, area <b>'
                f"{figures.number(lines[code].roc_auc)}</b></div>",
                "roc",
            )
            charts.show(
                figures.curves([(names[at], report.roc(at)) for at in order], "roc"),
                key="roc_chart",
                height=300,
                name="roc",
            )
        with pr:
            parts.html(
                f'<div class="lm-s lm-m">Precision and recall of {escape(name)}, average '
                f"precision <b>{figures.number(lines[code].average_precision)}</b></div>",
                "pr",
            )
            charts.show(
                figures.curves([(names[at], report.pr(at)) for at in order], "pr"),
                key="pr_chart",
                height=300,
                name="precision-recall",
            )
    with right, st.container(key="lm_card_mistakes", height="stretch"):
        wrong = report.mistakes(12)
        head(
            "Most confident mistakes",
            "",
            "mistakes",
            f"predictions-{split}",
            lambda: predictions_csv(report),
        )
        row = grid(run, report, split, wrong, f"mistakes_{run.id}", "Not one row is wrong.")
    if row is not None:
        st.session_state["explain_list"] = [int(one) for one in report.mistakes(200)]
        st.session_state["explain_list_title"] = "Most confident mistakes"
        explain(split, row, checkpoint)


def _weakest(report: ClassificationSplit) -> int:
    return int(np.argmin([one.f1 for one in report.per_class()]))


def _curves_csv(report: ClassificationSplit) -> bytes:
    lines: list[list[Any]] = []
    for code, name in enumerate(report.classes):
        for kind, curve in (("roc", report.roc(code)), ("precision_recall", report.pr(code))):
            points = zip(curve.thresholds, curve.x, curve.y, strict=True)
            lines.extend([kind, name, *point] for point in points)
    return figures.table(["curve", "class", "threshold", "x", "y"], lines)


def predictions_csv(report: ClassificationSplit) -> bytes:
    """Every row of the split: truth, prediction, probabilities."""
    names = report.classes
    lines = (
        [
            rows.row_number(row),
            names[int(truth)],
            names[int(answer)],
            *(round(float(value), 6) for value in p),
        ]
        for row, (truth, answer, p) in enumerate(
            zip(report.targets, report.predictions, report.probabilities, strict=True)
        )
    )
    return figures.table(["row", "truth", "prediction", *(f"p({name})" for name in names)], lines)
