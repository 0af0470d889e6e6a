"""Learning rate over a run: a pure factor of the step, so that a resume needs no state."""

import math
from collections.abc import Mapping

from builder.errors import LaminaError
from builder.project import Schedule

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


def options(schedule: Schedule) -> dict[str, float]:
    """The schedule's options, defaults filled in. Raises LaminaError for an unknown or impossible
    one.
    """
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
        if not low <= value <= high:
            raise LaminaError(
                f"{value:g} is out of range.",
                place=place,
                remedy=f"Choose from {low:.3g} to {high:g}; the default is {known[name]:g}.",
            )
    return {**known, **schedule.options}


def factor(schedule: Schedule, step: int, steps: int, steps_per_epoch: int) -> float:
    """What the learning rate is multiplied with before the step `step` (from 0) of `steps`.

    A warm-up rises linearly over its share of the steps, and the schedule runs over the rest; one
    cycle has a rise of its own, which then takes that share. `plateau` is constant here; its drops
    follow the validation and are kept by the loop.
    """
    if schedule.name == "onecycle" and schedule.warmup:
        chosen = {**options(schedule), "pct_start": schedule.warmup}
        return _factor(schedule.name, chosen, step, max(1, steps), steps_per_epoch)
    warm = round(schedule.warmup * steps)
    if step < warm:
        return (step + 1) / (warm + 1)
    now, whole = step - warm, max(1, steps - warm)
    return _factor(schedule.name, options(schedule), now, whole, steps_per_epoch)


def _factor(name: str, o: Mapping[str, float], now: int, whole: int, steps_per_epoch: int) -> float:
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
        return 1 + (o["end_factor"] - 1) * share
    return 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
