"""Compiled steps on the live tensors of a run."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from builder.tasks.base import Batch, Losses
from builder.train.optim import Updater
from builder.train.whole import trace

Run = Callable[[list[Tensor]], Sequence[Tensor]]
"""The compiled function: flat tensors in, changed in place; losses, norms and outputs out."""


class Whole:
    """Carries out `steps` steps per call, of batches of exactly `rows` rows."""

    def __init__(
        self, run: Run, plan: trace.Layout, rows: int, model: nn.Module, updater: Updater
    ) -> None:
        self.run, self.plan, self.rows = run, plan, rows
        self.model, self.updater = model, updater
        self.steps = plan.steps
        self.held: list[Tensor] = []

    @property
    def ready(self) -> bool:
        """Whether the optimiser has its state: after its first step."""
        state = self.updater.parts[0].state
        return all("exp_avg" in state.get(weight, {}) for weight in self.updater.weights)

    def __call__(
        self, batches: Sequence[Batch], rates: Sequence[float]
    ) -> list[tuple[Losses, float]]:
        """Per step its loss and outputs, and its gradient norm; nothing, with weights and
        optimiser as before, where a loss is not finite.
        """
        state = self.updater.parts[0].state
        counts = [state[weight]["step"] for weight in self.updater.weights]
        betas = self.updater.parts[0].param_groups[0]["betas"]
        figures = trace.figures(rates, int(counts[0]), betas)
        if not self.held:
            self.held = trace.inputs(self.model, self.updater, self.plan, ())
        rest = [batch[name] for batch in batches for name in self.plan.batch]
        with torch.no_grad():
            losses, norms, *outputs = self.run([*self.held, figures, *rest])
        if not all(map(math.isfinite, losses.tolist())):
            return []
        torch._foreach_add_(counts, self.steps)
        names = self.plan.outputs
        found = []
        for number, (loss, norm) in enumerate(zip(losses.unbind(), norms.tolist())):
            mine = outputs[number * len(names) : (number + 1) * len(names)]
            found.append((Losses(loss, dict(zip(names, mine))), norm))
        return found
