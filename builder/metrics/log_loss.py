"""Log loss."""

import torch
from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class LogLoss(Metric):
    """Mean negative log of the probability given to the true class."""

    name = "log_loss"
    title = "Log loss"
    help = "Mean negative log of the probability given to the true class."
    kind = "class"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        p_BK = predictions["probabilities"]
        p_B = p_BK.gather(1, target_B[:, None])[:, 0].double()
        return -p_B.clamp(torch.finfo(p_BK.dtype).eps, 1 - torch.finfo(p_BK.dtype).eps).log().mean()
