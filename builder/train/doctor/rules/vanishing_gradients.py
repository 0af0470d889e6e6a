"""Gradients that fade on their way to the first layers."""

import math

from builder.train.doctor.base import Change, Finding, Rule, listed, percent
from builder.train.doctor.facts import Facts, Node

CAUGHT, KEPT = 1e-3, 1e-2
DEEP = 4
FLAT = ("Sigmoid", "Tanh", "Softsign", "Hardsigmoid", "Hardtanh")


class VanishingGradients(Rule):
    """The first weighted layer's gradient against the last one's."""

    code = "vanishing_gradients"
    title = "Gradients that vanish"
    help = (
        "With four or more weighted layers, the gradient of the first (root mean square per "
        "weight) is under a thousandth of the last one's; kept until a hundredth. Why it "
        "fades: Glorot and Bengio 2010; the limits were chosen on the runs of benchmarks/doctor.py."
    )
    news = ("probe",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """A network of at least four weighted sums whose first ones get next to no gradient."""
        if facts.alike - facts.frozen:  # weights of 0 let nothing through: their own rule says so
            return None
        chains: dict[str, list[Node]] = {}
        for node in facts.weighted:
            if node.kind.startswith(("Linear", "Conv", "Bilinear")) and node.id not in facts.frozen:
                chains.setdefault(node.id.rpartition("/")[0], []).append(node)
        found = (self._fades(facts, chain) for chain in chains.values())
        return next((finding for finding in found if finding is not None), None)

    def _fades(self, facts: Facts, chain: list[Node]) -> Finding | None:
        if len(chain) < DEEP:
            return None
        sizes = {node.id: self._size(facts, node) for node in chain}
        last = max(sizes[node.id] or 0.0 for node in chain[-2:])
        first = sizes[chain[0].id]
        if first is None or last <= 0:
            return None
        limit = KEPT if self.code in facts.standing else CAUGHT
        if first >= limit * last:
            return None
        weak = tuple(n.id for n in chain if (sizes[n.id] or 0.0) < 10 * limit * last)
        share = first / last
        return Finding(
            self.code,
            "The gradient fades before it reaches the first layers",
            f"{chain[0].id} gets {percent(share)} of the gradient of {chain[-1].id} "
            f"(per weight); {listed(weak)} hardly learn{'s' if len(weak) == 1 else ''}.",
            "Each layer on the way back multiplies the gradient by its slope, and small slopes "
            "multiply to nothing." + facts.follows,
            () if facts.follows else self._changes(facts),
            node=chain[0].id,
            nodes=weak,
            evidence={"share": share},
        )

    def _size(self, facts: Facts, node: Node) -> float | None:
        value = facts.recent(node.id, "gradient")
        return None if value is None else value / math.sqrt(node.weights)

    def _changes(self, facts: Facts) -> tuple[Change, ...]:
        if len(facts.graphs) != 1:
            return ()
        (name, graph), *_ = facts.graphs.items()
        flat = [node.id for node in graph.nodes if node.layer in FLAT]
        if not flat:
            return ()
        return (
            Change(
                f"Make the {'activation' if len(flat) == 1 else f'{len(flat)} activations'} ReLU",
                "ReLU lets the gradient through unchanged.",
                edits=tuple(
                    ("set_layer", {"id": node, "layer": "ReLU", "params": {}}) for node in flat
                ),
                graph=name,
            ),
        )
