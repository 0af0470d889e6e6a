"""Dropout on the answer itself."""

from collections.abc import Iterator

from builder.compile.types import Issue
from builder.lint.base import Rule, Subject, removal, warning


class DropoutOutput(Rule):
    """Leaving out parts of the answer only adds noise."""

    name = "dropout_output"
    title = "Dropout right before the Output"
    help = "It sets whole scores to 0 at random: the network is blamed for what it never said."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Dropout layers whose result is the answer."""
        for node in subject.order:
            after = subject.after(node)
            if "Dropout" in node.layer and after is not None and after.layer == "Output":
                yield warning(
                    self,
                    node,
                    f"{node.id} leaves out parts of the answer",
                    "While training, scores are set to 0 at random, and the network is blamed for "
                    "them. Dropout belongs before the last layer.",
                    removal(node, "The answer is then what the last layer says."),
                )
