"""Slices: rows of a split that are kept under a name, to be judged apart from the rest."""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from builder import workspace
from builder.errors import LaminaError
from builder.evaluate.split import Ints

if TYPE_CHECKING:
    from builder.runs import Run

LONGEST = 60
MOST = 200


@dataclass(frozen=True)
class Slice:
    """Rows of a split (indexes) under a name. `data` is the key of the data that they index.

    `by` is the run whose own answers chose the rows, empty where the truth alone did: how that run
    does on them says nothing, for it was the reason to choose them.
    """

    name: str
    split: str
    rows: tuple[int, ...]
    data: str
    what: str = ""
    by: str = ""

    @property
    def indexes(self) -> Ints:
        """The rows as an array."""
        return np.asarray(self.rows, np.int64)


def _place(run: "Run") -> Path:
    """The project's own file, so that every run of the project has its slices; else the run's."""
    project = str(run.info.get("project_id") or "")
    try:
        return workspace.folder(project) / "slices.json"
    except LaminaError:  # of no project, or of one that was deleted
        return Path(run.folder) / "slices.json"


def _read(path: Path) -> list[Slice]:
    """What the file holds; nothing where there is none, or where it is not ours."""
    try:
        lines = json.loads(path.read_text(encoding="utf-8"))
        return [_one(line) for line in lines]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _one(line: dict[str, Any]) -> Slice:
    rows = tuple(int(row) for row in line["rows"])
    if any(row < 0 for row in rows):
        raise ValueError("a row before the first")
    name, split, data, what, by = (
        str(line[key]) for key in ("name", "split", "data", "what", "by")
    )
    return Slice(name, split, rows, data, what, by)


def _write(path: Path, found: Sequence[Slice]) -> None:
    """All or nothing: written aside, then renamed."""
    handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([asdict(one) for one in found], file)
        os.replace(aside, path)
    finally:
        Path(aside).unlink(missing_ok=True)


def slices(run: "Run", split: str | None = None) -> list[Slice]:
    """The slices of the run's data, in the order in which they were made; of one split if named.

    Rows of data that was prepared otherwise (another split, another file) are left out.
    """
    data, sizes = str(run.info.get("data", "")), run.spec.sizes
    return [
        one
        for one in _read(_place(run))
        if one.data == data
        and split in (None, one.split)
        and all(row < sizes.get(one.split, 0) for row in one.rows)
    ]


def slice_named(run: "Run", name: str) -> Slice:
    """The slice of that name. Raises LaminaError, naming those that there are."""
    kept = slices(run)
    for one in kept:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in kept)
    raise LaminaError(
        f"There is no slice '{name}'.",
        place=run.id,
        remedy=f"Use one of: {names}."
        if names
        else "Keep one on the Evaluate page: choose a cell of the matrix, then 'Save as slice'.",
    )


def save_slice(
    run: "Run",
    name: str,
    split: str,
    rows: Sequence[int],
    what: str = "",
    *,
    by_answers: bool = False,
) -> Slice:
    """Keep rows of a split under a name, for every run of the project on the same data.

    `what` says where they come from, `by_answers` that this run's own answers chose them. Raises
    LaminaError for a name that is empty, too long or taken, and where there are no rows.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise LaminaError(
            f"A slice's name has 1 to {LONGEST} characters.", place="slice", remedy="Name it anew."
        )
    size = run.spec.sizes.get(split, 0)
    chosen = tuple(sorted({int(row) for row in rows}))
    if not chosen or chosen[0] < 0 or chosen[-1] >= size:
        raise LaminaError(
            "A slice needs rows of the split.", place=split, remedy="Choose a cell that has some."
        )
    path, data = _place(run), str(run.info.get("data", ""))
    kept = _read(path)
    if any(one.name == name and one.data == data for one in kept):
        raise LaminaError(
            f"There is a slice '{name}' already.", place="slice", remedy="Choose another name."
        )
    if len(kept) >= MOST:
        raise LaminaError(
            f"A project keeps at most {MOST} slices.", place="slice", remedy="Delete some."
        )
    made = Slice(name, split, chosen, data, what, run.id if by_answers else "")
    _write(path, [*kept, made])
    return made


def delete_slice(run: "Run", name: str) -> None:
    """Forget a slice. Raises LaminaError where there is none of that name."""
    gone = slice_named(run, name)
    path = _place(run)
    _write(path, [one for one in _read(path) if (one.name, one.data) != (gone.name, gone.data)])
