"""Windows cut from a long table by time: a label for each window, or a later value to forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data.base import Finding, Media, Option, Progress, Raw, Source, silent
from builder.data.paths import locate
from builder.data.read import catalogue
from builder.errors import LaminaError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
USUAL_LENGTH = 48
MOST_WINDOWS = 20_000
MONTHS = 0.15  # months differ by a tenth in length and are even nevertheless


class Windows(Source):
    """Equal windows of a table whose rows follow each other in time."""

    kind: ClassVar[str] = "windows"
    title: ClassVar[str] = "Windows of a long table"
    help: ClassVar[str] = (
        "One row per moment: windows of so many rows are cut, to forecast a column or to recognise a label."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "File", suffixes=SUFFIXES, help="A table with one row per moment."),
        Option("target", "text", "Column to forecast", help="Its value some rows after the window is predicted. The last column of numbers where empty."),
        Option("label", "text", "Label column", help="In place of a forecast: the label of the window's last row is predicted."),
        Option("length", "int", "Window", help=f"Rows that the model sees at once; {USUAL_LENGTH} where the table is long enough.", low=2, high=100_000),
        Option("horizon", "int", "Rows ahead", 1, help="1 forecasts the row right after the window.", low=1, high=100_000),
        Option("stride", "int", "Step", help="Rows from one window's start to the next; chosen for at most 20,000 windows where empty.", low=1, high=100_000),
        Option("columns", "text", "Columns", help="Names, set apart by commas; all columns of numbers where empty."),
        Option("time", "text", "Time column", help="Orders the rows; the first column of dates where empty.", advanced=True),
        Option("group", "text", "Group column", help="No window crosses from one group (a device, a person) to the next.", advanced=True),
        Option("validation", "float", "Validation", 0.15, help="The share of the time right before the test.", low=0, high=0.8, advanced=True),
        Option("test", "float", "Test", 0.15, help="The share of the time at the end.", low=0, high=0.8, advanced=True),
    )  # fmt: skip

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits tables; whether their rows follow each other shows when they are read."""
        return type(catalogue()["table"]).unfit(path)

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The table."""
        return (locate(options.get("path"), "data.options.path"),)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """Every window, sorted into training, validation and test by time; none reaches across a border."""
        import pandas as pd

        (path,) = self.files(options)
        raw = catalogue()["table"].read({"path": str(path)}, progress)
        plan = _plan(raw.frame, options, path.name)
        table = _ordered(raw.frame, plan)
        cut = _cut(table, plan, path.name)
        target = plan.label or plan.target
        cells = table.frame[target].iloc[cut.answers].reset_index(drop=True)
        frame = pd.DataFrame({target: cells})
        if plan.label:
            frame[target] = [None if cell is None or cell != cell else str(cell) for cell in cells]
        facts = {"channels": list(plan.columns), "longest": plan.length, "shortest": plan.length}
        values = _Cut(table.values, cut.starts, plan.length)
        return Raw(
            frame=frame,
            media={"series": Media("series", values, facts)},
            given=cut.codes,
            target=target,
            problem="classification" if plan.label else "regression",
            options={
                "length": plan.length,
                "stride": plan.stride,
                "columns": ", ".join(plan.columns),
                "time": plan.time,
                "label" if plan.label else "target": target,
            },
            notes=(*raw.notes, *_notes(plan, cut, table)),
            findings=(*raw.findings, *_findings(plan, table)),
            reading={k: how for k, how in raw.reading.items() if k in frame.columns},
        )


@dataclass(frozen=True)
class _Plan:
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
class _Table:
    """The rows in order: group after group, each by time."""

    frame: "pd.DataFrame"
    values: "np.ndarray[Any, Any]"  # [C, rows] float32
    moments: "np.ndarray[Any, Any]"  # rank of each row's time among all, from 0
    groups: "np.ndarray[Any, Any]"  # code of each row's group
    gaps: int
    even: bool


@dataclass(frozen=True)
class _Windows:
    starts: "np.ndarray[Any, Any]"
    answers: "np.ndarray[Any, Any]"  # the row that gives the target
    codes: "np.ndarray[Any, np.dtype[np.int8]]"
    across: int  # windows left out because they reach across a border


class _Cut(Sequence["np.ndarray[Any, Any]"]):
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


def _plan(frame: "pd.DataFrame", options: Mapping[str, Any], place: str) -> _Plan:
    numbers = [str(name) for name in frame.columns if frame[name].dtype.kind in "iuf"]
    dates = [str(name) for name in frame.columns if frame[name].dtype.kind == "M"]
    time = _named(frame, options, "time") or next(iter(dates), None)
    group, label = _named(frame, options, "group"), _named(frame, options, "label")
    wanted = [name.strip() for name in str(options.get("columns") or "").split(",") if name.strip()]
    for name in wanted:
        if name not in numbers:
            raise LaminaError(
                f"The column {name!r} does not exist or holds no numbers.",
                place="data.options.columns",
                remedy=f"Columns of numbers are {', '.join(numbers[:20]) or 'none'}.",
            )
    columns = wanted or [name for name in numbers if name not in (time, group, label)]
    if not columns:
        raise LaminaError(
            "No column of numbers is left to cut windows from.",
            place=place,
            remedy="Give a table with numbers over time.",
        )
    target = "" if label else _named(frame, options, "target") or columns[-1]
    if target and target not in numbers:
        raise LaminaError(
            f"The column {target!r} holds no numbers, so it cannot be forecast.",
            place="data.options.target",
            remedy="Name a column of numbers, or give it as the label column.",
        )
    horizon = 0 if label else _whole(options, "horizon") or 1
    length = _whole(options, "length") or min(USUAL_LENGTH, max(2, len(frame) // 10))
    count = len(frame) - length - horizon + 1
    if count < 3:
        raise LaminaError(
            f"The table has {len(frame):,} rows; windows of {length:,} with the answer {horizon:,} "
            "rows later leave fewer than three.",
            place="data.options.length",
            remedy="Choose a shorter window, or bring more rows.",
        )
    shares = [_share(options, name) for name in ("validation", "test")]
    if sum(shares) >= 0.95:
        raise LaminaError(
            f"Validation and test together take {sum(shares):.0%} of the time.",
            place="data.options.validation",
            remedy="Lower one of the two shares.",
        )
    stride = _whole(options, "stride") or max(1, -(-count // MOST_WINDOWS))
    return _Plan(tuple(columns), target, label or "", length, horizon, stride, time, group, *shares)


def _named(frame: "pd.DataFrame", options: Mapping[str, Any], option: str) -> str | None:
    name = options.get(option)
    if not name:
        return None
    if name not in frame.columns:
        raise LaminaError(
            f"There is no column {name!r}.",
            place=f"data.options.{option}",
            remedy=f"Its columns are {', '.join(map(str, frame.columns[:20]))}.",
        )
    return str(name)


def _whole(options: Mapping[str, Any], name: str) -> int | None:
    value = options.get(name)
    if value is None or value == "":
        return None
    least = 2 if name == "length" else 1
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise LaminaError(
            f"{value!r} is no whole number from {least} on.",
            place=f"data.options.{name}",
            remedy="Correct it there.",
        )
    return value


def _share(options: Mapping[str, Any], name: str) -> float:
    value = options.get(name)
    if value is None:
        return 0.15
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 0.8:
        raise LaminaError(
            f"{value!r} is no share from 0 to 0.8.",
            place=f"data.options.{name}",
            remedy="Correct it there.",
        )
    return float(value)


def _ordered(frame: "pd.DataFrame", plan: _Plan) -> _Table:
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
    return _Table(ordered, values, moments[order], groups[order], gaps, even)


def _cut(table: _Table, plan: _Plan, place: str) -> _Windows:
    """Starts of windows that stay within one group and, with their answer, within one split's time."""
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
    return _Windows(starts[order], starts[order] + reach, codes[order], int((~whole).sum()))


def _notes(plan: _Plan, cut: _Windows, table: _Table) -> list[str]:
    what = (
        f"the label {plan.label!r} of their last row"
        if plan.label
        else (f"{plan.target!r} {plan.horizon:,} {'row' if plan.horizon == 1 else 'rows'} later")
    )
    notes = [
        f"{len(cut.starts):,} windows of {plan.length:,} rows, one every {plan.stride:,}, to predict {what}.",
        "They are split by time: the last part is the test.",
    ]
    if plan.time is None:
        notes.append("The table has no time column, so its rows are taken in their order.")
    if cut.across:
        notes.append(
            f"{cut.across:,} windows that reach across a border between splits were left out."
        )
    if table.gaps:
        notes.append(f"{table.gaps:,} gaps are filled on the line between their neighbours.")
    return notes


def _findings(plan: _Plan, table: _Table) -> list[Finding]:
    if table.even or plan.time is None:
        return []
    return [
        Finding(
            "uneven_time",
            "warning",
            "The rows are not evenly spaced in time",
            f"The steps in {plan.time!r} differ, so windows of {plan.length:,} rows span different times.",
            (plan.time,),
        )
    ]
