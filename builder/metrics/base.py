"""The metric contract, and the confusion counts that several metrics share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor

from builder.data.specs import TargetSpec

Predictions = Mapping[str, Tensor]
"""What a task's `predict` gives. Numbers: "prediction" [B]; classes: also "probabilities" [B, K];
tokens: "nats" [B], the mean surprise of each window; images: "real" [N, D] and "made" [M, D],
features of a judge, and "made_probabilities" [M, K], of its classes for the made ones (they sum up
to less than 1 where it sees none of them).
"""


class Metric(ABC):
    """One figure under scikit-learn's name; one file in builder/metrics, found by scan."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    kind: ClassVar[Literal["class", "number", "token", "image"]]  # the predictions that it needs
    higher_is_better: ClassVar[bool]
    share: ClassVar[bool] = False  # from 0 to 1, read in per cent
    by_decades: ClassVar[bool] = False  # falls by powers of ten: read on a logarithmic axis
    made_alone: ClassVar[bool] = False  # looks at no row of a split, but at what was made

    @staticmethod
    @abstractmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """The figure as a scalar on the predictions' device; NaN where it is not defined (one class
        only). Only kinds "class" and "number" look at target and spec.
        """


def confusion(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
    """Rows by true and predicted class, [K, K]."""
    k = len(spec.classes)
    flat = target_B * k + predictions["prediction"]
    return torch.bincount(flat, minlength=k * k).reshape(k, k).double()


def per_class(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Precision, recall and F1 of each class [K]; 0 where undefined, as scikit-learn has it."""
    hits = matrix.diagonal()
    predicted, true = matrix.sum(0), matrix.sum(1)
    precision = hits / predicted.clamp_min(1)
    recall = hits / true.clamp_min(1)
    f1 = 2 * hits / (predicted + true).clamp_min(1)
    return precision, recall, f1


def summary(values_K: Tensor, matrix: Tensor) -> Tensor:
    """For two classes the second one's value; else the mean over the classes that occur at all."""
    if len(values_K) == 2:
        return values_K[1]
    seen = (matrix.sum(0) + matrix.sum(1)) > 0
    return values_K[seen].mean()
