"""Predict new input with a run: the same code as an exported folder runs."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from builder import runs
from builder.data.runtime import Preparation, ground
from builder.errors import LaminaError
from builder.export import artefacts
from builder.export.portable import files
from builder.export.portable.predictor import Predictor
from builder.progress import Progress, silent

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Predictions:
    """What the network says: `rows[i]` ("prediction", "probabilities" by class) of `records[i]`.

    `notes` are sentences on what was predicted all the same: unknown categories, short lines.
    """

    run: str
    checkpoint: str
    records: tuple[Record, ...]
    rows: tuple[dict[str, Any], ...]
    notes: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """The records with their predictions and probabilities; cells cannot act as formulas."""
        return files.csv_text(files.flat(self.records, self.rows))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "run": self.run,
            "checkpoint": self.checkpoint,
            "predictions": list(self.rows),
            "notes": list(self.notes),
        }


def predictor(run_id: str, checkpoint: str = "best") -> Predictor:
    """The run's network with its preparation; kept, so that a second prediction takes no time."""
    run = runs.open_run(run_id)
    stamp = max((item.step for item in run.checkpoints()), default=0)
    return _predictor(run_id, checkpoint, str(run.folder), stamp)


@lru_cache(maxsize=4)
def _predictor(run_id: str, checkpoint: str, folder: str, stamp: int) -> Predictor:
    del folder, stamp  # a part of the key: another home, a later state
    made = artefacts.bundle(run_id, checkpoint)
    model = runs.open_run(run_id).model(checkpoint)
    return Predictor(model, Preparation.from_dict(made.preparation), made.facts)


def predict(
    run_id: str,
    given: Sequence[Record] | Sequence[str] | Path | str,
    checkpoint: str = "best",
    progress: Progress = silent,
    invert: bool = False,
) -> Predictions:
    """Predict records (column → raw value), or what a path, or several, or a text names.

    Tables (CSV, TSV, Parquet, Excel, JSON lines), images and folders of them, .ts, texts.
    `invert` has images read as their negatives: light for dark.
    Raises LaminaError naming the file, row and column that cannot be read.
    """
    ready = predictor(run_id, checkpoint)
    if invert:
        turned = Preparation.from_dict(ground.inverting(ready.preparation.settings))
        ready = Predictor(ready.model, turned, ready.facts)
    try:
        progress("Reading", 0, 0)
        found = _records(given, ready.preparation.settings)
        listed = len(found)
        found, rows = _there(ready, found, given, progress)
    except ValueError as error:
        if isinstance(error, LaminaError):
            raise
        remedy = "Correct it there and predict again."
        if isinstance(error, files.Missing):
            remedy = "Check the path."
        elif "column" in str(error) and "lacks" in str(error):
            remedy = "The input needs the columns that the network was trained with."
        raise LaminaError(str(error), remedy=remedy) from error
    notes = tuple(ready.notes(found))
    if gone := listed - len(found):
        many = "1 file is" if gone == 1 else f"{gone:,} files are"
        notes = (*notes, f"{many} left out: gone since the folder was listed.")
    return Predictions(run_id, checkpoint, tuple(found), tuple(rows), notes)


def _there(
    ready: Predictor, found: list[dict[str, Any]], given: Any, progress: Progress
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records that can be predicted, and what is said of them: a file of a folder that vanished
    since the folder was listed is left out.
    """
    items = [given] if isinstance(given, str | Path) else list(given)
    named = {str(item) for item in items}
    folders = any(isinstance(item, str | Path) for item in items)
    while True:
        try:
            return found, ready.predict(found, partial(progress, "Predicting"))
        except ValueError:
            paths = [{v for v in one.values() if isinstance(v, Path)} for one in found]
            left = [
                one
                for one, inside in zip(found, paths)
                if all(str(path) in named or path.exists() for path in inside)
            ]
            if not folders or not left or len(left) == len(found):
                raise
            found = left


def _records(
    given: Sequence[Record] | Sequence[str] | Path | str, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    items: list[Any] = [given] if isinstance(given, str | Path) else list(given)
    if items and all(isinstance(item, Mapping) for item in items):
        return [dict(item) for item in items]
    found: list[dict[str, Any]] = []
    for item in items:
        suffix = Path(str(item)).suffix.lower()
        if suffix in (".parquet", ".pq", ".xlsx", ".xls") and Path(str(item)).is_file():
            found.extend(_through_source(Path(item), settings))
        else:
            found.extend(files.records([str(item)], settings))
    return found


def _through_source(path: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of a file that the standard library cannot read, by the data source that can."""
    from builder import data

    with tempfile.TemporaryDirectory(prefix="lamina-predict-") as folder:
        alone = Path(folder) / f"rows{path.suffix}"  # under a name that brings no …_TRAIN beside it
        shutil.copyfile(path, alone)
        raw = data.read(data.recognise([alone]))
    rows: list[dict[str, Any]] = [
        {str(key): value for key, value in record.items()}
        for record in raw.frame.to_dict(orient="records")
    ]
    parts = settings["inputs"].values()
    for name, media in raw.media.items():
        column = next((part["column"] for part in parts if part.get("column")), name)
        for row, value in zip(rows, media.values):
            row[column] = value
    return rows
