"""Which sample the Explain page looks at.

A row of a split, or one that was typed, drawn or uploaded.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from builder.data.runtime import Preparation
from builder.evaluate import ClassificationSplit, SplitReport
from builder.ui import opened, rows
from builder.ui.components.downloads import file_name

STRIP = 5


@dataclass(frozen=True)
class Sample:
    """A row of a split; or a record that somebody gave, then `record` is not None."""

    split: str
    row: int
    record: dict[str, Any] | None = None

    @property
    def mark(self) -> str:
        """Names the sample in keys of widgets and caches."""
        return f"given{self.row}" if self.record is not None else f"{self.split}{self.row}"


def current(run: Any, checkpoint: str) -> Sample:
    """The sample that somebody gave, that the address names, or by default.

    The surest mistake of the last split. The default leaves the address alone: writing it would
    add a step that Back can never undo.
    """
    given = st.session_state.get("explain_given")
    if isinstance(given, Sample) and st.session_state.get("explain_given_run") == run.id:
        return given
    sizes = run.spec.sizes
    split, row = st.query_params.get("split", ""), st.query_params.get("row", "")
    if sizes.get(split) and row.isdecimal() and int(row) < sizes[split]:
        return Sample(split, int(row))
    split = opened.sizes(run)[-1]
    worst = opened.report(run, checkpoint, split).mistakes(1)
    return Sample(split, int(worst[0]) if len(worst) else 0)


def choose(split: str, row: int) -> None:
    """Look at this row from now on; one step for Back."""
    st.session_state.pop("explain_given", None)
    st.query_params.from_dict(st.query_params.to_dict() | {"split": split, "row": str(row)})


def give(run: Any, record: dict[str, Any]) -> None:
    """Look at a record that somebody typed, drew or uploaded."""
    number = int(st.session_state.get("explain_given_number", 0)) + 1
    st.session_state["explain_given_number"] = number
    st.session_state["explain_given"] = Sample("given", number, record)
    st.session_state["explain_given_run"] = run.id


def carry(run: Any, to: str) -> None:
    """Take the record that somebody gave along to another run that reads the same columns."""
    from builder import runs

    if st.session_state.get("explain_given_run") != run.id:
        return
    columns = {Preparation.from_dict(one.preparation).columns for one in (run, runs.open_run(to))}
    if len(columns) == 1:
        st.session_state["explain_given_run"] = to


def name(run: Any, one: Sample) -> str:
    """The sample in the crumb: "test image 1,701"."""
    what = rows.word(run.spec, 1)
    return (
        f"your {what}"
        if one.record is not None
        else f"{one.split} {what} {rows.row_label(one.row)}"
    )


def file(run: Any, one: Sample, what: str) -> str:
    """What a download about the sample is called: "digits-run-1-test-image-1701-grad-cam"."""
    parts = [run.project().name, opened.name_of(run), name(run, one).replace(",", ""), what]
    return file_name(parts)


def neighbours(report: SplitReport, one: Sample) -> tuple[str, list[int]]:
    """The list that the strip shows, with its title.

    What was clicked through, else rows like this one.
    """
    listed = st.session_state.get("explain_list")
    if listed and one.row in listed:
        return str(st.session_state.get("explain_list_title", "Chosen")), list(listed)
    if isinstance(report, ClassificationSplit):
        truth, right = int(report.targets[one.row]), bool(report.right[one.row])
        like = np.flatnonzero((report.targets == truth) & (report.right == right))
        title = f"{'Right' if right else 'Wrong'}: {called(report.classes[truth])}"
        return title, like.tolist()
    return "Rows of this split", list(range(report.rows))


def called(label: str) -> str:
    """A class as it can stand in a sentence: "dog", but "class 7"."""
    return label if len(label) > 2 and not label.replace(".", "").isdigit() else f"class {label}"


def window(found: list[int], row: int) -> list[int]:
    """Five of the list around the row."""
    at = found.index(row) if row in found else 0
    start = max(0, min(at - STRIP // 2, len(found) - STRIP))
    return found[start : start + STRIP]
