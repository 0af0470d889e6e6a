"""Weight decay that takes the weights away faster than they can learn."""

from statistics import median

from builder.train.doctor.base import Change, Finding, Rule, percent
from builder.train.doctor.facts import Facts, mean_loss

PULL, PULL_KEPT = 1e-2, 5e-3
SHRUNK, SHRUNK_KEPT = 0.3, 0.5
HIGH, HIGH_PULLED = 0.6, 0.2
LEAST_STEPS = 20
USUAL = 0.01


class HeavyDecay(Rule):
    """Weights that shrink, and a loss that is no better for it."""

    code = "heavy_decay"
    title = "A weight decay that is too strong"
    help = (
        "The decay takes 1 % of the weights or more in each step, or they have shrunk to 30 % of "
        "what they were drawn with (kept until 0.5 % and 50 %), and the loss is above 20 % of a "
        "blind guess's, or above 60 % where the weights have only shrunk. Nothing is said of a "
        "decay of 0.01 or less: where that pulls so, the rate does. At AdamW's defaults a "
        "step takes a thousandth of a percent (Loshchilov and Hutter 2019)."
    )
    news = ("probe", "epoch")

    def find(self, facts: Facts) -> Finding | None:
        """The node that has shrunk most, where the recipe has a decay beyond the usual."""
        kept = self.code in facts.standing
        if not facts.decay > USUAL or facts.step < LEAST_STEPS:
            return None
        left = self._left(facts)
        pull = facts.pull >= (PULL_KEPT if kept else PULL)
        shrunk = bool(left) and median(left.values()) < (SHRUNK_KEPT if kept else SHRUNK)
        reference, now = facts.reference, mean_loss(facts.tail(0.1))
        high = HIGH_PULLED if pull else HIGH  # so strong a pull forgets within an epoch
        if not (pull or shrunk) or reference is None or not now > high * reference:
            return None
        worst = min(left, key=lambda node: left[node], default=None)
        size = f" {worst} has {percent(left[worst])} of what it was drawn with." if worst else ""
        return Finding(
            self.code,
            "The weight decay is too strong",
            f"The decay of {facts.decay:g} takes {percent(facts.pull)} of the weights in a step."
            f"{size} The loss is {now:.3g}; a blind guess has {reference:.3g}.",
            "Decay pulls every weight towards 0. Here it pulls harder than what the rows teach, so "
            "nothing that is learnt stays.",
            (
                Change(
                    f"Weight decay {USUAL:g}",
                    "It holds the weights together and lets them learn.",
                    order={"order": "set", "weight_decay": USUAL},
                    overrides={"recipe.optimizer.weight_decay": USUAL},
                ),
            ),
            node=worst,
            nodes=tuple(node for node in left if left[node] < SHRUNK_KEPT or node == worst),
            evidence={"pull": facts.pull, "decay": facts.decay},
        )

    def _left(self, facts: Facts) -> dict[str, float]:
        """The size of the weights now over what they were drawn with."""
        found = {}
        for node in facts.weighted:
            now = facts.recent(node.id, "weight", looks=1)
            if node.width and node.norm > 0 and now is not None and node.id not in facts.frozen:
                found[node.id] = now / node.norm
        return found
