"""R²."""

import torch
from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class R2(Metric):
    """Share of the target's variance that is explained; 0 is as good as the mean."""

    name = "r2"
    title = "R²"
    help = "Share of the target's variance that is explained; 0 is as good as the mean."
    kind = "number"
    higher_is_better = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del spec
        target = target_B.double()
        rest = (target - predictions["prediction"].double()).square().sum()
        total = (target - target.mean()).square().sum()
        if total == 0:
            return torch.where(rest == 0, 1.0, 0.0) if len(target) > 1 else total / 0
        return 1 - rest / total
