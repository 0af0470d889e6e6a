"""Rows as a whole: which are used, with what target, in which split; and marks that tell equal
rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from builder.data import columns, fit
from builder.data.base import Raw
from builder.data.columns import Planned
from builder.data.split import split_rows
from builder.errors import LaminaError
from builder.project import Data, Split, Step

if TYPE_CHECKING:
    import pandas as pd

MOST_MEDIA = 20_000
STEPS = ("drop_duplicates", "relabel", "image", "tokens", "series")
SETTINGS: Mapping[str, tuple[str, ...]] = {"drop_duplicates": (), "relabel": ("column", "values")}
"""Of the steps on rows; those on a form are checked where it is fitted."""


@dataclass(frozen=True)
class Rows:
    """The rows that are used, typed, with their target and split."""

    raw: Raw
    frame: "pd.DataFrame"
    planned: dict[str, Planned]
    target: str | None
    kind: Literal["class", "number"] | None
    classes: tuple[str, ...]
    y: Tensor | None
    places: "np.ndarray[Any, np.dtype[np.int64]]"  # of each row in raw
    codes: "np.ndarray[Any, np.dtype[np.int8]]"
    notes: tuple[str, ...]
    reading: Mapping[str, Mapping[str, Any]]  # how raw cells of each column are read

    def of(self, split: int) -> "np.ndarray[Any, Any]":
        """The rows of one split, as positions in frame."""
        return np.flatnonzero(self.codes == split)


def arrange(raw: Raw, data: Data, task: str) -> Rows:
    """The rows to be used, for a task of that kind. Raises LaminaError for users' mistakes."""
    raw = relabelled(raw, data)
    profiles = raw.profiles
    kind = _target_kind(task, raw, data)
    target = _target(raw, data, profiles) if kind else None
    planned = columns.plan(raw, data, target, profiles)
    frame = raw.frame.copy(deep=False)
    reading: dict[str, dict[str, Any]] = {}
    for name, column in planned.items():
        if column.role in ("feature", "time"):
            known = raw.reading.get(name, {})
            before = raw.frame[name]
            cells, reading[name] = columns.retype(before, profiles[name].type, column, known)
            if cells is not before:
                frame[name] = cells
    notes: list[str] = []
    keep = np.ones(len(frame), bool)
    for name, column in planned.items():
        if column.role == "feature" and column.missing == "drop_rows":
            gaps = frame[name].isna().to_numpy()
            if gaps.any():
                notes.append(f"{int(gaps.sum()):,} rows without {name} were left out.")
            keep &= ~gaps
    classes: tuple[str, ...] = ()
    y: np.ndarray[Any, Any] | None = None
    if target is not None and kind is not None and profiles[target].present == 0:
        raise LaminaError(
            f"The target {target!r} is empty in every row; there is nothing to learn.",
            place="data.target",
            remedy="Choose another target, or bring the answers.",
        )
    if target is not None and kind is not None:
        classes, y = _labels(frame[target], kind, raw, target)
        without = np.isnan(y) if kind == "number" else y < 0
        if without.any():
            notes.append(f"{int(without.sum()):,} rows without a target ({target}) were left out.")
            keep &= ~without
    if any(step.kind == "drop_duplicates" for step in data.prepare):
        again = repeated(raw, planned) & keep
        if again.any():
            notes.append(f"{int(again.sum()):,} rows that repeat an earlier one were left out.")
        keep &= ~again
    places = np.flatnonzero(keep)
    if len(places) == 0:
        raise LaminaError("No row is left after leaving out rows with gaps.", place="data")
    y = y[places] if y is not None else None
    frame = frame.iloc[places].reset_index(drop=True)
    codes, said = _split(frame, raw, data.split, planned, places, y if kind == "class" else None)
    if kind == "class" and y is not None:
        _check_classes(classes, y, codes, target or "")
    tensor = None if y is None else torch.from_numpy(np.array(y))
    return Rows(
        raw,
        frame,
        planned,
        target,
        kind,
        classes,
        tensor.float() if tensor is not None and kind == "number" else tensor,
        places,
        codes,
        (*notes, *said),
        reading,
    )


def _target_kind(task: str, raw: Raw, data: Data) -> Literal["class", "number"] | None:
    """What the task predicts; one that predicts no column keeps the classes that are known."""
    if task == "classification":
        return "class"
    if task == "regression":
        return "number"
    known = raw.problem == "classification" and data.target in (None, raw.target)
    return "class" if task and known and len(raw.classes) != 1 else None


def _target(raw: Raw, data: Data, profiles: Mapping[str, columns.Profile]) -> str:
    if data.target is not None:
        return columns.find(data.target, raw.frame, "data.target")
    named = [name for name, c in columns.decisions(data, raw.frame).items() if c.role == "target"]
    if named:
        return named[0]
    guess = columns.guess_target(raw, profiles)
    if guess is None:
        file = PurePath(str(data.options.get("path", ""))).name
        raise LaminaError(
            f"No column{' of ' + file if file else ''} can be the target by itself: "
            "each has a single value, next to none, or another one in each row.",
            place="data.target",
            remedy="Name the column that is to be predicted.",
        )
    return guess


def _labels(
    cells: "pd.Series[Any]", kind: Literal["class", "number"], raw: Raw, target: str
) -> tuple[tuple[str, ...], "np.ndarray[Any, Any]"]:
    column = columns.profile_column(cells)
    if kind == "number":
        if column.type not in ("number", "boolean"):
            raise LaminaError(
                f"The target {target!r} holds words; regression predicts numbers.",
                place="data.target",
                remedy="Choose classification, or another target.",
            )
        y = cells.astype("float64").to_numpy(dtype="float64", na_value=np.nan, copy=True)
        y[~np.isfinite(y)] = np.nan
        if len(np.unique(y[~np.isnan(y)])) < 2:
            raise LaminaError(
                f"The target {target!r} has the same value in every row; there is nothing to "
                "learn.",
                place="data.target",
                remedy="Choose another target.",
            )
        return (), y
    classes, codes = fit.class_labels(cells, raw.classes)
    few = len(cells) < 2 * len(classes)  # most classes would have a single row
    many = column.type == "number" and len(classes) > 100 and len(cells) < 20 * len(classes)
    fractions = column.type == "number" and bool((cells.dropna() % 1 != 0).any())
    if few and len(classes) > 2 and column.type != "number":
        raise LaminaError(
            f"The target {target!r} has {len(classes):,} different values in {len(cells):,} rows; "
            "each class needs several rows to be learnt.",
            place="data.target",
            remedy="Bring more rows of each class, or choose another target.",
        )
    if (
        (few and len(classes) > 2)
        or many
        or len(classes) > 10_000
        or (fractions and len(classes) > 50)
    ):
        raise LaminaError(
            f"The target {target!r} has {len(classes):,} different values, too many for classes.",
            place="data.target",
            remedy="Choose regression to predict it as a number, or another target.",
        )
    return classes, codes


def _check_classes(
    classes: tuple[str, ...], y: "np.ndarray[Any, Any]", codes: "np.ndarray[Any, Any]", target: str
) -> None:
    for where, own in (("The data", y), ("The training split", y[codes == 0])):
        present = np.unique(own)
        if len(present) < 2:
            only = classes[int(present[0])] if len(present) else "none"
            raise LaminaError(
                f"{where} has a single class of {target!r} ({only}); there is nothing to tell "
                "apart.",
                place="data.target",
                remedy="Choose another target, or bring rows of at least two classes.",
            )


def _split(
    frame: "pd.DataFrame",
    raw: Raw,
    split: Split,
    planned: Mapping[str, Planned],
    places: "np.ndarray[Any, Any]",
    labels: "np.ndarray[Any, Any] | None",
) -> tuple["np.ndarray[Any, np.dtype[np.int8]]", tuple[str, ...]]:
    groups = times = None
    if split.kind in ("group", "time"):
        named = split.group if split.kind == "group" else split.time
        by_role = [name for name, column in planned.items() if column.role == split.kind]
        if not named and not by_role:
            raise LaminaError(
                f"A split by {split.kind} needs a column.",
                place=f"data.split.{split.kind}",
                remedy=f"Name one, or give a column the role {split.kind}.",
            )
        name = columns.find(named, frame, f"data.split.{split.kind}") if named else by_role[0]
        if split.kind == "group":
            groups = frame[name].astype(str).to_numpy()
        else:
            times = _moments(frame[name], name)
    given = None if raw.given is None else raw.given[places]
    if split.folds is not None and any(media.facts.get("ordered") for media in raw.media.values()):
        raise LaminaError(
            "The rows are pieces of one course; shared into folds anew, one would hold what its "
            "neighbours hold.",
            place="data.split.folds",
            remedy="Leave the folds out, and repeat over seeds.",
        )
    return split_rows(len(frame), split, given=given, labels=labels, groups=groups, times=times)


def _moments(cells: "pd.Series[Any]", name: str) -> "np.ndarray[Any, Any]":
    if columns.profile_column(cells).type not in ("date", "number") or cells.isna().any():
        raise LaminaError(
            f"The column {name!r} cannot order the rows: it holds words or gaps.",
            place="data.split.time",
            remedy="Name a column of dates or numbers without gaps.",
        )
    return cells.to_numpy().astype("float64" if cells.dtype.kind in "iuf" else "int64")


def hashes(
    raw: Raw, planned: Mapping[str, Planned]
) -> "np.ndarray[Any, np.dtype[np.uint64]] | None":
    """A 64-bit mark per row over its columns and media; identifiers and ignored columns are left
    aside.

    Free text counts (it tells rows apart), a decision to ignore does not. None where there is
    nothing to compare, where looking at every image would take too long, and where rows are parts
    of one whole.
    """
    import pandas as pd

    if any(media.facts.get("whole") for media in raw.media.values()):
        return None

    names = [
        column.name
        for column in planned.values()
        if column.role in ("feature", "target") or column.why.startswith("it is free text")
    ]
    if not raw.media and not any(
        planned[name].role == "feature" or planned[name].why for name in names
    ):
        return None
    marks = np.zeros(raw.rows, np.uint64)
    for place, name in enumerate(names):
        cells = raw.frame[name]
        if cells.dtype == object:
            cells = cells.astype(str)
        one = pd.util.hash_array(pd.factorize(cells)[0])
        marks = marks * np.uint64(0x9E3779B97F4A7C15) + one + np.uint64(place)
    for media in raw.media.values():
        if media.form == "tokens":
            texts = np.array([str(value) for value in media.values], dtype=object)
            one = pd.util.hash_array(texts)
        elif len(media.values) <= MOST_MEDIA and media.facts.get("in_memory", True):
            flat = [_bytes(value) for value in media.values]
            one = pd.util.hash_array(np.array(flat, dtype=object))
        else:
            return None
        marks = marks * np.uint64(0x9E3779B97F4A7C15) + one
    return marks


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes(np.ascontiguousarray(value).data)


def repeated(raw: Raw, planned: Mapping[str, Planned]) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which rows repeat an earlier one."""
    marks = hashes(raw, planned)
    again = np.zeros(raw.rows, bool)
    if marks is not None:
        again[:] = True
        again[np.unique(marks, return_index=True)[1]] = False
    return again


def relabelled(raw: Raw, data: Data) -> Raw:
    """The raw rows with labels merged as the project's "relabel" steps say.

    Raises LaminaError for a step that is not known or incomplete.
    """
    frame, reading = raw.frame, {name: dict(how) for name, how in raw.reading.items()}
    for place, step in enumerate(data.prepare):
        where = f"data.prepare.{place}"
        if step.kind not in STEPS:
            raise LaminaError(
                f"There is no preparation step called {step.kind!r}.",
                place=where,
                remedy=f"Take one of {', '.join(STEPS)}.",
            )
        known = SETTINGS.get(step.kind, ())
        for key in step.settings() if step.kind in SETTINGS else ():
            if key not in known:
                raise LaminaError(
                    f"A {step.kind} step has no setting {key!r}.",
                    place=f"{where}.{key}",
                    remedy=f"Known: {', '.join(known)}." if known else "Take it out.",
                )
        if step.kind != "relabel":
            continue
        name, values = _relabel(step, frame, where)
        frame = frame.copy(deep=False) if frame is raw.frame else frame
        frame[name] = frame[name].map(lambda cell, values=values: values.get(cell, cell))
        reading.setdefault(name, {})["relabel"] = values
    return raw if frame is raw.frame else replace(raw, frame=frame, reading=reading)


def _relabel(step: Step, frame: "pd.DataFrame", place: str) -> tuple[str, dict[str, str]]:
    settings = step.settings()
    values = settings.get("values")
    right = isinstance(values, dict) and all(
        isinstance(a, str) and isinstance(b, str) for a, b in values.items()
    )
    if not isinstance(settings.get("column"), str) or not right:
        raise LaminaError(
            "A relabel step needs a column and values (old → new, as text).",
            place=place,
            remedy='Write {"kind": "relabel", "column": "sex", "values": {"M": "male"}}.',
        )
    name = columns.find(settings["column"], frame, f"{place}.column")
    if columns.profile_column(frame[name]).type not in ("category", "text"):
        raise LaminaError(
            f"{name!r} holds no words, so nothing can be relabelled.", place=f"{place}.column"
        )
    return name, dict(values)  # type: ignore[arg-type]
