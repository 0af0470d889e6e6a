"""Softmax before a loss that does it itself."""

from collections.abc import Iterator

from builder.compile.types import Issue
from builder.lint.base import Rule, Subject, removal, warning


class SoftmaxOutput(Rule):
    """Cross-entropy takes raw scores; squeezing them first flattens the gradient."""

    name = "softmax_output"
    title = "Softmax or LogSoftmax right before the Output of a classifier"
    help = "The loss applies softmax itself; doing it twice makes learning slow and weak."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Softmax, LogSoftmax or Softmin whose result is the answer."""
        if subject.task_kind != "classification":
            return
        for node in subject.order:
            after = subject.after(node)
            if node.layer in ("Softmax", "LogSoftmax", "Softmin") and after is not None:
                if after.layer != "Output":
                    continue
                yield warning(
                    self,
                    node,
                    f"{node.id} is applied twice",
                    "The loss of a classifier turns scores into chances itself. With "
                    f"{node.layer} before it, the differences are squeezed and learning is slow.",
                    removal(node, "The Output then gives raw scores, as the loss wants them."),
                )
