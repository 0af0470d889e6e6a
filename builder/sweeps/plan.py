"""What a sweep sets out to do: kept in its folder as sweep.json."""

from typing import Literal

from builder.project import Strict
from builder.sweeps.fields import FOLD, WITHOUT
from builder.sweeps.space import Parameter, Settings

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["median", "halving", "none"]
Kind = Literal["search", "seeds", "folds", "ablation"]
SAMPLERS: tuple[Sampler, ...] = ("tpe", "random", "grid")
PRUNERS: tuple[Pruner, ...] = ("median", "halving", "none")
SEED = "recipe.seed"
REPEATS = (SEED, FOLD)
"""What trials of one group differ by."""
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

    @property
    def repeats(self) -> bool:
        """Whether its trials are the same network over seeds or folds."""
        return self.kind in ("seeds", "folds")

    def group(self, settings: Settings) -> str:
        """What trials that differ by their seed or fold alone have in common: "without dense2"; the
        others are "with dense2", or "as it is" where several nodes are tried or none is. Repeats
        have the sweep's name in common.
        """
        if self.repeats:
            return self.name
        gone = str(settings.get(WITHOUT) or "")
        tried = next((one.values for one in self.parameters if one.field == WITHOUT), ())
        nodes = [str(node) for node in tried if node]
        base = f"with {nodes[0]}" if len(nodes) == 1 else "as it is"
        return f"without {gone}" if gone else base

    def called(self, number: int, settings: Settings) -> str:
        """What a trial's run is called: "sweep 1 · 4"; an ablation's by what it tries and which of
        its seeds, "with dense2 · 1" and "without dense2 · 2".
        """
        tried = {one.field: one.values for one in self.parameters}
        if self.kind != "ablation" or WITHOUT not in settings or settings.get(SEED) is None:
            return f"{self.name} · {number}"
        seeds = tried.get(SEED, ())
        turn = seeds.index(settings[SEED]) + 1 if settings[SEED] in seeds else number
        words = f"{self.group(settings)} · {turn}"
        return words if self.name.startswith("without ") else f"{self.name} · {words}"
