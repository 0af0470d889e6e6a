"""What the parts of the Evaluate page share: what is looked at, a card's head, samples, figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.evaluate import ClassificationSplit, SplitReport
from builder.ui import figures, opened, parts, rows, state
from builder.ui.components.downloads import downloads, file_name
from builder.ui.components.samples import samples

COLUMNS = (448, 440, 488)
"""The page's grid of three."""
PAIR = (911, 497)
"""Two cards of which the first is as wide as the grid's first two with the gap between them: each
of Streamlit's columns takes its share of the gaps as well."""
HALVES = (456, 448)
"""The grid's first two within that first one."""

MOST_LISTED = 200
"""Rows that the Explain page steps through."""


@dataclass(frozen=True)
class Look:
    """A checkpoint of a run on one split."""

    project: str
    run: Any
    split: str
    checkpoint: str
    report: SplitReport

    def file(self, figure: str) -> str:
        """What a figure's downloads are called: project, run, split, figure."""
        return file_name([self.project, opened.name_of(self.run), self.split, figure])

    def word(self, count: int) -> str:
        """What so many rows are called: "image", "texts"."""
        return rows.word(self.run.spec, count)

    @property
    def mark(self) -> str:
        """Names what is looked at in keys of components."""
        return f"{self.run.id}_{self.split}_{self.checkpoint}"


def explain(split: str, row: int, checkpoint: str, title: str = "", among: Any = ()) -> None:
    """Turn to the Explain page with this sample, and the list it stands in. Does not return."""
    if len(among):
        st.session_state["explain_list"] = [int(one) for one in among[:MOST_LISTED]]
        st.session_state["explain_list_title"] = title
    st.session_state.pop("explain_given", None)
    st.session_state["explain_checkpoint"] = checkpoint
    state.go("explain", split=split, row=str(int(row)))


def head(
    title: str,
    note: str,
    key: str,
    name: str,
    content: Callable[[], bytes] | None = None,
    charts: Sequence[tuple[str, str, str]] = (),
) -> None:
    """A card's heading with the downloads of what it shows.

    `content` gives the numbers as CSV; `charts` are (key, name of the files, what it is called).
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"lm_head_{key}"):
        parts.html(parts.heading(title, note))
        for chart, called, of in charts:
            downloads(chart, called, of=of)
        if content is not None:
            csv(content, key, name)


def csv(content: Callable[[], bytes], key: str, name: str, label: str = "CSV") -> None:
    """A quiet button that downloads numbers as name.csv."""
    st.download_button(
        label,
        content,
        file_name=f"{name}.csv",
        mime="text/csv",
        type="tertiary",
        key=f"{key}_csv",
        on_click="ignore",
        help="Download these figures",
    )


def figure(label: str, value: str, note: str) -> str:
    """A figure with its label above and a note below, as markup."""
    return (
        f'<div><div class="lm-f lm-s">{escape(label)}</div>'
        f'<div style="font-size:20px;font-weight:600;line-height:26px">{escape(value)}</div>'
        f'<div class="lm-s lm-f">{escape(note)}</div></div>'
    )


def grid(look: Look, found: Any, key: str, none: str = "", *, tall: bool = False) -> int | None:
    """A classifier's rows as samples with what the model said and how sure it was.

    Gives the row that was clicked.
    """
    report = look.report
    assert isinstance(report, ClassificationSplit)  # noqa: S101
    return samples(
        key,
        rows.form(look.run.spec),
        rows.items(look.run.prepared(), look.split, found, lambda row: _caption(report, row)),
        columns=rows.heads(look.run.spec, ["Truth", "Predicted", "Sure"]),
        none=none or "No rows in this cell.",
        tall=tall,
    )


def _caption(report: ClassificationSplit, row: int) -> dict[str, Any]:
    answer, truth = int(report.predictions[row]), int(report.targets[row])
    wrong = truth != answer
    p, names = report.probabilities[row], report.classes
    other = truth if wrong else int(np.argsort(p)[-2])
    return {
        "left": f"said {names[answer]}",
        "leftFigure": f"· {p[answer] * 100:.0f} %",
        "right": f"{'is' if wrong else 'next'} {names[other]}",
        "rightFigure": f"· {p[other] * 100:.0f} %",
        "title": f"Row {rows.row_label(row)}: truth {names[truth]}, predicted {names[answer]}. "
        "Click to explain.",
        "cells": [names[truth], names[answer], f"{p[answer] * 100:.0f} %"],
    }


def predictions_csv(report: SplitReport, found: Any = None) -> bytes:
    """Rows of the split, all unless `found` names some: truth, prediction, and how sure.

    A classifier's lines hold every class's probability, a regressor's how far off it is.
    """
    chosen = range(report.rows) if found is None else [int(row) for row in found]
    if isinstance(report, ClassificationSplit):
        names = report.classes
        table = [
            [
                rows.row_number(row),
                names[int(report.targets[row])],
                names[int(report.predictions[row])],
                *map(float, report.probabilities[row]),
            ]
            for row in chosen
        ]
        return figures.table(
            ["row", "truth", "prediction", *(f"p({name})" for name in names)], table
        )
    table = [
        [rows.row_number(row), truth, answer, truth - answer]
        for row in chosen
        for truth, answer in [(float(report.targets[row]), float(report.predictions[row]))]
    ]
    return figures.table(["row", "truth", "prediction", "truth_minus_prediction"], table)
