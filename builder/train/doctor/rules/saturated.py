"""Sigmoid or Tanh at its bounds."""

from builder.train.doctor.base import (
    Change,
    Finding,
    Rule,
    activation_change,
    listed,
    percent,
    rate_change,
)
from builder.train.doctor.facts import BOUNDED, Facts

CAUGHT, KEPT = 0.6, 0.4
GATED, WIDE = frozenset({"LSTM", "GRU", "RNN"}), 5.0
REPAIR = "ReLU has no upper bound to get stuck at. The weights begin anew."


class Saturated(Rule):
    """The share of values that sit at the bounds of an activation."""

    code = "saturated"
    title = "Saturated Sigmoid or Tanh"
    help = (
        "More than 60 % of the values (kept until 40 %) lie within a fiftieth of the range from a "
        "bound, where the slope is under a tenth of the middle's (Glorot and Bengio 2010). The "
        "last node of a network may: black and white are the bounds of a picture. Or the weights "
        "of an LSTM, GRU or RNN, whose gates no probe sees, are 5 on average (root mean square; "
        "0.1 is usual), so that every sum of them lies beyond what a gate tells apart."
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
            return self._gates(facts)
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

    def _gates(self, facts: Facts) -> Finding | None:
        """A recurrent node whose weights hold its gates open or shut."""
        limit = WIDE * (KEPT / CAUGHT if self.code in facts.standing else 1)
        sizes = {
            node.id: (facts.recent(node.id, "weight", looks=1) or 0.0) / node.weights**0.5
            for node in facts.weighted
            if node.kind in GATED
        }
        worst = max(sizes, key=lambda node: sizes[node], default=None)
        if worst is None or sizes[worst] < limit:
            return None
        rate = (facts.rate or facts.recipe.optimizer.lr) / 10
        return Finding(
            self.code,
            f"The gates of {worst} are saturated",
            f"Its weights are {sizes[worst]:.3g} on average (root mean square); 0.1 is usual.",
            "Every sum of so large weights opens a gate wholly or shuts it: hardly any gradient "
            "passes. Weights that a run begins with (start_from) may be to blame, or long steps.",
            (
                rate_change(facts, rate, "Shorter steps let weights grow less."),
                Change(
                    "Begin with weights as drawn",
                    "Nothing is taken from another run or file.",
                    overrides={"recipe.start_from": None},
                ),
            ),
            node=worst,
            nodes=(worst,),
            evidence={"weight": sizes[worst]},
        )
