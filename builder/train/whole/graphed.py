"""A step as a CUDA graph: recorded once on the live tensors of a run, replayed without Python
between the kernels. See "CUDA semantics", section "CUDA Graphs", of PyTorch's documentation.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor

from builder.tasks.base import Batch, Losses
from builder.train.setup import Setup
from builder.train.step import NORM_EVERY, Stepper

WARM, ROUNDS = 3, 20
"""Steps before the recording, so that libraries choose their kernels; steps of each kind timed."""


class Made(NamedTuple):
    """What a step leaves in its place: each replay overwrites it."""

    loss: Tensor
    outputs: dict[str, Tensor]
    norm: Tensor


Step = Callable[[], Made]
Recorder = Callable[[Step], tuple[Callable[[], object], Made]]
"""From a step to a function that repeats it, and what that function overwrites each time."""


class Graphed:
    """Carries out one step per call, of batches of exactly `rows` rows; see `Whole`.

    Raises NotImplementedError for an optimiser whose step cannot be recorded.
    """

    steps = 1
    ready = True

    def __init__(self, setup: Setup, batch: Batch, record: Recorder | None = None) -> None:
        self.setup, self.phase = setup, setup.phases[0]
        self.updater = setup.updaters[self.phase.graphs[0]]
        self.rows = len(batch["row"])
        self.batch = {name: x.clone() for name, x in batch.items()}
        self.rates = [
            [torch.full((), float(group["lr"]), device=setup.device) for group in part.param_groups]
            for part in self.updater.parts
        ]
        self.norm, self.norm_due = math.nan, 0.0
        with undone(setup):
            self.replay, self.made = (record or _recorder(setup))(self._step)

    def __call__(self, batches: Sequence[Batch], rates: Sequence[float]) -> list[Any]:
        """The step's loss and outputs, and the gradient norm as it was read last."""
        for name, x in self.batch.items():
            x.copy_(batches[0][name])
        self.updater.set_rate(rates[0])
        for part, own in zip(self.updater.parts, self.rates):
            for group, rate in zip(part.param_groups, own):
                rate.fill_(group["lr"])
        self.replay()
        if time.thread_time() >= self.norm_due:  # reading it waits for the device
            self.norm = float(self.made.norm)
            self.norm_due = time.thread_time() + NORM_EVERY
        outputs = {name: value.clone() for name, value in self.made.outputs.items()}
        return [(Losses(self.made.loss.clone(), outputs), self.norm)]

    def _step(self) -> Made:
        setup, weights = self.setup, self.updater.weights
        self.updater.zero()
        with _autocast(setup):
            found = self.phase.loss(setup.models, self.batch, setup.generator)
        found.loss.backward()  # type: ignore[no-untyped-call]
        limit = setup.recipe.clip_norm
        if limit is None:
            norm = torch.nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
        else:
            norm = torch.nn.utils.clip_grad_norm_(weights, limit)
        for direct, rates in zip(self.updater.direct, self.rates):
            if not direct.step(rates):
                raise NotImplementedError("the step of this optimiser cannot be recorded")
        outputs = {name: value.detach() for name, value in found.outputs.items()}
        return Made(found.loss.detach(), outputs, norm.detach())


def trial(graphed: Graphed, batch: Batch) -> tuple[float, float]:
    """Eager time over replayed time, and how far they are apart after one step, as a share of what
    the step changes; each weight counts by its averaged gradient, since one without influence moves
    by rounding alone. The run stays as it was.
    """
    setup = graphed.setup
    eager, weights = Stepper(setup), graphed.updater.weights
    rate = float(graphed.updater.parts[0].param_groups[0]["lr"])
    ways: tuple[Callable[[], Any], ...] = (lambda: eager(batch), lambda: graphed([batch], [rate]))
    before = [weight.detach().clone() for weight in weights]
    after, seconds = [], []
    for way in ways:
        with undone(setup):
            way()
            after.append([weight.detach() - old for weight, old in zip(weights, before)])
            if way is ways[0]:
                matters = [_average(graphed, weight).abs() for weight in weights]
            _wait(setup)
            began = time.perf_counter()
            for _ in range(ROUNDS):
                way()
            _wait(setup)
            seconds.append(time.perf_counter() - began)
    apart = sum(float(((a - b) * m).abs().sum()) for a, b, m in zip(*after, matters))
    whole = sum(float((a * m).abs().sum()) for a, m in zip(after[0], matters))
    difference = apart / whole if whole and math.isfinite(apart) else math.inf
    return seconds[0] / max(seconds[1], 1e-9), difference


@contextmanager
def undone(setup: Setup) -> Iterator[None]:
    """Weights, buffers, the optimiser's state and random numbers are afterwards as before, in
    place: a recorded step knows their addresses.
    """
    models, updaters = setup.models.values(), setup.updaters.values()
    live = [x for model in models for x in (*model.parameters(), *model.buffers())]
    for part in (part for updater in updaters for part in updater.parts):
        live += [x for state in part.state.values() for x in state.values() if torch.is_tensor(x)]
    saved = [x.detach().clone() for x in live]
    cuda = [setup.device] if setup.device.type == "cuda" else []
    own = setup.generator.get_state()
    with torch.random.fork_rng(cuda):
        try:
            yield
        finally:
            with torch.no_grad():
                for x, old in zip(live, saved):
                    x.copy_(old)
            for updater in updaters:
                updater.zero()
            setup.generator.set_state(own)


def _recorder(setup: Setup) -> Recorder:
    def record(step: Step) -> tuple[Callable[[], object], Made]:
        aside = torch.cuda.Stream(setup.device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(setup.device))
        with torch.cuda.stream(aside):
            for _ in range(WARM):
                step()
        torch.cuda.current_stream(setup.device).wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(setup.generator)
        # other threads write checkpoints and may copy from the device meanwhile
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            made = step()
        return graph.replay, made

    return record


def _autocast(setup: Setup) -> AbstractContextManager[Any]:
    """Without the cache of converted weights: its tensors would outlive the recording."""
    if setup.recipe.precision != "bfloat16":
        return nullcontext()
    return torch.autocast(setup.device.type, dtype=torch.bfloat16, cache_enabled=False)


def _average(graphed: Graphed, weight: Tensor) -> Tensor:
    states = (part.state for part in graphed.updater.parts)
    found: Tensor = next(state[weight]["exp_avg"] for state in states if weight in state)
    return found.detach().clone()


def _wait(setup: Setup) -> None:
    if setup.device.type == "cuda":
        torch.cuda.synchronize(setup.device)
