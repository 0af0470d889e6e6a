"""Slices: rows that are kept under a name, to be judged apart from the rest.

Chosen rows of one split, or a condition on columns that is applied to whichever split is looked at.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from builder import workspace
from builder.errors import LaminaError
from builder.evaluate.columns import columns
from builder.evaluate.conditions import parse, rows_where, written
from builder.evaluate.split import Ints

if TYPE_CHECKING:
    from builder.runs import Run

LONGEST = 60
MOST = 200


@dataclass(frozen=True)
class Slice:
    """Rows of a split (indexes) under a name. `data` is the key of the data that they index.

    Where there is a `condition`, the rows are those of the split that meet it, whatever the data's
    key; the file keeps the condition alone. `by` is the run whose own answers chose the rows, empty
    where the truth alone did: how that run does on them says nothing, for it was the reason to
    choose them.
    """

    name: str
    split: str
    rows: tuple[int, ...]
    data: str
    what: str = ""
    by: str = ""
    condition: str = ""

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
    return Slice(name, split, rows, data, what, by, str(line.get("condition", "")))


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

    Chosen rows of data that was prepared otherwise (another split, another file) are left out, and
    conditions on columns or values that the data lacks. Where no split is named, a condition's rows
    are those of `usual_split`.
    """
    found = (_of(run, one, split) for one in _read(_place(run)))
    return [one for one in found if one is not None]


def usual_split(run: "Run") -> str:
    """The test split; where it has no rows, the validation split, else the training split."""
    sizes = run.spec.sizes
    return next((name for name in ("test", "validation") if sizes.get(name)), "train")


def _of(run: "Run", one: Slice, split: str | None) -> Slice | None:
    """The slice as the run sees it; None where it is none of this run's."""
    if one.condition:
        split = split or usual_split(run)
        try:
            rows = rows_of(run, split, one.condition)
        except LaminaError:  # the data has other columns, or no such value
            return None
        return replace(one, split=split, rows=tuple(rows.tolist()))
    mine = one.data == str(run.info.get("data", "")) and split in (None, one.split)
    size = run.spec.sizes.get(one.split, 0)
    return one if mine and all(row < size for row in one.rows) else None


def rows_of(run: "Run", split: str, condition: str) -> Ints:
    """The rows of a split that meet a condition (see `conditions`). Raises LaminaError where it
    cannot be read, and for an unknown column or value.
    """
    found: Ints = np.flatnonzero(rows_where(columns(run.prepared(), split), parse(condition)))
    return found


def slice_named(run: "Run", name: str, split: str | None = None) -> Slice:
    """The slice of that name. Raises LaminaError, naming those that there are."""
    kept = slices(run, split)
    for one in kept:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in kept)
    raise LaminaError(
        f"There is no slice '{name}'.",
        place=run.id,
        remedy=f"Use one of: {names}; or a condition such as sex=Female."
        if names
        else "Write a condition such as sex=Female; or keep rows on the Evaluate page: choose a "
        "cell of the matrix, then 'Save as slice'.",
    )


def save_condition(run: "Run", name: str, condition: str) -> Slice:
    """Keep a condition under a name, for every run of the project whose data has its columns.

    Raises LaminaError as `rows_of` and `save_slice` do.
    """
    split = usual_split(run)
    rows = rows_of(run, split, condition)
    condition = written(parse(condition))
    made = _keep(run, Slice(_fit(name), "", (), "", condition, "", condition))
    return replace(made, split=split, rows=tuple(rows.tolist()))


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
    name = _fit(name)
    size = run.spec.sizes.get(split, 0)
    chosen = tuple(sorted({int(row) for row in rows}))
    if not chosen or chosen[0] < 0 or chosen[-1] >= size:
        raise LaminaError(
            "A slice needs rows of the split.", place=split, remedy="Choose a cell that has some."
        )
    data = str(run.info.get("data", ""))
    return _keep(run, Slice(name, split, chosen, data, what, run.id if by_answers else ""))


def _fit(name: str) -> str:
    """The name without blanks too many. Raises LaminaError where it is empty or too long."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise LaminaError(
            f"A slice's name has 1 to {LONGEST} characters.", place="slice", remedy="Name it anew."
        )
    return name


def _keep(run: "Run", made: Slice) -> Slice:
    path, data = _place(run), str(run.info.get("data", ""))
    kept = _read(path)
    if any(one.name == made.name and (one.condition or one.data == data) for one in kept):
        raise LaminaError(
            f"There is a slice '{made.name}' already.", place="slice", remedy="Choose another name."
        )
    if len(kept) >= MOST:
        raise LaminaError(
            f"A project keeps at most {MOST} slices.", place="slice", remedy="Delete some."
        )
    _write(path, [*kept, made])
    return made


def delete_slice(run: "Run", name: str) -> None:
    """Forget a slice. Raises LaminaError where there is none of that name."""
    gone = slice_named(run, name)
    path = _place(run)
    _write(path, [one for one in _read(path) if (one.name, one.data) != (gone.name, gone.data)])
