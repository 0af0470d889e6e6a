"""Sigmoid or Tanh between the layers of a deep network."""

from collections.abc import Iterator

from builder.compile.types import Fix, Issue
from builder.lint.base import Rule, Subject, warning

_SATURATING = ("Sigmoid", "Tanh")
_DEEP = 4


class SaturatedHidden(Rule):
    """Their slope is small far from 0, and small slopes multiply to nothing."""

    name = "saturated_hidden"
    title = "Four or more Sigmoid or Tanh activations between layers, without normalisation"
    help = "Each of them shrinks the gradient; after several of them the first layers stand still."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Chains of weighted layers bent by Sigmoid or Tanh only."""
        if any("Norm" in node.layer or node.layer == "Add" for node in subject.order):
            return
        found = [
            node
            for node in subject.order
            if node.layer in _SATURATING
            and (before := subject.before(node)) is not None
            and before.layer.startswith(("Conv", "Linear"))
            and (after := subject.after(node)) is not None
            and after.layer not in ("Output", "Multiply")
        ]
        if len(found) < _DEEP:
            return
        fix = Fix(
            label=f"Make them all ReLU ({len(found)})",
            why="ReLU lets the gradient through unchanged.",
            price="no parameters",
            edits=tuple(
                ("set_layer", {"id": node.id, "layer": "ReLU", "params": {}}) for node in found
            ),
        )
        yield warning(
            self,
            found[0],
            "The gradient will fade",
            f"{len(found)} activations in a row flatten out far from 0; each shrinks the gradient, "
            "and the first layers hardly learn.",
            fix,
        )
