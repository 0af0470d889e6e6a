"""Mean squared error."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class MeanSquaredError(Metric):
    """Mean squared distance between prediction and truth."""

    name = "mse"
    title = "Mean squared error"
    help = "Mean squared distance between prediction and truth."
    kind = "number"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        return (target_B.double() - predictions["prediction"].double()).square().mean()
