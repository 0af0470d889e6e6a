"""Steps that are too short."""

from statistics import median

from builder.train.doctor.base import Finding, Rule, percent, rate_change
from builder.train.doctor.facts import CAUSES, Facts, mean_loss

CAUGHT, KEPT = 1e-4, 2e-4


class RateTooLow(Rule):
    """Weights that hardly move, at the rate that the recipe means, while there is much to learn."""

    code = "rate_too_low"
    title = "A learning rate that is too low"
    help = (
        "Half of the nodes move by less than 0.01 % a step, at no less than a third of the highest "
        "rate of the run so far, and the loss is still above 60 % of the blind guess's (0.1 to 1 % "
        "a step is usual: Karpathy, CS231n notes)."
    )
    news = ("probe", "epoch")

    def find(self, facts: Facts) -> Finding | None:
        """Small update ratios without warm-up or the end of a schedule to excuse them."""
        ratios = facts.ratios()
        if not ratios or not facts.rate or len(facts.probes) < 2 or facts.epoch < 1:
            return None
        others = facts.standing & CAUSES - {self.code}
        if others or facts.rising or facts.rate < 0.3 * facts.peak:
            return None
        reference, now = facts.reference, mean_loss(facts.tail())
        typical = median(ratios.values())
        limit = KEPT if self.code in facts.standing else CAUGHT
        if typical > limit or reference is None or now < 0.6 * reference:
            return None
        better = facts.rate * min(1e3, 2e-3 / max(typical, 1e-9))
        slowest = min(ratios, key=lambda node: ratios[node])
        return Finding(
            self.code,
            "The learning rate is too low",
            f"A step moves the weights by {percent(typical)} of their size; 0.1 to 1 % is usual. "
            f"The loss is {now:.3g}; a blind guess has {reference:.3g}.",
            "At this pace the run ends long before the network has learnt what it can.",
            (rate_change(facts, better, "Each step then moves about 0.2 % of the weights."),),
            node=slowest,
            nodes=tuple(ratios),
            evidence={"update_ratio": typical, "rate": facts.rate},
        )
