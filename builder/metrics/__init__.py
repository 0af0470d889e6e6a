"""Metrics under scikit-learn's names, computed in torch on the device. One file per metric, found
by scan.
"""

import sys
from collections.abc import Iterable, Mapping
from functools import cache

import torch
from torch import Tensor

from builder.data.specs import TargetSpec
from builder.errors import LaminaError
from builder.metrics.base import Metric
from builder.scan import classes

__all__ = ["Metric", "check", "compute", "get", "higher_is_better", "names"]


@cache
def _all() -> dict[str, type[Metric]]:
    return {metric.name: metric for metric in classes(sys.modules[__name__], Metric)}  # type: ignore[type-abstract]


def names(spec: TargetSpec | None = None) -> tuple[str, ...]:
    """All metrics, or those that fit the target."""
    return tuple(
        name for name, metric in _all().items() if spec is None or metric.kind == spec.kind
    )


def get(name: str) -> type[Metric]:
    """The metric of that name. Raises LaminaError where there is none."""
    if name not in _all():
        raise LaminaError(
            f"There is no metric {name!r}.",
            place="task.metrics",
            remedy=f"Choose from: {', '.join(_all())}.",
        )
    return _all()[name]


def check(wanted: Iterable[str], kind: str) -> None:
    """Raise LaminaError for a metric that is unknown or not of the kind that a task measures."""
    for name in wanted:
        if get(name).kind != kind:
            known = [other for other, metric in _all().items() if metric.kind == kind]
            raise LaminaError(
                f"The metric {name!r} does not fit this task.",
                place="task.metrics",
                remedy=f"Choose from: {', '.join(known) or 'none'}.",
            )


def higher_is_better(figure: str) -> bool:
    """Whether more is better for a figure such as "accuracy" or "validation_loss"."""
    name = figure.removeprefix("validation_").removeprefix("train_").removeprefix("test_")
    return name in _all() and _all()[name].higher_is_better


NO_TARGET = TargetSpec(name="", kind="number")
"""What metrics of made things are told: they look at no target."""


def compute(
    wanted: Iterable[str],
    predictions: Mapping[str, Tensor],
    target: Tensor | None = None,
    spec: TargetSpec | None = None,
) -> dict[str, float]:
    """The figures by name; NaN where one is not defined for these rows, or where there are none.

    Target and its spec may be left out for metrics of the kinds "token" and "image".
    """
    spec = spec or NO_TARGET
    if target is None:
        target = torch.empty(0)
    if not all(len(value) for value in predictions.values()):
        return {name: float("nan") for name in wanted}
    values = {name: get(name).compute(predictions, target, spec) for name in wanted}
    return {name: float(value) for name, value in values.items()}
