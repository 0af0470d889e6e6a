"""The learning rate now: the schedule's factor, what orders made of it, and what the validation
told a plateau.
"""

import math
from collections.abc import Mapping
from typing import Any

from builder import metrics
from builder.project import EarlyStopping, Recipe
from builder.train import schedule, schedulers
from builder.train.optim import Updater


class Rates:
    """Sets the rate of all updaters before a step. Positions are steps of the run as its recipe had
    it, so that a schedule keeps its course when the batch size is changed on the way.
    """

    def __init__(self, recipe: Recipe, updaters: Mapping[str, Updater], per_epoch: int) -> None:
        self.recipe = recipe
        self.updaters = updaters
        self.per_epoch = per_epoch
        chosen = recipe.schedule
        self.curve = schedule.Curve(chosen, per_epoch * recipe.epochs, per_epoch, self.base)
        self.options = schedule.options(chosen)
        self.scale = 1.0  # what "set" orders made of the schedule
        self.drop = 1.0  # what a plateau made of it
        self.best: float | None = None
        self.waited = 0
        self.plateau = self._plateau()
        self.current: float | None = None
        level = chosen.name in ("constant", "plateau", schedulers.PLATEAU)
        self.settling = _averaging(recipe, self.base)
        self.flat = level and not chosen.warmup and self.settling is None

    def _plateau(self) -> schedulers.Plateau | None:
        if self.recipe.schedule.name != schedulers.PLATEAU:
            return None
        mode = "max" if metrics.higher_is_better(self.recipe.monitor) else "min"
        given = {"mode": mode, **self.recipe.schedule.options}
        return schedulers.Plateau(given, self.base)

    @property
    def base(self) -> float:
        """The first graph's learning rate as the recipe has it; the one that the curves show."""
        return next(iter(self.updaters.values())).choice.lr

    def apply(self, position: float) -> float:
        """Set the rates for the step there (from 0); gives the shown one."""
        if self.flat and self.current is not None:
            return self.current
        share = self.scale * self.drop * self._factor(position)
        rate = self.base * share
        if rate != self.current:
            for updater in self.updaters.values():
                updater.set_rate(updater.choice.lr * share)
            self.current = rate
        return rate

    def set(self, rate: float, position: float) -> None:
        """From this step on the rate is `rate`, and the schedule goes on in proportion."""
        self.scale = rate / (self.base * self.drop * self._factor(position))
        self.current = None

    def after_epoch(self, figures: Mapping[str, float]) -> None:
        """Let a plateau look at the epoch's monitored figure."""
        value = figures.get(self.recipe.monitor, figures.get("train_loss"))
        if value is None:
            return
        if self.plateau is not None:
            self.plateau.look(value)
            self.drop, self.current = self.plateau.factor, None
        if self.recipe.schedule.name != "plateau":
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
        keep: dict[str, Any] = {"scale": self.scale, "drop": self.drop, "waited": self.waited}
        if self.plateau is not None:
            keep["plateau"] = self.plateau.state()
        return keep | ({"best": self.best} if self.best is not None else {})

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.scale, self.drop = state["scale"], state["drop"]
        self.waited, self.best = state["waited"], state.get("best")
        if self.plateau is not None and "plateau" in state:
            self.plateau.load(state["plateau"])
        self.current = None

    def _factor(self, position: float) -> float:
        found = self.curve.factor(position)
        if self.settling is not None:
            found = self.settling.factor(position / self.per_epoch, found)
        return max(found, 1e-12)


class Settling:
    """The rate of stochastic weight averaging: from an epoch on, along a cosine to a rate of its
    own, as torch.optim.swa_utils.SWALR does.
    """

    def __init__(self, start: int, anneal: int, level: float) -> None:
        self.start, self.anneal, self.level = start, anneal, level

    def factor(self, epoch: float, scheduled: float) -> float:
        """The factor `epoch` epochs into the run; the schedule alone would give `scheduled`."""
        if epoch < self.start:
            return scheduled
        share = min(1.0, (epoch - self.start) / self.anneal) if self.anneal else 1.0
        turn = (1 - math.cos(math.pi * share)) / 2
        return scheduled + (self.level - scheduled) * turn


def _averaging(recipe: Recipe, lr: float) -> Settling | None:
    """What weight averaging makes of the rate; None where it leaves it alone."""
    choice = recipe.average
    if choice is None or choice.kind != "swa" or choice.lr is None:
        return None
    start = max(1, round(choice.start * recipe.epochs)) - 1
    return Settling(max(0, start), choice.anneal, choice.lr / lr)


class Judge:
    """Which epoch is the best, and when to stop early."""

    def __init__(self, recipe: Recipe) -> None:
        self.monitor = recipe.monitor
        self.early = recipe.early_stopping
        self.patience = self.early.patience if self.early else None
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
        early = self.early or EarlyStopping(monitor=self.monitor)
        value = _lower(early.monitor, figures)
        improved = value is not None and (
            self.early_best is None or value < self.early_best - early.min_delta
        )
        if improved:
            self.early_best, self.waited = value, 0
        else:
            self.waited += 1
        return self.patience is not None and self.waited >= self.patience

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        return {
            "best": self.best,
            "early_best": self.early_best,
            "waited": self.waited,
            "patience": self.patience,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.best, self.early_best = state["best"], state["early_best"]
        self.waited = state["waited"]
        self.patience = state.get("patience", self.patience)

    @property
    def words(self) -> str:
        """Why it was enough."""
        figure = (self.early.monitor if self.early else self.monitor).replace("_", " ")
        epochs = f"{self.patience} epochs" if self.patience != 1 else "one epoch"
        return f"The {figure.replace('train ', 'training ', 1)} has not improved for {epochs}."


def _lower(figure: str, figures: Mapping[str, float]) -> float | None:
    """The figure, turned so that less is better; the training loss where it is not there."""
    if figure not in figures:
        figure = "train_loss"
    value = figures.get(figure)
    if value is None or math.isnan(value):
        return None
    return -value if metrics.higher_is_better(figure) else value
