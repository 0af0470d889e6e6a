"""Dropout that leaves hardly anything."""

from collections.abc import Iterator

from builder.compile.types import Fix, Issue
from builder.lint.base import Rule, Subject, warning


class StrongDropout(Rule):
    """Above 0.7 a layer hears next to nothing."""

    name = "strong_dropout"
    title = "Dropout of more than 0.7"
    help = "So little is left that the network cannot learn what it is trained on."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Dropout layers with p above 0.7."""
        for node in subject.order:
            share = subject.param(node, "p")
            if "Dropout" in node.layer and isinstance(share, int | float) and share > 0.7:
                fix = Fix(
                    label="Set p to 0.5",
                    why="Half is the strongest that usually helps.",
                    price="no parameters",
                    edits=(("set_params", {"id": node.id, "params": {"p": 0.5}}),),
                )
                yield warning(
                    self,
                    node,
                    f"{node.id} leaves out {share:.0%}",
                    "While training, hardly anything gets through, so little can be learnt.",
                    fix,
                )
