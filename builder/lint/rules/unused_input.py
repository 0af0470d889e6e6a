"""Inputs that the answer does not depend on."""

from collections.abc import Iterator

from builder.compile.types import Issue
from builder.graph import structure
from builder.lint.base import Rule, Subject, warning


class UnusedInput(Rule):
    """An Input that never reaches the Output: its data cannot matter."""

    name = "unused_input"
    title = "An Input that the answer does not depend on"
    help = "Data that reaches no Output cannot help; it was probably meant to."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Inputs from which no way leads to an Output."""
        gone = set(structure.dead(subject.graph))
        for node in subject.order:
            if node.layer == "Input" and node.id in gone:
                yield warning(
                    self,
                    node,
                    f"{node.id} is not used",
                    "No way leads from this Input to an Output, so its data cannot matter. "
                    "Connect it, or remove it.",
                )
