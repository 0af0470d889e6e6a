"""Fitting a table's preparation on its training rows, and the target's."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from builder.data.base import Fitted
from builder.data.columns import Planned
from builder.data.runtime import tables
from builder.data.specs import InputSpec, TargetSpec
from builder.errors import LaminaError

if TYPE_CHECKING:
    import pandas as pd

RARE = 2  # a category seen less often than this in training is one of the "other" ones
MOST_CATEGORIES = 1000
MAX_WIDTH = 200_000


def fit_table(
    name: str,
    form: Literal["vector", "codes"],
    planned: Sequence[Planned],
    training: "pd.DataFrame",
    extra: Mapping[str, Mapping[str, Any]],
) -> Fitted:
    """The preparation of one Input that takes columns. `training` holds training rows only, typed
    as planned.

    `extra` gives what the source knows of a column ({"when": {"formats": ["%d/%m/%Y"]}}).
    Raises LaminaError where no column is left.
    """
    columns, notes = [], []
    for column in planned:
        cells = training[column.name]
        settings = {"name": column.name, **extra.get(column.name, {})}
        if form == "codes" or column.type == "category" or column.type == "text":
            columns.append({**settings, **_category(column, cells)})
        elif column.type == "date":
            columns.append({**settings, **_date(column, cells, settings)})
        else:
            columns.append({**settings, **_number(column, cells)})
        filled = columns[-1].get("fill_said")
        if filled:
            notes.append(filled)
    if not columns:
        raise LaminaError(
            f"No column is left for the input {name!r}.",
            place="data.inputs" if form == "codes" else "data.columns",
            remedy="Give at least one column the role feature.",
        )
    for column_settings in columns:
        column_settings.pop("fill_said", None)
    settings = {"form": form, "columns": columns}
    return Fitted(settings, _spec(name, form, settings), tuple(notes))


def _spec(name: str, form: Literal["vector", "codes"], settings: dict[str, Any]) -> InputSpec:
    columns = settings["columns"]
    if form == "codes":
        names = tuple(column["name"] for column in columns)
        return InputSpec(
            name=name,
            form="codes",
            shape=(len(columns),),
            stored="int64",
            features=names,
            origins=names,
            cardinality=tables.Codes(settings).cardinality,
        )
    pairs = [(feature, c["name"]) for c in columns for feature in tables.features(c)]
    if len(pairs) > MAX_WIDTH:
        raise LaminaError(
            f"The columns make {len(pairs):,} features, more than {MAX_WIDTH:,}.",
            place=f"input {name}",
            remedy="Ignore columns with many categories, or use embeddings (codes).",
        )
    return InputSpec(
        name=name,
        form="vector",
        shape=(len(pairs),),
        stored="float32",
        features=tuple(feature for feature, _ in pairs),
        origins=tuple(origin for _, origin in pairs),
    )


def _number(column: Planned, cells: "pd.Series[Any]") -> dict[str, Any]:
    kind = "boolean" if column.type == "boolean" else "number"
    x = cells.astype("float64").to_numpy(dtype="float64", na_value=np.nan)
    present = x[np.isfinite(x)]
    if len(present) == 0:
        present = np.zeros(1)
    gaps = int(len(x) - np.isfinite(x).sum())
    treatment = "most_frequent" if kind == "boolean" else column.missing
    fill = _filler(treatment, present)
    settings = {"kind": kind, "fill": fill, "flag": _flag(column, gaps)}
    if column.log:
        settings["log"] = True
        present = np.sign(present) * np.log1p(np.abs(present))
        fill = float(np.sign(fill) * np.log1p(abs(fill)))
    if kind == "boolean":
        settings |= {"shift": 0.0, "scale": 1.0}
    else:
        filled = np.concatenate([present, np.full(gaps, fill)])
        settings |= dict(zip(("shift", "scale"), _scaler(column.scale, filled)))
    if gaps and column.missing != "drop_rows":
        words = {"median": "the median", "mean": "the mean", "zero": "0"}
        said = words.get(treatment, "the most frequent value")
        beside = ", with a 0/1 column beside it" if settings["flag"] else ""
        settings["fill_said"] = (
            f"{column.name}: {gaps:,} gaps filled with {said} ({settings['fill']:g}){beside}."
        )
    return settings


def _flag(column: Planned, gaps: int) -> bool:
    if column.flag is not None:
        return column.flag
    return gaps > 0 and column.missing != "drop_rows"


def _filler(treatment: str, present: "np.ndarray[Any, Any]") -> float:
    if treatment == "zero":
        return 0.0
    if treatment == "mean":
        return float(present.mean())
    if treatment == "most_frequent":
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(present))


def _scaler(scale: str, x: "np.ndarray[Any, Any]") -> tuple[float, float]:
    """(shift, divisor) such that (x - shift) / divisor is scaled; the divisor is never nought."""
    if scale == "none":
        return 0.0, 1.0
    with np.errstate(over="ignore"):
        if scale == "minmax":
            shift, width = float(x.min()), float(x.max() - x.min())
        elif scale == "robust":
            low, middle, high = np.percentile(x, [25, 50, 75])
            shift, width = float(middle), float(high - low)
        else:
            shift, width = float(x.mean()), float(x.std())
    if not np.isfinite(shift) or not np.isfinite(width):
        raise LaminaError(
            "Its numbers are too large to be scaled.", remedy="Ignore the column, or set log."
        )
    # A spread that is only rounding (0.1 a thousand times) would blow up the unseen.
    return shift, width if width > 1e-12 * max(abs(shift), 1e-300) else 1.0


def _category(column: Planned, cells: "pd.Series[Any]") -> dict[str, Any]:
    words = [tables.to_text(value) for value in cells.astype(object).where(cells.notna(), None)]
    counts: dict[str, int] = {}
    for word in words:
        if word is not None:
            counts[word] = counts.get(word, 0) + 1
    gaps = sum(word is None for word in words)
    common = sorted(counts, key=lambda word: (-counts[word], word))[:MOST_CATEGORIES]
    kept = [word for word in common if counts[word] >= RARE] or common
    values = sorted(kept, key=natural)
    settings: dict[str, Any] = {"kind": "category", "values": values}
    if len(kept) < len(counts):
        settings["other"] = True
    if column.missing == "own_category":
        if gaps:
            settings["values"] = [*values, tables.MISSING_CATEGORY]
    elif column.missing != "drop_rows" and common:
        settings["fill"] = common[0]
        if gaps:
            settings["fill_said"] = f"{column.name}: {gaps:,} gaps filled with {common[0]!r}."
    return settings


def natural(word: str) -> tuple[int, float, str]:
    """A sorting key: numbers by value before words by letter."""
    try:
        number = float(word)
    except ValueError:
        return 1, 0.0, word
    return (0, number, word) if number == number else (1, 0.0, word)


def _date(column: Planned, cells: "pd.Series[Any]", known: Mapping[str, Any]) -> dict[str, Any]:
    moments = [None if value is None or value != value else value for value in cells.tolist()]
    present = [moment for moment in moments if moment is not None]
    gaps = len(moments) - len(present)
    parts = []
    for part, read in tables.PARTS.items():
        x = np.array([read(moment) for moment in present] or [0.0])
        if part != "year" and x.min() == x.max():
            continue  # dates without a time of day have hour 0 throughout
        shift, scale = _scaler(column.scale, x)
        parts.append({"part": part, "fill": float(np.median(x)), "shift": shift, "scale": scale})
    names = ", ".join(str(part["part"]) for part in parts)
    return {
        "kind": "date",
        "formats": known.get("formats", []),
        "parts": parts,
        "flag": _flag(column, gaps),
        "fill_said": f"{column.name}: read as a date; gives {names}.",
    }


def class_labels(
    cells: "pd.Series[Any]", known: tuple[str, ...]
) -> tuple[tuple[str, ...], "np.ndarray[Any, Any]"]:
    """The classes in order, and one code per row (-1 where missing)."""
    words = [tables.to_text(value) for value in cells.astype(object).where(cells.notna(), None)]
    found = {word for word in words if word is not None}
    classes = known if known and found <= set(known) else tuple(sorted(found, key=natural))
    places = {word: place for place, word in enumerate(classes)}
    return classes, np.array([-1 if w is None else places[w] for w in words], dtype=np.int64)


def fit_target(
    name: str, kind: Literal["class", "number"], classes: tuple[str, ...], y: torch.Tensor
) -> TargetSpec:
    """The target as training rows show it: `y` holds their class codes (int64) or numbers
    (float32)."""
    if kind == "class":
        counts = torch.bincount(y, minlength=len(classes)).tolist()
        return TargetSpec(name=name, kind="class", classes=classes, counts=tuple(counts))
    mean, std = float(y.double().mean()), float(y.double().std(correction=0))
    return TargetSpec(name=name, kind="number", mean=mean, std=std if std > 0 else 1.0)
