"""From a project to prepared data: read, split, fit on the training rows, store; once per content
and preparation."""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import Tensor

from builder.data import columns, fit, store
from builder.data.base import SPLITS, Fitted, Media, Raw
from builder.data.cells import plain_cells
from builder.data.columns import Planned
from builder.data.prepared import Prepared
from builder.data.read import fingerprint, read
from builder.data.rows import Rows, arrange
from builder.data.runtime import VERSION, Preparation, naming
from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.progress import Progress, silent
from builder.project import Binding, Project

REVISION = 2  # counts up when the same project gives other prepared data than before
CHUNK = 256
TABLE_CHUNK = 20_000
FEWEST = 3  # rows: one to learn from, one to judge by, one to test on


def prepare(project: Project, progress: Progress | None = None) -> Prepared:
    """The project's data made ready; at once where it already is.

    Raises LaminaError for users' mistakes (a missing column, a single class, a full disk); nothing
    half-made stays.
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
    """The Inputs that data must fill: those bound in `data.inputs`, and the graphs' Input nodes.

    Among several graphs, an Input with a shape of its own is fed by the task (noise), not by data.
    """
    wanted = dict(project.data.inputs)
    nodes = [node for graph in project.graphs.values() for node in graph.nodes]
    alone = len(project.graphs) == 1
    inputs = [n for n in nodes if n.layer == "Input" and (alone or not n.params.get("shape"))]
    for node in inputs:
        if node.id not in wanted:
            form = node.params.get("form")
            forms = ("vector", "codes", "image", "tokens", "series")
            wanted[node.id] = Binding.model_validate({"form": form} if form in forms else {})
    ids = {node.id for node in inputs}
    return {name: binding for name, binding in wanted.items() if not ids or name in ids}


def _key(project: Project, files: Sequence[Mapping[str, Any]]) -> str:
    data = project.data.model_dump(mode="json", exclude={"augment", "inputs"})
    inputs = {name: b.model_dump(mode="json") for name, b in wanted_inputs(project).items()}
    return store.digest_json(
        [REVISION, VERSION, data, inputs, project.task.kind, [file["digest"] for file in files]]
    )


def _fill(
    aside: Path, key: str, project: Project, files: Sequence[Mapping[str, Any]], progress: Progress
) -> None:
    raw = read(project.data, progress)
    where = Path(files[0]["path"]).name if files else project.data.source
    _enough(raw.rows, raw.rows, where)
    try:
        rows = arrange(raw, project.data, project.task.kind)
        _enough(len(rows.places), raw.rows, where)
        fitted = _fit(rows, project)
    except LaminaError as error:
        of_column = error.place.startswith("column ")
        if not of_column and not raw.headerless:
            raise
        place = naming.told(f"{where}, {error.place}", raw.headerless)
        raise LaminaError(
            naming.told(error.fact, raw.headerless),
            place=place if of_column else error.place,
            remedy=naming.told(error.remedy, raw.headerless),
            code=error.code,
        ) from error
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
    changed = store.changed_since(project.data.source, project.data.options, files)
    since = (f"{path} has changed since it was last prepared." for path in changed)
    notes = (
        *since,
        *raw.notes,
        *_said(rows),
        *(note for part in fitted.values() for note in part.notes),
    )
    spec = PreparedSpec(
        key=key,
        inputs={name: part.spec for name, part in fitted.items()},
        target=target,
        sizes={name: len(rows.of(code)) for code, name in enumerate(SPLITS)},
        notes=tuple(naming.told(note, raw.headerless) for note in dict.fromkeys(notes)),
    )
    store.write_json(aside / "preparation.json", settings)
    store.write_json(
        aside / "origin.json",
        {
            "source": project.data.source,
            "options": dict(project.data.options),
            "read": dict(raw.options) | _width(project.data.source, raw) | _renamed(raw),
            "files": list(files),
        },
    )
    store.write_json(aside / "spec.json", spec.model_dump(mode="json"))


def _width(source: str, raw: Raw) -> dict[str, int]:
    """How many columns the file has, where all of them are in the frame but a column of texts."""
    plain = source in ("table", "text")
    return {"width": raw.frame.shape[1] + len(raw.media)} if plain else {}


def _renamed(raw: Raw) -> dict[str, Any]:
    changed = {old: new for old, new in raw.named.items() if old != new}
    return {"renamed": changed} if changed else {}


def _enough(used: int, rows: int, where: str) -> None:
    if used >= FEWEST:
        return
    have = f"{rows} {'row' if rows == 1 else 'rows'}"
    if used < rows:
        have += f", only {used} of them with a target"
    raise LaminaError(
        f"The data has {have}: too few to learn from and to test on.",
        place=where,
        remedy=f"Bring at least {FEWEST} rows, better hundreds.",
    )


def _said(rows: Rows) -> list[str]:
    left = [f"{c.name} ({c.why})" for c in rows.planned.values() if c.role == "ignore" and c.why]
    said = [f"Left out: {'; '.join(left[:12])}{' …' if len(left) > 12 else ''}."] if left else []
    return [*rows.notes, *said]


def _fit(rows: Rows, project: Project) -> dict[str, Fitted]:
    """Each Input's preparation, fitted on training rows."""
    raw, training = rows.raw, rows.of(0)
    features = [c for c in rows.planned.values() if c.role == "feature"]
    text = None if raw.media else columns.only_text(rows.planned, raw.profiles)
    wanted = wanted_inputs(project) or {_usual_name(raw, text): Binding()}
    if text is not None:
        read_text = Binding(columns=(text,), form="tokens")
        wanted = {n: read_text if b == Binding() else b for n, b in wanted.items()}
    free = [name for name in raw.media if name not in wanted]
    fitted: dict[str, Fitted] = {}
    for name, binding in wanted.items():
        key, column = media_column(name, binding, raw, free, alone=not features)
        if column is None:
            form = (
                binding.form
                if binding.form in ("vector", "codes")
                else table_form(name, raw, binding)
            )
            chosen = _chosen(name, binding, features, rows, form)
            frame = rows.frame.iloc[training]
            if not chosen and not isinstance(binding.columns, tuple):
                raise _nothing(name, rows, bool(features))
            fitted[name] = fit.fit_table(name, form, chosen, frame, rows.reading)
            continue
        from builder.data import media

        of_rows = Media(column.form, _Picked(column.values, rows.places), column.facts)
        fitted[name] = media.fit(name, key, of_rows, training.tolist(), project.data.prepare)
    _check_steps(project, {part.spec.form for part in fitted.values()})
    return fitted


def _check_steps(project: Project, forms: Set[str]) -> None:
    """Raise LaminaError for a step on a form that no Input has."""
    for place, step in enumerate(project.data.prepare):
        if step.kind in ("image", "tokens", "series") and step.kind not in forms:
            raise LaminaError(
                f"No input is of the form {step.kind}, so this step would do nothing; there is "
                f"{', '.join(sorted(forms))}.",
                place=f"data.prepare.{place}",
                remedy="Take the step out, or have an input read so (data.inputs).",
            )


def _nothing(name: str, rows: Rows, others: bool) -> LaminaError:
    """That no column feeds an Input, and why each one does not."""
    if others:
        return LaminaError(
            f"None of the columns is of the kind that the input {name!r} takes.",
            place=f"data.inputs.{name}",
            remedy="Give one of them another type, or take the input away.",
        )
    aside = [
        f"{c.name!r} ({c.why or 'as you decided'})"
        for c in rows.planned.values()
        if c.role not in ("feature", "target")
    ]
    more = f", and {len(aside) - 4:,} more" if len(aside) > 4 else ""
    told = f" besides the target {rows.target!r}" if rows.target else ""
    if aside:
        told += f"; left out: {', '.join(aside[:4])}{more}"
    return LaminaError(
        f"There is no column to predict from{told}.",
        place="data.columns",
        remedy="Bring a column that says something about the target, or give one the role feature.",
    )


def _usual_name(raw: Raw, text: str | None) -> str:
    if text is not None:
        return "text"
    return next(iter(raw.media), "table")


def table_form(name: str, raw: Raw, binding: Binding) -> Literal["vector"]:
    """The form of an Input that columns fill. Raises LaminaError where it wants another one."""
    if binding.form is not None:
        have = ", ".join(f"{key} ({m.form})" for key, m in raw.media.items()) or "columns only"
        raise LaminaError(
            f"The input {name!r} wants {binding.form}, but the data has {have}.",
            place=f"data.inputs.{name}.form",
            remedy="Choose another form or another source.",
        )
    return "vector"


def media_column(
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
    rows: Rows,
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


def _write(
    aside: Path,
    rows: Rows,
    runtime: Preparation,
    fitted: Mapping[str, Fitted],
    restored: Mapping[str, str],
    progress: Progress,
) -> dict[str, list[int]]:
    """The tensors and the records of every split; gives each Input's stored shape."""
    shapes: dict[str, list[int]] = {}
    done = 0
    for code, split in enumerate(SPLITS):
        own = rows.of(code)
        offsets = [0]
        with ExitStack() as stack:
            tensors = {
                name: stack.enter_context((aside / f"{split}.{name}.bin").open("wb"))
                for name in fitted
            }
            lines = stack.enter_context((aside / f"{split}.records.jsonl").open("wb"))
            for part in _chunks(own, runtime):
                records = _records(rows, part)
                for name, x in _transformed(runtime, records, split).items():
                    shapes[name] = list(x.shape[1:])
                    tensors[name].write(x.contiguous().numpy().data)
                for record in records:
                    kept = {k: v for k, v in record.items() if k not in restored.values()}
                    line = json.dumps(kept, ensure_ascii=False, default=str).encode() + b"\n"
                    lines.write(line)
                    offsets.append(offsets[-1] + len(line))
                done += len(part)
                progress("Preparing", done, len(rows.places))
        if rows.y is not None:
            (aside / f"{split}.target.bin").write_bytes(rows.y[own].contiguous().numpy().tobytes())
        (aside / f"{split}.offsets.bin").write_bytes(np.array(offsets, np.int64).tobytes())
    return shapes


def _transformed(
    runtime: Preparation, records: Sequence[Mapping[str, Any]], split: str
) -> dict[str, Tensor]:
    try:
        return runtime.transform(records)
    except ValueError as error:
        if isinstance(error, LaminaError):
            raise
        raise LaminaError(
            str(error), place=f"split {split}", remedy="Ignore that column, or mend the row."
        ) from error


def _chunks(own: "np.ndarray[Any, Any]", runtime: Preparation) -> Iterator["np.ndarray[Any, Any]"]:
    media = any(
        part["form"] in ("image", "series", "tokens")
        for part in runtime.settings["inputs"].values()
    )
    size = CHUNK if media else TABLE_CHUNK
    for start in range(0, len(own), size):
        yield own[start : start + size]


def _records(rows: Rows, part: "np.ndarray[Any, Any]") -> list[dict[str, Any]]:
    """Raw records of some rows: the frame's cells, and the media beside them."""
    frame = rows.frame.iloc[part]
    names = [str(name) for name in frame.columns]
    columns = [plain_cells(cells) for _, cells in frame.items()]
    lines = zip(*columns, strict=True) if columns else (() for _ in part)
    records = [dict(zip(names, line, strict=True)) for line in lines]
    for name, column in rows.raw.media.items():
        for place, record in zip(part, records, strict=True):
            record[name] = column.values[int(rows.places[place])]
    return records
