"""Windows cut from a long table by time: a label for each window, or a later value to forecast."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data import names
from builder.data.base import Finding, Media, Raw, Source
from builder.data.cutting import Cut, Ordered, Plan, Slices, cut, order_rows
from builder.data.options import Option
from builder.data.paths import locate
from builder.data.read import catalogue
from builder.errors import LaminaError
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
USUAL_LENGTH = 48
MOST_WINDOWS = 20_000
READ = ("separator", "encoding", "decimal", "quoting", "header", "skip_rows")


class Windows(Source):
    """Equal windows of a table whose rows follow each other in time."""

    kind: ClassVar[str] = "windows"
    title: ClassVar[str] = "Windows of a long table"
    help: ClassVar[str] = (
        "One row per moment: windows of so many rows are cut, to forecast a column or to "
        "recognise a label."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "File", suffixes=SUFFIXES, help="A table with one row per moment."),
        Option(
            "target",
            "text",
            "Column to forecast",
            help="Its value some rows after the window is predicted. The last column of numbers "
            "where empty.",
        ),
        Option(
            "label",
            "text",
            "Label column",
            help="In place of a forecast: the label of the window's last row is predicted.",
        ),
        Option(
            "length",
            "int",
            "Window",
            help=f"Rows that the model sees at once; {USUAL_LENGTH} where the table is long "
            "enough.",
            low=2,
            high=100_000,
        ),
        Option(
            "horizon",
            "int",
            "Rows ahead",
            1,
            help="1 forecasts the row right after the window.",
            low=1,
            high=100_000,
        ),
        Option(
            "stride",
            "int",
            "Step",
            help="Rows from one window's start to the next; chosen for at most 20,000 windows "
            "where empty.",
            low=1,
            high=100_000,
        ),
        Option(
            "columns",
            "text",
            "Columns",
            help="Names, set apart by commas; all columns of numbers where empty.",
        ),
        Option(
            "time",
            "text",
            "Time column",
            help="Orders the rows; the first column of dates where empty.",
            advanced=True,
        ),
        Option(
            "group",
            "text",
            "Group column",
            help="No window crosses from one group (a device, a person) to the next.",
            advanced=True,
        ),
        names.OPTION,
        Option(
            "validation",
            "float",
            "Validation",
            0.15,
            help="The share of the time right before the test.",
            low=0,
            high=0.8,
            advanced=True,
        ),
        Option(
            "test",
            "float",
            "Test",
            0.15,
            help="The share of the time at the end.",
            low=0,
            high=0.8,
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits tables; whether their rows follow each other shows when they are read."""
        return type(catalogue()["table"]).unfit(path)

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The table."""
        return (locate(options.get("path"), "data.options.path"),)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """Every window, sorted into training, validation and test by time; none reaches across a
        border."""
        import pandas as pd

        (path,) = self.files(options)
        chosen = {key: options[key] for key in ("names",) if key in options}
        raw = catalogue()["table"].read({"path": str(path), **chosen}, progress)
        plan = _plan(raw.frame, options, path.name)
        table = order_rows(raw.frame, plan)
        found = cut(table, plan, path.name)
        target = plan.label or plan.target
        cells = table.frame[target].iloc[found.answers].reset_index(drop=True)
        frame = pd.DataFrame({target: cells})
        if plan.label:
            frame[target] = [None if cell is None or cell != cell else str(cell) for cell in cells]
        facts = {
            "channels": list(plan.columns),
            "longest": plan.length,
            "shortest": plan.length,
            "ordered": True,
        }
        values = Cut(table.values, found.starts, plan.length)
        return Raw(
            frame=frame,
            media={"series": Media("series", values, facts)},
            given=found.codes,
            target=target,
            problem="classification" if plan.label else "regression",
            options={
                **{key: value for key, value in raw.options.items() if key in READ},
                "length": plan.length,
                "stride": plan.stride,
                "columns": ", ".join(plan.columns),
                "time": plan.time,
                "label" if plan.label else "target": target,
            },
            notes=(*raw.notes, *_notes(plan, found, table)),
            findings=(*raw.findings, *_findings(plan, table)),
            reading={k: how for k, how in raw.reading.items() if k in frame.columns},
            named=raw.named,
        )


def _plan(frame: "pd.DataFrame", options: Mapping[str, Any], place: str) -> Plan:
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
    return Plan(tuple(columns), target, label or "", length, horizon, stride, time, group, *shares)


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
            remedy=f"Write a whole number from {least} on.",
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
            remedy="Write a number from 0 to 0.8.",
        )
    return float(value)


def _notes(plan: Plan, found: Slices, table: Ordered) -> list[str]:
    what = (
        f"the label {plan.label!r} of their last row"
        if plan.label
        else (f"{plan.target!r} {plan.horizon:,} {'row' if plan.horizon == 1 else 'rows'} later")
    )
    notes = [
        f"{len(found.starts):,} windows of {plan.length:,} rows, one every {plan.stride:,}, to "
        f"predict {what}.",
        "They are split by time: the last part is the test.",
    ]
    if plan.time is None:
        notes.append("The table has no time column, so its rows are taken in their order.")
    if found.across:
        notes.append(
            f"{found.across:,} windows that reach across a border between splits were left out."
        )
    if table.gaps:
        notes.append(f"{table.gaps:,} gaps are filled on the line between their neighbours.")
    return notes


def _findings(plan: Plan, table: Ordered) -> list[Finding]:
    if table.even or plan.time is None:
        return []
    return [
        Finding(
            "uneven_time",
            "warning",
            "The rows are not evenly spaced in time",
            f"The steps in {plan.time!r} differ, so windows of {plan.length:,} rows span "
            "different times.",
            (plan.time,),
        )
    ]
