"""Whether rows follow each other in time: then they are split by time, or the test shows what lies
between training rows and not the future."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.data import columns
from builder.data.base import Raw
from builder.project import Column, Data

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 20
UNIQUE = 0.98  # of the rows have a moment of their own; clocks are set back once a year
EVEN = 0.9  # of the steps are as long as the usual one
MONTHS = 0.15  # months differ by a tenth in length and are even nevertheless
PERSONAL = re.compile(r"birth|born|dob\b|geburt|geboren|naissance|nacimiento|death|died", re.I)
"""Dates that tell something of a row and not when it was taken."""


def axis(
    raw: Raw, data: Data, profiles: Mapping[str, columns.Profile], target: str | None
) -> str | None:
    """The column of moments that orders the rows of a table: no gaps, hardly a moment twice, and
    the rows in its order or the steps alike. None where there is none, or the data comes split.
    """
    if raw.given is not None or raw.media or raw.rows < LEAST_ROWS:
        return None
    decided = columns.decisions(data, raw.frame)
    for name, column in profiles.items():
        choice = decided.get(name, Column())
        if name == target or choice.role not in (None, "feature", "time"):
            continue
        if choice.type in (None, "date") and _is_axis(raw.frame[name], column):
            return name
    return None


def _is_axis(cells: "pd.Series[Any]", column: columns.Profile) -> bool:
    if column.missing or column.unique < UNIQUE * column.rows or PERSONAL.search(column.name):
        return False
    if column.type == "date":
        moments = cells.to_numpy().astype("datetime64[s]").astype(np.int64)
    elif column.type == "number" and columns.counts_years(cells):
        moments = cells.to_numpy().astype(np.int64)
    else:
        return False
    steps = np.diff(moments)
    if bool((steps >= 0).all()) or bool((steps <= 0).all()):
        return True
    steps = np.diff(np.unique(moments))
    usual = float(np.median(steps))
    return float((np.abs(steps - usual) <= MONTHS * usual).mean()) >= EVEN


def by_time(raw: Raw, data: Data) -> dict[str, Any]:
    """What of a new data section changes where its rows follow each other in time: the split, and
    the time kept as an input where there is no other."""
    profiles = raw.profiles
    guess = columns.guess_target(raw, profiles)
    target = columns.find(data.target, raw.frame, "data.target") if data.target else guess
    if target is None:
        return {}
    name = axis(raw, data, profiles, target)
    if name is None or _loses_a_class(raw, data, profiles, target, name):
        return {}
    split = data.split.model_copy(update={"kind": "time", "time": name})
    planned = columns.plan(raw, data.model_copy(update={"split": split}), target, profiles)
    changes: dict[str, Any] = {"split": split}
    if not any(column.role == "feature" for column in planned.values()):
        kept = data.columns.get(name, Column()).model_copy(update={"role": "feature"})
        changes["columns"] = {**data.columns, name: kept}
    return changes


def _loses_a_class(
    raw: Raw, data: Data, profiles: Mapping[str, columns.Profile], target: str, name: str
) -> bool:
    """Whether a class would come in the later rows alone, where no network can learn it."""
    labels = raw.frame[target]
    if columns.guess_problem(profiles[target], labels, data.columns.get(target, Column()).type) == (
        "regression"
    ):
        return False
    early = round(raw.rows * (1 - data.split.validation - data.split.test))
    order = np.argsort(raw.frame[name].to_numpy(), kind="stable")
    return int(labels.iloc[order[:early]].nunique()) < profiles[target].unique
