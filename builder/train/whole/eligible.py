"""Which runs may have their step compiled, and why others may not."""

import os
import shutil
from collections.abc import Mapping, Sequence

from torch import nn

from builder.project import Recipe
from builder.tasks.base import Phase

STEPS = 4
"""Steps per call."""
SLOW = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d)


def unfit(recipe: Recipe, phases: Sequence[Phase], models: Mapping[str, nn.Module]) -> str | None:
    """Why the step stays eager, in a sentence; None where it may be compiled. The recipe is
    resolved.
    """
    on_cpu = recipe.device.startswith("cpu")
    refused = {
        "There are recorded steps for CUDA and compiled ones for the CPU only.": not (
            on_cpu or recipe.device.startswith("cuda")
        ),
        "Several graphs or updates make up a step.": len(phases) != 1 or len(models) != 1,
        "Gradients are added up over parts of a batch.": recipe.accumulate > 1,
        "Rows are mixed with one another.": recipe.mix is not None,
        "Weights are averaged after each step.": recipe.average is not None,
        "Gradients are clipped value by value.": recipe.clip_value is not None,
        "Some weights are frozen.": bool(recipe.freeze),
        f"Forward passes are in {recipe.precision}.": on_cpu and recipe.precision != "float32",
        "On a GPU a step is recorded only where that is asked for.": not on_cpu
        and recipe.compile == "auto",
    }
    for words, applies in refused.items():
        if applies:
            return words
    return _optimizer(recipe) or _network(recipe, models)


def compiler() -> str | None:
    """The C++ compiler that torch will call."""
    return next(
        filter(None, map(shutil.which, (os.environ.get("CXX", ""), "g++", "clang++"))), None
    )


def _optimizer(recipe: Recipe) -> str | None:
    choice = next(iter(recipe.optimizers.values()), recipe.optimizer)
    given = choice.arguments()
    if choice.name not in ("Adam", "AdamW") or given.get("amsgrad") or given.get("maximize"):
        return "Only plain Adam and AdamW are compiled."
    return None


def _network(recipe: Recipe, models: Mapping[str, nn.Module]) -> str | None:
    parts = [part for model in models.values() for part in model.modules()]
    if not all(w.requires_grad for model in models.values() for w in model.parameters()):
        return "Some weights do not learn."
    if any(isinstance(part, nn.RNNBase) for part in parts):
        return "A recurrent layer would be written out step by step."
    if recipe.compile == "auto" and any(isinstance(part, SLOW) for part in parts):
        return "Convolutions are quicker in the library's own code on a CPU."
    return None
