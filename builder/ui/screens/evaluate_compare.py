"""Evaluate: another run of the project beside this one, on the same rows."""

from html import escape
from typing import Any

import streamlit as st

from builder import runs
from builder.errors import LaminaError
from builder.evaluate import ClassificationSplit, Comparison, Difference, compare
from builder.ui import comparison, figures, labels, opened, parts
from builder.ui.screens.evaluate_parts import Look, explain, grid, head

SHOWN = 7
LABELS = {"f1_macro": "Macro F1", "log_loss": "Log loss"}
LOWER = ("log_loss", "mae", "rmse")
"""Figures of which less is better."""


def choose(run: Any) -> str | None:
    """The choice of another run of the project; its id, None where none is chosen."""
    found = {
        str(row.id): row.name or str(row.id)
        for row in runs.list_runs(run.info.get("project_id") or None)
        if str(row.id) != run.id and row.epoch
    }
    key = f"evaluate_compare_{run.id}"
    return st.selectbox(
        "Compare with",
        list(found),
        index=None,
        format_func=lambda one: found.get(one, one),
        placeholder="Compare with…",
        key=key,
        width=160,
        disabled=not found,
        help=None if found else "Train this project once more to compare two runs.",
        label_visibility="collapsed",
    )


def show(look: Look, other: str) -> None:
    """The card that lays the other run beside this one; says why where it cannot be."""
    here = opened.name_of(look.run)
    with st.container(key="lm_card_compare"):
        try:
            there = runs.open_run(other)
            name = opened.name_of(there)
            found = compare(look.report, opened.report(there, "best", look.split))
        except LaminaError as error:
            parts.failed(error, key="compare")
            return
        head(
            f"{here} beside {name}",
            f"the same {look.report.rows:,} {look.word(look.report.rows)}; "
            f"{name} at its best epoch; intervals of 95 %",
            "compare",
            look.file(f"against {name}"),
            lambda: _csv(found),
        )
        parts.html(_table(found, here, name, look.word(2)), "compare")
        if isinstance(look.report, ClassificationSplit):
            _disagreements(look, found, here, name)


def verdict(found: Comparison, here: str, there: str) -> str:
    """The comparison in a sentence: who is better by the first figure, and whether surely."""
    first = found.differences[0]
    if first.gap == 0:
        return f"Both are equally good by {_label(first).lower()}."
    better, other = (here, there) if first.gap > 0 else (there, here)
    if first.sure:
        return f"{better} is better than {other}, and more than chance explains."
    return f"{better} is ahead of {other}, by no more than chance may give."


def _label(one: Difference) -> str:
    return LABELS.get(one.name, comparison.label(one.name))


def _value(one: Difference, value: float) -> str:
    return figures.share(value) if one.name == "accuracy" else figures.number(value)


def _table(found: Comparison, here: str, there: str, word: str) -> str:
    heads = "".join(f"<th>{escape(text)}</th>" for text in (
        "", here, there, "Difference", "95 % interval", ""))  # fmt: skip
    rows = "".join(_row(one, here, there) for one in found.differences)
    line = verdict(found, here, there)
    counts = ""
    if found.p_value < 1 or len(found.only_here) + len(found.only_there):
        counts = (
            f" {len(found.only_here):,} {word} only {here} gets right, {len(found.only_there):,} "
            f"only {there} (McNemar's exact test: p = {_p(found.p_value)})."
        )
    if found.differences[0].name == "r2":
        counts = (
            f" {here} is nearer to the truth on {len(found.only_here):,} {word}, {there} on "
            f"{len(found.only_there):,}."
        )
    return (
        f'<div class="lm-m" style="margin:2px 0 6px">{escape(line + counts)}</div>'
        f'<table class="lm-versus"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _row(one: Difference, here: str, there: str) -> str:
    points = one.name == "accuracy"
    unit = " points" if points else ""
    low, high = one.interval
    ends = [figures.signed(end, points=points) for end in (low, high)]
    span = "–" if low != low else " to ".join(ends)
    good = (one.gap < 0) if one.name in LOWER else (one.gap > 0)
    said = "may be chance" if not one.sure else f"{here if good else there} is better"
    tone = "lm-ok" if one.sure and good else "lm-warn" if one.sure else "lm-f"
    return (
        f"<tr><td>{escape(_label(one))}</td><td>{_value(one, one.here)}</td>"
        f"<td>{_value(one, one.there)}</td><td>{figures.signed(one.gap, points=points)}{unit}</td>"
        f'<td>{span}</td><td class="{tone}">{escape(said)}</td></tr>'
    )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _disagreements(look: Look, found: Comparison, here: str, there: str) -> None:
    """The rows that one of the two alone gets right, side by side."""
    columns = st.columns(2, gap="small")
    for column, name, rows in zip(
        columns, (here, there), (found.only_here, found.only_there), strict=True
    ):
        with column:
            title = f"Only {name} is right"
            with st.expander(f"{labels.plain(title)}: {len(rows):,}", key=f"compare_{name}"):
                row = grid(look, rows[:SHOWN], f"only_{name}_{look.run.id}", "No such row.")
        if row is not None:
            explain(look.split, row, look.checkpoint, title, rows)


def _csv(found: Comparison) -> bytes:
    lines = [
        [one.name, one.here, one.there, one.gap, *one.interval, found.p_value]
        for one in found.differences
    ]
    return figures.table(
        ["figure", "here", "there", "difference", "low", "high", "mcnemar_p"], lines
    )
