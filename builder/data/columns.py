"""Columns: what each one is (type, role), guessed from its cells, and what a person decided about
it."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from builder.data.base import Raw
from builder.data.runtime import tables
from builder.errors import LaminaError
from builder.project import Column, Data

if TYPE_CHECKING:
    import pandas as pd

ColumnType = Literal["number", "category", "text", "date", "boolean"]
Role = Literal["feature", "target", "ignore", "group", "time"]
MANY_VALUES = 50
LOOKED_AT = 500
MANY_SHARE = 0.05
TARGET_NAMES = (
    "target",
    "label",
    "class",
    "y",
    "survived",
    "species",
    "outcome",
    "income",
    "churn",
    "diagnosis",
    "category",
    "sentiment",
    "result",
    "response",
    "output",
    "labels",
    "target_class",
    "price",
    "saleprice",
    "median_house_value",
    "mpg",
    "quality",
)
CLASS_NAMES = frozenset(
    ("class", "species", "category", "target_class", "survived", "churn", "sentiment", "diagnosis")
)
"""Of these, the names that say nothing where the column holds measures, not classes."""
YEAR = re.compile(r"year|jahr|año|année|anno", re.I)
IDENTIFIER = re.compile(r"(^|[_\s-])(id|uuid|guid|index|key|nr|no)$|^unnamed|passengerid", re.I)


@dataclass(frozen=True)
class Profile:
    """What the cells of a column show: type, different values, gaps."""

    name: str
    type: ColumnType
    unique: int  # different values, gaps not counted
    missing: int
    rows: int
    numbering: bool = False  # it numbers the rows and says nothing else
    words: float = 0.0  # per cell, of free text
    prose: bool = False  # free text that is mostly letters, and more than codes

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def free_text(self) -> bool:
        """Words with over 50 different values in over 5 % of the rows: of no use as categories."""
        return self.type == "text"


@dataclass(frozen=True)
class Planned:
    """A column with everything decided."""

    name: str
    type: ColumnType
    role: Role
    missing: str
    flag: bool | None  # None: a flag where training rows have gaps
    scale: str
    encode: Literal["onehot", "embedding"]
    log: bool = False
    why: str = ""  # why it is ignored, where nobody asked for it


def profile(frame: "pd.DataFrame") -> dict[str, Profile]:
    """The profile of every column of the frame."""
    return {str(name): profile_column(frame[name]) for name in frame.columns}


def profile_column(cells: "pd.Series[Any]") -> Profile:
    """The profile of one column."""
    from pandas.api import types

    unique = int(cells.nunique())
    missing = int(cells.isna().sum())
    kind: ColumnType
    if types.is_bool_dtype(cells):
        kind = "boolean"
    elif types.is_datetime64_any_dtype(cells):
        kind = "date"
    elif types.is_numeric_dtype(cells):
        kind = "number"
    elif unique > MANY_VALUES and unique > MANY_SHARE * len(cells):
        kind = "text"
    else:
        kind = "category"
    name = str(cells.name)
    numbering = kind == "number" and unique == len(cells) and _numbers_rows(name, cells)
    words = float(word_counts(cells.dropna().head(LOOKED_AT)).mean()) if kind == "text" else 0.0
    prose = kind == "text" and _prose(cells.dropna().head(LOOKED_AT))
    return Profile(name, kind, unique, missing, len(cells), numbering, words, prose)


def _prose(cells: "pd.Series[Any]") -> bool:
    """Whether cells are something to read: mostly letters and not short, as no numbers, times or
    codes are."""
    text = [str(cell) for cell in cells]
    signs = sum(map(len, text))
    letters = sum(sum(map(str.isalpha, cell)) for cell in text)
    return signs >= 8 * len(text) and letters >= 0.5 * signs


def word_counts(cells: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """How many words each cell has; cells without gaps."""
    return np.array([len(str(cell).split()) for cell in cells], dtype=np.int64)


def find(name: str, frame: "pd.DataFrame", place: str) -> str:
    """The column of that name, or of that position ("#0" is the first). Raises LaminaError with
    near names."""
    if name in frame.columns:
        return name
    if re.fullmatch(r"#\d+", name):
        position = int(name[1:])
        if position < frame.shape[1]:
            return str(frame.columns[position])
        raise LaminaError(
            f"There is no column {name}; the data has {frame.shape[1]} columns, #0 to "
            f"#{frame.shape[1] - 1}.",
            place=place,
        )
    names = [str(column) for column in frame.columns]
    folded = [column for column in names if column.strip().lower() == name.strip().lower()]
    if len(folded) == 1:
        return folded[0]
    near = difflib.get_close_matches(name, names, n=3) or names[:6]
    more = " …" if len(near) < len(names) and len(near) == 6 else ""
    raise LaminaError(
        f"The data has no column {name!r}.",
        place=place,
        remedy=f"Take one of {', '.join(map(repr, near))}{more}." if near else "",
    )


FILLED = 0.05
"""A column with a value in fewer rows than this share is a remark, not what all rows are about."""


def guess_target(raw: Raw, profiles: Mapping[str, Profile]) -> str | None:
    """The column that is most likely meant to be predicted: the source's own, a usual name (one
    that means classes only for a column of classes), else the last."""
    if raw.target is not None:
        return raw.target
    usable = [
        name
        for name, column in profiles.items()
        if column.unique > 1 and column.present >= FILLED * column.rows
    ]
    by_name = {name.strip().lower().replace(" ", "_"): name for name in reversed(usable)}
    for name in TARGET_NAMES:
        found = by_name.get(name)
        if found is not None and (name not in CLASS_NAMES or _holds_classes(raw, profiles[found])):
            return found
    candidates = [
        name for name in usable if profiles[name].type not in ("text", "date") and not raw.media
    ] or [name for name in usable if profiles[name].type not in ("text", "date")]
    if (
        not candidates and len(usable) > 1 and not raw.media
    ):  # words of many kinds, if they come again
        candidates = [name for name in usable if profiles[name].type == "text"]
        candidates = [n for n in candidates if profiles[n].unique <= 0.5 * profiles[n].present]
    return candidates[-1] if candidates else None


def _holds_classes(raw: Raw, column: Profile) -> bool:
    return guess_problem(column, raw.frame[column.name]) == "classification"


def guess_problem(
    column: Profile, cells: "pd.Series[Any]", decided: ColumnType | None = None
) -> Literal["classification", "regression"]:
    """Numbers with many values, or with fractions, are predicted as numbers; all else as
    classes. The type that a person gave the target is the last word."""
    if decided is not None and column.type in ("number", "boolean"):
        return "regression" if decided == "number" else "classification"
    if column.type != "number":
        return "classification"
    whole = bool((cells.dropna() % 1 == 0).all())
    few = column.unique <= 20 and column.unique <= max(2, 0.2 * column.present)
    return "classification" if whole and few else "regression"


def decisions(data: Data, frame: "pd.DataFrame") -> dict[str, Column]:
    """`data.columns` under the frame's own names. Raises LaminaError for a column that is not
    there."""
    return {
        find(name, frame, f"data.columns.{name}"): column for name, column in data.columns.items()
    }


def plan(
    raw: Raw, data: Data, target: str | None, profiles: Mapping[str, Profile]
) -> dict[str, Planned]:
    """Every column with its type, role and treatment: what a person decided, the rest by
    default."""
    decided = decisions(data, raw.frame)
    roles: dict[str, Role] = {}
    if data.split.kind == "group" and data.split.group:
        roles[find(data.split.group, raw.frame, "data.split.group")] = "group"
    if data.split.kind == "time" and data.split.time:
        name = find(data.split.time, raw.frame, "data.split.time")
        if decided.get(name, Column()).role is None:
            roles[name] = "time"
    if target is not None:
        roles[target] = "target"
    return {
        name: _planned(column, decided.get(name, Column()), roles.get(name))
        for name, column in profiles.items()
    }


def _planned(column: Profile, decided: Column, role: Role | None) -> Planned:
    kind = decided.type or column.type
    why = ""
    chosen: Role = role or decided.role or "feature"
    if chosen == "target" and role is None:
        chosen = "feature"
    if chosen == "feature" and decided.role is None:
        why = _useless(column, decided)
        if why:
            chosen = "ignore"
    missing = decided.missing or ("median" if kind in ("number", "date") else "own_category")
    return Planned(
        column.name,
        kind,
        chosen,
        missing,
        decided.flag_missing,
        decided.scale or "standard",
        decided.encode or "onehot",
        bool(decided.log),
        why,
    )


def only_text(planned: Mapping[str, Planned], profiles: Mapping[str, Profile]) -> str | None:
    """The text column that everything depends on: prose where no other column is a feature; of
    several the wordiest."""
    if any(column.role == "feature" for column in planned.values()):
        return None
    texts = [n for n, column in planned.items() if profiles[n].prose and column.role == "ignore"]
    return max(texts, key=lambda n: (profiles[n].words, profiles[n].unique)) if texts else None


def _useless(column: Profile, decided: Column) -> str:
    """Why a column is left out by default; empty where it is used."""
    if column.present == 0:
        return "it is empty"
    if column.unique <= 1 and column.missing == 0:
        return "it has the same value in every row"
    if decided.type is None and column.free_text:
        return f"it is free text ({column.unique:,} different values)"
    if decided.type is None and column.numbering:
        return "it numbers the rows and says nothing else"
    return ""


def _numbers_rows(name: str, cells: "pd.Series[Any]") -> bool:
    """Whether different numbers are whole, and called like a count of rows or counting upwards."""
    if len(cells) < 10 or not bool((cells % 1 == 0).all()):
        return False
    if counts_years(cells):
        return False
    steps = cells.diff().iloc[1:]
    return bool(IDENTIFIER.search(name)) or bool((steps == 1).all())


def counts_years(cells: "pd.Series[Any]") -> bool:
    """Whether numbers are years: called so, and from 1500 to 2200."""
    return bool(YEAR.search(str(cells.name)) and cells.between(1500, 2200).all())


def retype(
    cells: "pd.Series[Any]", have: ColumnType, column: Planned, reading: Mapping[str, Any]
) -> tuple["pd.Series[Any]", dict[str, Any]]:
    """The cells, of type `have`, as the decided type, and how they are read from raw cells.

    Words that are no number (date, yes-or-no) become missing. Raises LaminaError where none can be
    read.
    """
    how = dict(reading)
    if column.type in ("category", "text"):
        how = {key: value for key, value in how.items() if key in ("relabel", "absent")}
        if have in ("category", "text"):
            return cells, how
        return cells.map(tables.to_text).astype(object), how
    if have == column.type:
        return cells, how
    forms = how.get("formats", ())
    read: dict[str, Callable[[Any], Any]] = {
        "number": tables.number_reader(how),
        "boolean": tables.to_boolean,
        "date": lambda value: tables.to_moment(value, forms),
    }
    values, bad = [], set()
    for value in cells.astype(object).where(cells.notna(), None).tolist():
        try:
            values.append(read[column.type](value))
        except (ValueError, TypeError, OverflowError):
            bad.add(str(value))
            values.append(None)
    if bad and all(value is None or value != value for value in values):
        raise LaminaError(
            f"No cell can be read as a {column.type} ({sorted(bad)[0][:40]!r}).",
            place=f"data.columns.{column.name}.type",
            remedy="Set another type for the column.",
        )
    if bad:
        how["missing"] = sorted({*how.get("missing", ()), *bad})
    return _series(values, column.type, cells), how


def _series(values: list[Any], kind: str, like: "pd.Series[Any]") -> "pd.Series[Any]":
    import pandas as pd

    if kind == "date":
        return pd.Series(pd.to_datetime(values), index=like.index, name=like.name)
    result = pd.Series(values, index=like.index, name=like.name, dtype="float64")
    if kind == "boolean":
        return result.map({1.0: True, 0.0: False}).astype("boolean")
    return result
