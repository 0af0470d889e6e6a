"""When a run has its step compiled, takes it over, and gives it up again."""

import time
from collections.abc import Callable, Container, Mapping
from typing import Any

from torch import Tensor

from builder.tasks.base import Batch
from builder.train import plan as p
from builder.train.feeds import RowFeed
from builder.train.machine import memory
from builder.train.recipe import busy, cores
from builder.train.running import Running
from builder.train.setup import Setup
from builder.train.whole import Facts, Graphed, Whole, compiler, trace, trial, unfit
from builder.train.whole.artefact import TOLERANCE

AFTER, WORTH = 10.0, 120.0
"""Seconds of training before the first look, and left to go by then, from which compiling pays."""
AGAIN = 30.0
"""Seconds until the next look where every core is at work."""
NEEDS = 3 << 30
"""Bytes of free memory, without which nobody's machine is troubled with a compiler."""
Taken = tuple[tuple[Tensor, ...], float, float]
"""Of one step: the losses, the learning rate, the gradient norm."""
DROPS = ("freeze", "weight_decay")
"""Settings that are part of what was compiled."""


class Leap:
    """Calls of several compiled steps.

    Calls begin where the step within the epoch is a multiple of their length, so a resumed run
    groups its steps as the one that was left alone. A run that goes on from a checkpoint takes the
    step implementation that the checkpoint names.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.workshop = setup.plan.workshop
        self.whole: Whole | Graphed | None = None
        self.digest = ""  # of the step that is used
        self.asked = self.over = False
        self.due = AFTER
        if self.workshop is None or setup.recipe.compile == "off":
            self.over = True

    @property
    def steps(self) -> int:
        """Steps per call."""
        return self.whole.steps if self.whole is not None else 1

    def takes(self, inside: int, step: int, replay: Container[int]) -> bool:
        """Whether the next steps are one call: whole batches of the size that was compiled, and no
        order to replay in between.
        """
        whole, feed = self.whole, self.setup.feed
        if whole is None or inside % whole.steps or inside + whole.steps > feed.steps:
            return False
        if not isinstance(feed, RowFeed) or not whole.ready:
            return False
        sizes = {last - first for first, last in feed.bounds[inside : inside + whole.steps]}
        between = any(step + ahead in replay for ahead in range(1, whole.steps))
        return sizes == {whole.rows} and not between

    def call(
        self, inside: int, running: Running, rate_ahead: Callable[[int], float]
    ) -> tuple[Batch, list[Taken], float]:
        """Several compiled steps: the last batch, what each step gave, and the seconds spent on
        getting batches. No step where a loss is not finite: eager steps meet it then, and explain
        it. `rate_ahead` sets and gives the rate of a step to come.
        """
        whole, setup = self.whole, self.setup
        if whole is None:
            raise AssertionError("asked before")
        began = time.perf_counter()
        ahead = range(whole.steps)
        batches = [setup.feed.batch(inside + step, setup.models) for step in ahead]
        waited = time.perf_counter() - began
        rates = [rate_ahead(step) for step in ahead]
        found = whole(batches, rates)
        for batch, (losses, _) in zip(batches, found):
            running.add(losses, losses.loss, batch, whole.rows)
        return batches[-1], [((o.loss,), rate, n) for rate, (o, n) in zip(rates, found)], waited

    def look(self, spent: float, left: float, batch: Batch) -> tuple[str, Mapping[str, Any]] | None:
        """At a safe point, seconds of training done and to come, after that batch: begin, wait, or
        take over. Words and figures for the run's events where something came of it; `digest` is
        set from then on where a checkpoint has to name what is used.
        """
        if self.over or self.workshop is None:
            return None
        if not self.asked:
            if self.setup.recipe.compile == "auto" and not self._pays(spent, left):
                return None
            self.asked = True
            reason = self._unfit()
            if reason:
                return self._declined(reason)
            if self.setup.device.type == "cuda":
                return self._record(batch)
            if self.workshop.facts() is None:
                self.workshop.start()
        facts = self.workshop.facts()
        if facts is None:
            return None
        return self._declined(facts.reason) if facts.reason else self._take(facts)

    def _pays(self, spent: float, left: float) -> bool:
        """Whether enough is to come, and a core is free for the compiler."""
        if spent < self.due or left < WORTH:
            return False
        free = cores() - busy() > 1
        if not free:
            self.due = spent + AGAIN
        return free

    def _unfit(self) -> str | None:
        setup = self.setup
        if setup.group is not None or not isinstance(setup.feed, RowFeed):
            return "The batches are shared out, or the task makes its own."
        reason = unfit(setup.recipe, setup.phases, setup.models)
        if reason is None and self.setup.recipe.compile == "auto":
            if not compiler():
                return "This machine has no C++ compiler."
            if memory().free < NEEDS:
                return "Memory is short on this machine."
        return reason

    def _stay(self, reason: str) -> tuple[str, Mapping[str, Any]]:
        self.over, self.whole, self.digest = True, None, ""
        return f"The step stays eager: {reason}", {}

    def _declined(self, reason: str) -> tuple[str, Mapping[str, Any]] | None:
        """Words only where somebody asked for it."""
        words = self._stay(reason)
        return words if self.setup.recipe.compile == "on" else None

    def _record(self, batch: Batch) -> tuple[str, Mapping[str, Any]] | None:
        """Have the step recorded, on a GPU at once; it is tried, and nothing of that stays."""
        feed = self.setup.feed
        if not isinstance(feed, RowFeed) or len(batch.get("row", ())) != feed.batch_size:
            self.asked = False  # the last batch of an epoch is a small one
            return None
        try:
            graphed = Graphed(self.setup, batch)
            ratio, difference = trial(graphed, batch)
        except Exception as error:  # whatever cannot be recorded is a reason to stay eager
            said = str(error).strip().splitlines()
            return self._stay(f"{type(error).__name__}: {said[0] if said else 'no details'}")
        if not difference <= TOLERANCE:
            return self._stay(f"The recorded step differs from the eager one by {difference:.1e}.")
        if ratio <= 1:
            return self._stay("A trial found its recording no faster.")
        self.whole, self.over = graphed, True
        words = (
            f"The whole step is replayed as a CUDA graph from here on: {ratio:.2f} times as fast "
            f"in a trial; it differs from the eager step by {difference:.0e} of what a step "
            f"changes (allowed: {TOLERANCE:.0e})."
        )
        return words, {"ratio": ratio, "difference": difference, "tolerance": TOLERANCE}

    def _take(self, facts: Facts) -> tuple[str, Mapping[str, Any]]:
        if self.workshop is None:
            raise AssertionError("there is something to take")
        graph = self.setup.phases[0].graphs[0]
        model, updater = self.setup.models[graph], self.setup.updaters[graph]
        if facts.settings != trace.settings(updater):
            return self._stay("The optimiser's settings were changed.")
        found = self.workshop.load(facts)
        if isinstance(found, str):
            return self._stay(found)
        self.whole = Whole(found, facts.plan, facts.rows, model, updater)
        self.digest, self.over = facts.digest, True
        words = (
            f"The whole step is compiled from here on: {facts.ratio:.2f} times as fast in a trial, "
            f"{self.whole.steps} steps per call; it differs from the eager step by "
            f"{facts.difference:.0e} of what a call changes (allowed: {facts.tolerance:.0e})."
        )
        figures = {"ratio": facts.ratio, "difference": facts.difference, "digest": facts.digest}
        return words, {**figures, "tolerance": facts.tolerance, "steps": self.whole.steps}

    def resume(self, digest: str) -> tuple[str, Mapping[str, Any]] | None:
        """Go on with the implementation of a checkpoint; words where it cannot be had."""
        facts = self.workshop.facts() if self.workshop is not None else None
        if facts is None or facts.digest != digest:
            return self._stay("The compiled step of the checkpoint is not there any more.")
        words = self._take(facts)
        return None if self.whole is not None else words

    def changed(self, order: p.Order) -> str:
        """An order took hold: words where the compiled step does not know it and is given up."""
        found = [name for name in DROPS if name in order]
        if not found or self.workshop is None or (self.over and self.whole is None):
            return ""
        self.close()
        told = self.whole is not None or self.setup.recipe.compile == "on"
        words, _ = self._stay(f"{found[0]} was changed.")
        return words if told else ""

    def close(self) -> None:
        """Nobody waits for the compiler any more."""
        if self.workshop is not None:
            self.workshop.stop()
