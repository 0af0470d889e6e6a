"""Held-out rows, between two steps: figures and watched predictions. The training feels nothing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from builder.train import plan as p
from builder.train.running import Running
from builder.train.setup import Setup

SIGN_EVERY = 0.5


def evaluate(
    setup: Setup, step: int, epoch: int
) -> Iterator[p.Tick | p.Noted | p.Samples | dict[str, float]]:
    """Signs of life (in words where something is made ready), then the figures ({} where nothing is
    held out), then the watched rows.

    The models come out in training mode, with all random states as they were. Of several workers
    each takes its share of the batches; the figures are those of all, the watched rows the first
    worker's.
    """
    phase = setup.plan.task.validation()
    if setup.held_out is None or phase is None:
        yield {}
        return
    group = setup.group
    rank, size = (group.rank, group.size) if group is not None else (0, 1)
    gathered = Running(setup.plan.task, setup.plan.target)
    generator = torch.Generator(setup.device).manual_seed(setup.recipe.seed + rank)
    if group is not None:
        group.level(setup.models)
    with aside(setup):
        due = time.perf_counter() + SIGN_EVERY
        words = ""
        for words in phase.ready(setup.device) if phase.ready else ():
            if time.perf_counter() >= due:
                due = time.perf_counter() + SIGN_EVERY
                yield p.Tick("validating", words)
        if words:
            yield p.Noted("prepared", words, step, epoch)
            yield p.Tick("validating")
        setup.held_out.begin(0)
        for number in range(rank, setup.held_out.steps, size):
            batch = setup.held_out.batch(number, setup.models)
            with setup.autocast():
                losses = phase.loss(setup.models, batch, generator)
            gathered.add(losses, losses.loss, batch, len(next(iter(batch.values()))))
            if time.perf_counter() >= due:
                due += SIGN_EVERY
                yield p.Tick("validating")
        if group is not None:
            gathered = gathered.joined(group, shared=False)
        yield gathered.figures("validation", group)
        if told := gathered.some(setup.plan.watched, ordered=size == 1):
            yield p.Samples(told, step, epoch, gathered.answers())


@contextmanager
def aside(setup: Setup) -> Iterator[None]:
    """Look at the models without a trace: eval mode, no gradients, random states put back."""
    cuda = [setup.device] if setup.device.type == "cuda" else []
    for model in setup.models.values():
        model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=cuda):
            yield
    finally:
        setup.train_mode()
