"""Recall."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions, confusion, per_class, summary


class Recall(Metric):
    """Share of a class's rows that are found; mean over classes, for two the positive one."""

    name = "recall"
    title = "Recall"
    help = "Share of a class's rows that are found; mean over classes, for two the positive one."
    kind = "class"
    higher_is_better = True
    share = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        matrix = confusion(predictions, target_B, spec)
        return summary(per_class(matrix)[1], matrix)
