"""A network that learns its rows and nothing else."""

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts
from builder.train.doctor.luck import lucky

LEAST_EPOCHS, LEAST_ROWS = 5, 30
BLIND, BLIND_KEPT = 0.97, 0.94
LEARNT = 0.93
ERRORS = 3.0
"""Standard errors above a guess from which right answers are no luck, whatever the loss says."""


class NoSignal(Rule):
    """The best held-out loss so far against that of a blind guess on the same rows."""

    code = "no_signal"
    title = "Nothing that it learns holds for other rows"
    help = (
        "After five epochs and a quarter of the run (or what early stopping grants) no epoch's "
        "validation loss, over 30 rows or more, was under 97 % of what the best blind answer of "
        "the training rows has on those rows (kept until 94 %), while the training loss is under "
        "93 % of its own, and the right answers (classes: accuracy, agreement; numbers: their "
        "order) are within three standard errors of luck: answers that are doubtful by nature have "
        "a poor loss too. Labels at random look like that (Zhang et al. 2017)."
    )
    news = ("epoch",)

    def find(self, facts: Facts) -> Finding | None:
        """No epoch better than a blind guess."""
        rows = [row for row in facts.epochs if "validation_loss" in row and "train_loss" in row]
        blind, reference = facts.held_out_guess, facts.guess
        early = len(rows) < facts.due(LEAST_EPOCHS)
        if early or blind is None or reference is None or facts.answers.get("rows", 0) < LEAST_ROWS:
            return None
        best = min(row["validation_loss"] for row in rows)
        train = min(row["train_loss"] for row in rows)
        limit = BLIND_KEPT if self.code in facts.standing else BLIND
        if best < limit * blind or train > LEARNT * reference or facts.explained:
            return None
        if lucky(facts, ERRORS) is False:
            return None
        return Finding(
            self.code,
            "Nothing that it learns holds for other rows",
            f"After {facts.epoch} epochs the best validation loss is {best:.3g}; a blind guess has "
            f"{blind:.3g} there. The training loss has fallen to {train:.3g}.",
            "Either the inputs do not tell the target (wrong column, labels out of order, rows "
            "that are not alike in both splits), or the rows are too few for this network.",
            (
                Change(
                    "Stop now",
                    "More epochs will not help. Look at the target and the split on the Data page.",
                    order={"order": "stop"},
                ),
                Change(
                    "Weight decay 0.05",
                    "If something weak is there, a network that is held back may find it.",
                    overrides={
                        "recipe.optimizer.weight_decay": 0.05,
                        "recipe.optimizer.name": "AdamW",
                    },
                ),
            ),
            evidence={"best": best, "blind": blind, "train": train},
        )
