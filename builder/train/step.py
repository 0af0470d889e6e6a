"""One step: every phase's loss, gradients and update. Nothing else belongs on the hot path."""

import math
import time
from typing import NamedTuple

import torch
from torch import Tensor

from builder.tasks.base import Batch, Losses, Phase
from builder.train import health, mix
from builder.train.group import Group
from builder.train.optim import Updater
from builder.train.setup import Setup

NORM_EVERY = 0.05
"""Seconds of this thread's own work between measurements of the gradient norm, where clipping does
not need it anyway: on a busy machine they stay as rare, by steps, as on a free one.
"""


class NotFiniteError(Exception):
    """The loss of a step is NaN or infinite."""


class Stepped(NamedTuple):
    """What a step gave: the phases' losses and their sum, detached; the last phase's outputs."""

    losses: tuple[Tensor, ...]
    total: Tensor
    last: Losses
    rows: int


class Stepper:
    """Carries out steps. `norm` is the gradient norm as it was measured last."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.recipe = setup.recipe
        self.active = {
            phase.name: [setup.updaters[name] for name in phase.graphs] for phase in setup.phases
        }
        self.on_cpu = setup.device.type == "cpu"
        self.group = setup.group
        self.norm = math.nan
        self.norm_due = 0.0

    def __call__(self, batch: Batch) -> Stepped:
        """Update the weights. Raises NotFiniteError (where the device tells at once) before they
        are touched.
        """
        measure = time.thread_time() >= self.norm_due
        found = []
        for phase in self.setup.phases:
            losses = self._descend(phase, self.active[phase.name], batch, measure)
            found.append(losses.loss.detach())
        rows = len(next(iter(batch.values()))) if self.group is None else self.group.rows
        total = found[0] if len(found) == 1 else torch.stack(found).sum()
        return Stepped(tuple(found), total, losses, rows)

    def _descend(self, phase: Phase, active: list[Updater], batch: Batch, measure: bool) -> Losses:
        if any(updater.needs_closure for updater in active):
            return self._with_closure(phase, active, batch)
        losses = self._gradients(phase, active, batch)
        self._clip(active, measure)
        for updater in active:
            updater.step()
        return losses

    def _gradients(self, phase: Phase, active: list[Updater], batch: Batch) -> Losses:
        for updater in active:
            updater.zero()
        if self.recipe.accumulate == 1:
            losses = self._forward(phase, batch)
            self._backward(losses.loss, active)
        else:
            losses = self._in_parts(phase, active, batch)
        return losses if self.group is None else self._joined(self.group, losses, active)

    def _joined(self, group: Group, losses: Losses, active: list[Updater]) -> Losses:
        """Gradients and loss over the rows of all workers; the outputs are those of one's own."""
        weights = [w for updater in active for w in updater.weights if w.grad is not None]
        loss = group.mean([w.grad for w in weights if w.grad is not None], losses.loss)
        if self.on_cpu and not math.isfinite(loss.item()):
            raise NotFiniteError
        return Losses(loss, losses.outputs if group.weight else {})

    def _in_parts(self, phase: Phase, active: list[Updater], batch: Batch) -> Losses:
        """The batch's gradients, added up over its parts, each weighing as many rows as it has."""
        rows = len(next(iter(batch.values())))
        losses, outputs = [], []
        for part in parts(batch, rows, self.recipe.accumulate):
            found = self._forward(phase, part)
            loss = found.loss * (len(next(iter(part.values()))) / rows)
            self._backward(loss, active)
            losses.append(loss.detach())
            outputs.append({name: value.detach() for name, value in found.outputs.items()})
        whole = {name: torch.cat([one[name] for one in outputs]) for name in outputs[0]}
        return Losses(torch.stack(losses).sum(), whole)

    def _forward(self, phase: Phase, batch: Batch) -> Losses:
        setup = self.setup
        mixed = setup.mixer(batch) if setup.mixer is not None else None
        with setup.autocast():
            if mixed is None:
                losses = phase.loss(setup.models, batch, setup.generator)
            else:
                losses = mix.loss(phase.loss, setup.models, mixed, setup.generator)
        if self.on_cpu and self.group is None and not math.isfinite(losses.loss.item()):
            raise NotFiniteError
        return losses

    def _backward(self, loss: Tensor, active: list[Updater]) -> None:
        if len(active) == len(self.setup.models):
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            weights = [w for updater in active for w in updater.weights if w.requires_grad]
            torch.autograd.backward(loss, inputs=weights)

    def _with_closure(self, phase: Phase, active: list[Updater], batch: Batch) -> Losses:
        """Optimisers that ask for the loss several times in a step (LBFGS); the first answer is the
        step's loss.
        """
        first: list[Losses] = []

        def closure() -> Tensor:
            losses = self._gradients(phase, active, batch)
            self._clip(active, True)
            first.append(losses)
            return losses.loss

        for updater in active:
            for part in updater.parts:
                part.step(closure)  # type: ignore[arg-type]
        return first[0]

    def _clip(self, active: list[Updater], measure: bool) -> None:
        limit, value = self.recipe.clip_norm, self.recipe.clip_value
        if limit is None and value is None and not measure:
            return
        weights = [w for updater in active for w in updater.weights if w.grad is not None]
        if not weights:
            return
        if limit is not None:
            total = torch.nn.utils.clip_grad_norm_(weights, limit)
            if measure:
                self.norm = float(total)
        elif measure:
            self.norm = health.norm([w.grad for w in weights if w.grad is not None])
        if value is not None:
            torch.nn.utils.clip_grad_value_(weights, value)
        if measure:
            self.norm_due = time.thread_time() + NORM_EVERY


def parts(batch: Batch, rows: int, count: int) -> list[dict[str, Tensor]]:
    """The batch in up to `count` parts of nearly equal rows; what is not by row goes into each.

    No part has a single row where there are others: a normalisation over one row has no meaning.
    """
    count = max(1, min(count, rows // 2))
    cut = {
        name: x.tensor_split(count) if x.dim() and len(x) == rows else (x,) * count
        for name, x in batch.items()
    }
    return [{name: pieces[number] for name, pieces in cut.items()} for number in range(count)]
