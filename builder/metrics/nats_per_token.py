"""Nats per token."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class NatsPerToken(Metric):
    """Mean negative log of the probability given to the token that came (divide by log 2 for
    bits).
    """

    name = "nats_per_token"
    title = "Nats per token"
    help = "Mean surprise at each next token, in natural units; one nat is 1.44 bits."
    kind = "token"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del target_B, spec
        return predictions["nats"].double().mean()
