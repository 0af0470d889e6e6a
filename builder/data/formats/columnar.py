"""Parquet files: typed columns."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.data.runtime import naming
from builder.errors import LaminaError

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS = 300_000_000


def read(path: Path) -> "pd.DataFrame":
    """The file's columns as plain numbers, dates, booleans and objects.

    Raises LaminaError for a damaged file, and for one too large for memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MAX_CELLS:
            raise LaminaError(
                f"The file has {cells:,} cells, more than {MAX_CELLS:,}.",
                place=path.name,
                remedy="Keep fewer rows or columns.",
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise LaminaError(
            "The Parquet file is damaged, or no Parquet.",
            place=path.name,
            remedy="Write it again, or choose another file.",
        ) from error
    if table.num_rows == 0:
        raise LaminaError("The file has no rows.", place=path.name, remedy="Choose another file.")
    names = _unique(table.column_names)
    frame = table.rename_columns(names).to_pandas()
    plain_frame: pd.DataFrame = frame.rename(columns=str).reset_index(drop=True)
    return plain_frame


def _unique(names: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        found[naming.free(name.strip() or f"column {place}", found)] = None
    return list(found)


def plain(cells: "pd.Series[Any]") -> "list[Any] | pd.Series[Any]":
    """A column of numbers or dates as it is; else Python values, None where missing.

    Lengths of time become seconds, lists and structures JSON text.
    """
    if cells.dtype.kind == "m":
        seconds: pd.Series[Any] = cells.dt.total_seconds()
        return seconds
    if cells.dtype.kind in "iufM" and not hasattr(cells.dtype, "numpy_dtype"):
        return cells
    values = cells.astype(object).where(cells.notna(), None).tolist()
    return [
        json.dumps(value, default=str)[:10_000] if isinstance(value, dict | list) else value
        for value in (v.tolist() if hasattr(v, "tolist") else v for v in values)
    ]
