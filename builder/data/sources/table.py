"""Tables from files: CSV and its kin, Parquet, Excel, JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from builder.data import cells, measures
from builder.data import names as naming
from builder.data.base import Finding, Raw, Source
from builder.data.formats import columnar, delimited, excel, large, records
from builder.data.grid import Columns, shape
from builder.data.options import Option
from builder.data.paths import check_memory, locate
from builder.errors import LaminaError
from builder.progress import Progress, silent

SUFFIXES = (
    ".csv", ".tsv", ".psv", ".tab", ".txt", ".data", ".dat", ".parquet", ".xls", ".xlsx", ".xlsm",
    ".json", ".jsonl", ".ndjson",
)  # fmt: skip
JSON = (".json", ".jsonl", ".ndjson")
WRITTEN = (*JSON, ".xls", ".xlsx", ".xlsm", ".parquet")


@dataclass
class Cells:
    """One file's columns, not typed yet."""

    names: tuple[str, ...]
    columns: tuple[Any, ...]  # lists of cells, or typed pandas columns
    header: bool = True
    guessed: dict[str, Any] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0])


class Table(Source):
    """A table in a file, or in two: one to train on, one to test."""

    kind: ClassVar[str] = "table"
    title: ClassVar[str] = "Table"
    help: ClassVar[str] = (
        "CSV, TSV, Excel, Parquet or JSON. Separator, encoding and types are guessed."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "File", suffixes=SUFFIXES, help="The table to train on."),
        Option(
            "test_path",
            "path",
            "Test file",
            suffixes=SUFFIXES,
            help="A second file with the same columns; its rows are the test split.",
            advanced=True,
        ),
        Option(
            "separator",
            "text",
            "Separator",
            help="The character between cells; tab may be written \\t.",
            advanced=True,
        ),
        Option(
            "encoding",
            "choice",
            "Encoding",
            choices=delimited.ENCODINGS,
            help="How letters are stored. Wrong where ü looks like Ã¼.",
            advanced=True,
        ),
        Option(
            "header",
            "bool",
            "First row names the columns",
            help="Without names, columns are called #0, #1, …",
            advanced=True,
        ),
        naming.OPTION,
        Option(
            "skip_rows",
            "int",
            "Lines above the table",
            low=0,
            high=100_000,
            help="How many lines to pass over before the header.",
            advanced=True,
        ),
        Option(
            "decimal",
            "choice",
            "Decimal sign",
            choices=(".", ","),
            help="The comma in 39,1 or the point in 39.1.",
            advanced=True,
        ),
        Option(
            "quoting",
            "choice",
            "Quotes",
            choices=("auto", "double", "none"),
            default="auto",
            help='Whether " holds a cell together, or is part of the text (none).',
            advanced=True,
        ),
        Option(
            "sheet",
            "text",
            "Sheet",
            help="Of an Excel workbook; the fullest one where empty.",
            advanced=True,
        ),
        Option(
            "dates",
            "text",
            "Date format",
            help="Such as %d/%m/%Y; only needed where day and month could be mixed up.",
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """None for a file with a table's suffix."""
        if path.is_dir():
            return f"{path.name} is a folder; a table is one file."
        if path.suffix.lower() not in SUFFIXES:
            return f"{path.name} does not end like a table ({', '.join(SUFFIXES[:4])}, …)."
        return None

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The table's file and the test file, where there is one."""
        paths = [locate(options.get("path"), "data.options.path")]
        if options.get("test_path"):
            paths.append(locate(options["test_path"], "data.options.test_path"))
        for path in paths:
            if path.is_dir():
                raise LaminaError(
                    "This is a folder; a table is one file.",
                    place=str(path),
                    remedy="Name the file inside it, or choose the source for folders of images.",
                )
        return tuple(paths)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All rows, typed; train first, then test."""
        paths = self.files(options)
        parts: list[Cells] = []
        for done, path in enumerate(paths):
            progress(f"Reading {path.name}", done, len(paths))
            chosen = dict(options)
            if done and not parts[0].header:
                chosen["header"] = False
            parts.append(cells_of(path, chosen, progress))
        train = parts[0]
        columns, given, notes = train.columns, None, list(train.notes)
        if len(parts) == 2:
            columns, more = _joined(train, parts[1], paths[1])
            notes += [*parts[1].notes, *more]
            import numpy as np

            given = np.repeat(np.array([0, 2], np.int8), [train.rows, parts[1].rows])
        called = naming.given(options, train.names)
        named = dict(zip(train.names, called, strict=True))
        return _typed(_called(train, named), columns, given, notes, options, named)


def cells_of(path: Path, options: Mapping[str, Any], progress: Progress = silent) -> Cells:
    """The file's columns as they are written; LaminaError for what is no table."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        frame = columnar.read(path)
        names = tuple(str(name) for name in frame.columns)
        return Cells(names, tuple(columnar.plain(frame[name]) for name in names))
    json = path.suffix.lower() in JSON or head.lstrip().startswith((b'[{"', b'{"'))
    written = json or head.startswith((b"PK\x03\x04", excel.OLD)) or path.suffix.lower() in WRITTEN
    whole = None if written else large.read(path, options, progress)
    if whole is not None:
        return _shaped(*whole)
    check_memory(path)
    if head.startswith((b"PK\x03\x04", excel.OLD)):
        grid, guessed, sheets = excel.read(path, options)
        if path.suffix.lower() not in (".xls", ".xlsx", ".xlsm"):
            grid.notes.append(f"{path.name} is an Excel workbook, whatever its name says.")
    elif json:
        columns, guessed = records.read(path, options)
        notes = [] if path.suffix.lower() in JSON else [f"{path.name} is JSON, not cells."]
        return Cells(tuple(columns), tuple(columns.values()), guessed=guessed, notes=notes)
    elif path.suffix.lower() in (".xls", ".xlsx", ".xlsm", ".parquet") and b"\0" in head:
        raise LaminaError(
            f"The file is damaged, or no {path.suffix} file.",
            place=path.name,
            remedy="Choose another file, or export it as CSV.",
        )
    else:
        (grid, guessed), sheets = delimited.read(path, options), ()
    skip = options.get("skip_rows")
    header = options.get("header")
    shaped = shape(
        grid,
        path.name,
        header=None if header is None else bool(header),
        skip=None if skip is None else int(skip),
    )
    return _shaped(shaped, guessed, sheets)


def _shaped(shaped: Columns, guessed: dict[str, Any], sheets: tuple[str, ...] = ()) -> Cells:
    return Cells(
        shaped.names,
        shaped.cells,
        shaped.header,
        guessed | {"header": shaped.header, "skip_rows": shaped.skipped},
        sheets,
        list(shaped.notes),
        list(shaped.findings),
    )


def _called(file: Cells, named: Mapping[str, str]) -> Cells:
    """The file with its columns called so; a repeated name that was replaced needs no finding."""
    if all(old == new for old, new in named.items()):
        return file
    left = [
        finding
        for finding in file.findings
        if finding.code != "repeated_names" or any(named[n] == n for n in finding.columns)
    ]
    findings = [replace(f, columns=tuple(named.get(n, n) for n in f.columns)) for f in left]
    return replace(file, names=tuple(named.values()), header=True, findings=findings)


def _joined(train: Cells, test: Cells, path: Path) -> tuple[tuple[list[Any], ...], list[str]]:
    """The test file's cells below the training file's, column by column (by name, else by
    position)."""
    notes: list[str] = []
    if not train.header and not test.header:
        if len(train.names) != len(test.names):
            raise LaminaError(
                f"The test file has {len(test.names)} columns, the training file "
                f"{len(train.names)}.",
                place=path.name,
                remedy="Choose a test file with the same columns.",
            )
        return tuple([*a, *b] for a, b in zip(train.columns, test.columns, strict=True)), notes
    below = dict(zip(test.names, test.columns, strict=True))
    lacking = [name for name in train.names if name not in below]
    if lacking:
        raise LaminaError(
            f"The test file lacks the {'column' if len(lacking) == 1 else 'columns'} "
            f"{', '.join(map(repr, lacking[:5]))}.",
            place=path.name,
            remedy="Choose a test file with the same columns, the target among them.",
        )
    extra = [name for name in test.names if name not in train.names]
    if extra:
        notes.append(f"Only the test file has {', '.join(map(repr, extra[:5]))}; left out.")
    pairs = zip(train.names, train.columns, strict=True)
    return tuple([*column, *below[name]] for name, column in pairs), notes


def _without_dot(name: str, column: Sequence[Any], rows: int) -> tuple[Sequence[Any], str]:
    """Test labels that differ from the training ones by a trailing dot only, without it (Adult's
    test file)."""
    train = {str(cell).strip() for cell in column[:rows] if cell is not None}
    if not 1 < len(train) <= 1000:
        return column, ""
    test = {str(cell).strip() for cell in column[rows:] if cell is not None}
    dotted = {word for word in test - train if word.endswith(".") and word[:-1].strip() in train}
    if not dotted or len(test - train - dotted) > 0:
        return column, ""
    below = [
        str(cell).strip()[:-1].strip() if cell is not None and str(cell).strip() in dotted else cell
        for cell in column[rows:]
    ]
    note = f"{name}: a trailing dot was taken off the labels of the test file."
    return [*column[:rows], *below], note


def _typed(
    train: Cells,
    columns: Sequence[Sequence[Any]],
    given: Any,
    notes: list[str],
    options: Mapping[str, Any],
    named: Mapping[str, str],
) -> Raw:
    import pandas as pd

    decimal = str(train.guessed.get("decimal", options.get("decimal") or "."))
    dates = str(options.get("dates") or "")
    series, reading, limits = {}, {}, {}
    findings = list(train.findings)
    trimmed = gaps = 0
    for name, column in zip(train.names, columns, strict=True):
        if given is not None:
            column, note = _without_dot(name, column, train.rows)
            notes += [note] if note else []
        trimmed += any(isinstance(cell, str) and cell != cell.strip() for cell in column[:2000])
        gaps += isinstance(column, list | large.Words) and "?" in column
        typed = cells.typed(name, column, decimal, dates)
        series[name] = typed.values
        if found := measures.limits(column, typed.unreadable, typed.reading):
            limits[name] = found
        if isinstance(column, large.Words):
            column.free()
        if typed.reading:
            reading[name] = dict(typed.reading)
        findings += _odd(name, typed, decimal)
    if trimmed:
        notes.append(f"Spaces around cells were taken off (in {_columns(trimmed)}).")
    if gaps:
        notes.append(f'"?" means missing (in {_columns(gaps)}).')
    for name, how in reading.items():
        if "unit" in how:
            notes.append(f"{name}: numbers with the unit {how['unit']!r} read as numbers.")
    return Raw(
        frame=pd.DataFrame(series),
        given=given,
        options=train.guessed,
        choices={"sheet": train.sheets} if len(train.sheets) > 1 else {},
        notes=tuple(dict.fromkeys(notes)),
        findings=tuple(findings),
        reading=reading,
        limits=limits,
        headerless=not train.header,
        named=named,
    )


def _columns(count: int) -> str:
    return f"{count} {'column' if count == 1 else 'columns'}"


def _odd(name: str, typed: cells.Typed, decimal: str) -> list[Finding]:
    """Findings about cells that could not be read as the column's type."""
    found = []
    if typed.unreadable:
        count = sum(typed.unreadable.values())
        words = ", ".join(repr(word[:30]) for word in list(typed.unreadable)[:4])
        kind = "date" if str(typed.values.dtype).startswith("datetime") else "number"
        found.append(
            Finding(
                "mixed_types",
                "warning",
                "Mixed types",
                f"{name}: {count:,} {'cell is' if count == 1 else 'cells are'} no {kind} ({words}) "
                "and "
                f"{'was' if count == 1 else 'were'} taken as missing.",
                (name,),
                measures.remedies(name, typed.unreadable, typed.reading),
            )
        )
    if typed.infinite:
        found.append(
            Finding(
                "infinite",
                "warning",
                "Infinite numbers",
                f"{name}: {typed.infinite:,} {'cell is' if typed.infinite == 1 else 'cells are'} "
                "infinite or "
                "too large for a number; taken as missing.",
                (name,),
            )
        )
    if typed.mixed and not measures.look(dict(typed.values.value_counts()), decimal):
        found.append(
            Finding(
                "mixed_types",
                "warning",
                "Mixed types",
                f"{name} mixes numbers and words "
                f"({', '.join(repr(word[:30]) for word in typed.mixed)}); "
                "it is read as words.",
                (name,),
            )
        )
    return found
