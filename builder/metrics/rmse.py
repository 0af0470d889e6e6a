"""Root mean squared error."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class RootMeanSquaredError(Metric):
    """Root of the mean squared distance, in the target's unit; far misses weigh more."""

    name = "rmse"
    title = "Root mean squared error"
    help = "Root of the mean squared distance, in the target's unit; far misses weigh more."
    kind = "number"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        return (target_B.double() - predictions["prediction"].double()).square().mean().sqrt()
