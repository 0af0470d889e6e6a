"""The learning rate now: the schedule's factor, what orders made of it, and what the validation
told a plateau.
"""

import math
from collections.abc import Mapping
from typing import Any

from builder import metrics
from builder.project import Recipe
from builder.train import schedule
from builder.train.optim import Updater


class Rates:
    """Sets the rate of all updaters before a step."""

    def __init__(self, recipe: Recipe, updaters: Mapping[str, Updater], per_epoch: int) -> None:
        self.recipe = recipe
        self.updaters = updaters
        self.per_epoch = per_epoch
        self.steps = per_epoch * recipe.epochs
        self.options = schedule.options(recipe.schedule)
        self.scale = 1.0  # what "set" orders made of the schedule
        self.drop = 1.0  # what a plateau made of it
        self.best: float | None = None
        self.waited = 0
        self.current: float | None = None
        self.flat = recipe.schedule.name in ("constant", "plateau") and not recipe.schedule.warmup

    @property
    def base(self) -> float:
        """The first graph's learning rate as the recipe has it; the one that the curves show."""
        return next(iter(self.updaters.values())).choice.lr

    def apply(self, step: int) -> float:
        """Set the rates for the step (from 0); gives the shown one."""
        if self.flat and self.current is not None:
            return self.current
        share = self.scale * self.drop * self._factor(step)
        rate = self.base * share
        if rate != self.current:
            for updater in self.updaters.values():
                updater.set_rate(updater.choice.lr * share)
            self.current = rate
        return rate

    def set(self, rate: float, step: int) -> None:
        """From this step on the rate is `rate`, and the schedule goes on in proportion."""
        self.scale = rate / (self.base * self.drop * self._factor(step))
        self.current = None

    def after_epoch(self, figures: Mapping[str, float]) -> None:
        """Let a plateau look at the epoch's monitored figure."""
        value = figures.get(self.recipe.monitor, figures.get("train_loss"))
        if self.recipe.schedule.name != "plateau" or value is None:
            return
        if metrics.higher_is_better(self.recipe.monitor):
            value = -value
        edge = self.options["threshold"]
        if self.best is None or value < self.best - abs(self.best) * edge:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited > self.options["patience"]:
            self.drop *= self.options["factor"]
            self.waited = 0
            self.current = None

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        keep = {"scale": self.scale, "drop": self.drop, "waited": self.waited}
        return keep | ({"best": self.best} if self.best is not None else {})

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.scale, self.drop = state["scale"], state["drop"]
        self.waited, self.best = state["waited"], state.get("best")
        self.current = None

    def _factor(self, step: int) -> float:
        found = schedule.factor(self.recipe.schedule, step, self.steps, self.per_epoch)
        return max(found, 1e-12)


class Judge:
    """Which epoch is the best, and when to stop early."""

    def __init__(self, recipe: Recipe) -> None:
        self.monitor = recipe.monitor
        self.early = recipe.early_stopping
        self.best: float | None = None
        self.early_best: float | None = None
        self.waited = 0

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Whether the monitored figure beats all before it (the training loss where it is not
        there).
        """
        value = _lower(self.monitor, figures)
        if value is None or (self.best is not None and not value < self.best):
            return self.best is None
        self.best = value
        return True

    def enough(self, figures: Mapping[str, float]) -> bool:
        """Whether the early-stopping figure has not improved for `patience` epochs."""
        if self.early is None:
            return False
        value = _lower(self.early.monitor, figures)
        improved = value is not None and (
            self.early_best is None or value < self.early_best - self.early.min_delta
        )
        if improved:
            self.early_best, self.waited = value, 0
        else:
            self.waited += 1
        return self.waited >= self.early.patience

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        return {"best": self.best, "early_best": self.early_best, "waited": self.waited}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.best, self.early_best = state["best"], state["early_best"]
        self.waited = state["waited"]


def _lower(figure: str, figures: Mapping[str, float]) -> float | None:
    """The figure, turned so that less is better; the training loss where it is not there."""
    if figure not in figures:
        figure = "train_loss"
    value = figures.get(figure)
    if value is None or math.isnan(value):
        return None
    return -value if metrics.higher_is_better(figure) else value
