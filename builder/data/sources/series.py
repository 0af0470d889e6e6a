"""Series with a label each: a wide table (one row a series) or a .ts file, with the TRAIN/TEST pair
of the archives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data import packed
from builder.data.base import Finding, Media, Raw, Source
from builder.data.folders import natural
from builder.data.options import Option
from builder.data.paths import locate
from builder.data.read import catalogue
from builder.data.ts import read_ts
from builder.errors import LaminaError
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SUFFIXES = (".ts", ".csv", ".tsv", ".txt", ".parquet", ".zip")
TABLES = (".csv", ".tsv", ".txt", ".parquet")
PAIR = re.compile(r"(?P<head>.*?)(?P<part>train|test)(?P<tail>(?:[_.\- ].*)?)", re.IGNORECASE)
LABELS = ("label", "class", "target", "y")
MOST_CLASSES = 200
READ = ("separator", "encoding", "decimal", "quoting")


class SeriesFiles(Source):
    """Series that are given whole, each with its label."""

    kind: ClassVar[str] = "series"
    title: ClassVar[str] = "Series with labels"
    help: ClassVar[str] = (
        "One row per series with a label column (CSV), or a .ts file; …_TRAIN and …_TEST side by "
        "side, or in one zip, keep their split."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "File or folder", folder=True, suffixes=SUFFIXES),
        Option(
            "test_path",
            "path",
            "Test file",
            suffixes=SUFFIXES,
            help="Where it does not lie beside the file as …_TEST.",
            advanced=True,
        ),
        Option(
            "label",
            "text",
            "Label column",
            help="Its name, or #0 for the first; guessed where empty. Not for .ts files.",
            advanced=True,
        ),
        Option("header", "bool", "First row names the columns", advanced=True),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits .ts files, files named …_TRAIN or …_TEST, and folders that hold them."""
        if path.is_dir():
            return None if _in_folder(path) else f"{path.name} holds no …_TRAIN and …_TEST files."
        if path.suffix.lower() == ".zip":
            return packed.why_not(path)
        if path.suffix.lower() == ".ts" or PAIR.fullmatch(path.stem):
            return None if path.suffix.lower() in SUFFIXES else f"{path.name} is no series file."
        return type(catalogue()["table"]).unfit(path)

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The training file, and the test file where there is one."""
        path = locate(options.get("path"), "data.options.path")
        if path.is_dir():
            found = _in_folder(path)
            if not found:
                raise LaminaError(
                    "The folder holds no …_TRAIN and …_TEST file.",
                    place=str(path),
                    remedy="Name the file itself.",
                )
            path = found
        if path.suffix.lower() == ".zip":
            return (path,)
        if options.get("test_path"):
            return path, locate(options["test_path"], "data.options.test_path")
        return _pair(path)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All series; train first, then test."""
        import numpy as np
        import pandas as pd

        parts: list[_Part] = []
        paths = self.files(options)
        if paths[0].suffix.lower() == ".zip":
            with packed.unpacked(paths[0]) as inner:
                return self.read({**options, "path": str(inner[0])}, progress)
        for done, path in enumerate(paths):
            progress(f"Reading {path.name}", done, len(paths))
            parts.append(_ts(path) if path.suffix.lower() == ".ts" else _wide(path, options))
        train = parts[0]
        for part, path in zip(parts[1:], paths[1:], strict=True):
            if len(part.series[0]) != len(train.series[0]):
                raise LaminaError(
                    f"Its series have {len(part.series[0])} channels, those of {paths[0].name} "
                    f"{len(train.series[0])}.",
                    place=path.name,
                    remedy="Give files that belong together.",
                )
        labels = [label for part in parts for label in part.labels]
        series = [one for part in parts for one in part.series]
        numeric = any(part.numeric for part in parts)
        channels = (
            [f"channel {i + 1}" for i in range(len(series[0]))] if len(series[0]) > 1 else ["value"]
        )
        lengths = sorted(one.shape[1] for one in series)
        facts = {
            "channels": channels,
            "cells": list(train.cells),
            "shortest": lengths[0],
            "longest": lengths[-1],
        }
        notes = [note for part in parts for note in part.notes]
        if lengths[0] != lengths[-1]:
            notes.append(
                f"The series are of {lengths[0]} to {lengths[-1]} steps; shorter ones are filled "
                "up."
            )
        return Raw(
            frame=pd.DataFrame({train.target: list(map(float, labels)) if numeric else labels}),
            media={"series": Media("series", series, facts)},
            given=None
            if len(parts) == 1
            else np.repeat(np.array([0, 2], np.int8), [len(part.labels) for part in parts]),
            target=train.target,
            classes=() if numeric else tuple(sorted(set(labels), key=natural)),
            problem="regression" if numeric else "classification",
            options=dict(train.read) | {"header": train.header, "label": train.target}
            if train.cells
            else {},
            notes=tuple(dict.fromkeys(notes)),
            findings=_left_out(train.dropped),
            headerless=train.header is False,
        )


def _left_out(names: Sequence[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return (
        Finding(
            "columns_left_out",
            "warning",
            "Columns left out",
            f"Left out, since a series holds only numbers: {', '.join(names[:10])}{more}. Where "
            "they matter, have the file read as a table.",
        ),
    )


@dataclass
class _Part:
    """One file's series."""

    series: list["np.ndarray[Any, Any]"]
    labels: list[str]
    numeric: bool
    target: str = "label"
    cells: Sequence[str] = ()  # the columns of a wide table, in order
    header: bool | None = None
    read: Mapping[str, Any] = field(default_factory=dict)  # how the cells of a table were told
    notes: list[str] = field(default_factory=list)
    dropped: Sequence[str] = ()  # columns that hold no numbers


def _in_folder(folder: Path) -> Path | None:
    """The one training file of the folder; .ts before tables. None where there is none, or more
    than one set."""
    for suffixes in ((".ts",), TABLES):
        found = [
            path
            for path in sorted(folder.iterdir())
            if path.suffix.lower() in suffixes
            and (match := PAIR.fullmatch(path.stem))
            and match["part"].lower() == "train"
        ]
        if len(found) == 1:
            return found[0]
    return None


def _pair(path: Path) -> tuple[Path, ...]:
    """The file; with its other half beside it (GunPoint_TRAIN.ts and GunPoint_TEST.ts), both, train
    first."""
    match = PAIR.fullmatch(path.stem)
    if match is None:
        return (path,)
    part = match["part"]
    is_train = part.lower() == "train"
    other = "test" if is_train else "train"
    other = other.upper() if part.isupper() else other.title() if part.istitle() else other
    beside = path.with_name(f"{match['head']}{other}{match['tail']}{path.suffix}")
    if not beside.is_file():
        return (path,)
    return (path, beside) if is_train else (beside, path)


def _ts(path: Path) -> _Part:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise LaminaError(f"The file cannot be read: {error.strerror}.", place=str(path)) from error
    found = read_ts(text, path.name)
    if not any(found.labels):
        raise LaminaError(
            "The file names no labels (@classLabel true …), so there is nothing to learn.",
            place=path.name,
            remedy="Give a file with labels.",
        )
    return _Part(found.series, found.labels, found.numeric)


def _wide(path: Path, options: Mapping[str, Any]) -> _Part:
    import numpy as np

    chosen = {"path": str(path)}
    if options.get("header") is not None:
        chosen["header"] = options["header"]
    raw = catalogue()["table"].read(chosen)
    frame = raw.frame
    target = _target(frame, options.get("label"), path.name)
    numbers = [
        str(name) for name in frame.columns if name != target and frame[name].dtype.kind in "iuf"
    ]
    others = [str(name) for name in frame.columns if name != target and name not in numbers]
    empty = [name for name in others if frame[name].isna().all()]
    notes = [f"The label of each series is in the column {target!r}."]
    dropped = [name for name in others if name not in empty]
    if len(numbers) < 2:
        raise LaminaError(
            f"A row has {len(numbers)} numbers beside the label; a series needs two or more.",
            place=path.name,
            remedy="Give a table with one series per row, or cut windows from a long table.",
        )
    values = frame[numbers].to_numpy(dtype=np.float32, na_value=np.nan)
    keep = np.isfinite(values).any(axis=1) & frame[target].notna().to_numpy()
    if not keep.all():
        notes.append(f"{int((~keep).sum()):,} rows without values or label were left out.")
    labels, numeric = _labels(frame[target][keep].tolist())
    series = [_trimmed(row)[None] for row in values[keep]]
    told = {key: value for key, value in raw.options.items() if key in READ}
    header = not raw.headerless
    return _Part(series, labels, numeric, target, numbers, header, told, notes, dropped)


def _trimmed(row: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Without the gaps at the end: shorter series are written so in a table."""
    import numpy as np

    return row[: int(np.flatnonzero(np.isfinite(row))[-1]) + 1]


def _target(frame: "pd.DataFrame", wanted: Any, place: str) -> str:
    names = [str(name) for name in frame.columns]
    if wanted:
        position = str(wanted).removeprefix("#")
        if str(wanted) in names:
            return str(wanted)
        if str(wanted).startswith("#") and position.isdecimal() and int(position) < len(names):
            return names[int(position)]
        raise LaminaError(
            f"There is no column {wanted!r}.",
            place="data.options.label",
            remedy=f"Its columns are {', '.join(names[:10])}.",
        )
    for name in names:
        if name.strip().lower() in LABELS:
            return name
    words = [name for name in names if frame[name].dtype == object and frame[name].notna().any()]
    if len(words) == 1:
        return words[0]
    for name in (names[0], names[-1]):
        cells = frame[name].dropna()
        if (
            frame[name].dtype.kind in "iuf"
            and (cells % 1 == 0).all()
            and cells.nunique() <= MOST_CLASSES
        ):
            return name
    raise LaminaError(
        "It is not clear which column holds the label of each series.",
        place=place,
        remedy="Name it in the option label; #0 is the first.",
    )


def _labels(cells: list[Any]) -> tuple[list[str], bool]:
    """Labels as text; whether they are numbers to predict rather than classes."""
    numbers = all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)
    if (
        numbers
        and all(float(cell).is_integer() for cell in cells)
        and len(set(cells)) <= MOST_CLASSES
    ):
        return [str(int(cell)) for cell in cells], False
    return [str(cell).strip() for cell in cells], numbers
