"""A split's columns as a person knows them: raw cells, whether the model reads them or not."""

import difflib
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from builder.data.runtime import naming
from builder.errors import LaminaError
from builder.evaluate.split import Ints
from builder.progress import Progress

if TYPE_CHECKING:
    from builder.data.prepared import Prepared

Kind = Literal["number", "category", "text", "date"]
MANY_VALUES = 50
MANY_SHARE = 0.05
FEW_NUMBERS = 12
"""So many different numbers are looked at one by one instead of in ranges."""
CHUNK = 4096
KEPT = 6
"""So many splits' columns are kept in memory."""
NOTHING = "These rows have no columns beside what is predicted."
NOTHING_REMEDY = "Bring a table that names the files and says more of each, then train again."
DAY = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?")


@dataclass(frozen=True)
class Column:
    """A column by row of the split.

    `values` are float64 (nan: missing), datetime64 (NaT: missing) or, of categories and texts,
    int64 codes into `names` (-1: missing). `label` is what a person calls it.
    """

    name: str
    label: str
    kind: Kind
    values: NDArray[Any]
    names: tuple[str, ...] = ()

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows have a value."""
        if self.kind == "number":
            return np.asarray(~np.isnan(self.values))
        if self.kind == "date":
            return np.asarray(~np.isnat(self.values))
        return np.asarray(self.values >= 0)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(np.unique(self.values[self.present]))


@dataclass(frozen=True)
class Columns:
    """All columns of a split, and how they are found by name."""

    rows: int
    all: tuple[Column, ...] = ()
    target: str = ""

    @property
    def groupable(self) -> tuple[Column, ...]:
        """Those of which there are groups: no free text, and more than one value."""
        some = (one for one in self.offered if one.kind != "text")
        return tuple(one for one in some if one.distinct + (not one.present.all()) > 1)

    @property
    def offered(self) -> tuple[Column, ...]:
        """Those that say more of a row than what is predicted of it."""
        return tuple(one for one in self.all if one.name != self.target)

    def find(self, name: str) -> Column:
        """The column of that name ("#2" and "column 3" of a table without a head). Raises
        LaminaError with near names, and where the data has no columns at all.
        """
        wanted = name.strip()
        for one in self.all:
            if wanted in (one.name, one.label):
                return one
        folded = [o for o in self.all if wanted.casefold() in (o.name.lower(), o.label.lower())]
        if len(folded) == 1:
            return folded[0]
        if not self.offered:
            raise LaminaError(NOTHING, place="slice", remedy=NOTHING_REMEDY)
        near = difflib.get_close_matches(wanted, [one.label for one in self.all], n=3)
        names = near or [one.label for one in self.all[:8]]
        more = " …" if not near and len(self.all) > len(names) else ""
        raise LaminaError(
            f"The data has no column '{wanted}'.",
            place="slice",
            remedy=f"{'Did you mean' if near else 'There are'} {', '.join(names)}{more}"
            f"{'?' if near else '.'}",
        )


_kept: dict[tuple[Path, str], Columns] = {}


def columns(prepared: "Prepared", split: str, progress: Progress | None = None) -> Columns:
    """The columns of a split. Read once and kept: a split's rows never change."""
    place = (prepared.folder, split)
    found = _kept.pop(place, None)
    if found is None:
        found = _read(prepared, split, progress)
    _kept[place] = found  # the last one used stands last
    for oldest in list(_kept)[:-KEPT]:
        _kept.pop(oldest, None)
    return found


def columns_known(prepared: "Prepared", split: str) -> bool:
    """Whether the columns of a split are in memory already."""
    return (prepared.folder, split) in _kept


def _read(prepared: "Prepared", split: str, progress: Progress | None) -> Columns:
    spec = prepared.spec
    target, rows = spec.target.name if spec.target else "", spec.sizes.get(split, 0)
    what = f"Reading the columns of the {split} split"
    cells: dict[str, list[Any]] = {}
    done = 0
    for records in _records(prepared.folder / f"{split}.records.jsonl"):
        if progress is not None:
            progress(what, done, rows)
        done += len(records)
        for name in records[0]:
            cells.setdefault(name, []).extend([record.get(name) for record in records])
    if progress is not None:
        progress(what, done, rows)
    return of_cells(cells, rows, target, _labels(cells, spec.inputs, prepared.preparation))


def _labels(
    names: Iterable[str], inputs: Container[str], preparation: Mapping[str, Any]
) -> dict[str, str]:
    """What a person calls the columns; a text as its table does, not after its input."""
    texts = naming.texts(preparation)
    found = {name: texts.get(name, name) for name in names}
    headless = naming.numbered(found[name] for name in found if name in texts or name not in inputs)
    return {name: naming.called(label, headless) for name, label in found.items()}


def of_cells(
    cells: Mapping[str, Sequence[Any]],
    rows: int,
    target: str = "",
    labels: Mapping[str, str] | None = None,
) -> Columns:
    """Columns from plain cells (None: missing); a text's length is a column of its own.

    `labels`: what a person calls a column, where that is not its name.
    """
    found: list[Column] = []
    for name, values in cells.items():
        one = _column(name, (labels or {}).get(name, name), values)
        if one is None:
            continue
        found.append(one)
        if one.kind == "text":
            found.append(_words(one))
    return Columns(rows, tuple(found), target)


def _records(path: Path) -> Iterator[list[dict[str, Any]]]:
    """The lines in chunks, each parsed at once: four times as fast as line by line."""
    with path.open("rb") as file:
        while lines := list(islice(file, CHUNK)):
            yield json.loads(b"[" + b",".join(lines) + b"]")


def _column(name: str, label: str, cells: Sequence[Any]) -> Column | None:
    """What the cells are; None where they are no plain values, or where all are missing."""
    kinds = {type(cell) for cell in cells} - {type(None)}
    if not kinds or not kinds <= {bool, int, float, str}:
        return None
    if kinds <= {int, float}:
        numbers = np.array([np.nan if cell is None else cell for cell in cells], np.float64)
        return None if np.isnan(numbers).all() else Column(name, label, "number", numbers)
    texts = [_text(cell) for cell in cells]
    known = sorted({text for text in texts if text is not None})
    if not known:
        return None
    if all(DAY.fullmatch(text) for text in known):
        days = np.array([text or "NaT" for text in texts], "datetime64[s]")
        return Column(name, label, "date", days)
    codes = {text: code for code, text in enumerate(known)}
    numbered: Ints = np.array([-1 if text is None else codes[text] for text in texts], np.int64)
    many = len(known) > MANY_VALUES and len(known) > MANY_SHARE * len(cells)
    return Column(name, label, "text" if many else "category", numbered, tuple(known))


def _text(cell: Any) -> str | None:
    return None if cell is None or cell == "" or cell != cell else str(cell)


def _words(text: Column) -> Column:
    """How long a text is, as a column of its own: short ones are often harder."""
    lengths = np.array([len(name.split()) for name in text.names], np.float64)
    values = np.where(text.present, lengths[text.values], np.nan)
    return Column(f"words in {text.name}", f"words in {text.label}", "number", values)
