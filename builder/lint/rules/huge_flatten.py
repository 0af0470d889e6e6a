"""One Linear layer after Flatten that holds nearly all weights."""

from collections.abc import Iterator

from builder.compile.types import Fix, Issue
from builder.graph import edit
from builder.lint.base import Rule, Subject, warning

_SHARE = 0.8
_MANY = 500_000


class HugeFlatten(Rule):
    """A big picture flattened needs a weight for each pixel and each unit: it learns by heart."""

    name = "huge_flatten"
    title = "More than 80 % of all parameters in one Linear layer after Flatten"
    help = "So many weights in one place are slow and learn by heart; pooling first avoids it."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """A Linear layer after Flatten of a picture, with most of at least half a million."""
        whole = subject.check.parameters
        for node in subject.order:
            flat = subject.before(node)
            own = subject.check.nodes[node.id].parameters
            if node.layer != "Linear" or flat is None or flat.layer != "Flatten":
                continue
            shapes = subject.check.nodes[flat.id].inputs
            if own < _MANY or own < _SHARE * whole or not shapes or len(shapes[0]) not in (3, 4):
                continue
            edges = subject.into[flat.id]
            pool = f"AdaptiveAvgPool{len(shapes[0]) - 1}d"
            if max(shapes[0][1:]) <= 2 or len(edges) != 1:
                continue
            fewer = own - own // (subject.check.nodes[flat.id].outputs[0][0] // shapes[0][0])
            fix = Fix(
                label=f"Pool to one number per channel before {flat.id}",
                why="The mean of each channel is kept; position hardly matters at the end.",
                price=f"about −{fewer:,} parameters",
                edits=(
                    (
                        "insert_on_edge",
                        {
                            "edge": edges[0].model_dump(),
                            "layer": pool,
                            "id": edit.fresh_id(subject.graph, pool),
                            "params": {"output_size": 1},
                        },
                    ),
                ),
            )
            yield warning(
                self,
                node,
                f"{node.id} holds {own / whole:.0%} of all parameters",
                f"{own:,} of {whole:,} weights sit between the flattened picture and {node.id}: "
                "slow, and prone to learning by heart.",
                fix,
            )
