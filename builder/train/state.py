"""What a resume needs, gathered from the parts of a run and given back to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from builder.train import plan as p
from builder.train.average import Average
from builder.train.checkpoint import Saved, join, share
from builder.train.group import is_own, own_state
from builder.train.leap import Leap
from builder.train.rates import Judge, Rates
from builder.train.running import Running
from builder.train.setup import Setup
from builder.train.steering import Steering


@dataclass
class Position:
    """Where a run is: steps and epochs done, steps done of the epoch under way."""

    step: int = 0
    epoch: int = 0
    inside: int = 0


@dataclass
class Parts:
    """Everything that changes while a run goes on."""

    setup: Setup
    rates: Rates
    judge: Judge
    running: Running
    steering: Steering
    average: Average | None
    doctor: p.Doctor | None
    at: Position
    leap: Leap


def collect(parts: Parts, figures: Mapping[str, float], seconds: float, *, state: bool) -> Saved:
    """Copies of the weights, and with `state` of all else that the next step depends on.

    Where weights are averaged, the average is what the checkpoint holds, and the weights themselves
    are part of the state. Of several workers the first one gets it; all have to ask for it.
    """
    at, average, group = parts.at, parts.average, parts.setup.group
    others: dict[str, Tensor] = {}
    if group is not None and state:
        others = group.keep({name: x for name, x in _changing(parts).items() if is_own(name)})
    if group is not None and not group.first:
        return Saved(at.step, at.epoch, {}, figures)
    live = {
        name: {key: x.detach().clone() for key, x in model.state_dict().items()}
        for name, model in parts.setup.models.items()
    }
    shown = live
    if average is not None and average.held:
        shown = {
            name: part | {key: x.clone() for key, x in average.held[name].items()}
            for name, part in live.items()
        }
    whole = at.inside == 0
    if not state:
        return Saved(at.step, at.epoch, join(shown), figures, whole=whole)
    tensors, facts = _state(parts, seconds)
    if shown is not live:
        tensors |= {f"live/{name}": x for name, x in join(live).items()}
    tensors |= others
    return Saved(at.step, at.epoch, join(shown), figures, tensors, facts, whole)


def _changing(parts: Parts) -> dict[str, Tensor]:
    """Random states and what was gathered of the epoch under way."""
    setup = parts.setup
    tensors = {"rng": torch.get_rng_state(), "generator": setup.generator.get_state()}
    if setup.device.type == "cuda":
        tensors["rng_cuda"] = torch.cuda.get_rng_state(setup.device)
    return tensors | {f"running/{key}": value for key, value in parts.running.state().items()}


def _state(parts: Parts, seconds: float) -> tuple[dict[str, Tensor], dict[str, Any]]:
    setup = parts.setup
    tensors = _changing(parts)
    plain = {}
    for name, updater in setup.updaters.items():
        found, plain[name] = updater.state()
        tensors |= {f"optimizer/{name}/{key}": value for key, value in found.items()}
    tensors |= {f"feed/{key}": value.clone() for key, value in setup.feed.state().items()}
    facts: dict[str, Any] = {
        "inside": parts.at.inside,
        "seconds": seconds,
        "optimizers": plain,
        "rates": parts.rates.state(),
        "judge": parts.judge.state(),
        "steering": parts.steering.state(),
    }
    if parts.leap.digest:
        facts["compiled"] = parts.leap.digest
    if parts.average is not None:
        facts["average"] = parts.average.state()
    if parts.doctor is not None:
        facts["doctor"] = dict(parts.doctor.state())
    return tensors, facts


def restore(parts: Parts, saved: Saved) -> float:
    """Go on from a checkpoint; gives the seconds of training before it.

    One without its state (weights only) begins afresh there with optimiser and random numbers.
    """
    setup, at = parts.setup, parts.at
    at.step, at.epoch = saved.step, saved.epoch
    tensors, facts = saved.tensors, saved.facts
    if tensors is None or facts is None:
        _weights(setup, saved.weights)
        return 0.0
    tensors = own_state(tensors, setup.group)
    averaged = share(saved.weights, tuple(setup.models))
    _weights(setup, under(tensors, "live/") or saved.weights)
    if parts.average is not None and "average" in facts:
        parts.average.load(facts["average"], averaged)
    for name, updater in setup.updaters.items():
        if name in facts["optimizers"]:
            updater.load(under(tensors, f"optimizer/{name}/"), facts["optimizers"][name])
    setup.feed.load(under(tensors, "feed/"))
    parts.running.load(under(tensors, "running/"), setup.device)
    parts.rates.load(facts["rates"])
    parts.judge.load(facts["judge"])
    parts.steering.load(facts["steering"])
    if parts.doctor is not None and "doctor" in facts:
        parts.doctor.load(facts["doctor"])
    at.inside = facts["inside"]
    if "rng" in tensors:
        torch.set_rng_state(tensors["rng"].cpu())
    if "rng_cuda" in tensors:
        torch.cuda.set_rng_state(tensors["rng_cuda"].cpu(), setup.device)
    if "generator" in tensors:
        setup.generator.set_state(tensors["generator"].cpu())
    return float(facts["seconds"])


def _weights(setup: Setup, weights: Mapping[str, Tensor]) -> None:
    for name, part in share(weights, tuple(setup.models)).items():
        setup.models[name].load_state_dict(part)


def under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose name begins with the prefix, without it."""
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
