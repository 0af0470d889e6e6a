"""Whole projects: data of a pool with a network of a pool."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from builder import data
from builder.project import Data, Project, Recipe, TaskChoice
from doctor_runs.networks import CHANNELS, WIDTHS, cnn, mlp
from doctor_runs.tables import any_table, digits, waves

NUMBERS = ("numbers", "bumps", "hills", "diabetes")
"""What the names of sets begin with whose target is a number."""


def project(kept: Data, make: Callable[[str, int], Any], **recipe: Any) -> Project:
    """A project on that data; `make(input, outputs)` gives the graph."""
    stem = Path(str(kept.options.get("path") or kept.options.get("name"))).stem
    kind = "regression" if stem.startswith(NUMBERS) else "classification"
    spec = data.specs(Project(data=kept, task=TaskChoice(kind=kind)))
    target = spec.target
    assert target is not None
    name = next(iter(spec.inputs))
    outputs = len(target.classes) if target.kind == "class" else 1
    settings = {"epochs": 12, "batch_size": 32, **recipe}
    return Project(
        data=kept,
        graphs={"model": make(name, outputs)},
        task=TaskChoice(kind=kind),
        recipe=Recipe.model_validate(settings),
    )


def any_project(folder: Path, held_out: bool, n: int, drop: float = 0.0, **recipe: Any) -> Project:
    """Digits, tables and series in turns, with a network of the pool."""
    widths = WIDTHS[held_out][n % 3]
    channels = CHANNELS[held_out][n % 2]
    optimizer = (
        {"name": "AdamW", "lr": 2e-3},
        {"name": "Adam", "lr": 1e-3},
        {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    )[n % 3 if not held_out else (n + 1) % 3]
    settings = {"optimizer": optimizer, "seed": n + 100 * held_out, **recipe}
    turn = n % 4
    if turn == 0:
        return project(
            digits(),
            lambda name, k: cnn(name, k, channels) if n % 8 else mlp(name, k, widths, flatten=True),
            **{"epochs": 8, **settings},
        )
    if turn == 3:
        return project(
            waves(n + 100 * held_out),
            lambda name, k: cnn(name, k, channels, axes=1),
            **{"epochs": 30, **settings},
        )
    kept = any_table(folder, held_out, n)
    return project(
        kept, lambda name, k: mlp(name, k, widths, drop=drop), **{"epochs": 40, **settings}
    )


def replace_recipe(project: Project, fields: Mapping[str, Any]) -> Project:
    raw = project.recipe.model_dump(mode="json") | dict(fields)
    return project.model_copy(update={"recipe": Recipe.model_validate(raw)})


def with_rate(project: Project, factor: float) -> Project:
    """The project with its learning rate times a factor."""
    raw = project.recipe.optimizer.model_dump(mode="json")
    return replace_recipe(project, {"optimizer": {**raw, "lr": raw["lr"] * factor}})
