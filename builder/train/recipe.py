"""A recipe with every choice made and said, or refused before the start with the field and the
remedy.
"""

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.project import Optimizer, Recipe
from builder.train import length, precision, schedule, schedulers

SMALL_STEP = 60e6
"""Multiply-adds of one batch's forward pass up to which a second thread costs more than it gives.
"""
MOST_THREADS = 8
FUSED = ("Adam", "AdamW", "SGD", "Adagrad")


@dataclass(frozen=True)
class Resolved:
    """A recipe without open choices, and why each was made as it was."""

    recipe: Recipe
    choices: Mapping[str, str]


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy() -> int:
    """How many other threads want a core right now; 0 where the system does not tell (only Linux
    does).
    """
    counts = []
    for _ in range(3):
        try:
            text = Path("/proc/stat").read_text()
        except OSError:
            return 0
        counts.append(int(text.split("procs_running ", 1)[1].split()[0]) - 1)
        time.sleep(0.003)
    return max(0, min(counts))


def device_name(wish: str) -> tuple[str, str]:
    """The device to use and why. Raises LaminaError for one that is not there."""
    import torch

    if wish == "auto":
        if torch.cuda.is_available():
            return "cuda:0", "a GPU with CUDA was found"
        return "cpu", "no GPU with CUDA was found"
    kind, _, number = wish.partition(":")
    place = "recipe.device"
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise LaminaError(
            f"There is no device {wish!r}.",
            place=place,
            remedy="Choose auto, cpu, cuda, cuda:1 or mps.",
        )
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise LaminaError(
            f"{wish} is not there; CUDA devices of this machine: {count}.",
            place=place,
            remedy="Choose auto or cpu.",
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise LaminaError("This machine has no MPS device.", place=place, remedy="Choose auto.")
    return ("cuda:0" if wish == "cuda" else "cpu" if kind == "cpu" else wish), "as chosen"


def resolve(recipe: Recipe, spec: PreparedSpec, *, macs: int = 0) -> Resolved:
    """Fill in batch size, device and threads. `macs`: multiply-adds of one row's forward pass.

    Raises LaminaError where the recipe cannot run: unknown optimiser or arguments, a device that is
    not there, too few rows, a schedule's or monitor's mistake.
    """
    rows = spec.sizes.get("train", 0)
    _check_rows(rows)
    check(recipe)
    device, why = device_name(recipe.device)
    choices = {"device": f"{device}: {why}"}
    words = precision.check(recipe.precision, device)
    if recipe.precision != "float32":
        choices["precision"] = words
    size = recipe.batch_size or length.batch_size(rows)
    if recipe.batch_size is None:
        choices["batch_size"] = f"{size}: for {rows:,} training rows"
    elif size > rows:
        choices["batch_size"] = f"{rows}: {size} asked for, but there are {rows:,} training rows"
        size = rows
    else:
        choices["batch_size"] = f"{size}: as chosen"
    if spec.target is not None and (told := short(recipe, rows)):
        choices["length"] = told
    threads = recipe.threads or _threads(device, macs * size)
    said = f"{macs * size / 1e6:,.0f} million MACs a batch, cores that are free"
    choices["threads"] = f"{threads} of {cores()}: {'as chosen' if recipe.threads else said}"
    if recipe.accumulate > size // 2 and recipe.accumulate > 1:
        raise LaminaError(
            f"A batch of {size} rows cannot be taken in {recipe.accumulate} parts of two or more.",
            place="recipe.accumulate",
            remedy=f"At most {max(1, size // 2)}.",
        )
    optimizers = (recipe.optimizer, *recipe.optimizers.values())
    if any(choice.name in FUSED for choice in optimizers) and not device.startswith("mps"):
        choices["optimizer"] = f"{recipe.optimizer.name}, fused"
    filled = recipe.model_copy(update={"batch_size": size, "device": device, "threads": threads})
    return Resolved(filled, choices)


def short(recipe: Recipe, rows: int) -> str:
    """What is said of a run that is very short; else empty."""
    epochs = length.more_epochs(recipe, rows)
    if epochs is None:
        return ""
    steps = recipe.epochs * length.steps_per_epoch(recipe, rows)
    return (
        f"Only {steps:,} step{'s' * (steps != 1)} in all, which rarely is enough to learn "
        f"anything; recipe.epochs={epochs} makes about {length.USUAL:,}."
    )


def check(recipe: Recipe) -> None:
    """Raise LaminaError for what is wrong with a recipe whatever the data: figures, optimisers,
    the schedule.
    """
    _check_figures(recipe)
    _check_optimizers(recipe)
    schedule.Curve(recipe.schedule, 10 * recipe.epochs, 10, recipe.optimizer.lr)
    if recipe.schedule.name == schedulers.PLATEAU:
        schedulers.Plateau(recipe.schedule.options, recipe.optimizer.lr)


def _threads(device: str, macs: float) -> int:
    if device != "cpu" or macs <= SMALL_STEP:
        return 1
    return max(1, min(cores() - busy(), MOST_THREADS))


def _check_rows(rows: int) -> None:
    if rows < 2:
        raise LaminaError(
            f"The training split has {rows} row{'s' * (rows != 1)}; at least 2 are needed.",
            place="data.split",
            remedy="Bring more rows, or make the validation and test shares smaller.",
        )


def _check_figures(recipe: Recipe) -> None:
    """What pydantic holds for a file also holds for a recipe made otherwise (`model_copy`)."""
    limits: tuple[tuple[str, float | None, float], ...] = (
        ("epochs", recipe.epochs, 1),
        ("batch_size", recipe.batch_size, 1),
        ("threads", recipe.threads, 1),
        ("accumulate", recipe.accumulate, 1),
    )
    for field, value, low in limits:
        if value is not None and value < low:
            raise LaminaError(
                f"It must be at least {low:g}, found {value:g}.",
                place=f"recipe.{field}",
                remedy=f"At least {low:g}.",
            )
    for name, choice in (("optimizer", recipe.optimizer), *_named(recipe)):
        if not (math.isfinite(choice.lr) and choice.lr > 0):
            raise LaminaError(
                f"The learning rate {choice.lr:g} is not above 0.",
                place=f"recipe.{name}.lr",
                remedy="0.001 is a good start.",
            )
    for field, limit in (("clip_norm", recipe.clip_norm), ("clip_value", recipe.clip_value)):
        if limit is not None and not limit > 0:
            raise LaminaError(
                f"{limit:g} is not above 0.", place=f"recipe.{field}", remedy="Try 1."
            )


def _named(recipe: Recipe) -> tuple[tuple[str, Optimizer], ...]:
    return tuple((f"optimizers.{name}", choice) for name, choice in recipe.optimizers.items())


def _check_optimizers(recipe: Recipe) -> None:
    from builder.train import optim

    for field, choice in (("optimizer", recipe.optimizer), *_named(recipe)):
        optim.check(choice)
        if choice.name == "LBFGS":
            _check_closure(recipe, f"recipe.{field}.name")


def _check_closure(recipe: Recipe, place: str) -> None:
    """LBFGS looks at one batch several times and at all weights as one."""
    unfit = {"rates": bool(recipe.rates), "mix": recipe.mix is not None}
    for field, chosen in unfit.items():
        if chosen:
            raise LaminaError(
                f"LBFGS cannot be combined with {field}.",
                place=place,
                remedy=f"Take recipe.{field} out, or choose AdamW.",
            )


def check_monitor(recipe: Recipe, metrics: tuple[str, ...], *, validated: bool) -> None:
    """Raise LaminaError where the monitored figure will not be there."""
    figures = ["train_loss", *(f"train_{name}" for name in metrics)]
    if validated:
        figures = ["validation_loss", *(f"validation_{name}" for name in metrics), *figures]
    asked = [("recipe.monitor", recipe.monitor)]
    if recipe.early_stopping is not None:
        asked.append(("recipe.early_stopping.monitor", recipe.early_stopping.monitor))
    for place, figure in asked:
        if figure not in figures and not (figure == "validation_loss" and not validated):
            raise LaminaError(
                f"The figure {figure!r} is not computed in this run.",
                place=place,
                remedy=f"Choose one of: {', '.join(figures)}.",
            )
