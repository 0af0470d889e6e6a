"""The same run without its fault, and whether it was better; the rule was set before any ran."""

import math
from collections.abc import Mapping
from dataclasses import replace

from builder.project import Recipe
from doctor_runs.cases import Case
from doctor_runs.projects import replace_recipe

BUILT_IN = {
    "bent_answer", "by_heart", "deep_sigmoid", "inputs_dropped", "learnt_names", "leak_column",
    "much_dropout", "narrow", "one_of_millions", "rare_class", "raw_features", "ten_sigmoids",
    "too_small", "answer_as_feature", "exploding_memory",
}  # fmt: skip
"""Faults of the network or the data themselves: there is no run without them."""
KEPT = ("epochs", "batch_size", "seed", "device", "threads")


def twin(case: Case) -> Case | None:
    """What was put in is left out; where the recipe is the fault, it is the usual one (AdamW at
    0.001) for as many epochs. None where there is no such run, or the fault only takes time.
    """
    if case.kind in BUILT_IN or case.slow:
        return None
    put_in = case.touch or case.rows or case.sorted or case.more
    project = case.project
    if not put_in:
        usual = Recipe().model_dump(mode="json")
        fields = {name: value for name, value in usual.items() if name not in KEPT}
        project = replace_recipe(project, fields)
    return replace(case, project=project, touch=None, rows=None, sorted=False, more={})


def no_worse(faulty: Mapping[str, float], clean: Mapping[str, float]) -> bool:
    """Whether the best validation figure is within one standard error of the twin's: accuracy, of
    that many rows; of numbers the squared error, whose standard error is its own times √(2 / rows).
    """
    rows = clean["best_rows"]
    if "best_accuracy" in clean:
        best = clean["best_accuracy"]
        return faulty.get("best_accuracy", 0.0) >= best - math.sqrt(best * (1 - best) / rows)
    best = clean.get("best_loss", math.inf)
    return faulty.get("best_loss", math.inf) <= best * (1 + math.sqrt(2 / rows))
