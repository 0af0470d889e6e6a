"""A deep network without any normalisation."""

from collections.abc import Iterator

from builder.compile.types import Edit, Fix, Issue
from builder.graph import edit
from builder.graph.spec import Graph
from builder.lint.base import Rule, Subject, warning

_DEEP = 6


class NoNorm(Rule):
    """Numbers drift from layer to layer; normalisation brings them back."""

    name = "no_norm"
    title = "Six or more convolutions or Linear layers in a row without normalisation"
    help = "Numbers grow or fade from layer to layer; a deep network without norm trains badly."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Deep networks of weighted layers with neither a norm nor SELU nor a shortcut."""
        layers = [node for node in subject.order if node.layer.startswith(("Conv", "Linear"))]
        calm = any(
            "Norm" in node.layer or node.layer in ("SELU", "Add", "TransformerEncoder")
            or node.layer.startswith("Transformer") or node.layer in subject.modules
            for node in subject.order
        )  # fmt: skip
        if calm or len(layers) < _DEEP:
            return
        graph: Graph = subject.graph
        edits: list[Edit] = []
        for node in layers[:-1]:
            shapes, edges = subject.check.nodes[node.id].outputs, subject.behind[node.id]
            if len(edges) != 1 or not shapes or len(shapes[0]) not in (1, 3, 4):
                continue
            norm = f"BatchNorm{max(1, len(shapes[0]) - 1)}d"
            step: Edit = (
                "insert_on_edge",
                {"edge": edges[0].model_dump(), "layer": norm, "id": edit.fresh_id(graph, norm)},
            )
            graph = edit.apply(graph, *step)
            edits.append(step)
        fixes: tuple[Fix, ...] = ()
        if edits:
            fixes = (
                Fix(
                    label=f"Put BatchNorm after {len(edits)} layers",
                    why="Each layer then gets numbers of mean 0 and spread 1.",
                    price="two parameters per channel",
                    edits=tuple(edits),
                ),
            )
        yield warning(
            self,
            layers[0],
            "A deep network without normalisation",
            f"{len(layers)} weighted layers follow each other; without normalisation or shortcuts "
            "the numbers grow or fade on the way, and training is slow or fails.",
            *fixes,
        )
