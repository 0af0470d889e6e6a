"""Accuracy."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class Accuracy(Metric):
    """Share of rows whose class is predicted rightly."""

    name = "accuracy"
    title = "Accuracy"
    help = "Share of rows whose class is predicted rightly."
    kind = "class"
    higher_is_better = True
    share = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        return (predictions["prediction"] == target_B).double().mean()
