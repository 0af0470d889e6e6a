"""Trace, compile and try a step; runs in a process of its own, beside the training."""

import copy
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from builder.project import Recipe
from builder.tasks.base import Batch, Phase
from builder.train.optim import Updater
from builder.train.whole import artefact, trace
from builder.train.whole.artefact import TOLERANCE, Facts
from builder.train.whole.eligible import compiler
from builder.train.whole.runtime import Run, Whole

MARGIN = 1.05
"""By so much the compiled step must win."""
ROUNDS = 7

Compile = Callable[[Any, list[Tensor], Path], Run]
"""From a traced graph and example tensors to a package on the disk, and its function."""


def build(
    folder: Path,
    recipe: Recipe,
    phase: Phase,
    model: nn.Module,
    batches: Sequence[Batch],
    compile: Compile | None = None,
) -> Facts:
    """Build and try the step for batches like these, as many as steps go into a call."""
    if compile is None and not compiler():
        return Facts(reason="This machine has no C++ compiler.")
    rows = len(next(iter(batches[0].values())))
    try:
        run, plan, settings = _compiled(folder, recipe, phase, model, batches, compile or package)
        ratio, difference = _trial(recipe, phase, model, batches, run, plan)
    except Exception as error:  # whatever the compiler cannot do is a reason to stay eager
        words = str(error).strip().splitlines()
        return Facts(reason=f"{type(error).__name__}: {words[0] if words else 'no details'}"[:300])
    path = folder / artefact.PACKAGE
    sign = artefact.digest(path) if path.exists() else ""
    found = Facts(
        digest=sign,
        machine=artefact.machine(),
        settings=settings,
        rows=rows,
        ratio=ratio,
        difference=difference,
        tolerance=TOLERANCE,
        layout=asdict(plan),
    )
    if not difference <= TOLERANCE:
        return replace(found, reason=f"It differs from the eager step by {difference:.1e}.")
    if recipe.compile == "auto" and ratio < MARGIN:
        return replace(found, reason=f"It does not win: {ratio:.2f} times the eager step's speed.")
    return found


def _compiled(
    folder: Path,
    recipe: Recipe,
    phase: Phase,
    model: nn.Module,
    batches: Sequence[Batch],
    compile: Compile,
) -> tuple[Run, trace.Layout, str]:
    from torch.fx.experimental.proxy_tensor import make_fx

    model = copy.deepcopy(model).train()
    updater = _updater(recipe, phase, model, batches[0])
    plan = trace.layout(phase, model, batches[0], len(batches))
    steps, names = trace.function(phase, model, updater, plan, recipe.clip_norm)
    flat = _flat(model, updater, plan, batches, recipe)
    graph = make_fx(steps)(*flat)
    run = compile(graph, flat, folder / artefact.PACKAGE)
    return run, replace(plan, outputs=tuple(names)), trace.settings(updater)


def package(graph: Any, flat: list[Tensor], path: Path) -> Run:
    """Torch's ahead-of-time compiler; random numbers stay those of the eager operators."""
    import torch._inductor
    from torch._inductor import config

    aside = path.with_name(f"aside-{os.getpid()}.pt2")
    with torch.no_grad(), config.patch(fallback_random=True, compile_threads=1):
        exported = torch.export.export(graph, tuple(flat))
        torch._inductor.aoti_compile_and_package(exported, package_path=str(aside))
    aside.replace(path)
    run: Run = artefact.loaded(path)
    return run


def _updater(recipe: Recipe, phase: Phase, model: nn.Module, batch: Batch) -> Updater:
    """An optimiser after its first step."""
    from builder.train.optim import updaters

    made = updaters(recipe, {phase.graphs[0]: model})[phase.graphs[0]]
    _eager(recipe, phase, model, made, batch, recipe.optimizer.lr)
    return made


def _flat(
    model: nn.Module, updater: Updater, plan: trace.Layout, batches: Sequence[Batch], recipe: Recipe
) -> list[Tensor]:
    found = trace.inputs(model, updater, plan, batches)
    betas = updater.parts[0].param_groups[0]["betas"]
    at = len(found) - len(batches) * len(plan.batch)
    return [
        *(x.clone() for x in found[:at]),
        trace.figures([recipe.optimizer.lr] * plan.steps, 1, betas),
        *found[at:],
    ]


def _eager(
    recipe: Recipe, phase: Phase, model: nn.Module, updater: Updater, batch: Batch, rate: float
) -> None:
    updater.set_rate(rate)
    updater.zero()
    phase.loss({phase.graphs[0]: model}, batch, torch.Generator()).loss.backward()  # type: ignore[no-untyped-call]
    if recipe.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(updater.weights, recipe.clip_norm)
    updater.step()


def _trial(
    recipe: Recipe,
    phase: Phase,
    model: nn.Module,
    batches: Sequence[Batch],
    run: Run,
    plan: trace.Layout,
) -> tuple[float, float]:
    """Eager time over compiled time (the best of some rounds, in turns, by this process's own CPU
    time), and how far they are apart after the first call: see `_apart`.
    """
    rates = [recipe.optimizer.lr] * plan.steps
    eager, whole = copy.deepcopy(model).train(), copy.deepcopy(model).train()
    torch.manual_seed(recipe.seed)
    one, other = (_updater(recipe, phase, twin, batches[0]) for twin in (eager, whole))
    whole.load_state_dict(eager.state_dict())
    for weight, twin in zip(other.weights, one.weights):
        for key, value in one.parts[0].state[twin].items():
            other.parts[0].state[weight][key].copy_(value)
    call = Whole(run, plan, len(next(iter(batches[0].values()))), whole, other)
    times: dict[str, list[float]] = {"eager": [], "whole": []}
    difference = math.nan
    start = [weight.detach().clone() for weight in one.weights]
    for turn in range(ROUNDS):
        state = torch.get_rng_state()
        began = time.process_time()
        for batch, rate in zip(batches, rates):
            _eager(recipe, phase, eager, one, batch, rate)
        middle = time.process_time()
        torch.set_rng_state(state)
        between = time.process_time()
        call(batches, rates)
        times["whole"].append(time.process_time() - between)
        times["eager"].append(middle - began)
        if turn == 0:
            difference = _apart(start, (eager, one), (whole, other))
    return min(times["eager"]) / max(min(times["whole"]), 1e-9), difference


def _share(pairs: Iterable[tuple[Tensor, Tensor]]) -> float:
    """The sum of all differences over the sum of all sizes on the left."""
    apart = whole = 0.0
    for a, b in pairs:
        apart += float((a.double() - b.double()).abs().sum())
        whole += float(a.double().abs().sum())
    if not math.isfinite(apart):
        return math.inf
    return apart / whole if whole else (math.inf if apart else 0.0)


def _apart(
    start: Sequence[Tensor], left: tuple[nn.Module, Updater], right: tuple[nn.Module, Updater]
) -> float:
    """How far two steps are apart, as a share of what the left one changed: the largest of weights,
    buffers and both averages.

    A weight counts as much as its averaged gradient says that it matters to the loss. One without
    influence (a bias before a normalisation) has a gradient of nothing but rounding, which Adam
    enlarges to whole updates: two sound steps differ there as much as they move.
    """
    (model, updater), (twin, other) = left, right
    state = [part.parts[0].state for part in (updater, other)]
    pairs = list(zip(start, updater.weights, other.weights))
    weights = []
    for before, a, b in pairs:
        matters = state[0][a]["exp_avg"].abs()
        weights.append(((a.detach() - before) * matters, (b.detach() - before) * matters))
    found = [_share(weights)]
    for key in ("exp_avg", "exp_avg_sq"):
        found.append(_share((state[0][a][key], state[1][b][key]) for _, a, b in pairs))
    buffers = list(zip(model.buffers(), twin.buffers()))
    found.append(_share(pair for pair in buffers if pair[0].is_floating_point()))
    exact = all(torch.equal(a, b) for a, b in buffers if not a.is_floating_point())
    return max(found) if exact else math.inf
