"""Cutting windows from a table ordered by time, so that none reaches across a border."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MONTHS = 0.15  # months differ by a tenth in length and are even nevertheless


@dataclass(frozen=True)
class Plan:
    """What is to be cut, with every guess made."""

    columns: tuple[str, ...]
    target: str
    label: str
    length: int
    horizon: int  # 0 for a label
    stride: int
    time: str | None
    group: str | None
    validation: float
    test: float


@dataclass(frozen=True)
class Ordered:
    """The rows in order: group after group, each by time."""

    frame: "pd.DataFrame"
    values: "np.ndarray[Any, Any]"  # [C, rows] float32
    moments: "np.ndarray[Any, Any]"  # rank of each row's time among all, from 0
    groups: "np.ndarray[Any, Any]"  # code of each row's group
    gaps: int
    even: bool


@dataclass(frozen=True)
class Slices:
    """Where the windows begin, training first; one entry each."""

    starts: "np.ndarray[Any, Any]"
    answers: "np.ndarray[Any, Any]"  # the row that gives the target
    codes: "np.ndarray[Any, np.dtype[np.int8]]"
    across: int  # windows left out because they reach across a border


class Cut(Sequence["np.ndarray[Any, Any]"]):
    """Windows [C, length] as they are asked for."""

    def __init__(self, values: Any, starts: Any, length: int) -> None:
        self._values = values
        self._starts = starts
        self._length = length

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: Any) -> Any:
        start = int(self._starts[index])
        return self._values[:, start : start + self._length].copy()


def order_rows(frame: "pd.DataFrame", plan: Plan) -> Ordered:
    """The table ordered by group and time. Raises LaminaError for rows without a time."""
    import numpy as np

    groups = np.zeros(len(frame), np.int64)
    if plan.group is not None:
        groups = frame[plan.group].astype(str).factorize(sort=True)[0]
    moments = np.arange(len(frame))
    even = True
    if plan.time is not None:
        times = frame[plan.time]
        if times.isna().any():
            raise LaminaError(
                f"{int(times.isna().sum()):,} rows have no time in {plan.time!r}.",
                place="data.options.time",
                remedy="Fill or remove those rows, or name another column.",
            )
        moments = times.rank(method="dense").to_numpy().astype(np.int64) - 1
        first = np.sort(times[groups == groups[0]].to_numpy())
        steps = np.unique(np.diff(first).astype("int64" if times.dtype.kind == "M" else "float64"))
        even = len(steps) <= 1 or float(steps[-1] - steps[0]) <= MONTHS * abs(float(steps[-1]))
    order = np.lexsort((moments, groups))
    ordered = frame.iloc[order].reset_index(drop=True)
    values = ordered[list(plan.columns)].to_numpy(dtype=np.float32, na_value=np.nan).T.copy()
    gaps = int((~np.isfinite(values)).sum())
    return Ordered(ordered, values, moments[order], groups[order], gaps, even)


def cut(table: Ordered, plan: Plan, place: str) -> Slices:
    """Slices that stay within one group and, with their answer, within one split's time."""
    import numpy as np

    reach = plan.length + plan.horizon - 1 if plan.horizon else plan.length - 1
    starts = np.arange(0, len(table.groups) - reach, plan.stride)
    starts = starts[table.groups[starts] == table.groups[starts + reach]]
    moments = int(table.moments.max()) + 1
    borders = (
        round(moments * (1 - plan.validation - plan.test)),
        round(moments * (1 - plan.test)),
    )
    first = np.searchsorted(borders, table.moments[starts], side="right")
    last = np.searchsorted(borders, table.moments[starts + reach], side="right")
    whole = first == last
    starts, codes = starts[whole], first[whole].astype(np.int8)
    order = np.argsort(codes, kind="stable")
    wanted = [0, *([1] if plan.validation else []), *([2] if plan.test else [])]
    missing = [
        ("training", "validation", "test")[code] for code in wanted if not (codes == code).any()
    ]
    if missing:
        raise LaminaError(
            f"No window of {plan.length:,} rows fits into the time of {' and '.join(missing)}.",
            place=place,
            remedy="Choose a shorter window, or a larger share.",
        )
    return Slices(starts[order], starts[order] + reach, codes[order], int((~whole).sum()))
