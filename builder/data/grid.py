"""From a grid of cells to named columns: titles above, footnotes below, header, ragged rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from builder.data.base import Finding
from builder.data.header import guess_header
from builder.data.runtime import naming
from builder.errors import LaminaError
from builder.wording import one_line

MAX_COLUMNS = 50_000
TOTALS = frozenset(
    ("total", "totals", "sum", "summe", "gesamt", "insgesamt", "grand total", "totale")
)
FEW = 10  # so many rows of a wrong length are set aside; beyond this and 1 % the file is refused


@dataclass
class Grid:
    """Rows as they stand in the file, with the line that each began at (from 1)."""

    rows: list[list[Any]]
    lines: list[int]
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Columns:
    """Named columns of equal length, not typed yet."""

    names: tuple[str, ...]
    cells: tuple[Sequence[Any], ...]
    header: bool
    skipped: int  # lines above the header
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


def blank(cell: Any) -> bool:
    """Whether a cell is empty."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def shape(grid: Grid, place: str, *, header: bool | None, skip: int | None) -> Columns:
    """Name the columns. `header` and `skip` (rows above the header) are guessed where None.

    Raises LaminaError with file and line for what is no table: no rows, many rows of a wrong
    length.
    """
    _drop_blank(grid)
    if not grid.rows:
        raise LaminaError("The file is empty.", place=place, remedy="Choose a file with rows.")
    skipped = _skip_titles(grid, skip)
    if not grid.rows:
        raise LaminaError(
            f"Nothing is left after skipping {skipped} lines.", place=place, remedy="Skip fewer."
        )
    has_header = guess_header(grid.rows) if header is None else header
    names_row = grid.rows.pop(0) if has_header else None
    if names_row is not None:
        grid.lines.pop(0)
    if not grid.rows:
        raise LaminaError(
            "The file has a header but no rows.",
            place=place,
            remedy="Add rows, or set header to none if this line is data.",
        )
    width = _width(grid, names_row)
    if width > MAX_COLUMNS:
        raise LaminaError(
            f"The file has {width:,} columns, more than {MAX_COLUMNS:,}.",
            place=place,
            remedy="Check the separator, or keep fewer columns.",
        )
    _even(grid, width, place)
    if skip is None and len(grid.rows) > 2:
        _drop_footnotes(grid, width)
    cells = [list(column) for column in zip(*grid.rows, strict=True)]
    names, kept = _names(names_row, cells, grid)
    return Columns(
        tuple(names),
        tuple(cells[place] for place in kept),
        has_header,
        skipped,
        tuple(grid.notes),
        tuple(grid.findings),
    )


def _drop_blank(grid: Grid) -> None:
    keep = [place for place, row in enumerate(grid.rows) if not all(map(blank, row))]
    dropped = len(grid.rows) - len(keep)
    if not dropped:
        return
    inner = (
        sum(1 for place in range(keep[0], keep[-1]) if all(map(blank, grid.rows[place])))
        if keep
        else 0
    )
    if inner:
        grid.notes.append(f"{inner} empty {'line' if inner == 1 else 'lines'} left out.")
    grid.rows = [grid.rows[place] for place in keep]
    grid.lines = [grid.lines[place] for place in keep]


def _filled(row: Sequence[Any]) -> int:
    return sum(not blank(cell) for cell in row)


def _skip_titles(grid: Grid, skip: int | None) -> int:
    """Drop title lines: at most a cell or two filled, above a table that is clearly wider."""
    if skip is not None:
        count = sum(1 for line in grid.lines if line <= skip)
        del grid.rows[:count], grid.lines[:count]
        return skip
    usual = Counter(_filled(row) for row in grid.rows[1:200]).most_common(1)
    wide = usual[0][0] if usual else 1
    if len(grid.rows) > 1 and _filled(grid.rows[0]) == 1:
        wide = max(wide, _filled(grid.rows[1]))  # a header that is fuller than its rows
    count = 0
    while wide >= 3 and count < min(len(grid.rows) - 1, 50):
        row = grid.rows[count]
        if _filled(row) > max(1, wide // 4) or (
            len(row) >= wide
            and _filled(grid.rows[count + 1]) < wide // 2
            and count == 0
            and _filled(row) > 1
        ):
            break
        count += 1
    if not count or count == len(grid.rows):
        return 0
    line = grid.lines[count] - 1
    first = " ".join(str(cell) for cell in grid.rows[0] if not blank(cell))[:60]
    grid.notes.append(
        f"The table begins in line {line + 1}; what stands above it was left out ({first!r})."
    )
    del grid.rows[:count], grid.lines[:count]
    return line


def _width(grid: Grid, names: Sequence[Any] | None) -> int:
    """Columns of the table: the header's cells, else the commonest number of cells."""
    if names is not None:
        usual = Counter(map(len, grid.rows)).most_common(1)[0]
        width = len(names)
        # A trailing separator on every row but the header gives one nameless column.
        if usual[0] == width + 1 and usual[1] > 0.9 * len(grid.rows):
            return width + 1
        return width
    return Counter(map(len, grid.rows)).most_common(1)[0][0]


def _even(grid: Grid, width: int, place: str) -> None:
    """Every row `width` cells long: short ones filled with gaps, empty surplus cut, the rest set
    aside or refused."""
    if all(len(row) == width for row in grid.rows):
        return
    rows, lines, long, short, comments = [], [], [], [], []
    for row, line in zip(grid.rows, grid.lines, strict=True):
        if len(row) > width:
            if not all(map(blank, row[width:])):
                long.append((line, len(row)))
                continue
            row = row[:width]
        elif len(row) < width:
            if isinstance(row[0], str) and row[0].lstrip().startswith("#") and _filled(row) <= 1:
                comments.append(line)
                continue
            short.append((line, len(row)))
            row = [*row, *[None] * (width - len(row))]
        rows.append(row)
        lines.append(line)
    odd = len(long) + len(short)
    if not odd and not rows:
        raise LaminaError(
            "The file has comments but no rows.", place=place, remedy="Choose a file with rows."
        )
    many = len(long) > max(FEW, 0.01 * len(grid.rows)) or odd > 0.5 * len(grid.rows) + FEW
    if many or not rows:
        line, has = (long or short)[0]
        raise LaminaError(
            f"The line has {has} cells, the table {width} columns; "
            f"{odd - 1:,} more lines are of another length.",
            place=f"{place}, line {line}",
            remedy="Check the separator and the quotes, or mend the lines.",
        )
    grid.rows, grid.lines = rows, lines
    if comments:
        grid.notes.append(f"Comment {_said(comments)} left out.")
    if long:
        grid.findings.append(
            Finding(
                "rows_too_long",
                "warning",
                "Rows with too many cells",
                f"{len(long)} {'row has' if len(long) == 1 else 'rows have'} more than {width} "
                "cells and "
                f"{'was' if len(long) == 1 else 'were'} left out: "
                f"{_said([line for line, _ in long])}.",
            )
        )
    if short:
        grid.findings.append(
            Finding(
                "rows_too_short",
                "warning",
                "Rows with too few cells",
                f"{len(short)} {'row has' if len(short) == 1 else 'rows have'} fewer than {width} "
                "cells; "
                f"what lacks was taken as missing: {_said([line for line, _ in short])}.",
            )
        )


def _said(lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:5])
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{' …' if len(lines) > 5 else ''}"


def _drop_footnotes(grid: Grid, width: int) -> None:
    """Drop closing lines that fill their first cell only, with a sentence or "Total" in it."""
    last = len(grid.rows)
    while last > 2 and width >= 3:
        row = grid.rows[last - 1]
        word = row[0].strip() if isinstance(row[0], str) else ""
        closing = (len(word) > 15 and " " in word) or word.lower().rstrip(":") in TOTALS
        if _filled(row) != 1 or not closing:
            break
        last -= 1
    usual = Counter(_filled(row) for row in grid.rows[:200]).most_common(1)[0][0]
    if last < len(grid.rows) and usual > 2:
        first = str(grid.rows[last][0]).strip()[:60]
        count = len(grid.rows) - last
        grid.notes.append(
            f"{count} closing {'line' if count == 1 else 'lines'} left out ({first!r})."
        )
        del grid.rows[last:], grid.lines[last:]


def _names(
    row: Sequence[Any] | None, cells: Sequence[Sequence[Any]], grid: Grid
) -> tuple[list[str], list[int]]:
    """Unique, trimmed names; nameless empty columns are dropped, repeated names get a number."""
    if row is None:
        return [f"#{place}" for place in range(len(cells))], list(range(len(cells)))
    names: list[str] = []
    taken: set[str] = set()
    kept: list[int] = []
    again: list[str] = []
    for place, (cell, column) in enumerate(zip_longest(row, cells)):
        name = "" if blank(cell) else " ".join(one_line(_title(cell)).split())
        if not name and all(map(blank, column)):
            continue
        name = name or f"column {place + 1}"
        unique = naming.free(name, taken)
        if unique != name:
            again.append(f"{name!r} → {unique!r}")
        names.append(unique)
        taken.add(unique)
        kept.append(place)
    dropped = len(cells) - len(kept)
    if dropped:
        grid.notes.append(
            f"{dropped} {'column' if dropped == 1 else 'columns'} without name and cells left out."
        )
    if again:
        grid.findings.append(
            Finding(
                "repeated_names",
                "note",
                "Two columns of one name",
                f"A column name comes more than once, so it was renamed: {', '.join(again[:6])}.",
                tuple(name.split(" → ")[1].strip("'") for name in again),
            )
        )
    return names, kept


def _title(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
