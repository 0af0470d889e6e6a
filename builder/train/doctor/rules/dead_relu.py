"""ReLU units that are 0 for every row."""

from builder.train.doctor.base import Finding, Rule, activation_change, listed, percent
from builder.train.doctor.facts import RECTIFIERS, Facts

CAUGHT, BORN, KEPT = 0.9, 0.6, 0.5
FIRST = 40
"""Steps within which units that are silent have been so from the beginning."""
REPAIR = "It lets a little through below 0, so no unit can die. The weights begin anew."


class DeadRelu(Rule):
    """The share of units that are silent in the whole probe."""

    code = "dead_relu"
    title = "Dead ReLU units"
    help = (
        "Nine of ten units of a ReLU are 0 for all 64 rows of the probe (kept until five): "
        "their gradient is 0, so they never come back (Lu et al. 2020). Fewer are common: a wide "
        "trained layer has units that answer to rare rows only; but not within the first 40 steps, "
        "where six of ten are told."
    )
    news = ("probe",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The ReLU with the largest silent share."""
        fresh = BORN if facts.step <= FIRST else CAUGHT
        limit = KEPT if self.code in facts.standing else fresh
        shares = {
            node.id: facts.recent(node.id, "dead") or 0.0
            for node in facts.nodes.values()
            if node.kind in RECTIFIERS
        }
        dead = tuple(node for node, share in shares.items() if share >= limit)
        if not dead or facts.alike - facts.frozen:  # what feeds it is 0 from the beginning
            return None
        worst = max(dead, key=lambda node: shares[node])
        return Finding(
            self.code,
            f"{worst} is dead" if len(dead) == 1 else f"{listed(dead)} are dead",
            f"{percent(shares[worst])} of the units of {worst} are 0 for every row of the probe.",
            "A ReLU that is 0 for every row has no gradient: what feeds it learns nothing any "
            "more. Steps that were too long, or a bias far below 0, do that." + facts.follows,
            ()
            if facts.follows
            else activation_change(facts, dead, RECTIFIERS, "LeakyReLU", REPAIR),
            node=worst,
            nodes=dead,
            evidence={"dead": shares[worst]},
        )
