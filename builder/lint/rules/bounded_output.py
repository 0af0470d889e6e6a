"""Sigmoid on the scores of a classifier, or on the number of a regression."""

from collections.abc import Iterator

from builder.compile.types import Issue
from builder.lint.base import Rule, Subject, removal, warning

_BOUNDED = ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign", "LogSigmoid", "ReLU", "ReLU6")


class BoundedOutput(Rule):
    """The answer must be free to take any value."""

    name = "bounded_output"
    title = "An activation such as Sigmoid or ReLU right before the Output"
    help = "Scores and standardised numbers are free; cutting them off makes some unreachable."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Activations that limit the answer, for classification and regression."""
        if subject.task_kind not in ("classification", "regression"):
            return
        for node in subject.order:
            after = subject.after(node)
            if node.layer not in _BOUNDED or after is None or after.layer != "Output":
                continue
            if subject.task_kind == "classification":
                why = (
                    "The loss turns the raw scores into chances itself; "
                    f"{node.layer} limits how sure the network can become."
                )
            else:
                why = (
                    "The number is learnt in standardised units, above and below 0; "
                    f"{node.layer} makes a part of them unreachable."
                )
            yield warning(
                self,
                node,
                f"{node.id} limits the answer",
                why,
                removal(node, "The answer is then free to take any value."),
            )
