"""For whom is it worse? A figure for each value of a column, worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from builder.errors import LaminaError
from builder.evaluate import intervals
from builder.evaluate.columns import FEW_NUMBERS, NOTHING, NOTHING_REMEDY, Column, Columns
from builder.evaluate.conditions import Term, rows_where, written
from builder.evaluate.contrast import Difference, against_rest
from builder.evaluate.split import Ints, SplitReport, clean
from builder.evaluate.yardsticks import Yardstick, yardstick

ANY = "*"
"""Asks for the groups of all columns that stand out."""
BINS = 4
MOST = 40
MOST_COLUMNS = 100
FEW = 10
"""Groups with fewer rows are not judged."""
Part = tuple[str, tuple[Term, ...], NDArray[np.bool_]]
Verdict = Literal["worse", "better", "lower", "higher", "unclear", "few"]


@dataclass(frozen=True)
class Group:
    """Rows that share a value. `counted` of them enter the figure (all, unless it is of some).

    `condition` selects them again. `verdict`: whether the difference to all other rows is beyond
    chance, allowing for how many groups were looked at; "few": too few rows to tell.
    """

    name: str
    condition: str
    rows: Ints
    counted: int
    value: float
    interval: intervals.Interval
    against: Difference
    verdict: Verdict


@dataclass(frozen=True)
class Groups:
    """Groups by a column, worst first, those with too few rows last.

    `column` is None where they are those of all columns that stand out most.
    """

    column: Column | None
    by: Yardstick
    value: float
    interval: intervals.Interval
    groups: tuple[Group, ...]
    others: int = 0  # rows of values so rare that they have no line

    def to_dict(self) -> dict[str, Any]:
        """JSON for `lamina evaluate --by --json`."""
        return {
            "by": self.column.label if self.column else ANY,
            "metric": self.by.name,
            "better": self.by.better,
            "whole": clean(self.value),
            "interval": [clean(end) for end in self.interval],
            "rows_of_rare_values": self.others,
            "groups": [
                {
                    "value": one.name,
                    "condition": one.condition,
                    "rows": len(one.rows),
                    "counted": one.counted,
                    self.by.name: clean(one.value),
                    "interval": [clean(end) for end in one.interval],
                    "rest": clean(one.against.there),
                    "difference": clean(one.against.gap),
                    "difference_interval": [clean(end) for end in one.against.interval],
                    "verdict": one.verdict,
                }
                for one in self.groups
            ],
        }


def by_column(
    report: SplitReport, columns: Columns, name: str, metric: str | None = None, bins: int = BINS
) -> Groups:
    """The figure for each value of a column; numbers and dates in quantile ranges.

    Raises LaminaError for an unknown column or figure, and for a column of free text.
    """
    by, column = yardstick(report, metric), columns.find(name)
    if column.kind == "text":
        raise LaminaError(
            f"{column.label} holds free text with {len(column.names):,} different values.",
            place="by",
            remedy=f"Take 'words in {column.label}', its length, or rows with a word: "
            f"{Term(column.label, '~', ('word',))}.",
        )
    parts = masks(columns, column, bins)
    kept, rare = parts[:MOST], parts[MOST:]
    found = _groups(report, by, kept, looks_at(by, parts))
    found.sort(key=lambda one: (one.verdict == "few", np.isnan(one.value), _badness(by, one.value)))
    value, interval = _figure(by, np.ones(report.rows, bool))
    return Groups(column, by, value, interval, tuple(found), sum(int(m.sum()) for *_, m in rare))


def standing_out(
    report: SplitReport, columns: Columns, metric: str | None = None, most: int = 12
) -> Groups:
    """The groups of all columns for which it is worst beyond chance, the surest first.

    Of a figure without a good direction, those that differ most. Free text and what is predicted
    are left out. Raises LaminaError for an unknown figure, and where there are no columns.
    """
    by = yardstick(report, metric)
    if not columns.offered:
        raise LaminaError(NOTHING, place="by", remedy=NOTHING_REMEDY)
    looked = columns.groupable[:MOST_COLUMNS]
    parts = [
        (f"{one.label}: {label}", terms, mask)
        for one in looked
        for label, terms, mask in masks(columns, one)[:MOST]
        if not mask.all()
    ]
    wanted = ("lower", "higher") if by.better == "neither" else ("worse",)
    judged = _groups(report, by, parts, _enough(by, parts))
    found = [one for one in judged if one.verdict in wanted]
    found.sort(key=lambda one: -min(abs(end) for end in one.against.interval))
    value, interval = _figure(by, np.ones(report.rows, bool))
    return Groups(None, by, value, interval, tuple(found[:most]))


def _badness(by: Yardstick, value: float) -> float:
    return -value if by.better == "lower" else value


def masks(columns: Columns, column: Column, bins: int = BINS) -> list[Part]:
    """Each group's name, condition and rows, the largest first."""
    found = [(name, terms, rows_where(columns, terms)) for name, terms in _parts(column, bins)]
    return sorted((one for one in found if one[2].any()), key=lambda one: -int(one[2].sum()))


def looks_at(by: Yardstick, parts: Sequence[Part]) -> int:
    """At how many of a column's groups one looks: of two each is the other's rest."""
    return 1 if len(parts) == 2 else _enough(by, parts[:MOST])


def _enough(by: Yardstick, parts: Sequence[Part]) -> int:
    """How many groups have rows enough to be judged."""
    return max(1, sum(int((mask & by.counted).sum()) >= FEW for *_, mask in parts))


def quantile(looks: int) -> float:
    """The normal quantile of intervals that allow for so many looks (Bonferroni)."""
    return NormalDist().inv_cdf(1 - 0.025 / looks)


def _groups(report: SplitReport, by: Yardstick, parts: Sequence[Part], looks: int) -> list[Group]:
    """Judged with intervals that allow for so many looks."""
    z = quantile(looks)
    return [_group(report, by, *part, z) for part in parts]


def _group(
    report: SplitReport,
    by: Yardstick,
    label: str,
    terms: tuple[Term, ...],
    mask: NDArray[np.bool_],
    z: float,
) -> Group:
    rows: Ints = np.flatnonzero(mask)
    counted = int((mask & by.counted).sum())
    value, interval = _figure(by, mask)
    against = against_rest(report, rows, by, z)
    verdict = judge(by, counted, against)
    return Group(label, written(terms), rows, counted, value, interval, against, verdict)


def _figure(by: Yardstick, mask: NDArray[np.bool_]) -> tuple[float, intervals.Interval]:
    values = by.values[mask & by.counted]
    if not len(values):
        return float("nan"), (float("nan"), float("nan"))
    value = float(values.mean())
    if by.share:
        return value, intervals.wilson(int(values.sum()), len(values))
    return value, intervals.of_mean(values)


def judge(by: Yardstick, counted: int, against: Difference) -> Verdict:
    """What so many rows that count say of a difference."""
    if counted < FEW:
        return "few"
    if not against.sure:
        return "unclear"
    if by.better == "neither":
        return "higher" if against.gap > 0 else "lower"
    return "better" if (against.gap > 0) == (by.better == "higher") else "worse"


def _parts(column: Column, bins: int) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """Each group's name and condition."""
    values = column.values[column.present]
    if column.kind == "category":
        for code in np.unique(values):
            yield column.names[code], (Term(column.label, "=", (column.names[code],)),)
    elif column.kind == "number" and column.distinct <= FEW_NUMBERS:
        for value in np.unique(values):
            yield _plain(value), (Term(column.label, "=", (_plain(value),)),)
    else:
        yield from _ranges(column, values, bins)
    if not column.present.all():
        yield "no value", (Term(column.label, "is", ("missing",)),)


def ranges(column: Column, bins: int = BINS) -> tuple[tuple[str, str], ...]:
    """The quantile ranges of a number's or date's column: what each is called, its condition."""
    found = _ranges(column, column.values[column.present], bins)
    return tuple((label, written(terms)) for label, terms in found)


def _ranges(
    column: Column, values: NDArray[Any], bins: int
) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """Quantile ranges; a value that fills one alone (a column full of zeros) stands apart."""
    whole = column.kind == "number" and bool((values == np.floor(values)).all())
    for low, operator, high, closed in _cuts(values, bins):
        terms = []
        if low is not None:
            terms.append(Term(column.label, operator, (_plain(low),)))
        if high is not None:
            terms.append(Term(column.label, "<=" if closed else "<", (_plain(high),)))
        if operator == "=":
            terms = [Term(column.label, "=", (_plain(low),))]
        yield _called(low, operator, high, whole), tuple(terms)


def _cuts(values: NDArray[Any], bins: int) -> Iterator[tuple[Any, str, Any, bool]]:
    """Ranges as (low, operator of low, high, whether high belongs to it); None has no end."""
    order = np.sort(values)
    edges = [order[min(len(order) - 1, len(order) * at // bins)] for at in range(1, bins)]
    heavy = next((a for a, b in pairwise(edges) if a == b), None)
    if heavy is None:
        heavy = next((e for e in (order[0], order[-1]) if e in edges), None)
    if heavy is None:
        ends = [None, *edges, None]
        for low, high in pairwise(ends):
            yield low, ">=", high, False
        return
    below, above = order[order < heavy], order[order > heavy]
    if len(below):
        middle = below[len(below) // 2]
        if middle > below[0]:
            yield None, ">=", middle, False
            yield middle, ">=", heavy, False
        else:
            yield None, ">=", heavy, False
    yield heavy, "=", heavy, True
    if len(above):
        middle = above[len(above) // 2]
        if middle > above[0]:
            yield heavy, ">", middle, False
            yield middle, ">=", None, False
        else:
            yield heavy, ">", None, False


def _plain(value: Any) -> str:
    """A value as it stands in a condition."""
    if isinstance(value, np.datetime64):
        return str(value).removesuffix("T00:00:00")
    return repr(float(value)).removesuffix(".0")


def _called(low: Any, operator: str, high: Any, whole: bool) -> str:
    """A range in words: "under 28", "28 to 36", "48 and over"."""
    if operator == "=":
        return _told(low)
    if low is None:
        return f"under {_told(high)}"
    if high is None:
        return f"over {_told(low)}" if operator == ">" else f"{_told(low)} and over"
    if whole:
        first, last = low + (operator == ">"), high - 1
        return _told(first) if first == last else f"{_told(first)} to {_told(last)}"
    start = f"over {_told(low)}" if operator == ">" else _told(low)
    return f"{start} to under {_told(high)}"


def _told(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return str(value).removesuffix("T00:00:00").replace("T", " ")
    size = abs(value)
    sign = "−" if value < 0 else ""
    if value == int(value) and size < 1e15:
        return f"{sign}{int(size)}" if size < 10_000 else f"{sign}{int(size):,}"
    return f"{sign}{size:.6g}"
