"""Steps that are too short."""

import itertools
from statistics import median

from builder.train.doctor.base import Change, Finding, Rule, percent, rate_change
from builder.train.doctor.facts import CAUSES, Facts, mean_loss

CAUGHT, KEPT = 1e-4, 2e-4
SPENT, LEFT = 1e-4, 0.4
SLOW, SLOW_KEPT, NEAR, PARTS = 1e-3, 2e-3, 0.9, 4
LEAST_EPOCHS, LEAST_STEPS = 2, 60


class RateTooLow(Rule):
    """Weights that hardly move, at the rate that the recipe means, while there is much to learn."""

    code = "rate_too_low"
    title = "A learning rate that is too low"
    help = (
        "Half of the nodes move by less than 0.01 % a step, at no less than a third of the highest "
        "rate of the run so far, and the loss is still above 60 % of the blind guess's (0.1 to 1 % "
        "a step is usual: Karpathy, CS231n notes). Or by less than 0.1 %, and after two epochs, a "
        "quarter of the run and 60 steps the loss is still above 90 % of the blind guess's though "
        "each quarter of the steps had a lower one than that before, or three of four epochs. Or a "
        "schedule has taken the rate to a ten-thousandth of its height with two fifths of the run "
        "or more still to come."
    )
    news = ("probe", "epoch")

    def find(self, facts: Facts) -> Finding | None:
        """Small update ratios without warm-up or the end of a schedule to excuse them."""
        ratios = facts.ratios()
        if not ratios or not facts.rate or len(facts.probes) < 2 or facts.epoch < 1:
            return None
        others = facts.standing & CAUSES - {self.code}
        if not others and facts.rate < SPENT * facts.peak:
            return self._spent(facts, facts.rate)
        if others or facts.rising or facts.rate < 0.3 * facts.peak:
            return None
        reference, now = facts.reference, mean_loss(facts.tail())
        typical = median(ratios.values())
        kept = self.code in facts.standing
        if reference is None or now < 0.6 * reference:
            return None
        if typical > (KEPT if kept else CAUGHT) and not (
            typical < (SLOW_KEPT if kept else SLOW) and now > NEAR * reference and _creeps(facts)
        ):
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

    def _spent(self, facts: Facts, rate: float) -> Finding | None:
        """A schedule that is over long before the run is; a plateau's drops are meant so, and a
        constant rate only falls where somebody wills it.
        """
        schedule, left = facts.recipe.schedule.name, 1 - facts.epoch / facts.recipe.epochs
        if schedule in ("constant", "plateau", "ReduceLROnPlateau") or left < LEFT:
            return None
        return Finding(
            self.code,
            "The learning rate is used up",
            f"It has fallen from {facts.peak:.3g} to {rate:.3g}, with {percent(left)} of the run "
            "still to come.",
            "The schedule ends long before the run does: the epochs that are left change nothing.",
            (
                Change(
                    "Cosine schedule",
                    "It reaches nothing at the very end of the run, however long that is.",
                    overrides={"recipe.schedule": {"name": "cosine"}},
                ),
            ),
            evidence={"rate": rate, "peak": facts.peak},
        )


def _creeps(facts: Facts) -> bool:
    """Whether the loss has fallen through the whole run, late enough to have got somewhere."""
    least = max(LEAST_EPOCHS, facts.recipe.epochs // 4)
    if facts.epoch < least or facts.step < LEAST_STEPS or len(facts.blocks) < PARTS:
        return False
    edges = [facts.step * part / PARTS for part in range(PARTS + 1)]
    parts = [
        mean_loss(tuple(block for block in facts.blocks if low < block.step <= high))
        for low, high in itertools.pairwise(edges)
    ]
    if all(later < earlier for earlier, later in itertools.pairwise(parts)):
        return True
    losses = [row["train_loss"] for row in facts.epochs if "train_loss" in row]
    falls = sum(later < earlier for earlier, later in itertools.pairwise(losses))
    return len(losses) > PARTS and losses[-1] < losses[0] and 4 * falls >= 3 * (len(losses) - 1)
