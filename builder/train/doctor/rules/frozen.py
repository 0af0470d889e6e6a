"""Weights that were told to stand still while the loss is high."""

from builder.train.doctor.base import Change, Finding, Rule, listed, percent
from builder.train.doctor.facts import Facts, mean_loss

LEAST_EPOCHS, LEAST_STEPS = 2, 20
HIGH, HIGH_KEPT = 0.6, 0.5
SHARE = 0.3


class Frozen(Rule):
    """Frozen nodes, and a loss that the others cannot bring down."""

    code = "frozen"
    title = "Frozen layers hold the network back"
    help = (
        "A third of the nodes with weights or more are frozen, and after two epochs the loss is "
        "still above 60 % of a blind guess's (kept until half). Freezing is for layers that have "
        "learnt elsewhere: as they were drawn they have nothing to keep (Yosinski et al. 2014)."
    )
    news = ("probe", "epoch")

    def find(self, facts: Facts) -> Finding | None:
        """The frozen nodes, where the loss is high."""
        heavy = [node for node in facts.weighted if node.width]
        still = tuple(node.id for node in heavy if node.id in facts.frozen)
        if not still or len(still) < SHARE * len(heavy) or facts.rising:
            return None
        reference, now = facts.reference, mean_loss(facts.tail())
        limit = HIGH_KEPT if self.code in facts.standing else HIGH
        early = facts.epoch < LEAST_EPOCHS or facts.step < LEAST_STEPS
        if early or reference is None or now < limit * reference:
            return None
        share = sum(n.weights for n in heavy if n.id in still) / sum(n.weights for n in heavy)
        return Finding(
            self.code,
            f"{listed(still)} {'is' if len(still) == 1 else 'are'} frozen",
            f"{percent(share)} of the weights stand still. The loss is {now:.3g}; a blind guess "
            f"has {reference:.3g}.",
            "Frozen layers keep what they know. If they have not learnt on other data, they know "
            "nothing, and the rest must work with what they happen to give.",
            (
                Change(
                    "Let all layers learn",
                    "Nothing is frozen from the next step on.",
                    order={"order": "set", "freeze": []},
                    overrides={"recipe.freeze": []},
                ),
            ),
            node=still[0],
            nodes=still,
            evidence={"share": share, "loss": now},
        )
