"""Perplexity."""

from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class Perplexity(Metric):
    """Among how many equally likely tokens the model would have to guess: e to the nats per
    token.
    """

    name = "perplexity"
    title = "Perplexity"
    help = "As unsure as a guess among so many equally likely tokens; 1 is certain."
    kind = "token"
    higher_is_better = False

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class."""
        del target_B, spec
        return predictions["nats"].double().mean().exp()
