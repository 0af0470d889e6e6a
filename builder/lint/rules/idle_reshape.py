"""A layer for shapes that leaves the shape as it is."""

from collections.abc import Iterator

from builder.compile.types import Issue
from builder.lint.base import Rule, Subject, removal, warning

_SHAPES = ("Reshape", "Unflatten")


class IdleReshape(Rule):
    """What comes in goes out."""

    name = "idle_reshape"
    title = "A Reshape or Unflatten that changes nothing"
    help = "The same shape goes out that comes in; probably other sizes were meant."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Layers for shapes with the same shape before and behind."""
        for node in subject.order:
            info = subject.check.nodes[node.id]
            if node.layer in _SHAPES and info.outputs and info.inputs == info.outputs:
                yield warning(
                    self,
                    node,
                    f"{node.id} does nothing",
                    "The same shape goes out that comes in. Set the sizes that were meant, or take "
                    "it out.",
                    removal(node, "Nothing changes without it."),
                )
