"""Runs side by side: the settings in which they differ, the figures that tell, their curves."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from builder.runs.fork import leaves

if TYPE_CHECKING:
    from builder.runs.index import Row

MOST_SETTINGS = 4
LABELS = {
    "optimizer.lr": "Learning rate",
    "optimizer.name": "Optimiser",
    "optimizer.weight_decay": "Weight decay",
    "batch_size": "Batch",
    "epochs": "Epochs",
    "schedule.name": "Schedule",
    "early_stopping.patience": "Patience",
    "label_smoothing": "Smoothing",
    "class_weights": "Class weights",
    "clip_norm": "Clip",
    "precision": "Precision",
    "seed": "Seed",
    "parameters": "Parameters",
    "data": "Data",
    "start_from": "Starts from",
}
BORING = ("device", "threads", "keep")  # the device has a column of its own
HIGHER = ("accuracy", "f1", "roc_auc", "precision", "recall", "r2", "average_precision")


def flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A nested recipe as dotted names: {"optimizer": {"lr": 1}} as {"optimizer.lr": 1}."""
    return {name: x for name, x in leaves(recipe).items() if x not in (None, {}, [])}


def settings(rows: Sequence["Row"]) -> dict[str, dict[str, Any]]:
    """Per run everything that decides it: recipe, size of the network, data."""
    return {
        row.id: {
            **flat(row.recipe),
            "parameters": row.parameters or None,
            "data": row.data[:6] or None,
        }
        for row in rows
    }


def differing(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The settings in which the runs differ, the telling ones first."""
    names = dict.fromkeys(name for values in found.values() for name in values)
    different = [
        name
        for name in names
        if name not in BORING and len({repr(values.get(name)) for values in found.values()}) > 1
    ]
    order = list(LABELS)
    return sorted(different, key=lambda name: order.index(name) if name in order else len(order))


def label(name: str) -> str:
    """What a setting or a figure is called."""
    if name in LABELS:
        return LABELS[name]
    words = {
        "roc_auc": "ROC AUC",
        "r2": "R²",
        "mae": "MAE",
        "rmse": "RMSE",
        "mse": "MSE",
        "f1": "F1",
        "fid": "Fréchet distance",
    }
    return words.get(name, name.replace("_", " ").replace(".", " ").capitalize())


def figure_name(name: str) -> str:
    """What an epoch's figure or a run's measure is called: "Validation loss", "Seconds"."""
    if name == "lr":
        return "Learning rate"
    part, _, figure = name.partition("_")
    return f"{part.capitalize()} {inner(label(figure))}" if figure else part.capitalize()


def figure_word(name: str) -> str:
    """The same within a sentence: "validation loss"."""
    return inner(figure_name(name))


def inner(word: str) -> str:
    """A figure's name within a sentence: "accuracy", but "ROC AUC", "R²"."""
    proper = word[:2].isupper() or word.startswith(("R²", "Fréchet"))
    return word if proper else word[0].lower() + word[1:]


def spread(deviation: float) -> str:
    """How far single figures lie from their mean: "± 0.013"; empty where one alone is known."""
    return f"± {deviation:.2g}" if math.isfinite(deviation) else ""


def figure(value: float) -> str:
    """A figure as the tables of runs and trials write it (`figure` of components/plain): four
    digits that count, from a thousand on all before the point, 12,345.
    """
    size = abs(value)
    if 1e3 <= size < 1e9:
        return f"{value:,.0f}"
    text = f"{value:.{3 if size < 1e-4 else 4}g}"
    if "e" not in text or not 1e-6 <= size < 1e9:
        return text
    return f"{float(text):.10f}".rstrip("0").rstrip(".")


def higher_is_better(name: str) -> bool:
    """Whether more of a figure is better ("validation_accuracy"); less of a loss or an error."""
    return name.removeprefix("validation_").removeprefix("train_") in HIGHER


def watched(row: "Row") -> str:
    """The figure by which the run's best epoch is kept."""
    return str(row.recipe.get("monitor") or "validation_loss")


def headline(rows: Sequence["Row"]) -> str | None:
    """The validation figure that most runs have beside the loss; None where none has one."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in row.best or row.last:
            if name.startswith("validation_") and name != "validation_loss":
                counts[name] = counts.get(name, 0) + 1
    order = ("validation_accuracy", "validation_r2")
    first = [name for name in order if name in counts]
    return first[0] if first else max(counts, key=counts.__getitem__, default=None)


def figures(row: "Row", name: str | None) -> dict[str, float | None]:
    """What the table shows of a run: the headline figure at its best epoch and at the last one, the
    validation loss at the best epoch.
    """
    best, last = row.best or {}, row.last or {}
    found = {"best_loss": finite(best.get("validation_loss"))}
    if name:
        found = {"best": finite(best.get(name)), "last": finite(last.get(name)), **found}
    return found


def finite(value: Any) -> float | None:
    """The value where it is a finite number, else None."""
    if not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        return None
    return float(value)


def lasted(seconds: float) -> str:
    """A duration in few letters: "0.8 s", "42 s", "3:05", "1:02:33"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def roughly(seconds: float) -> str:
    """How long something will take, as exactly as can be told: "20 s", "4 min", "1 h 10 min"."""
    if seconds < 55:
        return f"{max(1, round(seconds / 10)) * 10} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, left = divmod(round(minutes / 10) * 10, 60)
    return f"{hours} h {left} min" if left else f"{hours} h"


def begun(created: float, now: float | None = None) -> str:
    """When a run began: the time today, else the day."""
    now = time.time() if now is None else now
    then, today = time.localtime(created), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    return f"{then.tm_mday} {time.strftime('%b %H:%M', then)}"


def curve_names(epochs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """The figures that the runs kept by epoch: loss first, validation before training."""
    names = dict.fromkeys(
        name
        for rows in epochs.values()
        for row in rows
        for name in row
        if name.startswith(("validation_", "train_")) or name == "lr"
    )
    return sorted(names, key=lambda name: (name == "lr", not name.endswith("loss"), name[0] == "t"))


def curve(
    rows: Sequence[Mapping[str, Any]], name: str, over: str
) -> tuple[list[float], list[float]]:
    """The points of a figure over "epoch" or "time", gaps left out."""
    points = [
        (float(row[over]), float(row[name]))
        for row in rows
        if finite(row.get(name)) is not None and finite(row.get(over)) is not None
    ]
    return [x for x, _ in points], [y for _, y in points]


def smoothed(values: Sequence[float], share: float) -> list[float]:
    """The moving average that keeps this share (0 to below 1) of what it was at each point; its
    beginning is not pulled towards zero.
    """
    total = weight = 0.0
    found = []
    for value in values:
        total, weight = share * total + (1 - share) * value, share * weight + 1 - share
        found.append(total / weight)
    return found
