"""JSON lines, and JSON with a list of records."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from builder import wording
from builder.data.formats import delimited
from builder.data.grid import MAX_COLUMNS
from builder.errors import LaminaError

MAX_BYTES = 1_000_000_000
HALF = re.compile(r"\\ud[89a-f]", re.I)
"""Where half of a character may be written, which JSON allows and no text can hold."""


def read(path: Path, options: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Column → cells (None where a record lacks it), and what was guessed.

    Objects inside a record become columns "outer.inner"; lists stay as JSON text.
    Raises LaminaError with the line for what is no JSON or no records.
    """
    if path.stat().st_size > MAX_BYTES:
        raise LaminaError(
            f"The file has {path.stat().st_size / 1e9:.1f} GB; JSON is read up to 1 GB.",
            place=path.name,
            remedy="Save it as Parquet, or bring a part of it.",
        )
    data = path.read_bytes()
    delimited.refuse_foreign(data, path.name)
    encoding = str(options.get("encoding") or delimited.guess_encoding(data))
    text = delimited.decode(data, encoding, path.name)
    records = _records(text, path.name)
    halves = HALF.search(text) is not None
    columns: dict[str, list[Any]] = {}
    for row, record in enumerate(records):
        for name, value in _flat(record):
            if halves:
                name, value = _mended(name), _mended(value)
            cells = columns.setdefault(name, [])
            cells.extend([None] * (row - len(cells)))
            if len(cells) == row:
                cells.append(value)
        if len(columns) > MAX_COLUMNS:
            raise LaminaError(
                f"The records have more than {MAX_COLUMNS:,} different keys.",
                place=path.name,
                remedy="Bring records that share their keys.",
            )
    for cells in columns.values():
        cells.extend([None] * (len(records) - len(cells)))
    if not columns:
        raise LaminaError("The file holds no records.", place=path.name, remedy="Add some.")
    return columns, {"encoding": encoding}


def _mended(value: Any) -> Any:
    """A text with the sign for unreadable where it has half of a character; all else as it is."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _records(text: str, place: str) -> list[dict[str, Any]]:
    stripped = text.lstrip()
    if stripped.startswith("["):
        return _checked(_whole(text, place), place)
    lines = list(_lines(text, place))
    if len(lines) > 1:
        return lines
    whole = _whole(text, place)
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if _is_records(value)]
        if len(lists) == 1:
            return _checked(lists[0], place)
        columns = [value for value in whole.values() if isinstance(value, list)]
        if columns and len(columns) == len(whole) and len({len(column) for column in columns}) == 1:
            names = list(whole)
            return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return [whole]
    raise LaminaError(
        "The JSON holds no records.",
        place=place,
        remedy='Bring a list such as [{"age": 22}, {"age": 38}], or one such object per line.',
    )


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _whole(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        fact, remedy = wording.syntax(error)
        raise LaminaError(
            f"This is no JSON: {fact[:1].lower()}{fact[1:]}",
            place=f"{place}, line {error.lineno}, column {error.colno}",
            remedy=remedy,
        ) from None
    except RecursionError:
        raise LaminaError(
            "The JSON is nested too deeply.", place=place, remedy="Bring a flat list of records."
        ) from None
    except ValueError:
        raise _digits(place) from None


def _digits(place: str) -> LaminaError:
    return LaminaError(
        "A number has thousands of digits.", place=place, remedy="Write it as text, in quotes."
    )


def _lines(text: str, place: str) -> Iterator[dict[str, Any]]:
    """One object per line. Where the first line is no whole object, nothing: the text is one JSON
    value."""
    seen = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            if seen == 0:
                return
            what = "It is nested too deeply."
            if isinstance(error, json.JSONDecodeError):
                what, _ = wording.syntax(error)
            raise LaminaError(
                f"This is no JSON: {what[:1].lower()}{what[1:]}",
                place=f"{place}, line {number}",
                remedy='Each line is one object, such as {"age": 22}.',
            ) from None
        except ValueError:
            raise _digits(f"{place}, line {number}") from None
        if not isinstance(record, dict):
            raise LaminaError(
                "The line holds no object.",
                place=f"{place}, line {number}",
                remedy='Each line is one object, such as {"age": 22}.',
            )
        seen += 1
        yield record


def _checked(records: Any, place: str) -> list[dict[str, Any]]:
    for row, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise LaminaError(
                f"Entry {row} of the list is no object.",
                place=place,
                remedy='Bring a list such as [{"age": 22}, {"age": 38}].',
            )
    if not records:
        raise LaminaError("The list of records is empty.", place=place, remedy="Add some.")
    return list(records)


def _flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{prefix}{key}".strip()
        if isinstance(value, dict) and depth < 3:
            yield from _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, dict | list):
            yield name, json.dumps(value, ensure_ascii=False)[:10_000]
        else:
            yield name, value
