"""Columns of numbers that are written with signs ("<0.1", "12 km/h", "1h 5m"): noticed, and read as
numbers where a person said so."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from builder.data import columns
from builder.data.base import Finding, Raw, Remedy
from builder.data.formats import decimals
from builder.data.runtime import signs, tables
from builder.errors import LaminaError
from builder.project import Data

if TYPE_CHECKING:
    import pandas as pd

ENOUGH = 0.9
"""Such a share of the cells must be readable."""
LOOKED_AT = 2000
FEWEST = 3
"""Of fewer different numbers a column is one of classes ("<=50K" and ">50K")."""
NUMBER = r"[+\-\u2212(]?\d[\d.,'\u2019\u00a0\u202f ]*(?:[eE][+-]?\d+)?"
SIGNED = re.compile(
    r"(?P<before>[^\w\s+\-\u2212.,:;/'\"()#]{1,3}|[A-Z]{3}(?=\s)|[^\W\d_]{1,3}[.$])?\s*"
    rf"(?P<number>{NUMBER})\)?\s*"
    r"(?P<behind>[^\d\s+\-\u2013:.,'\"()/#][^\d\s:]*[23]?(?: [^\W\d]\S{0,11})?)?"
)

Written = Literal["measure", "duration", "feet"]


@dataclass(frozen=True)
class Found:
    """How a column's numbers are written, with an example and the number that it is."""

    written: Written
    unit: str
    example: str
    value: float


def asked(data: Data) -> dict[str, Written]:
    """Column → how its numbers are written, as a person said."""
    return {
        name: column.written
        for name, column in data.columns.items()
        if column.written is not None and column.type in (None, "number")
    }


def look(words: Mapping[str, int], decimal: str = ".") -> Found | None:
    """How these words (and how often they come) are numbers with signs; None where they are not."""
    known = {word: n for word, n in words.items() if not tables.is_missing(word)}
    some = list(known)[:LOOKED_AT]
    if len(some) < FEWEST:
        return None
    special: dict[Written, Callable[[str], float]] = {
        "duration": signs.seconds,
        "feet": signs.inches,
    }
    for written, read in special.items():
        found = _numbers(some, read)
        if _enough(found, known, some) and (written == "feet" or _several_units(found)):
            example = max(found, key=lambda word: (len(word.split()), len(word)))
            return Found(written, "", example, found[example])
    unit = _unit(some)
    if unit is None:
        return None
    found = _numbers(some, _reader(_how("measure", unit, some, decimal)))
    limited = [word for word in found if _is_limit(word)]
    dressed = [word for word in found if unit and unit in word]
    if not _enough(found, known, some) or 2 * len(limited) > len(found) or not limited + dressed:
        return None
    example = limited[0] if limited else min(dressed, key=len)
    return Found("measure", unit, example, found[example])


def limits(cells: Iterable[Any], odd: Iterable[str], how: Mapping[str, Any]) -> Mapping[int, str]:
    """Row → cell, of the `odd` cells of a column of numbers that are numbers with the sign of a
    limit."""
    words = {word for word in odd if _limit(word, how)}
    if not words:
        return {}
    rows = ((row, str(cell).strip()) for row, cell in enumerate(cells) if cell is not None)
    return {row: word for row, word in rows if word in words}


def remedies(name: str, odd: Iterable[str], how: Mapping[str, Any]) -> tuple[Remedy, ...]:
    """The button that takes such cells as the number beside the sign; none where there are none."""
    example = next((word for word in odd if _limit(word, how)), None)
    if example is None:
        return ()
    value = _reader({**how, "written": "measure"})(example)
    label = f"Take {example} as {value:,.6g}"
    return (Remedy(label, {"columns": {name: {"written": "measure"}}}),)


def _limit(word: str, how: Mapping[str, Any]) -> bool:
    return _is_limit(word) and bool(_numbers([word], _reader({**how, "written": "measure"})))


def measured(raw: Raw, wanted: Mapping[str, Written]) -> Raw:
    """The rows with these columns as numbers; what reads new rows does the same (`Raw.reading`).

    Words that are none are missing, which a finding says. Raises LaminaError where nothing in a
    column is written so.
    """
    names = {
        columns.find(name, raw.frame, f"data.columns.{name}.written"): written
        for name, written in wanted.items()
    }
    frame, reading = raw.frame.copy(deep=False), dict(raw.reading)
    notes, findings = list(raw.notes), [f for f in raw.findings if not _about(f, names)]
    for name, written in names.items():
        cells, how = frame[name], dict(reading.get(name, {}))
        if cells.dtype.kind in "iuf":
            frame[name], count = _with_limits(cells, raw.limits.get(name, {}), how)
            said = f"{name}: {count:,} cells with the sign of a limit read as the number beside it."
        else:
            words = [None if cell is None or cell != cell else str(cell) for cell in cells]
            decimal = str(raw.options.get("decimal") or ".")
            kinds = list(dict.fromkeys(word for word in words if word))
            unit = _unit(kinds[:LOOKED_AT]) or ""
            how |= _how(written, unit if written == "measure" else "", kinds, decimal)
            frame[name], bad = _read(name, words, how)
            if bad:
                how["missing"] = sorted(bad)
                findings.append(_odd(name, bad))
            said = f"{name}: {_said(written, how)}."
        reading[name] = {**how, "written": written}
        notes.append(said)
    return dataclasses.replace(
        raw, frame=frame, reading=reading, notes=tuple(notes), findings=tuple(findings)
    )


def _said(written: Written, how: Mapping[str, Any]) -> str:
    if written != "measure":
        return "durations read as seconds" if written == "duration" else "feet read as inches"
    unit = f" and the unit {how['unit']!r}" if how.get("unit") else ""
    return f"numbers read without the signs of limits{unit}"


def _about(finding: Finding, names: Mapping[str, Any]) -> bool:
    return (
        finding.code == "mixed_types" and len(finding.columns) == 1 and finding.columns[0] in names
    )


def _with_limits(
    cells: "pd.Series[Any]", limits: Mapping[int, str], how: dict[str, Any]
) -> "tuple[pd.Series[Any], int]":
    """The numbers with those that were blank for the sign of a limit; `how` no longer calls these
    missing."""
    read = _reader({**how, "written": "measure"})
    x = cells.to_numpy(dtype=np.float64, copy=True)
    for row, word in limits.items():
        x[row] = read(word)
    rest = [word for word in how.get("missing", ()) if not _limit(word, how)]
    how.pop("missing", None)
    if rest:
        how["missing"] = rest
    return type(cells)(x, name=cells.name), len(limits)


def _read(
    name: str, words: Sequence[str | None], how: Mapping[str, Any]
) -> "tuple[pd.Series[Any], dict[str, int]]":
    """The words as numbers, and those that are none, with how often they come."""
    import pandas as pd

    found = _numbers([word for word in dict.fromkeys(words) if word], _reader(how))
    if not found:
        raise LaminaError(
            f"Nothing in the column is a number that is written so ({how['written']}).",
            place=f"data.columns.{name}.written",
            remedy="Take the entry out; the column's cells are words.",
        )
    bad: dict[str, int] = {}
    for word in words:
        if word is not None and word not in found and not tables.is_missing(word):
            bad[word] = bad.get(word, 0) + 1
    numbers = [found.get(word, tables.NAN) if word else tables.NAN for word in words]
    return pd.Series(numbers, name=name, dtype="float64"), bad


def _odd(name: str, bad: Mapping[str, int]) -> Finding:
    count = sum(bad.values())
    words = ", ".join(repr(word[:30]) for word in list(bad)[:4])
    are, were = ("cell is", "was") if count == 1 else ("cells are", "were")
    return Finding(
        "mixed_types",
        "warning",
        "Mixed types",
        f"{name}: {count:,} {are} not written like the others ({words}) and {were} taken as "
        "missing.",
        (name,),
    )


def _how(written: Written, unit: str, words: Sequence[str], decimal: str) -> dict[str, Any]:
    """How cells are read, with the decimal sign that the bare numbers show."""
    numbers = [signs.bare(word, unit) for word in words]
    if written == "measure" and decimals.other_way(numbers, decimal):
        decimal = "." if decimal == "," else ","
    found: dict[str, Any] = {"written": written}
    if decimal != ".":
        found["decimal"] = decimal
    if unit:
        found["unit"] = unit
    return found


def _reader(how: Mapping[str, Any]) -> Callable[[Any], float]:
    return tables.number_reader(how)


def _numbers(words: Sequence[str], read: Callable[[str], float]) -> dict[str, float]:
    found = {}
    for word in words:
        try:
            number = read(word)
        except ValueError:
            continue
        if number == number:
            found[word] = number
    return found


def _enough(found: Mapping[str, float], counts: Mapping[str, int], some: Sequence[str]) -> bool:
    there = sum(counts[word] for word in some)
    read = sum(counts[word] for word in found)
    return read >= ENOUGH * there and len(set(found.values())) >= FEWEST


def _several_units(words: Mapping[str, float]) -> bool:
    """Whether durations show more than one unit: those of one are numbers with a unit."""
    units = {unit.lower() for word in words for _, unit in re.findall(signs.PIECE, word, re.I)}
    return len(units) > 1 or any(map(signs.CLOCK.fullmatch, words))


def _is_limit(word: str) -> bool:
    return bool(signs.LIMIT.match(word)) or word.endswith("+")


def _unit(words: Sequence[str]) -> str | None:
    """The one sign before or behind the numbers, empty where there is none; None where there are
    several."""
    units: dict[str, int] = {}
    for word in words:
        match = SIGNED.fullmatch(signs.bare(word, ""))
        if match is None:
            continue
        both = [sign for sign in (match["before"], match["behind"]) if sign]
        if len(both) > 1:
            return None
        for sign in both:
            units[sign] = units.get(sign, 0) + 1
    if not units:
        return ""
    unit, times = max(units.items(), key=lambda pair: pair[1])
    return unit if times >= ENOUGH * sum(units.values()) else None
