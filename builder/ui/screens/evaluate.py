"""The Evaluate page: how good the model is, and the rows behind every figure."""

from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import ClassificationSplit, RegressionSplit, SplitReport
from builder.ui import chrome, figures, making, opened, parts, rows, state
from builder.ui.sample import called
from builder.ui.screens import (
    evaluate_classes,
    evaluate_compare,
    evaluate_made,
    evaluate_numbers,
)
from builder.ui.screens.evaluate_parts import Look, explain


def show() -> None:
    """Draw the page for the run that is looked at."""
    chrome.page("evaluate")
    opened.styles()
    state.project_or_run()
    run = opened.run_or_stop("evaluate")
    project = state.owner(run)
    try:
        if making.makes(run):
            evaluate_made.show(project.name, run)
        else:
            _page(project.name, run)
    except LaminaError as error:
        with st.container(key="lm_body_evaluate_failed"):
            if parts.failed(error, button="Back to training", key="evaluate_failed"):
                state.go("train")


def _page(project: str, run: Any) -> None:
    kept = opened.sizes(run)
    asked = st.session_state.get("evaluate_split")
    split = asked if asked in kept else kept[-1]
    checkpoint = opened.checkpoint_of(run, "evaluate")
    turned: dict[str, Any] = {}

    def actions() -> None:
        st.segmented_control(
            "Split",
            kept,
            default=split,
            format_func=opened.TITLES.__getitem__,
            required=True,
            key="evaluate_split_choice",
            label_visibility="collapsed",
            on_change=_remember,
            args=("evaluate_split", "evaluate_split_choice"),
        )
        opened.chooser(run, "evaluate", checkpoint)
        turned["other"] = evaluate_compare.choose(run)
        turned["explain"] = st.button(
            "Explain a prediction",
            type="primary",
            key="evaluate_explain",
            icon=":material/chevron_right:",
            icon_position="right",
        )

    chrome.bar([project, opened.name_of(run), opened.TITLES[split].lower()], actions=actions)
    report = opened.report(run, checkpoint, split)
    if turned["explain"]:
        row = _first(report)
        explain(split, row, checkpoint)
    if report.rows == 0:
        with st.container(key="lm_body_evaluate_empty"):
            parts.empty("This split has no rows", "Choose another split above.", key="no_rows")
        return
    opened.ready_columns(run, split)
    _headline(run, report, split)
    look = Look(project, run, split, checkpoint, report)
    with st.container(key="lm_body_evaluate"):
        if turned["other"]:
            evaluate_compare.show(look, turned["other"])
        if isinstance(report, ClassificationSplit):
            evaluate_classes.show(look, report)
        elif isinstance(report, RegressionSplit):
            evaluate_numbers.show(look, report)


def _remember(name: str, widget: str) -> None:
    st.session_state[name] = st.session_state[widget]


def _first(report: SplitReport) -> int:
    worst = report.mistakes(1)
    return int(worst[0]) if len(worst) else 0


def _headline(run: Any, report: SplitReport, split: str) -> None:
    found = report.metrics
    if isinstance(report, ClassificationSplit):
        items = _of_classes(report, found)
    else:
        items = _of_numbers(report, found)
    cells = "".join(
        f'<div><div class="l">{escape(label)}</div>'
        f'<div class="v">{escape(value)}<small>{escape(note)}</small></div></div>'
        for label, value, note in items
    )
    parts.html(
        f'<div class="lm-metrics">{cells}<span class="lm-sp"></span>'
        f"{_seen(run, report, split)}</div>",
        "metrics",
    )


def _of_classes(report: ClassificationSplit, found: dict[str, float]) -> list[tuple[str, str, str]]:
    intervals = report.intervals
    items = [
        (
            "Accuracy",
            figures.share(found["accuracy"]),
            figures.half(intervals["accuracy"], found["accuracy"], percent=True),
        )
    ]
    if "top_3_accuracy" in found:
        items.append(("Right class among the top 3", figures.share(found["top_3_accuracy"]), ""))
    f1 = f"F1 of {called(report.classes[1])}" if report.binary else "Macro F1"
    items.append((f1, figures.number(found["f1"]), figures.half(intervals["f1"])))
    if report.binary:
        items.append(("ROC AUC", figures.number(found["roc_auc"]), ""))
    items += [
        ("Log loss", figures.number(found["log_loss"]), ""),
        ("Calibration error", figures.share(found["calibration_error"]), ""),
        ("Guessing gets", figures.share(report.to_beat), ""),
    ]
    return items


def _of_numbers(report: SplitReport, found: dict[str, float]) -> list[tuple[str, str, str]]:
    intervals = report.intervals
    return [
        ("R²", figures.number(found["r2"]), figures.half(intervals["r2"])),
        ("Mean absolute error", figures.number(found["mae"]), figures.half(intervals["mae"])),
        ("Root mean squared error", figures.number(found["rmse"]), figures.half(intervals["rmse"])),
        ("Half of the rows are within", figures.number(found["median_absolute_error"]), ""),
        ("Guessing gets an RMSE of", figures.number(report.to_beat), ""),
    ]


def _seen(run: Any, report: SplitReport, split: str) -> str:
    """What the figures are worth: on which rows they stand."""
    count = f"{report.rows:,} {rows.word(run.spec, report.rows)}"
    if split == "train":
        return _remark(
            "warn", "warn", f"{count}, all of them seen in training: judge on test data."
        )
    if split == "validation":
        return _remark(
            "warn", "warn", f"{count}, used to choose the best epoch: a little too kind."
        )
    if report.repeats:
        share = figures.share(report.repeats / report.rows)
        return _remark(
            "warn", "warn", f"{count}; {report.repeats:,} ({share}) look just like a training row."
        )
    return _remark(
        "ok", "shield", f"{count}, none seen in training. No duplicates of training rows."
    )


def _remark(tone: str, icon: str, sentence: str) -> str:
    return (
        f'<span class="lm-row lm-s lm-m" style="gap:6px;max-width:420px" data-testid="seen">'
        f'<span class="lm-{tone}">{parts.icon(icon, False)}</span>{escape(sentence)}</span>'
    )
