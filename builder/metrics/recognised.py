"""Recognised share."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions

SURE = 0.8
"""A judge that gives one class at least this probability recognises the image."""


class Recognised(Metric):
    """Share of made images to which the judge gives one class a probability of at least 0.8."""

    name = "recognised"
    title = "Recognised"
    help = "Share of made images in which a judge is at least 80 % sure of one class."
    kind = "image"
    higher_is_better = True
    share = True
    made_alone = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del target_B, spec
        return (predictions["made_probabilities"].amax(1) >= SURE).double().mean()
