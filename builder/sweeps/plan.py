"""What a sweep sets out to do: kept in its folder as sweep.json."""

from typing import Literal

from builder.project import Strict
from builder.sweeps.space import Parameter

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["median", "halving", "none"]
Kind = Literal["search", "seeds", "ablation"]
SAMPLERS: tuple[Sampler, ...] = ("tpe", "random", "grid")
PRUNERS: tuple[Pruner, ...] = ("median", "halving", "none")
SEED = "recipe.seed"
MEASURES = {"seconds": "Training time in seconds", "parameters": "Parameters"}
"""Objectives that are no figures of an epoch."""


class Objective(Strict):
    """What is to be small or large: a figure of the best epoch, "seconds" or "parameters"."""

    figure: str
    direction: Literal["minimize", "maximize"] = "minimize"

    def better(self, one: float, other: float) -> bool:
        """Whether `one` beats `other`."""
        return one < other if self.direction == "minimize" else one > other


class Plan(Strict):
    """A sweep's settings. `epochs`: of the project, by which the pruners measure."""

    id: str
    name: str
    kind: Kind = "search"
    created: float
    project_id: str = ""
    parameters: tuple[Parameter, ...]
    objectives: tuple[Objective, ...]
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"
    trials: int
    parallel: int = 1
    seed: int = 0
    epochs: int = 1
    device: str = "cpu"
