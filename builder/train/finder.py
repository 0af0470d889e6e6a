"""Which learning rate, which batch size: short trials on copies of the network, nothing is kept.

The rates: Smith, "Cyclical learning rates for training neural networks" (2017).
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from builder.errors import LaminaError
from builder.progress import Progress, silent
from builder.train import failures, limits
from builder.train.plan import Plan
from builder.train.setup import Setup
from builder.train.step import NotFiniteError, Stepper

LOW, HIGH = 1e-7, 10.0
WORSE = 4.0
"""Times the best loss at which the search ends: it has diverged."""
SMOOTHING = 0.9
ENOUGH = 0.9
"""Of the best speed, for a batch size to be as good as the best."""


@dataclass(frozen=True)
class RateSearch:
    """Smoothed loss by learning rate, one point per step; `suggested` is None where none helped."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggested: float | None
    words: str

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


@dataclass(frozen=True)
class BatchTrial:
    """A batch size: rows per second, or why it is not possible."""

    size: int
    samples_per_second: float
    problem: str = ""


@dataclass(frozen=True)
class BatchSearch:
    """Speed by batch size, ascending. `largest` fits in memory; `suggested` is the smallest that is
    about as fast as the fastest.
    """

    trials: tuple[BatchTrial, ...]
    suggested: int
    largest: int
    words: str

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


def _batches(setup: Setup) -> Iterator[Any]:
    """Training batches without end."""
    epoch = 0
    while True:
        setup.feed.begin(epoch)
        for step in range(setup.feed.steps):
            yield setup.feed.batch(step, setup.models)
        epoch += 1


def find_rate(plan: Plan, steps: int = 100, report: Progress = silent) -> RateSearch:
    """Raise the rate from step to step until the loss runs away; suggest the steepest fall.

    The plan's models are spoilt by it. Raises LaminaError where not even the first step works.
    """
    limits.check_steps(steps)
    setup = Setup(plan)
    stepper = Stepper(setup)
    rates: list[float] = []
    losses: list[float] = []
    mean = 0.0
    for number, batch in zip(range(steps), _batches(setup)):
        rate = LOW * (HIGH / LOW) ** (number / (steps - 1))
        report("Trying learning rates", number, steps)
        for updater in setup.updaters.values():
            updater.set_rate(rate)
        try:
            loss = float(stepper(batch).total)
        except NotFiniteError:
            break
        except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
            size = plan.recipe.batch_size or 1
            raise failures.explain(error, step=number, batch_size=size, lines=plan.lines) from error
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth = mean / (1 - SMOOTHING ** (number + 1))
        if not math.isfinite(smooth) or (losses and smooth > WORSE * min(losses)):
            break
        rates.append(rate)
        losses.append(smooth)
    return _judged(rates, losses)


def _judged(rates: list[float], losses: list[float]) -> RateSearch:
    """The rate where the loss falls fastest, at least a third of a decade before its lowest."""
    if len(losses) < 5:
        words = "The loss is not finite from the first steps on; look at the data."
        return RateSearch(tuple(rates), tuple(losses), None, words)
    lowest = losses.index(min(losses))
    slopes = [losses[n + 1] - losses[n - 1] for n in range(1, max(2, lowest))]
    steepest = 1 + slopes.index(min(slopes))
    if lowest < 5 or losses[lowest] > 0.98 * losses[0]:
        words = "No rate lowered the loss in so few steps; try more steps, or look at the network."
        return RateSearch(tuple(rates), tuple(losses), None, words)
    rate = float(f"{min(rates[steepest], rates[lowest] / 2):.1g}")
    words = (
        f"The loss falls fastest near {rates[steepest]:.2g} and is lowest at {rates[lowest]:.2g}."
    )
    return RateSearch(tuple(rates), tuple(losses), rate, words)


def find_batch(
    make: Callable[[int], Plan],
    rows: int,
    *,
    low: int = 8,
    seconds: float = 20.0,
    fits: Callable[[int], bool] = bool,
    report: Progress = silent,
) -> BatchSearch:
    """Try powers of two (and all rows) until memory, rows or `seconds` are used up.

    `make` gives a plan of that batch size with a network of its own; `fits` refuses sizes whose
    estimate is too large before they are tried.
    """
    end = time.perf_counter() + seconds
    trials: list[BatchTrial] = []
    tried = sizes(rows, low)
    for number, size in enumerate(tried):
        report(f"Trying {size} rows a batch", number, len(tried))
        if not fits(size):
            trials.append(BatchTrial(size, 0.0, "It would not fit in memory."))
            break
        try:
            trials.append(BatchTrial(size, _speed(make(size))))
        except (RuntimeError, MemoryError) as error:
            if not failures.out_of_memory(error):
                raise failures.explain(error, step=0, batch_size=size, lines={}) from error
            trials.append(BatchTrial(size, 0.0, "Memory ran out."))
            break
        if time.perf_counter() > end:
            break
    good = [trial for trial in trials if not trial.problem]
    if not good:
        raise LaminaError(
            f"Not even {low} rows fit in memory.",
            place="recipe.batch_size",
            remedy="Make the network smaller, or choose another device.",
            code="out_of_memory",
        )
    best = max(trial.samples_per_second for trial in good)
    chosen = next(trial for trial in good if trial.samples_per_second >= ENOUGH * best)
    words = (
        f"{chosen.size} rows: {chosen.samples_per_second:,.0f} rows a second, "
        f"{chosen.samples_per_second / best:.0%} of the best."
    )
    return BatchSearch(tuple(trials), chosen.size, good[-1].size, words)


def sizes(rows: int, low: int) -> list[int]:
    """Powers of two from `low` on, below the number of rows; at least one size."""
    found = []
    size = min(low, rows)
    while size <= min(rows, 65_536):
        found.append(size)
        size *= 2
    return found


def _speed(plan: Plan, least: int = 3, within: float = 0.5) -> float:
    """Rows per second of a few steps, the first one left out."""
    setup = Setup(replace(plan, data={"train": plan.data["train"]}))
    stepper, batches = Stepper(setup), _batches(setup)
    stepper(next(batches))
    _settle(setup.device)
    began = time.perf_counter()
    rows = count = 0
    while count < least or time.perf_counter() - began < within:
        rows += stepper(next(batches)).rows
        count += 1
    _settle(setup.device)
    return rows / (time.perf_counter() - began)


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
