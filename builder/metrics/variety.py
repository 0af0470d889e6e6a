"""Variety."""

import math

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class Variety(Metric):
    """How evenly made images fall into the judge's classes: entropy over that of an even share.

    Near 0 the generator makes one thing over and over (mode collapse).
    """

    name = "variety"
    title = "Variety"
    help = "How evenly the made images fall into the classes; 1 is even, 0 is always the same."
    kind = "image"
    higher_is_better = True
    share = True
    made_alone = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del target_B, spec
        p_MK = predictions["made_probabilities"]
        share_K = p_MK.argmax(1).bincount(minlength=p_MK.shape[1]).double() / len(p_MK)
        entropy = (share_K * -share_K.clamp_min(1e-12).log()).sum()
        return entropy / math.log(p_MK.shape[1])
