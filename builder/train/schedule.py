"""Learning rate over a run: a pure factor of the step, so that a resume needs no state.

Short names with options in epochs and shares; torch's own names with torch's arguments.
"""

import math
from collections.abc import Mapping
from typing import Any

from builder.errors import LaminaError
from builder.project import Schedule
from builder.train import schedulers

OPTIONS: dict[str, dict[str, float]] = {
    "constant": {},
    "onecycle": {"pct_start": 0.3, "div_factor": 25.0, "final_div_factor": 1e4},
    "cosine": {"eta_min": 0.0},
    "step": {"step_size": 10.0, "gamma": 0.1},
    "exponential": {"gamma": 0.95},
    "plateau": {"factor": 0.1, "patience": 5.0, "threshold": 1e-4},
    "linear": {"end_factor": 0.0},
}
"""Options and defaults; names as in torch.optim.lr_scheduler, `step_size` and `patience` in epochs,
`eta_min` and `end_factor` as shares of the learning rate.
"""


def names() -> tuple[str, ...]:
    """The short names, then torch's."""
    return (*OPTIONS, *schedulers.names())


def options(schedule: Schedule) -> dict[str, Any]:
    """The schedule's options, defaults filled in. Raises LaminaError for an unknown or impossible
    one.
    """
    if schedule.name in schedulers.names():
        return schedulers.complete(schedule.name, schedule.options, "recipe.schedule.options")
    if schedule.name not in OPTIONS:
        raise LaminaError(
            f"There is no schedule {schedule.name!r}.",
            place="recipe.schedule.name",
            remedy=f"Choose one of: {', '.join(names())}.",
        )
    known = OPTIONS[schedule.name]
    for name, value in schedule.options.items():
        place = f"recipe.schedule.options.{name}"
        if name not in known:
            raise LaminaError(
                f"The schedule {schedule.name!r} has no option {name!r}.",
                place=place,
                remedy=f"It knows: {', '.join(known) or 'none'}.",
            )
        low = 0.0 if name in ("eta_min", "end_factor", "threshold") else 1e-12
        high = 1.0 if name in ("pct_start", "gamma", "factor", "eta_min", "end_factor") else 1e12
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise LaminaError(
                f"{value!r} is out of range.",
                place=place,
                remedy=f"Choose from {low:.3g} to {high:g}; the default is {known[name]:g}.",
            )
    return {**known, **schedule.options}


class Curve:
    """The factor over a run of so many steps; LaminaError where torch refuses the options."""

    def __init__(self, schedule: Schedule, steps: int, steps_per_epoch: int, lr: float) -> None:
        self.schedule = schedule
        self.steps = steps
        self.per_epoch = max(1, steps_per_epoch)
        self.warm = 0
        self.table: schedulers.Table | None = None
        chosen = options(schedule)
        if schedule.name in schedulers.names() and schedule.name != schedulers.PLATEAU:
            self.by = 1 if chosen["by"] == "step" else self.per_epoch
            self.warm = round(schedule.warmup * steps)
            units = -(-max(1, steps - self.warm) // self.by)
            self.table = schedulers.Table(schedule.name, schedule.options, lr, units)

    def factor(self, position: float) -> float:
        """What the learning rate is multiplied with before the step at `position` (from 0)."""
        if self.table is None:
            return factor(self.schedule, position, self.steps, self.per_epoch)
        if position < self.warm:
            return float((position + 1) / (self.warm + 1))
        return self.table.at(int((position - self.warm) // self.by))


def factor(schedule: Schedule, step: float, steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied with before the step `step` (from 0) of `steps`.

    A warm-up rises linearly over its share of the steps, and the schedule runs over the rest; one
    cycle has a rise of its own, which then takes that share. A plateau is constant here; its drops
    follow the validation and are kept by the loop (Rates).
    """
    if schedule.name == "onecycle" and schedule.warmup:
        chosen = {**options(schedule), "pct_start": schedule.warmup}
        return _factor(schedule.name, chosen, step, max(1, steps), steps_per_epoch)
    warm = round(schedule.warmup * steps)
    if step < warm:
        return (step + 1) / (warm + 1)
    now, whole = step - warm, max(1, steps - warm)
    return _factor(schedule.name, options(schedule), now, whole, steps_per_epoch)


def _factor(name: str, o: Mapping[str, Any], now: float, whole: int, steps_per_epoch: int) -> float:
    share = min(1.0, now / max(1, whole - 1))
    epoch = now // max(1, steps_per_epoch)
    if name == "onecycle":
        start, end = 1 / o["div_factor"], 1 / (o["div_factor"] * o["final_div_factor"])
        top = max(0.0, o["pct_start"] * whole - 1)
        if now <= top:
            return _cosine(start, 1.0, now / top if top else 1.0)
        return _cosine(1.0, end, min(1.0, (now - top) / max(1e-12, whole - 1 - top)))
    if name == "cosine":
        return _cosine(1.0, o["eta_min"], share)
    if name == "step":
        return float(o["gamma"] ** (epoch // max(1, int(o["step_size"]))))
    if name == "exponential":
        return float(o["gamma"] ** epoch)
    if name == "linear":
        return float(1 + (o["end_factor"] - 1) * share)
    return 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
