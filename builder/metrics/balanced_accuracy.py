"""Balanced accuracy."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions, confusion, per_class


class BalancedAccuracy(Metric):
    """Mean over the classes of the share that is found; chance is 1 / classes."""

    name = "balanced_accuracy"
    title = "Balanced accuracy"
    help = "Mean over the classes of the share that is found; chance is 1 / classes."
    kind = "class"
    higher_is_better = True
    share = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        matrix = confusion(predictions, target_B, spec)
        _, recall, _ = per_class(matrix)
        return recall[matrix.sum(1) > 0].mean()
