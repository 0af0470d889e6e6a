"""What is done at safe points beside training: node health, held-out figures within a long epoch,
samples of what the model makes. Weights, order and random numbers stay as they are.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from builder import tasks
from builder.tasks.base import Batch
from builder.train import evaluation, failures, health
from builder.train import plan as p
from builder.train.average import Average
from builder.train.setup import Setup
from builder.train.state import Position
from builder.train.steering import Steering

FIRST_PAUSE, FIRST_SHARE = 0.01, 0.1
"""Half the seconds to the second probe, and the share of the time that the first few may take."""


class Asides:
    """Each has its time, and a share of the run's that it does not exceed."""

    def __init__(
        self,
        setup: Setup,
        at: Position,
        steering: Steering,
        average: Average | None,
        spent: Callable[[], float],
    ) -> None:
        """`spent` gives the seconds of training so far."""
        self.setup, self.plan, self.at = setup, setup.plan, at
        self.steering, self.average, self.spent = steering, average, spent
        self.probe: health.Probe | None = None
        self.updates: health.Updates | None = None
        self.ratios: dict[str, float] = {}
        self.looks = 0  # probes so far
        self.answers: Mapping[str, Any] = {}  # what was held out last, as the doctor looks at it

    def begin(self, now: float) -> None:
        """The first steps are next."""
        plan = self.plan
        self.sample_due = now + (plan.sample_every or math.inf)
        self.look_due = now + (plan.look_every or math.inf)
        self.probe_due = math.inf
        if plan.health_every and self.setup.size <= health.LARGEST:
            self.probe_due = now
            self.updates = health.Updates(self.setup.models)

    def stepped(self, steps: int) -> None:
        """After one call of so many steps: how far they moved the weights, where that is asked."""
        if self.updates is not None:  # of several steps in one call: their mean, at least
            ratios, self.updates = self.updates.ratios(), None
            self.ratios = {node: ratio / steps for node, ratio in ratios.items()}

    def at_a_safe_point(self, now: float, batch: Batch) -> Iterator[p.Event]:
        """Whatever is due."""
        if now >= self.probe_due:
            yield from self._probe(batch)
        if now >= self.sample_due:
            yield from self.generate()
        if now >= self.look_due:
            yield from self._look()

    def _probe(self, batch: Batch) -> Iterator[p.Event]:
        """Node health: first arm, so that the next step measures how far the weights move; then
        look.
        """
        if not self.ratios:
            if self.updates is None:
                self.updates = health.Updates(self.setup.models)
            return
        if self.probe is None:
            self.probe = health.Probe(self.setup.models)
        began = time.perf_counter()
        few = {name: value[: health.PROBE_ROWS] for name, value in batch.items()}
        rows = self.probe.run(self.setup.phases, few, self.setup.autocast, self.ratios)
        self.ratios = {}
        spent = time.perf_counter() - began
        self.probe_due = began + self._pause(spent)
        yield p.Health(rows, self.at.step)
        if self.plan.doctor is not None:
            yield from self.plan.doctor.probe(rows, self.at.step, self.at.epoch)

    def _pause(self, spent: float) -> float:
        """Seconds from one probe to the next, the last of which took `spent`. The first few come
        closely, each pause twice the one before: a run may be over in a second, and what ails it
        should be known by then.
        """
        self.looks += 1
        plan, soon = self.plan, FIRST_PAUSE * 2.0**self.looks
        if soon < plan.health_every:
            return max(soon, spent / max(FIRST_SHARE, plan.health_share))
        return max(plan.health_every, spent / plan.health_share)

    @property
    def measured(self) -> bool:
        """Whether the latest step was measured, so that a look should follow it."""
        return bool(self.ratios)

    def generate(self) -> Iterator[p.Event]:
        """What the model makes now, with random numbers of its own."""
        if self.setup.group is not None and not self.setup.group.first:
            return
        seed = (self.plan.recipe.seed + self.at.step) % (1 << 62)
        began = time.perf_counter()
        try:
            with evaluation.aside(self.setup), self._averaged():
                found = tasks.sample(
                    self.plan.task, self.setup.models, self.steering.sampling, seed
                )
        except failures.MISTAKES as error:
            raise failures.of_step(error, self.plan, self.at.step) from error
        self.sample_due = math.inf
        if found is not None:
            now = time.perf_counter()
            self.sample_due = now + self.plan.sample_pause(now - began)
            yield p.Generated(found.values, found.tensors, self.at.step, self.at.epoch)

    def evaluate(self, figures: dict[str, float]) -> Iterator[p.Event]:
        """Add the held-out figures to `figures`."""
        try:
            with self._averaged():
                for item in evaluation.evaluate(self.setup, self.at.step, self.at.epoch):
                    if isinstance(item, p.Samples):
                        self.answers = item.whole
                    if isinstance(item, p.Tick | p.Noted | p.Samples):
                        yield item
                    else:
                        figures |= item
        except failures.MISTAKES as error:
            raise failures.of_step(error, self.plan, self.at.step) from error

    def evaluate_now(self) -> Iterator[p.Event]:
        """The held-out figures because somebody asked for them."""
        figures: dict[str, float] = {}
        yield from self.evaluate(figures)
        yield p.Evaluated(figures, self.at.step, self.at.epoch)

    def _look(self) -> Iterator[p.Event]:
        """Held-out figures in the middle of an epoch too long to wait for its end.

        They only show the way: the best epoch, early stopping and schedules go by epochs' ends,
        which do not hang on the clock. Where a look would take more than its share it waits; near
        the epoch's end it is left to it. With several workers, or where the figures need long work
        first, there is none.
        """
        setup, at, every = self.setup, self.at, self.plan.look_every
        phase, held_out = self.plan.task.validation(), setup.held_out
        self.look_due = math.inf
        if held_out is None or phase is None or phase.ready is not None or setup.group is not None:
            return
        began, step = time.perf_counter(), self.spent() / max(at.step, 1)
        self.look_due = began + every
        dear = held_out.steps * step / self.plan.look_share > self.spent()
        if dear or (setup.feed.steps - at.inside) * step < every:
            return
        figures: dict[str, float] = {}
        yield from self.evaluate(figures)
        yield p.Looked(figures, at.step, at.epoch)
        now = time.perf_counter()
        self.look_due = now + max(every, (now - began) / self.plan.look_share)

    def _averaged(self) -> Any:
        return self.average.applied() if self.average is not None else nullcontext()
