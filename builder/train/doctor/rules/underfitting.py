"""A network that is too small for its task."""

from builder.graph.spec import Graph
from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts, Node, mean_loss

LEAST_EPOCHS = 5
HIGH, HIGH_KEPT = 0.35, 0.3
FLAT = 0.03


class Underfitting(Rule):
    """A plateau far from 0, and a waist too narrow for what must pass."""

    code = "underfitting"
    title = "Underfitting: a waist too narrow"
    help = (
        "The loss has fallen by under 3 % over the latest fifth of the run and is above 35 % of "
        "the blind guess's; and a hidden layer through which everything passes has fewer units "
        "than half the classes (at least three for anything)."
    )
    news = ("epoch",)

    def find(self, facts: Facts) -> Finding | None:
        """The narrowest hidden layer, where the loss stands still too high."""
        waist = self._waist(facts)
        reference = facts.reference
        if waist is None or reference is None or facts.epoch < LEAST_EPOCHS:
            return None
        late, before = facts.tail(0.2), facts.tail(0.4)
        earlier = tuple(block for block in before if block not in late)
        if not earlier:
            return None
        now, then = mean_loss(late), mean_loss(earlier)
        kept = self.code in facts.standing
        if now < (HIGH_KEPT if kept else HIGH) * reference:
            return None
        if not kept and then - now > FLAT * max(then, 1e-12):
            return None
        return Finding(
            self.code,
            "The network is too small",
            f"The training loss stands at {now:.3g} (a blind guess has {reference:.3g}), and "
            f"everything must pass through the {waist.width} unit{'s' * (waist.width != 1)} of "
            f"{waist.id}.",
            "So few numbers cannot carry what tells the rows apart; more epochs will not help.",
            self._changes(facts, waist),
            node=waist.id,
            nodes=(waist.id,),
            evidence={"loss": now, "width": float(waist.width)},
        )

    def _waist(self, facts: Facts) -> Node | None:
        """The narrowest hidden weighted sum, where it is too narrow."""
        if len(facts.graphs) > 1 or facts.target is None:
            return None
        chain = [node for node in facts.weighted if node.kind.startswith(("Linear", "Conv"))]
        hidden = [node for node in chain[:-1] if node.width]
        if not hidden:
            return None
        least = max(3, len(facts.target.classes) // 2)
        graph = next(iter(facts.graphs.values()), None)
        narrow = [node for node in hidden if node.width < least and _alone(graph, node.id)]
        return min(narrow, key=lambda node: node.width, default=None)

    def _changes(self, facts: Facts, waist: Node) -> tuple[Change, ...]:
        units = max(32, 8 * waist.width)
        key = "out_features" if waist.kind.startswith("Linear") else "out_channels"
        edits = (("set_params", {"id": waist.id, "params": {key: units}}),)
        why = "More numbers pass; the next layer's size follows by itself."
        name = next(iter(facts.graphs), "model")
        return (Change(f"Give {waist.id} {units} units", why, edits=edits, graph=name),)


def _alone(graph: Graph | None, node: str) -> bool:
    """Whether everything must pass through the node: without it no Input reaches an Output."""
    if graph is None:
        return False
    reached = {item.id for item in graph.nodes if item.layer == "Input"} - {node}
    grown = True
    while grown:
        more = {edge.target for edge in graph.edges if edge.source in reached} - {node}
        grown = not more <= reached
        reached |= more
    return not any(item.layer == "Output" and item.id in reached for item in graph.nodes)
