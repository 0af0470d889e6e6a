"""Mean absolute error."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class MeanAbsoluteError(Metric):
    """Mean distance between prediction and truth, in the target's unit."""

    name = "mae"
    title = "Mean absolute error"
    help = "Mean distance between prediction and truth, in the target's unit."
    kind = "number"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        return (target_B.double() - predictions["prediction"].double()).abs().mean()
