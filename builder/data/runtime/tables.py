"""Cells to features: fitted scaling, missing values, one-hot columns and codes. Torch and the
standard library only."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import torch
from torch import Tensor

from . import signs

MISSING = frozenset(("", "?", "na", "n/a", "#n/a", "nan", "null", "none", "-nan", "<na>", "nat"))
"""Words (in lower case) that mean: no value."""

TRUE = frozenset(("true", "yes", "y", "t", "1", "on"))
FALSE = frozenset(("false", "no", "n", "f", "0", "off"))
MISSING_CATEGORY = "(missing)"
NAN = float("nan")
LARGEST = 1e38
"""Numbers beyond do not fit into float32; they are taken as missing."""

Records = Sequence[Mapping[str, Any]]


def is_missing(value: object) -> bool:
    """Whether a cell holds no value: None, NaN, or one of the words of `MISSING`."""
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    return isinstance(value, str) and value.strip().lower() in MISSING


PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)
DRESSED = re.compile(
    r"(?P<sign>[+-]?)\s*[$€£¥]?\s*(?P<body>\d[\d.,'\u2019\u00a0\u202f ]*)\s*"
    r"(?P<unit>%|[^\W\d_]{1,8}|[€$£¥])?"
)
IN_BRACKETS = re.compile(r"\([^()+-]*\d[^()+-]*\)")
POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")
GROUPED = re.compile(r"\d{1,3}([,'\u2019\u00a0\u202f ]\d{3})+(\.\d*)?|\d+(\.\d*)?")


def to_number(value: object, decimal: str = ".", unit: str = "") -> float:
    """A cell as a number, NaN where missing or not finite. Raises ValueError for other words.

    Understood: 1,234.5 · $12 · 44 % (0.44) · (5.50) and −5.5 below zero · with `unit` "lbs"
    also 3693 lbs; with a decimal comma 1.234,5.
    """
    if isinstance(value, int | float):
        number = float(value)
        return number if abs(number) < LARGEST else NAN
    if is_missing(value):
        return NAN
    text = str(value).strip()
    if decimal == "," or not PLAIN.fullmatch(text):
        return _dressed(text, decimal, unit)
    number = float(text)
    return number if abs(number) < LARGEST else NAN


def _dressed(text: str, decimal: str, unit: str) -> float:
    text = text.replace("\u2212", "-")
    if IN_BRACKETS.fullmatch(text):  # as accounts write what is below zero
        text = f"-{text[1:-1].strip()}"
    grouped = POINT_GROUPS.fullmatch(text) is not None
    if decimal == "," and ("," in text or grouped or not PLAIN.fullmatch(text)):
        text = text.translate({ord("."): ",", ord(","): "."})
    if PLAIN.fullmatch(text):
        number = float(text)
        return number if abs(number) < LARGEST else NAN
    if text.lower().strip("+-") in ("inf", "infinity"):
        return NAN
    match = DRESSED.fullmatch(text)
    if match is None or not GROUPED.fullmatch(match["body"].strip()):
        raise ValueError(text)
    has = match["unit"] or ""
    if has not in ("", "%", "€", "$", "£", "¥", unit):
        raise ValueError(text)
    number = float(re.sub(r"[^\d.]", "", match["body"])) * (-1 if match["sign"] == "-" else 1)
    return number / 100 if has == "%" else number


def number_reader(how: Mapping[str, Any]) -> Callable[[Any], float]:
    """What reads a column's cells as numbers, as they are written there: {"decimal": ","}, {"unit":
    "lbs"}, {"written": "duration"}. It raises ValueError for other words.
    """
    decimal, unit, written = how.get("decimal", "."), how.get("unit", ""), how.get("written")
    if written is None:
        return lambda value: to_number(value, decimal, unit)
    special = {"duration": signs.seconds, "feet": signs.inches}.get(written)

    def read(value: Any) -> float:
        if not isinstance(value, str) or is_missing(value):
            return to_number(value)
        text = value.strip()
        return special(text) if special else to_number(signs.bare(text, unit), decimal)

    return read


def to_text(value: object) -> str | None:
    """A cell as a category: trimmed; 3.0 and 3 are the same; None where missing."""
    if is_missing(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def to_boolean(value: object) -> float:
    """A yes-or-no cell as 1 or 0, NaN where missing. Raises ValueError for other words."""
    if isinstance(value, bool):
        return float(value)
    word = to_text(value)
    if word is None:
        return NAN
    word = word.lower()
    if word in TRUE:
        return 1.0
    if word in FALSE:
        return 0.0
    raise ValueError(word)


def to_moment(value: object, forms: Sequence[str] = ()) -> datetime | None:
    """A cell as date and time without zone; ISO 8601 and strptime's `forms` are tried in turn.

    None where missing. Raises ValueError where none fits.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value == value else None  # NaT differs from itself
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if is_missing(value):
        return None
    text = str(value).strip()
    for form in forms:
        try:
            return datetime.strptime(text, form).replace(tzinfo=None)
        except ValueError:
            continue
    if text.isdigit():
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=None)


PARTS: Mapping[str, Callable[[datetime], float]] = {
    "hour": lambda moment: moment.hour + moment.minute / 60,
    "weekday": lambda moment: moment.weekday(),
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}
"""What a date gives, each a number of its own."""


def read_column(records: Records, name: str) -> list[Any]:
    """One column of all records. Raises ValueError naming the column where a record lacks it."""
    try:
        return [record[name] for record in records]
    except KeyError:
        row = next(i for i, record in enumerate(records) if name not in record)
        raise ValueError(
            f"Record {row + 1} has no column {name!r}; the model was trained with it."
        ) from None


def _each(
    column: Mapping[str, Any], values: Sequence[Any], read: Callable[[Any], Any], what: str
) -> list[Any]:
    """Every cell read, its labels merged, a gap where it stands for nothing known. Raises
    ValueError with column and row.
    """
    merged: Mapping[str, str] = column.get("relabel", {})
    if merged:
        values = [merged.get(v.strip(), v) if isinstance(v, str) else v for v in values]
    absent = column.get("absent", ())
    words = frozenset((*column.get("missing", ()), *absent))
    if words:
        values = [None if isinstance(v, str) and v.strip() in words else v for v in values]
    try:
        cells = [read(value) for value in values]
    except (ValueError, TypeError, OverflowError):
        for row, value in enumerate(values):
            try:
                read(value)
            except (ValueError, TypeError, OverflowError):
                shown = repr(value)[:60]
                raise ValueError(
                    f"Column {column['name']!r}, record {row + 1}: {shown} is no {what}."
                ) from None
        raise
    if absent:
        gone, gap = set(_readable(absent, read)), read(None)
        cells = [gap if cell in gone else cell for cell in cells]
    return cells


def _readable(words: Sequence[str], read: Callable[[Any], Any]) -> Iterator[Any]:
    for word in words:
        try:
            yield read(word)
        except (ValueError, TypeError, OverflowError):
            continue  # matched as a word


def numbers(column: Mapping[str, Any], values: Sequence[Any]) -> Tensor:
    """A numeric, boolean or date column as float64 [N, parts], NaN where missing."""
    kind = column["kind"]
    if kind == "boolean":
        marks = _each(column, values, to_boolean, "yes or no")
        return torch.tensor(marks, dtype=torch.float64)[:, None]
    if kind == "date":
        forms = column.get("formats", ())
        moments = _each(column, values, lambda value: to_moment(value, forms), "date")
        parts = [PARTS[part["part"]] for part in column["parts"]]
        rows = [[NAN] * len(parts) if m is None else [part(m) for part in parts] for m in moments]
        return torch.tensor(rows, dtype=torch.float64).reshape(len(values), len(parts))
    cells = _each(column, values, number_reader(column), "number")
    return torch.tensor(cells, dtype=torch.float64)[:, None]


def codes(column: Mapping[str, Any], values: Sequence[Any]) -> Tensor:
    """A category column as int64 [N]: 0 for what training never (or too seldom) saw, else 1 + its
    place."""
    places = {value: place for place, value in enumerate(column["values"], start=1)}
    unseen = places.get(MISSING_CATEGORY, 0)
    fill = column.get("fill")
    if fill is not None:
        unseen = places.get(fill, 0)
    words = _each(column, values, to_text, "category")
    return torch.tensor(
        [unseen if word is None else places.get(word, 0) for word in words], dtype=torch.int64
    )


def _scaled(x: Tensor, part: Mapping[str, Any], missing: Tensor) -> Tensor:
    """One number per row, missing ones filled, moved and scaled as fitted. x and missing are
    [N]."""
    x = torch.where(missing, torch.full_like(x, part["fill"]), x)
    if part.get("log"):
        x = torch.sign(x) * torch.log1p(x.abs())
    scaled: Tensor = (x - part["shift"]) / part["scale"]
    return scaled


class Vector:
    """Columns as one float32 vector [N, F]: scaled numbers, 0/1 for yes-or-no and one-hot
    categories."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.columns: list[dict[str, Any]] = list(settings["columns"])
        self.size: int = sum(len(features(column)) for column in self.columns)

    def transform(self, records: Records) -> Tensor:
        """[N, F] float32. Raises ValueError naming a column that is missing or unreadable."""
        return self.transform_columns(
            {column["name"]: read_column(records, column["name"]) for column in self.columns},
            len(records),
        )

    def transform_columns(self, cells: Mapping[str, Sequence[Any]], rows: int) -> Tensor:
        """The same from whole columns: name → one cell per row."""
        x_NF = torch.zeros(rows, self.size)
        at = 0
        for column in self.columns:
            values = cells[column["name"]]
            width = len(features(column))
            if column["kind"] == "category":
                one_hot(x_NF[:, at : at + width], column, values)
            else:
                _fill(x_NF[:, at : at + width], column, numbers(column, values))
            at += width
        return x_NF

    def to_model(self, x: Tensor) -> Tensor:
        """Unchanged: [B, F] float32."""
        return x

    def restore(self, x: Tensor) -> None:
        """A vector does not tell its cells; the raw record is kept beside it."""


def one_hot(into_NK: Tensor, column: Mapping[str, Any], values: Sequence[Any]) -> None:
    """Write a category column's one-hot form; what training never saw is all zero unless `other`
    has a place."""
    places = codes(column, values)
    if not column.get("other"):
        rows = places.nonzero()[:, 0]
        into_NK[rows, places[rows] - 1] = 1.0
        return
    width = into_NK.shape[1]
    places = torch.where(places == 0, torch.full_like(places, width), places)
    into_NK[torch.arange(len(places)), places - 1] = 1.0


def _fill(into_NK: Tensor, column: Mapping[str, Any], x_NP: Tensor) -> None:
    missing_NP = x_NP.isnan()
    parts = column.get("parts") or [column]
    for place, part in enumerate(parts):
        into_NK[:, place] = _scaled(x_NP[:, place], part, missing_NP[:, place]).float()
    if column.get("flag"):
        into_NK[:, len(parts)] = missing_NP[:, 0].float() if parts else 0.0


def features(column: Mapping[str, Any]) -> list[str]:
    """The names of a column's features in a vector, in order."""
    name = column["name"]
    if column["kind"] == "category":
        other = ["(other)"] if column.get("other") else []
        return [f"{name}={value}" for value in [*column["values"], *other]]
    names = [f"{name}.{part['part']}" for part in column["parts"]] if "parts" in column else [name]
    return [*names, f"{name} is missing"] if column.get("flag") else names


class Codes:
    """Categories as int64 [N, C], offset by column so that one Embedding(cardinality, d) serves
    all."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.columns: list[dict[str, Any]] = list(settings["columns"])
        self.offsets: list[int] = []
        self.cardinality = 0
        for column in self.columns:
            self.offsets.append(self.cardinality)
            self.cardinality += len(column["values"]) + 1

    def transform(self, records: Records) -> Tensor:
        """[N, C] int64. Raises ValueError naming a column that is missing."""
        return self.transform_columns(
            {column["name"]: read_column(records, column["name"]) for column in self.columns},
            len(records),
        )

    def transform_columns(self, cells: Mapping[str, Sequence[Any]], rows: int) -> Tensor:
        """The same from whole columns: name → one cell per row."""
        x_NC = torch.zeros(rows, len(self.columns), dtype=torch.int64)
        for place, column in enumerate(self.columns):
            x_NC[:, place] = codes(column, cells[column["name"]]) + self.offsets[place]
        return x_NC

    def to_model(self, x: Tensor) -> Tensor:
        """Unchanged: [B, C] int64."""
        return x

    def restore(self, x: Tensor) -> None:
        """Codes do not tell their cells; the raw record is kept beside them."""
