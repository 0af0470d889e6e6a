"""The schedules of torch.optim.lr_scheduler by their own names and arguments: torch's own objects,
moved along on a stand-in, give the factors. A resume needs no state but the step.
"""

import inspect
import math
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch.optim import lr_scheduler

from builder.errors import LaminaError

BY_STEP = ("OneCycleLR", "CyclicLR")
"""Those that torch moves along after each step; the others move along after each epoch."""
LISTS = ("SequentialLR", "ChainedScheduler")
TABLES = ("LambdaLR", "MultiplicativeLR")
"""torch takes a function of the epoch here; a recipe its values, `factors`; the last holds on."""
PLATEAU = "ReduceLROnPlateau"
SET_HERE = {"self", "optimizer", "last_epoch", "lr_lambda", "scale_fn", "verbose", "mode_fn"}
OWN: Mapping[str, Any] = {"by": "epoch"}


def names() -> tuple[str, ...]:
    """Every schedule of torch.optim.lr_scheduler."""
    base = lr_scheduler.LRScheduler
    found = (
        name
        for name, value in vars(lr_scheduler).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
        if not name.startswith("_")
    )
    return tuple(sorted(found))


def arguments(name: str) -> dict[str, Any]:
    """The options that a recipe may set, with torch's defaults (`...` where there is none).

    `by` ("epoch" or "step") says when the schedule moves along.
    """
    if name in TABLES:
        return {"factors": ..., "by": "epoch"}
    kind = getattr(lr_scheduler, name)
    found = {
        key: ... if value.default is inspect.Parameter.empty else value.default
        for key, value in inspect.signature(kind.__init__).parameters.items()
        if key not in SET_HERE
    }
    if "cycle_momentum" in found:
        found["cycle_momentum"] = False  # only the rate is moved
    return found if name == PLATEAU else {**found, "by": "step" if name in BY_STEP else "epoch"}


def complete(name: str, given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The options with torch's defaults. Raises LaminaError for one that is not known or missing.

    What follows from the run itself (T_max, total_steps, max_lr) may be left out.
    """
    known = arguments(name)
    for key in given:
        if key not in known:
            raise LaminaError(
                f"{name} has no option {key!r}.",
                place=f"{place}.{key}",
                remedy=f"It knows: {', '.join(known)}.",
            )
    found = {**known, **given}
    if found.get("cycle_momentum"):
        raise LaminaError(
            "The schedule moves the learning rate, not the momentum.",
            place=f"{place}.cycle_momentum",
            remedy="Take it out.",
        )
    if found.get("by", "epoch") not in ("epoch", "step"):
        raise LaminaError(
            f"{found['by']!r} is neither epoch nor step.", place=f"{place}.by", remedy="Choose one."
        )
    for key, value in found.items():
        if value is ... and key not in ("T_max", "max_lr"):
            raise LaminaError(
                f"{name} needs the option {key!r}.",
                place=f"{place}.{key}",
                remedy="Give it, as torch.optim.lr_scheduler describes it.",
            )
    return found


TRIED = 32
"""So many of a schedule's first moves are tried before a run begins."""


class Table:
    """Factors of the learning rate by position, worked out as far as they are asked for."""

    def __init__(self, name: str, options: Mapping[str, Any], lr: float, units: int) -> None:
        """`units`: epochs or steps of the whole run, whichever the schedule moves along by.

        Raises LaminaError where torch refuses the options.
        """
        self.lr = lr
        weight = torch.nn.Parameter(torch.zeros(1))
        self.optimizer = torch.optim.SGD([weight], lr=lr)
        self.optimizer.step()  # torch warns of a schedule that moves before any step
        remedy = "See torch.optim.lr_scheduler for what they mean."
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.schedule = _build(name, options, self.optimizer, lr, units, "recipe.schedule")
            self.found = [self._now()]
            self.at(min(units, TRIED) - 1)  # some options only fail on the way
        except LaminaError:
            raise
        except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError) as error:
            raise LaminaError(
                f"{name} refuses its options: {error}.",
                place="recipe.schedule.options",
                remedy=remedy,
            ) from error
        if not all(0 <= factor < math.inf for factor in self.found):
            raise LaminaError(
                f"{name} gives a learning rate that is negative or not finite.",
                place="recipe.schedule.options",
                remedy=remedy,
            )

    def _now(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"]) / self.lr

    def at(self, position: int) -> float:
        """The factor at that epoch or step (from 0); beyond torch's own end the last one holds."""
        while len(self.found) <= position:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.schedule.step()
            except ValueError:  # OneCycleLR knows its end
                self.found.extend([self.found[-1]] * (position + 1 - len(self.found)))
                break
            self.found.append(self._now())
        return self.found[position]


def _build(
    name: str,
    options: Mapping[str, Any],
    optimizer: torch.optim.Optimizer,
    lr: float,
    units: int,
    place: str,
) -> Any:
    found = complete(name, options, f"{place}.options")
    found.pop("by", None)
    kind = getattr(lr_scheduler, name)
    if name in TABLES:
        values = _numbers(found["factors"], f"{place}.options.factors")
        return kind(optimizer, lambda epoch: values[min(epoch, len(values) - 1)])
    if name in LISTS:
        parts = _parts(found["schedulers"], optimizer, lr, units, f"{place}.options.schedulers")
        if name == "ChainedScheduler":
            return kind(parts, optimizer=optimizer)
        return kind(optimizer, parts, milestones=found["milestones"])
    if name == "MultiStepLR":
        _numbers(found["milestones"], f"{place}.options.milestones")
    if name == "OneCycleLR":
        found["max_lr"] = lr if found["max_lr"] is ... else found["max_lr"]
        if found["total_steps"] is None and found["epochs"] is None:
            found["total_steps"] = units
    if found.get("max_lr", 0) is ...:
        found["max_lr"] = lr
    if found.get("T_max", 0) is ...:
        found["T_max"] = max(1, units)
    return kind(optimizer, **found)


def _numbers(values: Any, place: str) -> list[float]:
    right = isinstance(values, list | tuple) and len(values) > 0
    if not right or not all(type(value) in (int, float) and value >= 0 for value in values):
        raise LaminaError(
            "It must be a list of numbers from 0 on.", place=place, remedy="Write [1, 0.5, 0.1]."
        )
    return [float(value) for value in values]


def _parts(
    given: Any, optimizer: torch.optim.Optimizer, lr: float, units: int, place: str
) -> list[Any]:
    if not isinstance(given, list | tuple) or not given:
        raise LaminaError(
            "It must be a list of schedules.",
            place=place,
            remedy='Write [{"name": "LinearLR"}, {"name": "CosineAnnealingLR"}].',
        )
    parts = []
    for number, one in enumerate(given):
        where = f"{place}.{number}"
        if not isinstance(one, Mapping) or one.get("name") not in names():
            raise LaminaError(
                f"{one!r} is no schedule.", place=where, remedy=f"Names: {', '.join(names())}."
            )
        if one["name"] in (PLATEAU, *LISTS):
            raise LaminaError(
                f"{one['name']} cannot be a part.", place=where, remedy="Choose another."
            )
        parts.append(_build(one["name"], one.get("options", {}), optimizer, lr, units, where))
    return parts


class Plateau:
    """torch's ReduceLROnPlateau on a stand-in; `factor` is what has become of the rate."""

    def __init__(self, options: Mapping[str, Any], lr: float) -> None:
        self.lr = lr
        self.optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
        try:
            self.schedule = lr_scheduler.ReduceLROnPlateau(self.optimizer, **options)
        except (ValueError, TypeError) as error:
            raise LaminaError(
                f"{PLATEAU} refuses its options: {error}.",
                place="recipe.schedule.options",
                remedy="See torch.optim.lr_scheduler for what they mean.",
            ) from error

    @property
    def factor(self) -> float:
        """The share of the learning rate that is left."""
        return float(self.optimizer.param_groups[0]["lr"]) / self.lr

    def look(self, value: float) -> None:
        """An epoch's figure."""
        self.schedule.step(value)

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        known = self.schedule
        best = float(known.best)
        return {
            "lr": float(self.optimizer.param_groups[0]["lr"]),
            "best": None if best in (float("inf"), float("-inf")) else best,
            "num_bad_epochs": known.num_bad_epochs,
            "cooldown_counter": known.cooldown_counter,
            "last_epoch": known.last_epoch,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.optimizer.param_groups[0]["lr"] = state["lr"]
        if state["best"] is not None:
            self.schedule.best = state["best"]
        for name in ("num_bad_epochs", "cooldown_counter", "last_epoch"):
            setattr(self.schedule, name, state[name])
