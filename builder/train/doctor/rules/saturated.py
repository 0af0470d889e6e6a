"""Sigmoid or Tanh at its bounds."""

from builder.train.doctor.base import Finding, Rule, activation_change, listed, percent
from builder.train.doctor.facts import BOUNDED, Facts

CAUGHT, KEPT = 0.6, 0.4
REPAIR = "ReLU has no upper bound to get stuck at. The weights begin anew."


class Saturated(Rule):
    """The share of values that sit at the bounds of an activation."""

    code = "saturated"
    title = "Saturated Sigmoid or Tanh"
    help = (
        "More than 60 % of the values (kept until 40 %) lie within a fiftieth of the range from a "
        "bound, where the slope is under a tenth of the middle's (Glorot and Bengio 2010). The "
        "last node of a network may: black and white are the bounds of a picture."
    )
    news = ("probe",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The activation with the most values at its bounds."""
        limit = KEPT if self.code in facts.standing else CAUGHT
        shares = {
            node.id: facts.recent(node.id, "saturated") or 0.0
            for node in facts.nodes.values()
            if node.kind in BOUNDED and node.id not in facts.ends
        }
        full = tuple(node for node, share in shares.items() if share >= limit)
        if not full:
            return None
        worst = max(full, key=lambda node: shares[node])
        return Finding(
            self.code,
            f"{listed(full)} {'is' if len(full) == 1 else 'are'} saturated",
            f"{percent(shares[worst])} of the values of {worst} sit at its bounds.",
            "There it is flat: hardly any gradient passes, and the layers before it stand still. "
            "What feeds it is too large.",
            activation_change(facts, full, BOUNDED, "ReLU", REPAIR),
            node=worst,
            nodes=full,
            evidence={"saturated": shares[worst]},
        )
