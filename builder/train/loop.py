"""The loop: steps, epochs, safe points. It yields events and knows no task by name."""

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from builder.errors import LaminaError
from builder.tasks.base import Batch
from builder.train import failures, health, orders
from builder.train import plan as p
from builder.train.asides import Asides
from builder.train.average import Average
from builder.train.checkpoint import Saved
from builder.train.leap import Leap
from builder.train.rates import Judge, Rates
from builder.train.running import Points, Running
from builder.train.setup import Setup
from builder.train.state import Parts, Position, collect, restore
from builder.train.steering import Steering
from builder.train.step import NotFiniteError, Stepper

FIRST_PAUSE = 0.005
"""Half the seconds to the second safe point: what a short run tells comes more closely at first."""


class Loop:
    """One run of a plan."""

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        self.recipe = recipe = plan.recipe
        self.setup = setup = Setup(plan)
        self.group = setup.group
        self.stepper = Stepper(setup)
        self.rates = Rates(recipe, setup.updaters, setup.feed.steps)
        self.judge = Judge(recipe)
        self.steering = Steering(setup, self.rates, self.judge)
        self.average = (
            Average(recipe.average, setup.models, recipe.epochs) if recipe.average else None
        )
        self.running = Running(plan.task, plan.target)
        self.points = Points(tuple(phase.name for phase in setup.phases))
        self.at = Position()
        self.leap = Leap(setup)
        self.asides = Asides(setup, self.at, self.steering, self.average, self._now)
        self.parts = Parts(
            setup,
            self.rates,
            self.judge,
            self.running,
            self.steering,
            self.average,
            plan.doctor,
            self.at,
            self.leap,
        )
        self.seconds = 0.0  # spent before `self.since`
        self.since = time.perf_counter()
        self.speed = math.nan
        self.waited = 0.0  # seconds spent on getting batches since the last flush
        self.end: p.Finished | None = None
        self.replayed = False
        self.waiting: deque[p.Order] = deque()
        self.latest: Batch = {}  # an epoch's last, so that a quick one has one to look at
        if plan.resume is not None:
            self.seconds = restore(self.parts, plan.resume)

    def run(self) -> Iterator[p.Event]:
        """All events from the first step to the last."""
        try:
            yield from self._run()
        finally:
            self.leap.close()

    # The run

    def _run(self) -> Iterator[p.Event]:
        at, feed = self.at, self.setup.feed
        yield p.Started(
            at.step,
            at.epoch,
            self.recipe.epochs,
            feed.steps,
            feed.rows,
            self.points.columns,
            self.setup.choices,
        )
        compiled = (self.plan.resume.facts or {}).get("compiled") if self.plan.resume else None
        if compiled:
            yield from self._noted(self.leap.resume(compiled))
        self.since = now = time.perf_counter()
        self.flush_due, self.pause = 0.0, FIRST_PAUSE
        self.save_due = now + self.plan.save_every
        self.asides.begin(now)
        self.window = (now, at.step)
        while at.epoch < self.recipe.epochs and self.end is None:
            yield from self._steps_of_an_epoch()
            if self.end is None:
                yield from self._end_of_epoch()
        yield from self._flush()
        if self.end is None:
            count = self.recipe.epochs
            words = "The one epoch is done." if count == 1 else f"All {count} epochs are done."
            self.end = p.Finished("finished", words, at.step, at.epoch)
        yield p.Snapshot(self._saved({}), best=False, urgent=True)
        yield self.end

    def _now(self) -> float:
        """Seconds of training so far, pauses left out."""
        return self.seconds + time.perf_counter() - self.since

    def _position(self, ahead: int = 0) -> float:
        """How far the schedule is, in steps of the recipe's own batch size."""
        at, base, now = self.at, self.rates.per_epoch, self.setup.feed.steps
        done = at.inside + ahead
        inside = done if base == now else done * base / now
        return at.epoch * base + inside

    def _rate_ahead(self, steps: int) -> float:
        """Set the rate of a step to come, and give it."""
        return self.rates.apply(self._position(steps))

    def _steps_of_an_epoch(self) -> Iterator[p.Event]:
        setup, at, clock = self.setup, self.at, time.perf_counter
        setup.feed.begin(at.epoch)
        count, replay = setup.feed.steps, self.plan.replay
        if not self.replayed:  # orders that came at the very step from which we go on
            yield from self._replay()
        while at.inside < count:
            rate = self.rates.apply(self._position())
            batch: Batch = {}
            taken: list[tuple[tuple[Tensor, ...], float, float]] = []
            try:
                if self.leap.whole is not None and self.leap.takes(at.inside, at.step, replay):
                    batch, taken, waited = self.leap.call(at.inside, self.running, self._rate_ahead)
                    self.waited += waited
                if not taken:
                    began = clock()
                    batch = setup.feed.batch(at.inside, setup.models)
                    self.waited += clock() - began
                    done = self.stepper(batch)
                    self.running.add(done.last, done.total, batch, done.rows)
                    if self.average is not None:
                        self.average.after_step()
                    taken = [(done.losses, rate, self.stepper.norm)]
            except NotFiniteError:
                yield from self._not_finite(batch, rate, self.points.take(self.speed))
            except failures.MISTAKES as error:
                raise failures.of_step(error, self.plan, at.step) from error
            self.asides.stepped(len(taken))
            now = clock()
            spent = self.seconds + now - self.since
            for losses, rate, norm in taken:
                at.step += 1
                at.inside += 1
                self.points.add(losses, at.step, spent, rate, norm)
            if replay and at.step in replay:
                yield from self._replay()
            if now >= self.flush_due if self.group is None else self.group.safe(at.step):
                yield from self._safe_point(batch)
                if self.end is not None:
                    return
            elif self.asides.measured and self.group is None:
                yield from self.asides.at_a_safe_point(now, batch)
                self.window = (self.window[0] + clock() - now, self.window[1])
            if at.inside >= count:
                self.latest = batch

    def _noted(self, found: tuple[str, Mapping[str, Any]] | None) -> Iterator[p.Event]:
        if found is not None:
            yield p.Noted("compiled", found[0], self.at.step, self.at.epoch, found[1])

    def _replay(self) -> Iterator[p.Event]:
        """Apply the orders that were applied here before: after a step, and so before the end of
        its epoch, as at the safe point where they were.
        """
        self.replayed = True
        for order in self.plan.replay.get(self.at.step, ()):
            yield from self._obey(order)

    # Safe points: between two steps

    def _flush(self, batch: Batch | None = None) -> Iterator[p.Event]:
        at, now = self.at, time.perf_counter()
        began, steps = self.window
        if at.step > steps and now > began:
            rows = sum(self.running.rows[-(at.step - steps) :])
            if rows:
                self.speed = rows / (now - began)
        values = self.points.take(self.speed)
        self.window = (now, at.step)
        if len(values):
            if not math.isfinite(float(values[-1, 2])):
                yield from self._not_finite({}, float(values[-1, 3]), values)
            left = (self.recipe.epochs - at.epoch) * self.setup.feed.steps - at.inside
            yield p.Steps(values, at.step, at.epoch, self._now(), self.speed, at.step + left)
            if self.plan.doctor is not None:
                yield from self.plan.doctor.steps(values, now - began, self.waited, batch or {})
            self.waited = 0.0

    def _safe_point(self, batch: Batch) -> Iterator[p.Event]:
        yield from self._flush(batch)
        began = time.perf_counter()
        self.pause = min(self.plan.flush_every, 2 * self.pause)
        self.flush_due = began + self.pause
        save = self._agreed(began)
        yield from self._obey_waiting()
        if self.end is None:
            yield from self._compile(batch)
        if self.end is None:
            yield from self.asides.at_a_safe_point(began, batch)
        if (began >= self.save_due if save is None else save) and self.end is None:
            yield p.Snapshot(self._saved({}), best=False)
            self.save_due = time.perf_counter() + self.plan.save_every
        aside = time.perf_counter() - began
        self.window = (self.window[0] + aside, self.at.step)

    def _compile(self, batch: Batch) -> Iterator[p.Event]:
        """Have the whole step compiled, or take it over, with a checkpoint that names it."""
        spent, at = self._now(), self.at
        left = (self.recipe.epochs - at.epoch) * self.setup.feed.steps - at.inside
        found = self.leap.look(spent, spent / max(at.step, 1) * left, batch)
        if self.leap.digest and found is not None:
            yield p.Snapshot(self._saved({}), best=False, urgent=True)
        yield from self._noted(found)

    def _agreed(self, began: float) -> bool | None:
        """Take up what is ordered. With a group the first worker's orders and clock are those of
        all: gives whether a checkpoint is due.
        """
        if self.group is None:
            self.waiting.extend(self.plan.orders())
            return None
        word = [list(self.plan.orders()), began >= self.save_due] if self.group.first else None
        orders, save = self.group.agree(word, self.at.step, self.plan.flush_every)
        self.waiting.extend(orders)
        return bool(save)

    def _more_orders(self) -> None:
        found = self.plan.orders()
        self.waiting.extend(found if self.group is None else self.group.tell(list(found)))

    # Orders

    def _obey_waiting(self) -> Iterator[p.Event]:
        while self.waiting and self.end is None:
            order = self.waiting.popleft()
            pause = order.get("order") == "pause"
            if pause:
                yield p.Snapshot(self._saved({}), best=False, urgent=True)
            yield from self._obey(order)
            if pause:
                yield from self._pause()

    def _obey(self, order: p.Order) -> Iterator[p.Event]:
        """Apply or refuse one order; the last event says which."""
        at, kind, accepted = self.at, order.get("order"), True
        try:
            orders.check(order)
            if kind == "pause":
                words = "Paused."
            elif kind == "stop":
                words = orders.reason(order) or "Stopped by an order."
                self.end = p.Finished("stopped", words, at.step, at.epoch)
            elif kind == "stop_after_epoch":
                self.steering.stop_after_epoch = True
                words = f"Will stop after epoch {at.epoch + 1}."
            elif kind == "checkpoint":
                name = f"step-{at.step:08d}"
                yield p.Snapshot(self._saved({}), best=False, urgent=True, names=(name,))
                words = f"The state after step {at.step} is kept as {name}."
            elif kind == "evaluate":
                words = "Nothing is held out to evaluate on."
                accepted = self.setup.held_out is not None
                if accepted:
                    words = f"Evaluated after step {at.step}."
                    yield from self.asides.evaluate_now()
            elif kind == "sample":
                words = self.steering.sample(order)
                yield from self.asides.generate()
            elif kind == "set":
                words = self.steering.set(order, at.step, self._position())
                words = " ".join(filter(None, (words, self.leap.changed(order))))
                if self.plan.doctor is not None:
                    self.plan.doctor.ordered(order, at.step, at.epoch)
            else:
                words, accepted = "The run is not paused.", False
        except LaminaError as error:
            words, accepted = str(error), False
        yield p.Ordered(order, at.step, at.epoch, accepted, words)

    def _pause(self) -> Iterator[p.Event]:
        """Wait for "resume" or "stop"."""
        self.seconds = self._now()
        paused = True
        while paused and self.end is None:
            yield p.Tick("paused")
            if not self.waiting:
                time.sleep(0.05)
                self._more_orders()
            while self.waiting and paused and self.end is None:
                order = self.waiting.popleft()
                if order.get("order") == "resume":
                    paused = False
                    yield p.Ordered(order, self.at.step, self.at.epoch, True, "Going on.")
                elif order.get("order") == "pause":
                    words = "The run is paused already."
                    yield p.Ordered(order, self.at.step, self.at.epoch, False, words)
                else:
                    yield from self._obey(order)
        self.since = time.perf_counter()
        self.window = (self.since, self.at.step)
        self.save_due = self.since + self.plan.save_every

    # The end of an epoch

    def _end_of_epoch(self) -> Iterator[p.Event]:
        yield from self._flush(self.latest)
        at = self.at
        at.epoch += 1
        figures: dict[str, float] = {"epoch": at.epoch, "step": at.step}
        running = self.running
        if self.group is not None:
            running = running.joined(self.group, shared=True)
        figures |= running.figures("train", self.group)
        self.running.reset()
        at.inside = 0
        self.steering.after_epoch()
        if self.average is not None:
            self.average.after_epoch(at.epoch)
        yield from self.asides.evaluate(figures)
        figures |= {"time": self._now(), "lr": self.rates.current or self.rates.base}
        best = self.judge.is_best(figures)
        enough = self.judge.enough(figures)
        self.rates.after_epoch(figures)
        yield p.Epoch(figures, best)
        if self.plan.doctor is not None:
            yield from self.plan.doctor.epoch(figures, self.asides.answers)
        yield from self.asides.generate()
        if at.epoch < self.recipe.epochs and self.end is None:
            self._maybe_end(enough)
        due = time.perf_counter() >= self.save_due
        if self.group is not None:
            due = self.group.tell(due)
        every = self.recipe.keep == "all"
        if best or due or every:
            yield p.Snapshot(self._saved(figures, state=due or every), best=best)
        if due:
            self.save_due = time.perf_counter() + self.plan.save_every
        self.window = (time.perf_counter(), at.step)

    def _maybe_end(self, enough: bool) -> None:
        if enough:
            self.end = p.Finished("finished", self.judge.words, self.at.step, self.at.epoch)
        elif self.steering.stop_after_epoch:
            words = f"Stopped after epoch {self.at.epoch} by an order."
            self.end = p.Finished("stopped", words, self.at.step, self.at.epoch)

    def _saved(self, figures: dict[str, float], *, state: bool = True) -> Saved:
        return collect(self.parts, figures, self._now(), state=state)

    # Failures

    def _not_finite(
        self, batch: Batch, rate: float, values: np.ndarray[Any, np.dtype[np.float32]]
    ) -> Iterator[p.Event]:
        """The doctor's word, also on the latest points, then the error that ends the run."""
        setup = self.setup
        node, words = health.first_not_finite(setup.models, setup.phases, batch, setup.autocast)
        if self.group is not None:  # the worker that knows the place has the word
            found = self.group.gather([node, words])
            node, words = next((one for one in found if one[0] is not None), found[0])
        error = failures.not_finite(self.at.step + (1 if batch else 0), node, words, rate)
        if self.plan.doctor is not None:
            finite = values[np.isfinite(values[:, 2])]
            if len(finite):
                yield from self.plan.doctor.steps(finite, 0.0, 0.0, {})
            yield from self.plan.doctor.failed(error)
        raise error from None
