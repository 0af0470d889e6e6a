"""Sound runs: templates and networks of the first pools, and of the other sets."""

from pathlib import Path
from typing import Any

from builder import templates
from builder.project import Data, Project
from doctor_runs.cases import Case
from doctor_runs.others import KINDS, any_other
from doctor_runs.projects import any_project, replace_recipe

SHORTER = {"cnn": 8, "cnn-residual": 6, "cnn-text": 4, "transformer-text": 6, "lstm-series": 25}
"""Epochs for the templates that take long; the others run as they come."""


def pool_sound(folder: Path, held_out: bool, first: int, count: int) -> list[Case]:
    """All templates on their own data and on others that they fit, then networks of the pool."""
    found = []
    for name, template in templates.templates().items():
        if not {"classification", "regression"} & set(template.tasks):
            continue  # no blind guess to beat, no held-out answers: the doctor only watches nodes
        made = templates.make(name)
        seed = 11 if held_out else 0
        fields: dict[str, Any] = {"seed": seed}
        if name in SHORTER:
            fields["epochs"] = SHORTER[name]
        split = made.data.split.model_copy(update={"seed": seed})
        made = made.model_copy(update={"data": made.data.model_copy(update={"split": split})})
        found.append(Case(f"template {name}", "sound", replace_recipe(made, fields)))
    others = ("diabetes", "iris") if held_out else ("wine", "breast_cancer")
    for other in others:
        name = "mlp-regression" if other == "diabetes" else "mlp-classification"
        kept = Data(source="sklearn", options={"name": other}, target="target")
        found.append(Case(f"{name} on {other}", "sound", templates.make(name, kept)))
    for n in range(first, first + count - len(found)):
        found.append(Case(f"pool {n}", "sound", any_sound(folder, held_out, n)))
    return found


def any_sound(folder: Path, held_out: bool, n: int) -> Project:
    """A network of the pool, with dropout and early stopping as is usual, under many recipes."""
    schedule = ("constant", "cosine", "onecycle", "step", "plateau")[n % 5]
    fields: dict[str, Any] = {"schedule": {"name": schedule}, "batch_size": (16, 32, 64)[n % 3]}
    if n % 4 == 1:
        fields["clip_norm"] = 1.0
    fields["early_stopping"] = {"patience": (3, 5)[n % 2]}
    return replace_recipe(any_project(folder, held_out, n + 20, drop=0.2), fields)


def others_sound(folder: Path, first: int, count: int) -> list[Case]:
    """Networks of the other sets in turns, with the recipes that people vary."""
    found = []
    for n in range(first, first + count):
        made = any_other(folder, n, KINDS)
        fields: dict[str, Any] = {"batch_size": (16, 32, 64, None)[n % 4]}
        if n % 3 == 1:
            fields["early_stopping"] = {"patience": 4}
        if n % 5 == 2:
            fields["label_smoothing"] = 0.1 if made.task.kind == "classification" else 0.0
        found.append(Case(f"other {n}", "sound", replace_recipe(made, fields)))
    return found
