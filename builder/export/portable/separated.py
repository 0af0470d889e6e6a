"""Tables of text: read as the training file was, else by what they show. The standard library only.

`how` is what is known of the training file: separator, quoting, encoding, decimal, header,
skip_rows, width (its columns), renamed (what it calls a column, #0 and so on without a header →
what the column is called) and target (the target's column). It may lack any of them.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builder.data.runtime import naming, spreadsheet

SEPARATORS = (",", ";", "\t", "|")
CALLED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces", ":": "colons"}
LARGEST_FIELD = 10_000_000
PREDICTION = "prediction"
"""The column that `files.flat` adds: a table with it was written by Lamina, cells disarmed."""
WESTERN = ("cp1252", "latin-1")
LOOKED_AT = 200  # rows, to tell how many cells they have


class Line(dict[str, Any]):
    """A record that knows where it stands ("rows.csv, row 3"), whether its line was short, and what
    is to be said of how its file was read.
    """

    place = ""
    short = ""
    said = ""


@dataclass(frozen=True)
class _Reading:
    """A file's rows that hold anything, with their numbers, and the columns' names."""

    separator: str
    rows: list[tuple[int, list[str]]]
    names: list[str]
    headed: bool  # the first row holds the names
    said: str = ""


def decoded(path: Path, encoding: str = "") -> tuple[str, str]:
    """The file as text, and what is to be said of its encoding: a mark decides, then `encoding`,
    then UTF-8, then Windows' Latin-1. UTF-8 that can be nothing else is read so.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16"), ""
    encodings: tuple[str, ...]
    if encoding in WESTERN and not content.isascii():
        encodings = ("utf-8-sig", encoding)
    elif encoding in ("", "utf-8") or content.startswith(codecs.BOM_UTF8):
        encodings = ("utf-8-sig",)
    else:
        encodings = (encoding, "utf-8-sig")
    for one in encodings:
        try:
            text = content.decode(one).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
        plain = one.removesuffix("-sig")
        other = encoding and plain != encoding and not content.startswith(codecs.BOM_UTF8)
        said = f"{path.name} is {plain} text, the training file was {encoding}." if other else ""
        return text, said
    said = f"{path.name} is no {encoding} text as the training file was; it is read as cp1252."
    return content.decode("cp1252", errors="replace"), said if encoding else ""


def records(
    text: str, name: str, columns: Sequence[str], how: Mapping[str, Any], said: str = ""
) -> list[Line]:
    """The rows of the file `name`; ValueError with the row that is wrong, or what lacks."""
    if "\0" in text[:10_000]:
        raise ValueError(f"{name} is no text; save it as CSV.")
    csv.field_size_limit(LARGEST_FIELD)
    reading = as_trained(text, columns, how) or _guessed(text, name, columns, how)
    return _lines(reading, name, " ".join(filter(None, (said, reading.said))))


def trained_alike(text: str, columns: Sequence[str], how: Mapping[str, Any]) -> bool:
    """Whether the text is plainly a table as the training file was: its names stand above it, or
    every row has as many cells.
    """
    reading = as_trained(text, columns, how)
    if reading is None or reading.headed:
        return reading is not None
    return {len(cells) for _, cells in reading.rows} == {how.get("width")}


def as_trained(text: str, columns: Sequence[str], how: Mapping[str, Any]) -> _Reading | None:
    """As the training file was read; None where that is not known, or where the rows do not fit."""
    separator = how.get("separator")
    if not separator:
        return None
    quoted = how.get("quoting") != "none"
    for skip in dict.fromkeys((0, int(how.get("skip_rows") or 0))):
        rows = _parsed(text, str(separator), quoted, skip)
        if not rows:
            continue
        names = shown(_names(rows[0][1]), columns, how)
        if set(columns) <= set(names):
            return _Reading(str(separator), rows, names, True)
        if how.get("header") is False and not half(names, columns):
            usual = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
            found = placed(usual, columns, how)
            if found is not None and not (found[1] and _whole_otherwise(text, columns, how)):
                return _Reading(str(separator), rows, found[0], False, found[1])
    return None


def shown(names: Sequence[str], columns: Sequence[str], how: Mapping[str, Any]) -> list[str]:
    """A file's own names, or what its columns are called now where that gives more of the wanted
    `columns`: a file may come as training's did, or with the names that were given to it.
    """
    renamed = how.get("renamed") or {}
    called = [renamed.get(name, name) for name in names]
    more = len(set(columns) & set(called)) > len(set(columns) & set(names))
    return called if more and len(set(called)) == len(called) else list(names)


def half(names: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a first row holds half of the columns' names: then it is a header that lacks some."""
    return 2 * len(set(columns) & set(names)) >= len(set(columns))


def _called(index: int, how: Mapping[str, Any]) -> str:
    """What the column at that place is called, of a file without a header."""
    return str((how.get("renamed") or {}).get(f"#{index}", f"#{index}"))


def placed(
    usual: int, columns: Sequence[str], how: Mapping[str, Any]
) -> tuple[list[str], str] | None:
    """The columns' names by their position in rows of `usual` cells, and what is to be said; None
    where those do not fit.
    """
    width, target = how.get("width"), str(how.get("target") or "")
    names = [_called(index, how) for index in range(max(usual, width or 0))]
    if not usual or not set(columns) <= set(names):
        return None
    if width and usual == width - 1 and target in names:
        title = naming.called(target, True)
        names.remove(target)
        return names, f"Rows have no {title}, the target; their cells are taken as the others."
    if (width and usual != width) or not set(columns) <= set(names[:usual]):
        return None
    return names[:usual], ""


def _whole_otherwise(text: str, columns: Sequence[str], how: Mapping[str, Any]) -> bool:
    """Whether another separator shows all the names, or cuts every row into all the columns."""
    for separator in SEPARATORS:
        rows = _parsed(text, separator, True) if separator != how.get("separator") else []
        if rows and (
            set(columns) <= set(_names(rows[0][1]))
            or {len(cells) for _, cells in rows} == {how.get("width")}
        ):
            return True
    return False


def _guessed(text: str, name: str, columns: Sequence[str], how: Mapping[str, Any]) -> _Reading:
    """By the separator that shows most of the columns' names; else by place. ValueError where
    columns lack."""
    best: _Reading | None = None
    for separator in SEPARATORS:
        rows = _parsed(text, separator, True)
        names = shown(_names(rows[0][1]), columns, how) if rows else []
        known = len(set(names) & set(columns))
        if best is None or known > len(set(best.names) & set(columns)):
            best = _Reading(separator, rows, names, True)
    if best is None or (not best.rows and text.strip()):
        raise ValueError(f"{name} cannot be cut into cells: one is longer than a file may have.")
    places = _places(columns, how)
    if places and not set(best.names) & set(columns):
        best = _evenest(text, max(places) + 1, how)
    refuse_lacking(best.names, name, columns)
    trained = how.get("separator")
    if trained and best.separator != trained:
        said = (
            f"{name} is read with {CALLED[best.separator]} between its cells, not with "
            f"{CALLED.get(trained, repr(trained))} as the training file: those give no rows that "
            "fit."
        )
        return _Reading(best.separator, best.rows, best.names, best.headed, said)
    return best


def _places(columns: Sequence[str], how: Mapping[str, Any]) -> list[int]:
    """Where columns stand that the training file had no names for."""
    before = {new: old for old, new in (how.get("renamed") or {}).items()}
    found = (naming.POSITION.fullmatch(before.get(column, column)) for column in columns)
    return [int(one[1]) for one in found if one]


def _evenest(text: str, needed: int, how: Mapping[str, Any]) -> _Reading:
    """The reading by place in which most rows have the same number of cells, and enough."""
    found: list[tuple[tuple[bool, float, int], _Reading]] = []
    for separator in SEPARATORS:
        rows = _parsed(text, separator, True)
        lengths = Counter(len(cells) for _, cells in rows[:LOOKED_AT])
        usual, times = lengths.most_common(1)[0] if lengths else (0, 0)
        names = [_called(index, how) for index in range(usual)]
        even = times / max(1, lengths.total())
        reading = _Reading(separator, rows, names, False)
        found.append(((usual >= needed, even * (usual > 1), usual), reading))
    return max(found, key=lambda item: item[0])[1]


def refuse_lacking(header: Sequence[str], name: str, columns: Sequence[str]) -> None:
    """Raise ValueError where the file `name` with this header lacks one of the columns."""
    unnamed = naming.numbered(columns)
    lacking = [naming.called(column, unnamed) for column in columns if column not in header]
    called = [naming.called(column, unnamed) for column in header]
    if not any(header):
        raise ValueError(f"{name} is empty.")
    if lacking and len(header) == 1:
        raise ValueError(
            f"{name} has a single column, {header[0][:60]!r}; its cells must be apart by comma, "
            "semicolon, tab or |."
            if len(columns) > 1
            else f"{name} lacks {_the(lacking[0], unnamed)}; it has {called[0][:60]}."
        )
    if lacking:
        raise ValueError(
            f"{name} lacks {_the(lacking[0], unnamed)}"
            + (f" and {len(lacking) - 1} more" if len(lacking) > 1 else "")
            + f"; it has {', '.join(called[:8])}."
        )


def _the(column: str, unnamed: bool) -> str:
    return column if unnamed else f"the column {column!r}"


def _parsed(text: str, separator: str, quoted: bool, skip: int = 0) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, with their numbers; `skip` lines above them are left out."""
    file = io.StringIO(text, newline="")
    for _ in range(skip):
        file.readline()
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(
        file, delimiter=separator, skipinitialspace=separator != "\t", quoting=quoting
    )
    try:
        numbered = list(enumerate(reader, start=1 + skip))
    except csv.Error:
        return []
    return [(number, cells) for number, cells in numbered if any(map(str.strip, cells))]


def header(text: str, separator: str) -> list[str]:
    """The cells of the first row; none where it cannot be cut so."""
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True
        )
        return [cell.strip() for cell in next(reader, [])]
    except csv.Error:
        return []


def _names(cells: Sequence[str]) -> list[str]:
    """The columns' names as training calls them: without more than one space, never empty, and a
    number after those that come again.
    """
    names = [" ".join(cell.split()) for cell in cells]
    names = list(map(spreadsheet.plain, names)) if PREDICTION in names else names
    unique: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        unique[naming.free(name or f"column {place}", unique)] = None
    return list(unique)


def under(text: str, name: str, separator: str, names: list[str], headed: bool) -> list[Line]:
    """The rows of a text under names that are known; `headed` where the first row holds them."""
    csv.field_size_limit(LARGEST_FIELD)
    return _lines(_Reading(separator, _parsed(text, separator, True), names, headed), name)


def _lines(reading: _Reading, name: str, said: str = "") -> list[Line]:
    names, width = reading.names, len(reading.names)
    own = reading.headed and PREDICTION in names
    like = f"the first row {width}" if reading.headed else f"most rows {width}"
    found: list[Line] = []
    for number, cells in reading.rows[reading.headed :]:
        if len(cells) > width:
            raise ValueError(f"{name}, row {number}: it has {len(cells)} cells, {like}.")
        cells = list(map(spreadsheet.plain, cells)) if own else cells
        line = Line(zip(names, cells + [""] * (width - len(cells))))
        line.place, line.said = f"{name}, row {number}", said
        if len(cells) < width:
            line.short = f"it has {len(cells)} cells, {like}"
        found.append(line)
    if not found:
        raise ValueError(f"{name} has a first row with the columns' names, and no rows below it.")
    return found
