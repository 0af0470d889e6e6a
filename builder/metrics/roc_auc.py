"""Area under the ROC curve."""

import torch
from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class RocAuc(Metric):
    """How often a row of the class scores above a row of another; one class against the rest, mean
    over classes.
    """

    name = "roc_auc"
    title = "ROC AUC"
    help = "How often a row of the class scores above one that is not; 0.5 is chance."
    kind = "class"
    higher_is_better = True
    share = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """NaN where a class does not occur among the rows."""
        scores_BK = predictions["probabilities"]
        k = len(spec.classes)
        wanted = [1] if k == 2 else range(k)
        return torch.stack([_area(scores_BK[:, c], target_B == c) for c in wanted]).mean()


def _area(score_B: Tensor, positive_B: Tensor) -> Tensor:
    """The Mann-Whitney statistic with mean ranks for ties."""
    _, inverse, counts = torch.unique(score_B, return_inverse=True, return_counts=True)
    last = counts.cumsum(0).double()
    rank_B = (last - (counts.double() - 1) / 2)[inverse]
    positives = positive_B.sum().double()
    negatives = len(score_B) - positives
    above: Tensor = rank_B[positive_B].sum() - positives * (positives + 1) / 2
    area: Tensor = above / (positives * negatives)
    return area
