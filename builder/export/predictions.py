"""Predict new input with a run: the same code as an exported folder runs."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import runs
from builder.data.runtime import Preparation, ground
from builder.errors import LaminaError
from builder.export import artefacts
from builder.export.portable import files, separated
from builder.export.portable.predictor import Predictor
from builder.progress import Progress, silent

if TYPE_CHECKING:
    from builder.data.sources.table import Cells

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
    """Rows of a file that the standard library cannot read, by the data source that can: as a table
    with the columns that are wanted, where it is one, else as what it is recognised as.
    """
    from builder import data

    with tempfile.TemporaryDirectory(prefix="lamina-predict-") as folder:
        alone = Path(folder) / f"rows{path.suffix}"  # under a name that brings no …_TRAIN beside it
        shutil.copyfile(path, alone)
        try:
            found = _as_trained(alone, path.name, settings)
            if found is not None:
                return found
            raw = data.read(data.recognise([alone]))
        except LaminaError as error:
            place = error.place.replace(str(alone), path.name).replace(alone.name, path.name)
            raise LaminaError(error.fact, place=place, remedy=error.remedy) from error
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


def _as_trained(path: Path, name: str, settings: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Rows of a workbook or Parquet file under the columns' names: those in its header, or where
    the training file had none, by place. None where the columns that are wanted are not there
    and it may be something else than a table; ValueError where it can be nothing else.
    """
    wanted, how = files.wanted(settings), files.how_of(settings)
    tried: list[dict[str, Any]] = [{"header": True}]
    if how.get("skip_rows"):
        tried.append({"header": True, "skip_rows": how["skip_rows"]})
    if how.get("header") is False:
        tried.append({"header": False})
    first: list[str] = []
    for options in tried:
        read = _cells(path, options, str(how.get("sheet") or ""))
        if read is None or (not read.header and separated.half(first, wanted)):
            continue
        names, said = separated.shown(read.names, wanted, how), ""
        if not read.header:
            names, said = separated.placed(len(names), wanted, how) or (names, "")
        first = first or names
        if set(wanted) <= set(names):
            return _lines(
                read, names, name, " ".join([*filter(None, [said]), *_of_sheet(read, how)])
            )
    forms = {part["form"] for part in settings["inputs"].values()}
    if first and forms <= {"vector", "codes"}:
        separated.refuse_lacking(first, name, wanted)
    return None


def _cells(path: Path, options: Mapping[str, Any], sheet: str) -> "Cells | None":
    """The cells as they are written, since a few rows do not tell a column's type, from the
    sheet of that name where there is one; None where it has no rows then.
    """
    from builder.data.sources import table

    for more in ({"sheet": sheet}, {}) if sheet else ({},):
        try:
            return table.cells_of(path, {**options, **more})
        except LaminaError as error:
            refused = error
    if "rows" not in refused.fact and "sheet" not in refused.fact:
        raise refused
    return None


def _of_sheet(read: "Cells", how: Mapping[str, Any]) -> list[str]:
    """Which sheet was taken, where the one that was trained on is not there."""
    if read.guessed.get("sheet") == how.get("sheet"):
        return []
    return [note for note in read.notes if note.startswith("Sheet ")]


def _lines(read: "Cells", names: Sequence[str], name: str, said: str) -> list[dict[str, Any]]:
    from builder.data import cells

    above = int(read.guessed.get("skip_rows") or 0) + read.header
    columns = [one if isinstance(one, list) else cells.plain_cells(one) for one in read.columns]
    found: list[dict[str, Any]] = []
    for at, row in enumerate(zip(*columns, strict=True), start=1 + above):
        line = separated.Line(zip(names, row, strict=True))
        line.place, line.said = f"{name}, row {at}", said
        found.append(line)
    return found
