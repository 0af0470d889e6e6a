"""From a project to prepared data: read, split, fit on the training rows, store; once per content and preparation."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from builder.data import columns, fit, store
from builder.data.base import SPLITS, Fitted, Media, Progress, Raw, silent
from builder.data.columns import Planned
from builder.data.prepared import Prepared
from builder.data.read import fingerprint, read
from builder.data.runtime import VERSION, Preparation
from builder.data.specs import PreparedSpec
from builder.data.split import split_rows
from builder.errors import LaminaError
from builder.project import Binding, Data, Project, Split

if TYPE_CHECKING:
    import pandas as pd

REVISION = 1  # counts up when the same project gives other prepared data than before
CHUNK = 256


def prepare(project: Project, progress: Progress | None = None) -> Prepared:
    """The project's data made ready; at once where it already is.

    Raises LaminaError for users' mistakes (a missing column, a single class, a full disk); nothing half-made stays.
    """
    progress = progress or silent
    files = fingerprint(project.data)
    key = _key(project, files)
    folder = store.make(key, lambda aside: _fill(aside, key, project, files, progress))
    return Prepared(folder)


def specs(project: Project) -> PreparedSpec:
    """What the model will be given; prepares the data where that has not been done."""
    return prepare(project).spec


def wanted_inputs(project: Project) -> dict[str, Binding]:
    """The Inputs that data must fill: those bound in `data.inputs`, and the main graph's Input nodes."""
    wanted = dict(project.data.inputs)
    for node in project.graph.nodes:
        if node.layer == "Input" and node.id not in wanted:
            form = node.params.get("form")
            forms = ("vector", "codes", "image", "tokens", "series")
            wanted[node.id] = Binding.model_validate({"form": form} if form in forms else {})
    ids = {node.id for node in project.graph.nodes if node.layer == "Input"}
    return {name: binding for name, binding in wanted.items() if not ids or name in ids}


def _key(project: Project, files: Sequence[Mapping[str, Any]]) -> str:
    data = project.data.model_dump(mode="json", exclude={"augment", "inputs"})
    inputs = {name: b.model_dump(mode="json") for name, b in wanted_inputs(project).items()}
    return store.digest_json(
        [REVISION, VERSION, data, inputs, project.task.kind, [file["digest"] for file in files]]
    )


@dataclass(frozen=True)
class _Rows:
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


def _fill(
    aside: Path, key: str, project: Project, files: Sequence[Mapping[str, Any]], progress: Progress
) -> None:
    raw = read(project.data, progress)
    if raw.rows == 0:
        raise LaminaError("The data has no rows.", place=project.data.source)
    rows = _rows(raw, project)
    fitted = _fit(rows, project)
    target = None
    if rows.y is not None and rows.kind is not None and rows.target is not None:
        target = fit.fit_target(rows.target, rows.kind, rows.classes, rows.y[rows.of(0)])
    settings: dict[str, Any] = {
        "version": VERSION,
        "inputs": {name: dict(part.settings) for name, part in fitted.items()},
        "target": target.model_dump(mode="json") if target else None,
    }
    runtime = Preparation(settings)
    settings["restored"] = {
        name: part["column"]
        for name, part in settings["inputs"].items()
        if part["form"] in ("image", "series")
    }
    settings["stored_shapes"] = _write(aside, rows, runtime, fitted, settings["restored"], progress)
    notes = (*raw.notes, *_said(rows), *(note for part in fitted.values() for note in part.notes))
    spec = PreparedSpec(
        key=key,
        inputs={name: part.spec for name, part in fitted.items()},
        target=target,
        sizes={name: len(rows.of(code)) for code, name in enumerate(SPLITS)},
        notes=tuple(dict.fromkeys(notes)),
    )
    store.write_json(aside / "preparation.json", settings)
    store.write_json(
        aside / "origin.json",
        {
            "source": project.data.source,
            "options": dict(project.data.options),
            "read": dict(raw.options),
            "files": list(files),
        },
    )
    store.write_json(aside / "spec.json", spec.model_dump(mode="json"))


def _said(rows: _Rows) -> list[str]:
    left = [f"{c.name} ({c.why})" for c in rows.planned.values() if c.role == "ignore" and c.why]
    said = [f"Left out: {'; '.join(left[:12])}{' …' if len(left) > 12 else ''}."] if left else []
    return [*rows.notes, *said]


# --- rows: target, split ------------------------------------------------------------------------------------------


def _rows(raw: Raw, project: Project) -> _Rows:
    data = project.data
    profiles = columns.profile(raw.frame)
    kind = _target_kind(project)
    target = _target(raw, data, profiles) if kind else None
    planned = columns.plan(raw, data, target, profiles)
    frame = raw.frame.copy(deep=False)
    reading: dict[str, dict[str, Any]] = {}
    for name, column in planned.items():
        if column.role in ("feature", "time"):
            known = raw.reading.get(name, {})
            frame[name], reading[name] = columns.retype(frame[name], column, known)
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
    if target is not None and kind is not None:
        classes, y = _labels(frame[target], kind, raw, target)
        without = np.isnan(y) if kind == "number" else y < 0
        if without.any():
            notes.append(f"{int(without.sum()):,} rows without a target ({target}) were left out.")
            keep &= ~without
    places = np.flatnonzero(keep)
    if len(places) == 0:
        raise LaminaError("No row is left after leaving out rows with gaps.", place="data")
    y = y[places] if y is not None else None
    frame = frame.iloc[places].reset_index(drop=True)
    codes, said = _split(frame, raw, data.split, planned, places, y if kind == "class" else None)
    if kind == "class" and y is not None:
        _check_classes(classes, y, codes, target or "")
    tensor = None if y is None else torch.from_numpy(np.array(y))
    return _Rows(
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


def _target_kind(project: Project) -> Literal["class", "number"] | None:
    if project.task.kind == "classification":
        return "class"
    if project.task.kind == "regression":
        return "number"
    return None


def _target(raw: Raw, data: Data, profiles: Mapping[str, columns.Profile]) -> str:
    if data.target is not None:
        return columns.find(data.target, raw.frame, "data.target")
    named = [name for name, c in columns.decisions(data, raw.frame).items() if c.role == "target"]
    if named:
        return named[0]
    guess = columns.guess_target(raw, profiles)
    if guess is None:
        raise LaminaError(
            "No column can be the target.",
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
                f"The target {target!r} has the same value in every row; there is nothing to learn.",
                place="data.target",
                remedy="Choose another target.",
            )
        return (), y
    classes, codes = fit.class_labels(cells, raw.classes)
    most = max(1000, len(cells) // 4)
    fractions = column.type == "number" and bool((cells.dropna() % 1 != 0).any())
    if len(classes) > min(most, 10_000) or (fractions and len(classes) > 50):
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
                f"{where} has a single class of {target!r} ({only}); there is nothing to tell apart.",
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
    return split_rows(len(frame), split, given=given, labels=labels, groups=groups, times=times)


def _moments(cells: "pd.Series[Any]", name: str) -> "np.ndarray[Any, Any]":
    if columns.profile_column(cells).type not in ("date", "number") or cells.isna().any():
        raise LaminaError(
            f"The column {name!r} cannot order the rows: it holds words or gaps.",
            place="data.split.time",
            remedy="Name a column of dates or numbers without gaps.",
        )
    return cells.to_numpy().astype("float64" if cells.dtype.kind in "iuf" else "int64")


# --- inputs -------------------------------------------------------------------------------------------------------


def _fit(rows: _Rows, project: Project) -> dict[str, Fitted]:
    """Each Input's preparation, fitted on training rows."""
    raw, training = rows.raw, rows.of(0)
    features = [c for c in rows.planned.values() if c.role == "feature"]
    wanted = wanted_inputs(project) or {_usual_name(raw, features): Binding()}
    free = [name for name in raw.media if name not in wanted]
    fitted: dict[str, Fitted] = {}
    for name, binding in wanted.items():
        key, column = _media_column(name, binding, raw, free, alone=not features)
        if column is None:
            form = (
                binding.form
                if binding.form in ("vector", "codes")
                else _table_form(name, raw, binding)
            )
            chosen = _chosen(name, binding, features, rows, form)
            frame = rows.frame.iloc[training]
            fitted[name] = fit.fit_table(name, form, chosen, frame, rows.reading)
            continue
        from builder.data import media

        of_rows = Media(column.form, _Picked(column.values, rows.places), column.facts)
        fitted[name] = media.fit(name, key, of_rows, training.tolist(), project.data.prepare)
    return fitted


def _usual_name(raw: Raw, features: Sequence[Planned]) -> str:
    return next(iter(raw.media)) if raw.media and not features else "table"


def _table_form(name: str, raw: Raw, binding: Binding) -> Literal["vector"]:
    if binding.form is not None:
        have = ", ".join(f"{key} ({m.form})" for key, m in raw.media.items()) or "columns only"
        raise LaminaError(
            f"The input {name!r} wants {binding.form}, but the data has {have}.",
            place=f"data.inputs.{name}.form",
            remedy="Choose another form or another source.",
        )
    return "vector"


def _media_column(
    name: str, binding: Binding, raw: Raw, free: list[str], *, alone: bool
) -> tuple[str, Media | None]:
    """The media (or text) column that fills this Input; None where columns of the table do."""
    named = binding.columns if isinstance(binding.columns, tuple) else ()
    for key in (*named, name):
        if key in raw.media:
            return key, raw.media[key]
    if binding.form == "tokens" and len(named) == 1:
        key = columns.find(named[0], raw.frame, f"data.inputs.{name}.columns")
        cells = raw.frame[key].tolist()
        return key, Media("tokens", ["" if v is None or v != v else str(v) for v in cells])
    if binding.form in ("vector", "codes") or named or binding.columns != "all":
        return "", None
    for key in free:
        if binding.form in (None, raw.media[key].form):
            free.remove(key)
            return key, raw.media[key]
    if alone and raw.media and binding.form is None:
        key = next(iter(raw.media))
        return key, raw.media[key]
    return "", None


class _Picked(Sequence[Any]):
    """The values of some rows, still decoded one by one."""

    def __init__(self, values: Sequence[Any], places: "np.ndarray[Any, Any]") -> None:
        self.values = values
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: Any) -> Any:
        return self.values[int(self.places[row])]


def _chosen(
    name: str,
    binding: Binding,
    features: Sequence[Planned],
    rows: _Rows,
    form: Literal["vector", "codes"],
) -> list[Planned]:
    """The columns that an Input takes."""
    numeric = ("number", "boolean", "date")
    if isinstance(binding.columns, tuple):
        place = f"data.inputs.{name}.columns"
        names = [columns.find(column, rows.frame, place) for column in binding.columns]
        for column in names:
            if column == rows.target:
                raise LaminaError(
                    f"The input {name!r} takes the target {column!r}.",
                    place=place,
                    remedy="Leave it out: the model would be told the answer.",
                )
        return [rows.planned[column] for column in names]
    if binding.columns == "numbers":
        return [column for column in features if column.type in numeric]
    if binding.columns == "categories" or form == "codes":
        return [column for column in features if column.type not in numeric]
    return list(features)


# --- writing ------------------------------------------------------------------------------------------------------


def _write(
    aside: Path,
    rows: _Rows,
    runtime: Preparation,
    fitted: Mapping[str, Fitted],
    restored: Mapping[str, str],
    progress: Progress,
) -> dict[str, list[int]]:
    """The tensors and the records of every split; gives each Input's stored shape."""
    shapes: dict[str, list[int]] = {}
    total, done = len(rows.places), 0
    left_out = set(restored.values())
    for code, split in enumerate(SPLITS):
        own = rows.of(code)
        handles = {name: (aside / f"{split}.{name}.bin").open("wb") for name in fitted}
        try:
            for part in _chunks(own, runtime):
                tensors = runtime.transform(list(_records(rows, part, raw_media=True)))
                for name, x in tensors.items():
                    shapes[name] = list(x.shape[1:])
                    handles[name].write(x.contiguous().numpy().data)
                done += len(part)
                progress("Preparing", done, total)
        finally:
            for handle in handles.values():
                handle.close()
        if rows.y is not None:
            (aside / f"{split}.target.bin").write_bytes(rows.y[own].contiguous().numpy().tobytes())
        _write_records(aside, split, rows, own, left_out)
    return shapes


def _chunks(own: "np.ndarray[Any, Any]", runtime: Preparation) -> Iterator["np.ndarray[Any, Any]"]:
    media = any(
        part["form"] in ("image", "series", "tokens")
        for part in runtime.settings["inputs"].values()
    )
    size = CHUNK if media else 20_000
    for start in range(0, len(own), size):
        yield own[start : start + size]


def _records(
    rows: _Rows, part: "np.ndarray[Any, Any]", *, raw_media: bool
) -> Iterator[dict[str, Any]]:
    """Raw records of some rows: the frame's cells, and the media beside them."""
    names = [str(name) for name in rows.frame.columns]
    frame = rows.frame.iloc[part]
    cells = [_cells(frame[name]) for name in names]
    media = rows.raw.media if raw_media else {}
    lines = zip(*cells, strict=True) if cells else (() for _ in part)
    for place, line in zip(part, lines, strict=True):
        record = dict(zip(names, line, strict=True))
        for name, column in media.items():
            record[name] = column.values[int(rows.places[place])]
        yield record


def _cells(cells: "pd.Series[Any]") -> list[Any]:
    """Plain Python values, None where missing."""
    values = cells.astype(object).where(cells.notna(), None).tolist()
    return [v.to_pydatetime() if hasattr(v, "to_pydatetime") else v for v in values]


def _write_records(
    aside: Path, split: str, rows: _Rows, own: "np.ndarray[Any, Any]", left_out: set[str]
) -> None:
    texts = {
        name: m for name, m in rows.raw.media.items() if name not in left_out and m.form == "tokens"
    }
    offsets = [0]
    with (aside / f"{split}.records.jsonl").open("wb") as file:
        for place, record in zip(own, _records(rows, own, raw_media=False), strict=True):
            for name, column in texts.items():
                record[name] = column.values[int(rows.places[place])]
            line = json.dumps(record, ensure_ascii=False, default=str).encode() + b"\n"
            file.write(line)
            offsets.append(offsets[-1] + len(line))
    (aside / f"{split}.offsets.bin").write_bytes(np.array(offsets, np.int64).tobytes())
