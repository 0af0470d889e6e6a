"""The step as a pure function of tensors, and its graph of elementary operators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from builder.tasks.base import Batch, Losses, Phase
from builder.train.optim import FACTOR, Updater

Flat = list[Tensor]


@dataclass(frozen=True)
class Layout:
    """What goes into the compiled function, in this order: weights, buffers, both averages of Adam
    by weight, `figures` [steps, 3] (see `figures`), then for each step its batch by sorted name.

    Out come losses [steps], gradient norms [steps], and for each step the outputs by `outputs`.
    Weights, buffers and averages are changed in place; where a loss is not finite, weights and
    averages stay as they were before the call.
    """

    graph: str
    weights: tuple[str, ...]
    buffers: tuple[str, ...]
    batch: tuple[str, ...]
    steps: int
    outputs: tuple[str, ...] = ()


def figures(rates: Sequence[float], done: int, betas: tuple[float, float]) -> Tensor:
    """float32 [steps, 3]: rate, rate / (1 - beta1^t), sqrt(1 - beta2^t), t counted on from `done`
    updates.
    """
    rows = []
    for number, rate in enumerate(rates, done + 1):
        first, second = 1 - betas[0] ** number, 1 - betas[1] ** number
        rows.append((rate, rate / first, second**0.5))
    return torch.tensor(rows, dtype=torch.float32)


class Held(nn.Module):
    """Loss and outputs as a module, so that its weights can be given as arguments."""

    def __init__(self, phase: Phase, graph: str, model: nn.Module) -> None:
        super().__init__()
        self.phase, self.graph, self.model = phase, graph, model
        self.generator = torch.Generator()

    def forward(self, batch: Batch) -> Losses:
        """What the phase's loss gives."""
        return self.phase.loss({self.graph: self.model}, batch, self.generator)


def layout(phase: Phase, model: nn.Module, batch: Batch, steps: int) -> Layout:
    """The layout for batches like this one, without the outputs."""
    weights = tuple(name for name, _ in model.named_parameters())
    buffers = tuple(name for name, _ in model.named_buffers())
    return Layout(phase.graphs[0], weights, buffers, tuple(sorted(batch)), steps)


def function(
    phase: Phase, model: nn.Module, updater: Updater, plan: Layout, clip_norm: float | None
) -> tuple[Callable[..., tuple[Tensor, ...]], list[str]]:
    """The steps as a function of flat tensors; the list holds the outputs' names after a call."""
    held = Held(phase, plan.graph, model)
    settings = _settings(updater)
    names: list[str] = []
    n, m = len(plan.weights), len(plan.buffers)

    def steps(*flat: Tensor) -> tuple[Tensor, ...]:
        state = [list(flat[:n]), *(list(flat[n + m + i * n : n + m + (i + 1) * n]) for i in (0, 1))]
        buffers = dict(zip(plan.buffers, flat[n : n + m]))
        figures_S3, rest = flat[n + m + 2 * n], flat[n + m + 2 * n + 1 :]
        losses, norms, outputs = [], [], []
        for step in range(plan.steps):
            count = len(plan.batch)
            batch = dict(zip(plan.batch, rest[step * count : (step + 1) * count]))
            leaves = [w.detach().requires_grad_() for w in state[0]]
            given = {f"model.{k}": v for k, v in zip(plan.weights, leaves)}
            given |= {f"model.{k}": v for k, v in buffers.items()}
            found = torch.func.functional_call(held, given, (batch,))
            gradients = torch.autograd.grad(found.loss, leaves)
            with torch.no_grad():
                norm, gradients = _clipped(gradients, clip_norm)
                state = _adam(state, gradients, settings, figures_S3[step])
            losses.append(found.loss.detach())
            norms.append(norm)
            names[:] = list(found.outputs)
            outputs += [value.detach() for value in found.outputs.values()]
        sound = torch.isfinite(torch.stack(losses)).all()
        for old, new in zip((*flat[:n], *flat[n + m : n + m + 2 * n]), chain(*state)):
            old.copy_(torch.where(sound, new, old))
        return (torch.stack(losses), torch.stack(norms), *outputs)

    return steps, names


def settings(updater: Updater) -> str:
    """What of the optimiser is part of the compiled function, in words to compare."""
    names = ("betas", "eps", "weight_decay", "decoupled_weight_decay", FACTOR)
    return repr([[group.get(name) for name in names] for group in _settings(updater)])


def _settings(updater: Updater) -> list[dict[str, Any]]:
    """Per weight, in the model's order, its group's settings; the factor of its rate among them."""
    group = {
        id(weight): {**one, "weight": weight}
        for one in updater.parts[0].param_groups
        for weight in one["params"]
    }
    return [group[id(weight)] for weight in updater.weights]


def _clipped(gradients: Sequence[Tensor], limit: float | None) -> tuple[Tensor, tuple[Tensor, ...]]:
    norm = torch.stack([g.square().sum() for g in gradients]).sum().sqrt()
    if limit is None:
        return norm, tuple(gradients)
    share = (limit / (norm + 1e-6)).clamp(max=1.0)
    return norm, tuple(g * share for g in gradients)


def _adam(
    state: list[list[Tensor]],
    gradients: Sequence[Tensor],
    settings: Sequence[Mapping[str, Any]],
    figures_3: Tensor,
) -> list[list[Tensor]]:
    """Adam (Kingma and Ba 2014), AdamW (Loshchilov and Hutter 2017) as torch.optim has them."""
    rate, size, root = figures_3.unbind()
    found: list[list[Tensor]] = [[], [], []]
    for weight, first, second, gradient, group in zip(*state, gradients, settings):
        (beta1, beta2), decay, factor = group["betas"], group["weight_decay"], group[FACTOR]
        if decay and group.get("decoupled_weight_decay"):
            weight = weight * (1 - rate * (factor * decay))
        elif decay:
            gradient = gradient + weight * decay
        first = first + (gradient - first) * (1 - beta1)
        second = second * beta2 + gradient * gradient * (1 - beta2)
        weight = weight - (size * factor) * first / (second.sqrt() / root + group["eps"])
        for part, value in zip(found, (weight, first, second)):
            part.append(value)
    return found


def inputs(model: nn.Module, updater: Updater, plan: Layout, batches: Sequence[Batch]) -> Flat:
    """The live tensors for a call, without its figures, which come before the batches: see
    `Whole`.
    """
    found: Flat = [*(w.detach() for w in model.parameters()), *model.buffers()]
    state = updater.parts[0].state
    for key in ("exp_avg", "exp_avg_sq"):
        found += [state[weight][key] for weight in updater.weights]
    return found + [batch[name] for batch in batches for name in plan.batch]
