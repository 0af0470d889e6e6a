"""Losses under torch.nn's names, for the tasks; each takes the model's output and the target in the
model's unit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from builder.errors import LaminaError

Loss = Callable[..., Tensor]


def _cross_entropy(
    x_BK: Tensor, target_B: Tensor, *, weight: Tensor | None, label_smoothing: float
) -> Tensor:
    return F.cross_entropy(x_BK, target_B, weight=weight, label_smoothing=label_smoothing)


def _nll(
    x_BK: Tensor, target_B: Tensor, *, weight: Tensor | None, label_smoothing: float
) -> Tensor:
    """Of logits; of log-probabilities too, which a log-softmax leaves as they are."""
    del label_smoothing
    return F.nll_loss(F.log_softmax(x_BK, 1), target_B, weight=weight)


def _multi_margin(
    x_BK: Tensor, target_B: Tensor, *, weight: Tensor | None, label_smoothing: float
) -> Tensor:
    del label_smoothing
    return F.multi_margin_loss(x_BK, target_B, weight=weight)


CLASS_LOSSES: dict[str, Loss] = {
    "CrossEntropyLoss": _cross_entropy,
    "BCEWithLogitsLoss": _cross_entropy,  # with two logits both losses are one
    "NLLLoss": _nll,
    "MultiMarginLoss": _multi_margin,
}

NUMBER_LOSSES: dict[str, tuple[Loss, dict[str, float]]] = {
    "MSELoss": (F.mse_loss, {}),
    "L1Loss": (F.l1_loss, {}),
    "HuberLoss": (F.huber_loss, {"delta": 1.0}),
    "SmoothL1Loss": (F.smooth_l1_loss, {"beta": 1.0}),
}
"""The loss and its options with their defaults; numbers are in standard deviations of the training
target.
"""


def choose(table: Mapping[str, Any], name: str | None, default: str) -> str:
    """The name of a loss in the table. Raises LaminaError with those there are."""
    name = name or default
    if name not in table:
        raise LaminaError(
            f"The loss {name!r} does not fit this task.",
            place="task.loss",
            remedy=f"Choose one of: {', '.join(table)}.",
        )
    return name


def options(given: Mapping[str, Any], known: Mapping[str, float]) -> dict[str, float]:
    """The loss's options, defaults filled in. Raises LaminaError for an unknown one or one that is
    not above 0.
    """
    for name, value in given.items():
        if name not in known:
            rest = f"It knows: {', '.join(known)}." if known else "It has no options."
            raise LaminaError(
                f"The option {name!r} is not known to this loss.",
                place=f"task.options.{name}",
                remedy=rest,
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise LaminaError(
                f"{value!r} is no number above 0.",
                place=f"task.options.{name}",
                remedy=f"The default is {known[name]:g}.",
            )
    return {**known, **{name: float(value) for name, value in given.items()}}
