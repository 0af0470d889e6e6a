"""Learning by heart."""

from statistics import median

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts

RISE, RISE_KEPT = 1.25, 1.1
PATIENCE = 4
GAP, HARD = 0.1, 0.3
EXACT, NOISE = 0.01, 0.15


class Overfitting(Rule):
    """A validation loss that climbs while the training loss falls on."""

    code = "overfitting"
    title = "Overfitting"
    help = (
        "For four epochs or more the validation loss has stayed above its best, the median of the "
        "latest three is a quarter and one standard error above it, and the training loss has "
        "fallen on by a fifth and is less than half of it (Prechelt 1998: generalisation loss; "
        "Breiman et al. 1984: the one-standard-error rule). Or for eight epochs nothing "
        "got better, the training loss is a tenth, and the validation loss 30 % of a blind "
        "guess's and more by one standard error; numbers: or a hundredth, and 15 %, for then the "
        "noise is learnt as well."
    )
    news = ("epoch",)

    def find(self, facts: Facts) -> Finding | None:
        """The best epoch lies behind, and the curves have parted."""
        rows = [row for row in facts.epochs if "validation_loss" in row and "train_loss" in row]
        if not facts.falls or len(rows) < PATIENCE + 1 or "rate_too_high" in facts.standing:
            return None
        best = min(range(len(rows)), key=lambda at: rows[at]["validation_loss"])
        late = rows[-3:]
        if len(rows) - 1 - best < PATIENCE:
            return None
        held_out = median(row["validation_loss"] for row in late)
        train = sum(row["train_loss"] for row in late) / 3
        lowest, then = rows[best]["validation_loss"], rows[best]["train_loss"]
        limit = RISE_KEPT if self.code in facts.standing else RISE
        climbs = held_out > limit * lowest and train < 0.8 * then and train < 0.5 * held_out
        fresh = self.code not in facts.standing and facts.guess is not None
        luck = facts.answers.get("error", 0.0) if fresh else 0.0
        climbs = climbs and held_out - lowest > luck
        reference = facts.reference
        stuck = len(rows) - 1 - best >= 2 * PATIENCE and reference is not None
        number = facts.target is not None and facts.target.kind == "number"
        limits = ((GAP, HARD), (EXACT, NOISE))[: 1 + number]
        parted = stuck and any(
            train < gap * held_out and held_out - luck > hard * (reference or 0.0)
            for gap, hard in limits
        )
        if not climbs and not parted:
            return None
        epoch = int(rows[best]["epoch"])
        verb = "has risen" if climbs else "has not fallen"
        return Finding(
            self.code,
            "The network learns the rows by heart",
            f"The validation loss {verb} from {lowest:.3g} (epoch {epoch}; now {held_out:.3g}), "
            f"while the training loss fell from {then:.3g} to {train:.3g}.",
            "What it learns now holds for the training rows only. The best epoch is kept; more "
            "epochs will not help.",
            self._changes(epoch),
            evidence={"best": lowest, "now": held_out, "train": train},
        )

    def _changes(self, epoch: int) -> tuple[Change, ...]:
        decay = {"recipe.optimizer.weight_decay": 0.05, "recipe.optimizer.name": "AdamW"}
        return (
            Change(
                f"Stop now, keep epoch {epoch}",
                "The weights of the best epoch are kept; the rest of the time is saved.",
                order={"order": "stop"},
            ),
            Change(
                "Weight decay 0.05, stop early",
                "Large weights cost something, and the run ends when it no longer gets better.",
                overrides={**decay, "recipe.early_stopping": {"patience": 2 * PATIENCE}},
            ),
        )
