"""Precision."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions, confusion, per_class, summary


class Precision(Metric):
    """Share of rows called a class that are of it; mean over classes, for two the positive one."""

    name = "precision"
    title = "Precision"
    help = (
        "Share of rows called a class that are of it; mean over classes, for two the positive one."
    )
    kind = "class"
    higher_is_better = True
    share = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        matrix = confusion(predictions, target_B, spec)
        return summary(per_class(matrix)[0], matrix)
