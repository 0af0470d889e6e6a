"""Averages of the weights, which are validated and kept in place of the last ones.

EMA (exponential moving average, after each step; Polyak and Juditsky 1992) and SWA (stochastic
weight averaging, after each epoch from a point on; Izmailov et al. 2018). Floating-point buffers
(running figures of a normalisation) are averaged like weights, so no extra pass over the rows is
needed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from builder.project import Average as Choice

State = dict[str, dict[str, Tensor]]


class Average:
    """The average of all graphs. Until it has begun, the weights themselves stand for it."""

    def __init__(self, choice: Choice, models: Mapping[str, nn.Module], epochs: int) -> None:
        self.choice = choice
        self.models = models
        self.start = max(1, round(choice.start * epochs)) if choice.kind == "swa" else 0
        self.held: State = {}
        self.count = 0

    def after_step(self) -> None:
        """EMA: the average follows. Young averages follow faster: (1 + n) / (10 + n)."""
        if self.choice.kind != "ema":
            return
        self.count += 1
        decay = min(self.choice.decay, self.count / (9 + self.count))
        self._follow(1 - decay)

    def after_epoch(self, epoch: int) -> None:
        """SWA: one more set of weights in the mean, `epoch` epochs being done."""
        if self.choice.kind == "swa" and epoch >= self.start:
            self.count += 1
            self._follow(1 / self.count)

    @torch.no_grad()
    def _follow(self, share: float) -> None:
        if not self.held:
            self.held = {name: _floats(model) for name, model in self.models.items()}
            self.held = {
                g: {n: x.clone() for n, x in part.items()} for g, part in self.held.items()
            }
            return
        for name, model in self.models.items():
            now = _floats(model)
            for (dtype_now, live), (_, mine) in zip(_by_type(now), _by_type(self.held[name])):
                del dtype_now
                torch._foreach_lerp_(mine, live, share)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The models with the averaged weights, for as long as it lasts."""
        aside = {
            name: {key: x.clone() for key, x in _floats(model).items()}
            for name, model in self.models.items()
            if self.held
        }
        try:
            self._fill(self.held)
            yield
        finally:
            self._fill(aside)

    @torch.no_grad()
    def _fill(self, weights: State) -> None:
        for name, part in weights.items():
            for key, x in _floats(self.models[name]).items():
                x.copy_(part[key])

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on, beside the averaged weights."""
        return {"count": self.count}

    def load(self, facts: Mapping[str, Any], averaged: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take back what was kept: `averaged` are the graphs' state_dicts."""
        self.count = facts["count"]
        if self.count:
            self.held = {
                name: {
                    key: torch.empty_like(x).copy_(averaged[name][key]) for key, x in part.items()
                }
                for name, part in ((n, _floats(model)) for n, model in self.models.items())
            }


def _floats(model: nn.Module) -> dict[str, Tensor]:
    return {name: x.detach() for name, x in model.state_dict().items() if x.is_floating_point()}


def _by_type(state: Mapping[str, Tensor]) -> list[tuple[torch.dtype, list[Tensor]]]:
    """Tensors of one type together, as the fused operations need them."""
    found: dict[torch.dtype, list[Tensor]] = {}
    for x in state.values():
        found.setdefault(x.dtype, []).append(x)
    return list(found.items())
