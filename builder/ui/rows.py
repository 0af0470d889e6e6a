"""Rows of prepared data as samples to click.

What a person sees of an image, a text, a series, a table's row.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builder.data.runtime import naming
from builder.data.specs import PreparedSpec
from builder.ui import figures

MEDIA = ("image", "tokens", "series")
SHOWN_COLUMNS = 4
POINTS = 64
Caption = Callable[[int], Mapping[str, str]]


def form(spec: PreparedSpec) -> str:
    """The form that the samples are shown in.

    An image where there is one, else text, series, table.
    """
    forms = {one.form for one in spec.inputs.values()}
    return next((one for one in MEDIA if one in forms), "vector")


def word(spec: PreparedSpec, count: int = 2) -> str:
    """What a row is called: "image", "texts"."""
    one = {"image": "image", "tokens": "text", "series": "series", "vector": "row"}[form(spec)]
    return one if count == 1 or one == "series" else f"{one}s"


def row_number(index: int) -> int:
    """A row's number as every page, file and sentence shows it: people count from 1.

    Addresses, widgets' keys and what functions take and give stay indexes from 0.
    """
    return int(index) + 1


def row_label(index: int) -> str:
    """`row_number` as text: "1,701"."""
    return f"{row_number(index):,}"


def address(png: bytes) -> str:
    """PNG bytes as a data address."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def items(
    prepared: Any, split: str, rows: Sequence[int], caption: Caption, size: int = 96
) -> list[dict[str, Any]]:
    """The rows as items of `samples`, each with what `caption` gives for it."""
    kind = form(prepared.spec)
    found: list[dict[str, Any]] = []
    for row in (int(row) for row in rows):
        item: dict[str, Any] = {"row": row, "number": row_label(row), **caption(row)}
        if kind == "image":
            item["src"] = address(prepared.thumbnail(split, row, size))
        elif kind == "tokens":
            item["text"] = text_of(prepared.spec, prepared.record(split, row))[:240]
        elif kind == "series":
            item["lines"] = lines_of(prepared, split, row)
        else:
            record = prepared.record(split, row)
            facts = [value for key, value in caption(row).items() if key == "cells"]
            cells = [show(record.get(name)) for name in columns_of(prepared.spec)]
            item["cells"] = [row_label(row), *(facts[0] if facts else ()), *cells]
        found.append(item)
    return found


def columns_of(spec: PreparedSpec, most: int = SHOWN_COLUMNS) -> list[str]:
    """The first raw columns that the model reads."""
    names = dict.fromkeys(
        origin for one in spec.inputs.values() for origin in (one.origins or one.features)
    )
    return list(names)[:most]


def column_label(spec: PreparedSpec, name: str) -> str:
    """A column as a person reads it: "#0" of a table without a head is "column 1"."""
    known = [spec.target.name] if spec.target else []
    for one in spec.inputs.values():
        if one.form not in MEDIA:  # a text or a picture is called after its input, not its column
            known += one.origins or one.features
    return naming.called(name, naming.numbered(known))


def heads(spec: PreparedSpec, facts: Sequence[str]) -> list[str]:
    """The columns of the table form of `items`: the row's number, the facts, the first columns."""
    return ["Row", *facts, *(column_label(spec, name) for name in columns_of(spec))]


def show(value: Any) -> str:
    """A raw value as a person reads it."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, float):
        return _minus(_figure(value))
    if isinstance(value, int):
        return _minus(str(value))
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return str(value)


def _figure(value: float) -> str:
    if 1e3 <= abs(value) < 1e4:
        return f"{value:,.1f}".removesuffix(".0")
    text = figures.number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _minus(text: str) -> str:
    """With the sign that the app writes everywhere; a hyphen is too short for a number."""
    return f"−{text[1:]}" if text.startswith("-") else text


def text_of(spec: PreparedSpec, record: Mapping[str, Any]) -> str:
    """The text of a record."""
    for one in spec.inputs.values():
        if one.form == "tokens":
            for name in (*one.origins, one.name, "text"):
                if isinstance(record.get(name), str):
                    return str(record[name])
    return next((value for value in record.values() if isinstance(value, str)), "")


def lines_of(prepared: Any, split: str, row: int, points: int = POINTS) -> list[list[float]]:
    """The channels of a series, thinned to at most `points`."""
    for name, one in prepared.spec.inputs.items():
        if one.form == "series":
            channels = prepared.tensors(split)[name][row].float()
            step = max(1, channels.shape[-1] // points)
            return [[round(float(v), 4) for v in line[::step]] for line in channels[:3]]
    return []
