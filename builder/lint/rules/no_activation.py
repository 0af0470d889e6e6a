"""Two linear layers with nothing bent between them."""

from collections.abc import Iterator

from builder.compile.types import Fix, Issue
from builder.graph import edit
from builder.graph.spec import Node
from builder.lint.base import Rule, Subject, warning

_LINEAR = ("Linear", "Conv1d", "Conv2d", "Conv3d")
_SHAPE_ONLY = ("Flatten", "Unflatten", "Reshape", "Permute", "Transpose", "Squeeze", "Unsqueeze")
_STRAIGHT = ("Dropout", "Identity", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", *_SHAPE_ONLY)


class NoActivation(Rule):
    """A straight line after a straight line is one straight line."""

    name = "no_activation"
    title = "No activation between two Linear or convolution layers"
    help = "Without a bend in between, two layers can learn no more than one."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Pairs of linear layers with only straight layers between them."""
        for node in subject.order:
            if node.layer not in _LINEAR:
                continue
            last, second = self._next(subject, node)
            if second is None or self._factored(subject, node, second):
                continue
            name = edit.fresh_id(subject.graph, "ReLU")
            pair = subject.behind[last.id][0]
            fix = Fix(
                label=f"Put ReLU after {last.id}",
                why="The bend lets the second layer learn something new.",
                price="no parameters",
                edits=(
                    ("insert_on_edge", {"edge": pair.model_dump(), "layer": "ReLU", "id": name}),
                ),
            )
            yield warning(
                self,
                second,
                f"Nothing is bent between {node.id} and {second.id}",
                f"{node.id} and {second.id} are both weighted sums; one after the other they can "
                "learn no more than a single one.",
                fix,
            )

    def _next(self, subject: Subject, node: Node) -> tuple[Node, Node | None]:
        """The last straight layer behind the node, and the linear layer that follows it."""
        last, following = node, subject.after(node)
        while following is not None and following.layer in _STRAIGHT:
            last, following = following, subject.after(following)
        if following is not None and following.layer in _LINEAR:
            return last, following
        return last, None

    def _factored(self, subject: Subject, first: Node, second: Node) -> bool:
        """Two steps on purpose: depthwise then 1×1 (MobileNet), or a narrow waist (low rank)."""
        if (subject.param(first, "groups") or 1) > 1 or (subject.param(second, "groups") or 1) > 1:
            return True
        one, two = subject.check.nodes[first.id], subject.check.nodes[second.id]
        if first.layer != second.layer or not one.outputs or not two.outputs:
            return False
        index = -1 if first.layer == "Linear" else 0
        waist = one.outputs[0][index]
        return waist < min(one.inputs[0][index], two.outputs[0][index])
