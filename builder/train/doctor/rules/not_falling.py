"""A training loss that does not fall."""

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts, mean_loss

LEAST_EPOCHS, LEAST_STEPS = 3, 60
CAUGHT, KEPT = 0.97, 0.93


class NotFalling(Rule):
    """The loss against that of the best answer that ignores the inputs."""

    code = "not_falling"
    title = "A loss that does not fall"
    help = (
        "After three epochs (half of a shorter run), a quarter of the run and 60 steps, warm-up "
        "left out, the loss of the latest fifth is still above 97 % of what the best blind answer "
        "has: the entropy of the classes, or the target's variance (kept until 93 %). Beating that "
        "is the first check of any training (Karpathy, 'A Recipe for Training Neural Networks')."
    )
    news = ("epoch",)
    confirm = 3

    def find(self, facts: Facts) -> Finding | None:
        """A loss near or above the blind one, late enough."""
        if facts.told:
            return None
        whole = facts.recipe.epochs
        least = max(min(LEAST_EPOCHS, (whole + 1) // 2), whole // 4)
        if facts.epoch < least or facts.step < LEAST_STEPS or not facts.blocks or facts.rising:
            return None
        reference = facts.reference
        if reference is None or reference <= 0:
            return None
        now = mean_loss(facts.tail())
        limit = KEPT if self.code in facts.standing else CAUGHT
        if not now > limit * reference:
            return None
        head = facts.head
        blind = (
            "Giving every row the same best answer has"
            if facts.guess is not None
            else "It began at"
        )
        return Finding(
            self.code,
            "The loss does not fall",
            f"After {facts.epoch} epochs the training loss is {now:.3g}. {blind} {reference:.3g}.",
            "The network has learnt nothing about the rows yet. Either no gradient reaches it, the "
            "steps do not fit, or the inputs do not tell the target." + facts.outcome,
            () if facts.outcome else self._changes(),
            node=None,
            nodes=(head.id,) if head else (),
            evidence={"loss": now, "blind": reference},
        )

    def _changes(self) -> tuple[Change, ...]:
        usual = {"recipe.optimizer": {"name": "AdamW", "lr": 1e-3}}
        return (
            Change(
                "AdamW at 0.001",
                "It scales the steps of each weight by itself and works on most networks.",
                overrides=usual,
            ),
        )
