"""One fused update without the bookkeeping around `Optimizer.step`, which costs a small network as
much again as the update itself. The numbers are the same bit for bit: it is the same operator.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

PLAIN = {"amsgrad", "capturable", "differentiable"}
"""Settings of Adam under which this file leaves the update to torch."""


class Direct:
    """Steps a fused Adam or AdamW; state stays where torch keeps it, in `optimizer.state`."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.fit = type(optimizer) in (torch.optim.Adam, torch.optim.AdamW) and all(
            group["fused"] and not any(group[name] for name in PLAIN)
            for group in optimizer.param_groups
        )
        self.held: list[tuple[list[Tensor], list[Tensor], list[Tensor]]] = []

    def forget(self) -> None:
        """The optimiser's state was replaced."""
        self.held = []

    def step(self, rates: Sequence[Tensor] | None = None) -> bool:
        """Update all weights, with the groups' own rates or with those in tensors (of which a
        recorded step reads the value anew); False, with nothing done, where torch must do it:
        before there is a state, and while a weight has no gradient.
        """
        if not self.fit:
            return False
        groups = self.optimizer.param_groups
        gradients = [[weight.grad for weight in group["params"]] for group in groups]
        if any(one is None for part in gradients for one in part):
            return False
        if not self.held and not self._hold(groups, gradients):
            return False
        with torch.no_grad():
            given = rates or [group["lr"] for group in groups]
            for group, part, held, rate in zip(groups, gradients, self.held, given):
                torch._foreach_add_(held[2], 1)
                _update(group, part, *held, rate)
        return True

    def _hold(self, groups: list[dict[str, Any]], gradients: list[list[Any]]) -> bool:
        """Collect the state by group; False where it is not all there, or not of one kind."""
        state = self.optimizer.state
        kinds = {(g.device, g.dtype, g.layout) for part in gradients for g in part}
        weights = [weight for group in groups for weight in group["params"]]
        kinds |= {(weight.device, weight.dtype, weight.layout) for weight in weights}
        if len(kinds) != 1 or any("exp_avg" not in state.get(weight, {}) for weight in weights):
            return False
        self.held = [
            (
                [state[weight]["exp_avg"] for weight in group["params"]],
                [state[weight]["exp_avg_sq"] for weight in group["params"]],
                [state[weight]["step"] for weight in group["params"]],
            )
            for group in groups
        ]
        return True


def _update(
    group: dict[str, Any],
    gradients: list[Any],
    first: list[Tensor],
    second: list[Tensor],
    steps: list[Tensor],
    rate: float | Tensor,
) -> None:
    operator = torch._fused_adamw_ if group.get("decoupled_weight_decay") else torch._fused_adam_
    beta1, beta2 = group["betas"]
    operator(
        group["params"],
        gradients,
        first,
        second,
        [],
        steps,
        lr=rate,
        beta1=beta1,
        beta2=beta2,
        weight_decay=group["weight_decay"],
        eps=group["eps"],
        amsgrad=False,
        maximize=group["maximize"],
        grad_scale=None,
        found_inf=None,
    )
