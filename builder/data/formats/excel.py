"""Excel workbooks, old (.xls) and new (.xlsx): values only, formulas are never evaluated."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from builder.data.grid import Grid, blank
from builder.errors import LaminaError

MAX_CELLS = 50_000_000
MAX_UNPACKED = 1_500_000_000
MAX_RATIO = 200
CHUNK = 1 << 20
MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
LONGEST = 400  # bytes of such an element
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(path: Path, options: Mapping[str, Any]) -> tuple[Grid, dict[str, Any], tuple[str, ...]]:
    """The chosen sheet's rows, what was guessed (the sheet), and the names of all sheets.

    The sheet with the most filled cells is taken where none is named. Raises LaminaError for a
    damaged or encrypted file, a sheet that is not there, or a file that unpacks to more than memory
    should hold.
    """
    with path.open("rb") as file:
        old = file.read(8) == OLD
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles that it does not know
        sheets = _old(path) if old else _new(path)
    names = tuple(sheets)
    wanted = options.get("sheet")
    if wanted is not None and wanted not in sheets:
        raise LaminaError(
            f"The workbook has no sheet {wanted!r}.",
            place=path.name,
            remedy=f"Its sheets are {', '.join(map(repr, names))}.",
        )
    name = str(wanted) if wanted is not None else max(sheets, key=lambda k: _filled(sheets[k].rows))
    rows = [[_cell(cell) for cell in row] for row in sheets[name].rows]
    wide = max((_last(row) for row in rows), default=0)
    grid = Grid(
        [row[:wide] + [None] * (wide - len(row)) for row in rows], list(range(1, len(rows) + 1))
    )
    _fill(grid, sheets[name].merged)
    if len(names) > 1 and wanted is None:
        grid.notes.append(f"Sheet {name!r} was taken, of {', '.join(map(repr, names))}.")
    return grid, {"sheet": name}, names


@dataclass(frozen=True)
class Area:
    """Cells that are merged into one: rows and columns from 0, the last ones among them."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def name(self) -> str:
        """As Excel calls it: "A2:A5"."""
        return f"{_letters(self.left)}{self.top + 1}:{_letters(self.right)}{self.bottom + 1}"


@dataclass(frozen=True)
class Sheet:
    """A sheet's rows as they stand, and its merged cells."""

    rows: list[tuple[Any, ...]]
    merged: tuple[Area, ...]


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def _fill(grid: Grid, merged: Sequence[Area]) -> None:
    """Give every cell of a merged area the value that its first one shows.

    Down to its last row always; across only below the first row that is filled for the most part,
    and beside other cells: titles, footnotes and what heads several columns stay single.
    """
    wide = len(grid.rows[0]) if grid.rows else 0
    names = next((place for place, row in enumerate(grid.rows) if 2 * _filled([row]) > wide), 0)
    filled = []
    last = max((place for place, row in enumerate(grid.rows) if _filled([row])), default=0)
    for area in sorted(merged, key=lambda one: (one.top, one.left)):
        if area.top > last or area.left >= wide:
            continue
        value = grid.rows[area.top][area.left]
        right = min(area.right, wide - 1)
        if area.top <= names or not _beside(grid.rows[area.top], area):
            right = area.left
        bottom = min(area.bottom, last)
        if blank(value) or (bottom, right) == (area.top, area.left):
            continue
        for row in grid.rows[area.top : bottom + 1]:
            row[area.left : right + 1] = [value] * (right + 1 - area.left)
        filled.append(area.name)
    if filled:
        some = ", ".join(filled[:3]) + (" …" if len(filled) > 3 else "")
        many = f"{len(filled):,} merged cells were" if len(filled) > 1 else "A merged cell was"
        each = "each of their rows has their value" if len(filled) > 1 else "each row has its value"
        grid.notes.append(f"{many} taken apart: {each} ({some}).")


def _beside(row: Sequence[Any], area: Area) -> bool:
    """Whether a row has a value beside the area's cells."""
    return _filled([[*row[: area.left], *row[area.right + 1 :]]]) > 0


def _filled(rows: Sequence[Sequence[Any]]) -> int:
    return sum(not blank(cell) for row in rows for cell in row)


def _last(row: Sequence[Any]) -> int:
    return max((place + 1 for place, cell in enumerate(row) if not blank(cell)), default=0)


def _cell(cell: Any) -> Any:
    return cell.strip() if isinstance(cell, str) else cell


def _check_zip(path: Path) -> None:
    """LaminaError for what is no workbook, and for one made to fill the memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(path) from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise LaminaError(
            "This is a zip archive, not an Excel workbook.",
            place=path.name,
            remedy="Unpack it and choose the table inside, or the source for its kind of data.",
        )
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or (
        unpacked > 10_000_000 and unpacked > MAX_RATIO * path.stat().st_size
    ):
        raise LaminaError(
            f"The workbook unpacks to {unpacked / 1e6:,.0f} MB, which is not believable.",
            place=path.name,
            remedy="Export the sheet as CSV.",
        )


def _damaged(path: Path) -> LaminaError:
    return LaminaError(
        "The workbook is damaged or protected by a password.",
        place=path.name,
        remedy="Open it in Excel and save it again without a password, or export it as CSV.",
    )


def _new(path: Path) -> dict[str, Sheet]:
    _check_zip(path)
    import openpyxl

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(path.read_bytes()), read_only=True, data_only=True, keep_links=False
        )
        try:
            return {
                sheet.title: Sheet(
                    _bounded(sheet.iter_rows(values_only=True), path), _merged(sheet)
                )
                for sheet in book.worksheets
            }
        finally:
            book.close()
    except LaminaError:
        raise
    except (
        Exception
    ) as error:  # openpyxl raises what its XML parser and its own code happen to raise
        raise _damaged(path) from error


def _merged(sheet: Any) -> tuple[Area, ...]:
    """The merged cells, which openpyxl leaves out where it streams: read from the sheet's part."""
    found: dict[tuple[bytes, ...], None] = {}
    with sheet._get_source() as source:
        _scan(source, found)
    return tuple(
        Area(int(top) - 1, _number(left), int(bottom) - 1, _number(right))
        for left, top, right, bottom in found
    )


def _scan(source: IO[bytes], found: dict[tuple[bytes, ...], None]) -> None:
    tail = b""
    while chunk := source.read(CHUNK):
        text = tail + chunk
        found.update(dict.fromkeys(match.groups() for match in MERGED.finditer(text)))
        tail = text[-LONGEST:]


def _number(letters: bytes) -> int:
    """The column of Excel's letters, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _bounded(rows: Iterator[tuple[Any, ...]], path: Path) -> list[tuple[Any, ...]]:
    kept, cells, empty = [], 0, 0
    for row in rows:
        cells += len(row)
        empty = empty + 1 if all(cell is None for cell in row) else 0
        if cells > MAX_CELLS:
            raise LaminaError(
                f"The sheet has more than {MAX_CELLS:,} cells.",
                place=path.name,
                remedy="Save it as Parquet or CSV.",
            )
        if empty > 10_000:
            break  # formatted but empty rows down to the end of the sheet
        kept.append(row)
    return kept


def _old(path: Path) -> dict[str, Sheet]:
    import xlrd

    try:
        book = xlrd.open_workbook(
            str(path), on_demand=False, logfile=io.StringIO(), formatting_info=True
        )  # where merged cells belong
        return {
            sheet.name: Sheet(
                [
                    tuple(_old_cell(cell, book.datemode) for cell in sheet.row(row))
                    for row in range(sheet.nrows)
                ],
                tuple(
                    Area(top, left, below - 1, beside - 1)
                    for top, below, left, beside in sheet.merged_cells
                ),
            )
            for sheet in book.sheets()
        }
    except Exception as error:  # xlrd raises what a damaged file happens to trip over
        raise _damaged(path) from error


def _old_cell(cell: Any, datemode: int) -> Any:
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR):
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError):
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    return cell.value
