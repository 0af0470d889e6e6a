"""From a column's cells as they stand in a file to typed values: numbers, dates, yes-or-no,
words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.data import date_forms
from builder.data.formats import decimals
from builder.data.formats.large import Words
from builder.data.runtime import tables

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 0.9  # this share of the cells must be readable for a type to be taken
DASHES = frozenset(("-", "--", "—", "–", ".", "...", "*"))
UNIT = re.compile(r"[+-]?[\d.,'  ]*\d\s*([^\W\d_]{1,8})")
LEADING_ZERO = re.compile(r"[+-]?0\d+")


@dataclass(frozen=True)
class Typed:
    """A column, typed, with how its cells are read and what was odd about them."""

    values: "pd.Series[Any]"
    reading: Mapping[str, Any] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)  # word → times, taken as missing
    infinite: int = 0  # inf, -inf and numbers too large, taken as missing
    mixed: tuple[str, ...] = ()  # a column of words with many numbers or dates in it: examples


def typed(
    name: str, cells: "Sequence[Any] | pd.Series[Any]", decimal: str = ".", dates: str = ""
) -> Typed:
    """The column as the type that its cells show; `dates` is a strptime format to try first.

    Strings are trimmed; missing words become missing. What cannot be read as the column's type is
    missing and said.
    """
    import pandas as pd

    if isinstance(cells, pd.Series):
        return _from_series(name, cells)
    if isinstance(cells, Words):
        return _from_compact(name, cells, decimal, dates)
    kinds = {type(cell) for cell in cells}
    if kinds <= {str, type(None)}:
        return _from_words(name, cells, decimal, dates)
    kinds.discard(type(None))
    if kinds == {bool}:
        return Typed(pd.Series(list(cells), name=name, dtype="boolean"))
    if kinds <= {int, float}:
        return _from_numbers(name, cells)
    if kinds <= {datetime, date, pd.Timestamp}:
        moments = [tables.to_moment(cell) for cell in cells]
        return Typed(_dates(name, moments))
    words = [None if tables.is_missing(cell) else _word(cell) for cell in cells]
    return _from_words(name, words, decimal, dates)


def _from_series(name: str, cells: "pd.Series[Any]") -> Typed:
    """A column that comes typed: numbers without infinities, dates without a zone."""
    import pandas as pd

    if cells.dtype.kind == "M":
        moments = cells.dt.tz_localize(None) if cells.dt.tz is not None else cells
        return Typed(pd.Series(moments.to_numpy().astype("datetime64[us]"), name=name))
    x = cells.to_numpy()
    if cells.dtype.kind in "iu":
        return Typed(
            pd.Series(x.astype(np.int64 if x.dtype != np.uint64 else np.float64), name=name)
        )
    x = x.astype(np.float64)
    beyond = np.abs(x) >= tables.LARGEST
    infinite = int(beyond.sum())
    x = np.where(beyond, np.nan, x)
    whole = bool(np.isfinite(x).all() and (np.floor(x) == x).all() and (np.abs(x) < 2**53).all())
    kept = x.astype(np.int64) if whole and len(x) else x
    return Typed(pd.Series(kept, name=name), infinite=infinite)


def plain_cells(cells: "pd.Series[Any]") -> list[Any]:
    """A typed column as plain Python values: None where missing, datetimes for dates."""
    kind = cells.dtype.kind
    if kind in "iu":
        return cells.tolist()
    if kind == "M":
        return [None if value != value else value.to_pydatetime() for value in cells.tolist()]
    if kind == "b" or str(cells.dtype) == "boolean":
        return cells.astype(object).where(cells.notna(), None).tolist()
    return [None if value is None or value != value else value for value in cells.tolist()]


def _word(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _from_numbers(name: str, cells: Sequence[Any]) -> Typed:
    read, infinite = [], 0
    for cell in cells:
        try:
            number = tables.to_number(cell)
        except OverflowError:  # an int of more than 308 digits
            number = tables.NAN
        infinite += cell is not None and cell == cell and number != number
        read.append(number)
    return Typed(_numbers(name, read), infinite=infinite)


def _numbers(name: str, read: Sequence[float]) -> "pd.Series[Any]":
    import pandas as pd

    x = np.array(read, dtype=np.float64)
    whole = bool(np.isfinite(x).all() and (np.floor(x) == x).all() and (np.abs(x) < 2**53).all())
    return pd.Series(x.astype(np.int64) if whole and len(x) else x, name=name)


def _dates(name: str, moments: Sequence[datetime | None]) -> "pd.Series[Any]":
    import pandas as pd

    stamps = np.array([np.datetime64("NaT") if m is None else m for m in moments], "datetime64[us]")
    return pd.Series(stamps, name=name)


def _from_compact(name: str, cells: Words, decimal: str, dates: str) -> Typed:
    """A compact column: plain numbers at once, everything else by its different words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if decimal == "." and not DATE_NAME.search(name):
        numbers = _plain_numbers(name, cells)
        if numbers is not None:
            return numbers
    coded = pc.dictionary_encode(pc.utf8_trim_whitespace(cells.cells)).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0)
    codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
    words = coded.dictionary.to_pylist() + [None] * bool(coded.indices.null_count)
    times = np.bincount(codes, minlength=len(words)).tolist()
    counts = Counter(dict(zip(words, times, strict=True)))
    found = _from_words(name, words, decimal, dates, counts)
    return replace(found, values=found.values.take(codes).reset_index(drop=True))


CODES = r"^\s*([+-]?0\d+|\d{17,})\s*$"  # as `_are_codes`: digits that may be names


def _plain_numbers(name: str, cells: Words) -> Typed | None:
    """A column of numbers without dress, gaps among them; None where anything else is in it."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    parts, gaps = [], pa.array(sorted(tables.MISSING))
    for chunk in cells.cells.chunks:
        words = pc.utf8_trim_whitespace(chunk)
        if pc.any(pc.match_substring_regex(words, CODES)).as_py():
            return None
        try:
            read = pc.cast(words, pa.float64())
        except pa.ArrowInvalid:
            without = pc.is_in(pc.utf8_lower(words), value_set=gaps)
            try:
                read = pc.cast(pc.if_else(without, None, words), pa.float64())
            except pa.ArrowInvalid:
                return None
        parts.append(read.to_numpy(zero_copy_only=False))
    x = np.concatenate(parts) if parts else np.empty(0)
    if np.isnan(x).all():
        return None
    return _from_series(name, pd.Series(x, name=name))


@dataclass(frozen=True)
class _Column:
    """A column of words that may stand for something else."""

    name: str
    cells: Sequence[str | None]
    words: Sequence[str]  # the different ones that are not missing
    counts: Mapping[str | None, int]
    total: int  # cells that are not missing
    decimal: str
    dates: str  # a strptime format to try first


def _from_words(
    name: str,
    cells: Sequence[str | None],
    decimal: str,
    dates: str,
    counts: "Counter[str | None] | None" = None,
) -> Typed:
    """A column of words; `counts` is given where `cells` are its different words only."""
    import pandas as pd

    trimmed = [None if cell is None else cell.strip() for cell in cells]
    counts = Counter(trimmed) if counts is None else counts
    words = [word for word in counts if word is not None and not tables.is_missing(word)]
    total = sum(counts[word] for word in words)
    if not words:
        return Typed(pd.Series([None] * len(trimmed), name=name, dtype=object))
    column = _Column(name, trimmed, words, counts, total, decimal, dates)
    for read in (_as_compact_dates, _as_numbers, _as_booleans, _as_dates):
        found = read(column)
        if found is not None:
            return found
    values = [None if tables.is_missing(word) else word for word in trimmed]
    mixed = _mixed(column)
    return Typed(pd.Series(values, name=name, dtype=object), mixed=mixed)


COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
DATE_NAME = re.compile(r"date|datum|fecha|day|time|zeit|^dt$", re.I)


def _as_compact_dates(column: _Column) -> Typed | None:
    """Dates such as 20190301, where the column is called like it: else they are numbers."""
    if not DATE_NAME.search(column.name) or not all(map(COMPACT_DATE.fullmatch, column.words)):
        return None
    return _as_dates(replace(column, dates="%Y%m%d"))


def _as_numbers(column: _Column) -> Typed | None:
    words, counts, total = column.words, column.counts, column.total
    decimal, unit = column.decimal, _unit(words)
    if not unit and decimals.other_way(words, decimal):
        decimal = "." if decimal == "," else ","  # this column is written the other way
    read: dict[str | None, float] = {}
    bad: dict[str, int] = {}
    infinite = 0
    for word in words:
        try:
            read[word] = tables.to_number(word, decimal, unit)
        except ValueError:
            bad[word] = counts[word]
            if len(bad) > 50 and sum(bad.values()) > (1 - ENOUGH) * total + 50:
                return None
        else:
            if read[word] != read[word]:
                infinite += counts[word]
    dashes = {word: bad.pop(word) for word in list(bad) if word in DASHES}
    present = total - sum(dashes.values())
    if not read or present == 0 or sum(bad.values()) > (1 - ENOUGH) * present or _are_codes(words):
        return None
    numbers = [read.get(cell, tables.NAN) for cell in column.cells]
    reading: dict[str, Any] = {}
    if decimal != ".":
        reading["decimal"] = decimal
    if unit:
        reading["unit"] = unit
    if dashes or bad:
        reading["missing"] = sorted([*dashes, *bad])
    return Typed(_numbers(column.name, numbers), reading, bad, infinite)


def _are_codes(words: Sequence[str]) -> bool:
    """Digits that are names, not amounts: leading zeros (post codes), or more digits than a float
    holds."""
    zeros = sum(bool(LEADING_ZERO.fullmatch(word)) for word in words)
    return zeros > 0.01 * len(words) or any(
        word.isdigit() and len(word) > 16 for word in words[:50]
    )


def _unit(words: Sequence[str]) -> str:
    """The one unit that stands behind some of the numbers ("lbs"); empty where there is none, or
    several."""
    units = {match[1] for word in words[:2000] if (match := UNIT.fullmatch(word))}
    return units.pop() if len(units) == 1 else ""


def _as_booleans(column: _Column) -> Typed | None:
    if not {word.lower() for word in column.words} <= {"true", "false"}:
        return None
    import pandas as pd

    values = [None if tables.is_missing(c) else str(c).lower() == "true" for c in column.cells]
    return Typed(pd.Series(values, name=column.name, dtype="boolean"))


def _as_dates(column: _Column) -> Typed | None:
    words, counts, total = column.words, column.counts, column.total
    sample = [word for word in words[:400] if 6 <= len(word) <= 40 and re.search(r"\d", word)]
    if len(sample) < ENOUGH * min(len(words), 400):
        return None
    forms = date_forms.guess(sample, column.dates, ENOUGH)
    if forms is None:
        return None
    read: dict[str | None, datetime] = {}
    bad: dict[str, int] = {}
    for word in words:
        try:
            moment = tables.to_moment(word, forms)
        except ValueError:
            bad[word] = counts[word]
            continue
        if moment is not None:
            read[word] = moment
    if not read or sum(bad.values()) > (1 - ENOUGH) * total:
        return None
    reading: dict[str, Any] = {"formats": list(forms)} if forms else {}
    if bad:
        reading["missing"] = sorted(bad)
    return Typed(_dates(column.name, [read.get(cell) for cell in column.cells]), reading, bad)


def _mixed(column: _Column) -> tuple[str, ...]:
    """Examples of numbers in a column of words, where they make up at least half of it."""
    words = column.words
    numeric = [word for word in words[:2000] if _numeric(word, column.decimal)]
    share = sum(column.counts[word] for word in numeric) / max(1, column.total)
    if share < 0.5 or _are_codes(words):
        return ()
    others = [word for word in words[:2000] if word not in set(numeric)]
    return (numeric[0], *others[:3]) if others else ()


def _numeric(word: str, decimal: str) -> bool:
    try:
        tables.to_number(word, decimal)
    except ValueError:
        return False
    return True
