"""Whether a slice differs from all other rows beyond chance: in the groups' words, by their rule.

Who looks at many groups finds one that is worse by chance alone. A slice that is a group of a
column is therefore judged as it is among that column's groups, and other slices that stand in one
table as so many looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from builder.errors import LaminaError
from builder.evaluate.columns import Columns
from builder.evaluate.conditions import parse, written
from builder.evaluate.contrast import Difference, against_rest
from builder.evaluate.groups import Verdict, judge, looks_at, masks, quantile
from builder.evaluate.slices import Slice
from builder.evaluate.split import SplitReport
from builder.evaluate.yardsticks import Yardstick, yardstick


@dataclass(frozen=True)
class Judged:
    """A slice against the rest. The difference's interval allows for so many `looks`, at a column's
    groups where it is such a `group`, else at other slices.
    """

    against: Difference
    verdict: Verdict
    looks: int
    group: bool = False

    @property
    def among(self) -> str:
        """What chance allows for, as it ends a sentence; empty where nothing else is looked at."""
        if self.looks == 1:
            return ""
        return f" among {self.looks} {'groups of its column' if self.group else 'slices'}"


def judged(
    report: SplitReport,
    kept: Sequence[Slice],
    columns: Columns | None = None,
    metric: str | None = None,
) -> tuple[Judged, ...]:
    """The slices that are looked at together; `columns` are the split's, where there are some.

    Raises LaminaError for an unknown figure.
    """
    by = yardstick(report, metric)
    groups = [_looks(by, one.condition, columns) for one in kept]
    others = max(1, groups.count(None))
    return tuple(
        _judged(report, one, by, looks or others, looks is not None)
        for one, looks in zip(kept, groups, strict=True)
    )


def _judged(report: SplitReport, one: Slice, by: Yardstick, looks: int, group: bool) -> Judged:
    chosen = np.zeros(report.rows, bool)
    chosen[one.indexes] = True
    against = against_rest(report, one.indexes, by, quantile(looks))
    return Judged(against, judge(by, int((chosen & by.counted).sum()), against), looks, group)


def _looks(by: Yardstick, condition: str, columns: Columns | None) -> int | None:
    """At how many groups one looks where this is one of a column's; None where it is none."""
    if not condition or columns is None:
        return None
    try:
        terms = parse(condition)
        column = columns.find(terms[0].column)
    except LaminaError:
        return None
    if column.kind == "text":
        return None
    parts = masks(columns, column)
    same = written(terms)
    return looks_at(by, parts) if same in [written(part) for _, part, _ in parts] else None
