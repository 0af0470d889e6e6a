"""Wide tables of like numbers: perhaps each row is one series."""

import re
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from builder.data.base import Finding
from builder.data.check import Check, Facts

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTED = re.compile(r"#?\D{0,12}\d+")  # #3, t0, V12: names that only count
WIDE = 12
ROWS = 500  # looked at
SMOOTH = 0.6


class LikeSeries(Check):
    """As columns of a table the order of the moments would be lost."""

    order: ClassVar[int] = 20

    def look(self, facts: Facts) -> list[Finding]:
        """A note where nearly all columns are numbers, only counted, each near its neighbours."""
        names = [name for name in facts.numeric if COUNTED.fullmatch(name)]
        others = [column for column in facts.features() if column.name not in names]
        if facts.data.source != "table" or len(names) < WIDE or len(others) > 1:
            return []
        if not _smooth(np.stack([facts.numeric[name][:ROWS] for name in names], axis=1)):
            return []
        return [
            Finding(
                "like_series",
                "note",
                "Perhaps series",
                f"{len(names):,} columns of numbers have no names of their own, and each is near "
                "its neighbours: a row may be one series, whose order a table does not know. To "
                "read it so, bring the file anew and read it as Series with labels, or use "
                "lamina new --source series.",
            )
        ]


def _smooth(x: "NDArray[np.float64]") -> bool:
    """Whether neighbouring cells [row, column] of a row are nearer than any two of it are."""
    with np.errstate(invalid="ignore"):
        spread = np.nanmean(np.abs(x - np.roll(x, x.shape[1] // 2, axis=1)))
        step = np.nanmean(np.abs(np.diff(x, axis=1)))
    return bool(np.isfinite(spread) and spread > 0 and step < SMOOTH * spread)
