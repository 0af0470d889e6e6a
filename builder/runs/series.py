"""The curve of all steps: an append-only file of float32 rows, one row per step, read through a
memory map.
"""

from pathlib import Path
from typing import Any

import numpy as np

from builder.train import files

Array = np.ndarray[Any, np.dtype[Any]]


class Writer:
    """Appends rows; begins at a step, dropping what an abandoned attempt wrote after it."""

    def __init__(self, folder: Path, columns: tuple[str, ...], step: int) -> None:
        self.path = folder / "steps.f32"
        self.width = len(columns)
        head = {"columns": columns, "dtype": "float32", "row": "step"}
        files.write_json(folder / "steps.json", head)
        with files.disk_errors(str(folder)):
            self.path.touch()
            wanted = step * self.width * 4
            if self.path.stat().st_size > wanted:
                with self.path.open("rb+") as file:
                    file.truncate(wanted)
            self.file = self.path.open("ab", buffering=0)

    def add(self, values: Array) -> None:
        """Rows [n, columns]."""
        with files.disk_errors(str(self.path.parent)):
            self.file.write(np.ascontiguousarray(values, dtype="<f4").tobytes())

    def close(self) -> None:
        """No more rows."""
        self.file.close()


def read(folder: Path, since: int, points: int) -> dict[str, Array]:
    """Columns by name, of the steps after `since`, at most about `points` rows, chosen to keep the
    curve's look.

    The choice is MinMaxLTTB over the loss (Donckt et al. 2023); all columns are taken at the chosen
    steps.
    """
    head = files.read_json(folder / "steps.json")
    path = folder / "steps.f32"
    if not isinstance(head, dict) or not path.exists():
        return {}
    columns = list(head["columns"])
    rows = path.stat().st_size // (4 * len(columns))
    since = max(0, min(since, rows))
    if rows == since:
        return {name: np.empty(0, dtype=np.float32) for name in columns}
    table = np.memmap(path, dtype="<f4", mode="r", shape=(rows, len(columns)))[since:]
    if points and len(table) > points:
        table = table[_chosen(table[:, columns.index("loss")], points)]
    return {name: np.array(table[:, place]) for place, name in enumerate(columns)}


def _chosen(loss: Array, points: int) -> Array:
    from tsdownsample import MinMaxLTTBDownsampler

    values = np.ascontiguousarray(loss, dtype=np.float32)
    bad = ~np.isfinite(values)
    if bad.any():
        values[bad] = 0.0
    chosen: Array = MinMaxLTTBDownsampler().downsample(values, n_out=max(4, points))
    return chosen
