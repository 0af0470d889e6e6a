"""Values that stand for nothing known: -999 in a column of temperatures, a cell typed wrongly."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from builder.data.base import Raw
from builder.data.runtime import tables
from builder.errors import LaminaError
from builder.project import Data

if TYPE_CHECKING:
    import pandas as pd


def asked(data: Data) -> dict[str, list[str]]:
    """Column → its values that stand for nothing known, as a person said."""
    return {name: list(column.absent) for name, column in data.columns.items() if column.absent}


def blanked(raw: Raw, gone: Mapping[str, Sequence[str]]) -> Raw:
    """The rows with a gap wherever a cell holds one of the values that are `asked` for its column;
    what reads new rows does the same (`Raw.reading`).

    Raises LaminaError for a value that its column cannot hold.
    """
    wanted = {name: words for name, words in gone.items() if name in raw.frame}
    frame = raw.frame.copy(deep=False)
    reading = dict(raw.reading)
    for name, words in wanted.items():
        known = reading.get(name, {})
        reading[name] = {**known, "absent": list(words)}
        frame[name] = _blank(frame[name], reading[name], f"data.columns.{name}.absent")
    return dataclasses.replace(raw, frame=frame, reading=reading)


def _blank(cells: "pd.Series[Any]", reading: Mapping[str, Any], place: str) -> "pd.Series[Any]":
    from pandas.api import types

    words = reading["absent"]
    try:
        if types.is_bool_dtype(cells.dtype):
            gone: list[Any] = [tables.to_boolean(word) for word in words]
            return cells.mask(cells.astype("float64").isin(gone))
        if types.is_numeric_dtype(cells.dtype):
            gone = list(map(tables.number_reader(reading), words))
            return cells.mask(cells.isin(gone))
        if types.is_datetime64_any_dtype(cells.dtype):
            gone = [tables.to_moment(word, reading.get("formats", ())) for word in words]
            return cells.mask(cells.isin(gone))
    except ValueError as error:
        raise LaminaError(
            f"The column holds no value like {str(error)!r}.",
            place=place,
            remedy="Name values as they stand in the column, such as -999.",
        ) from None
    gone = [tables.to_text(word) for word in words]
    return cells.mask(cells.map(tables.to_text, na_action="ignore").isin(gone))
