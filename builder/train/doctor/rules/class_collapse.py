"""One answer for everything."""

from dataclasses import replace

from builder.train.doctor.base import Change, Finding, Rule, percent, rate_change
from builder.train.doctor.facts import CAUSES, Facts, mean_loss

CAUGHT, KEPT = 0.95, 0.9
LEAST_EPOCHS, LEAST_STEPS = 2, 40
SPREAD, SPREAD_KEPT = 0.03, 0.08
FALLS, BELOW = 0.05, 0.95
LEAST_ROWS = 50
EXPLAIN = CAUSES - {"update_ratio"}
UNSEEN, UNSEEN_KEPT, LEAST_UNSEEN = 0.05, 0.03, 5


class ClassCollapse(Rule):
    """What the model says of the held-out rows as a whole."""

    code = "class_collapse"
    title = "Class collapse: one answer for every row"
    help = (
        "After two epochs (one of two), a quarter of the run and 40 steps, warm-up left out, 95 % "
        "of the held-out rows get the same class, though at least 10 % of them are of others (kept "
        "until 90 %; not while the loss is below a blind guess's and has fallen by 5 % within a "
        "fifth of the run: the common class is learnt first), or of 50 rows or more all that are "
        "not of a common class (over 90 %) are told wrongly and nearly all called by it; or no "
        "training row is of a class that 5 % of the held-out rows (five or more) have; "
        "numbers: the predictions spread less than 3 % as far as the targets."
    )
    news = ("epoch",)
    confirm = 4

    def find(self, facts: Facts) -> Finding | None:
        """The class that swallows the others, or predictions that are all the same number."""
        unseen = self._unseen(facts)
        if unseen is not None:
            return unseen
        finding = self._answers(facts)
        if finding is None or not facts.standing & EXPLAIN:
            return finding
        return replace(finding, why=finding.why + facts.outcome, changes=())

    def _answers(self, facts: Facts) -> Finding | None:
        """What is wrong with the held-out answers of a run that has had its chance."""
        early = facts.epoch < facts.due(min(LEAST_EPOCHS, (facts.recipe.epochs + 1) // 2))
        if (
            (facts.standing & EXPLAIN and facts.told)
            or early
            or facts.rising
            or facts.step < LEAST_STEPS
            or not facts.answers
        ):
            return None
        told = facts.answers
        if "spread" in told:
            return self._numbers(facts, told["spread"])
        if "predicted" not in told or facts.target is None:
            return None
        said, true = told["predicted"], told["true"]
        whole = sum(said)
        top = max(range(len(said)), key=lambda k: said[k])
        share, rightly = said[top] / whole, true[top] / whole
        limit = KEPT if self.code in facts.standing else CAUGHT
        name = facts.target.classes[top]
        hits = told.get("hits")
        never = said[top] == whole if hits is None else sum(hits) == hits[top]
        if whole >= LEAST_ROWS and never and share >= limit and whole > true[top] > 0.9 * whole:
            return self._rare(facts, name, whole - true[top], whole, whole - said[top])
        if whole < 10 or share < limit or rightly > 0.9 or share - rightly < 0.04:
            return None
        if self.code not in facts.standing and _learning(facts):
            return None
        head = facts.head
        return Finding(
            self.code,
            f"Every row is called '{name}'",
            f"{percent(share)} of the held-out rows get the answer '{name}'; it is right for "
            f"{percent(rightly)}.",
            "Answering with one class is the easiest way to be right at times: where it counts "
            "more than the others, or where the steps are too long to learn anything finer.",
            self._changes(facts),
            node=head.id if head else None,
            nodes=(head.id,) if head else (),
            evidence={"share": share, "true": rightly},
        )

    def _rare(self, facts: Facts, name: str, others: int, whole: int, strays: int) -> Finding:
        """All of a rare class are missed: right nearly always, and of no use."""
        head = facts.head
        return Finding(
            self.code,
            f"Only '{name}' is ever told rightly" if strays else f"Every row is called '{name}'",
            f"{f'{whole - strays:,} of' if strays else 'All'} {whole:,} held-out rows get the "
            f"answer '{name}'. {percent(1 - others / whole)} are, and all {others:,} others are "
            "told wrongly.",
            "Where one class is so common, calling all rows by it costs next to nothing, so the "
            "rare ones are never learnt. Look at recall or the area under the ROC curve instead "
            "of accuracy.",
            self._changes(facts),
            node=head.id if head else None,
            nodes=(head.id,) if head else (),
            evidence={"share": 1.0, "true": 1 - others / whole},
        )

    def _unseen(self, facts: Facts) -> Finding | None:
        """A class of the held-out rows that no training row has: whatever else is wrong, and from
        the first epoch on.
        """
        target, said = facts.target, facts.answers.get("predicted")
        if target is None or not said or not sum(target.counts):
            return None
        true = facts.answers["true"]
        whole = sum(true)
        share = UNSEEN_KEPT if self.code in facts.standing else UNSEEN
        gone = [
            k
            for k, count in enumerate(target.counts)
            if not count and not said[k] and true[k] >= max(LEAST_UNSEEN, share * whole)
        ]
        if not gone:
            return None
        head, first = facts.head, max(gone, key=lambda k: true[k])
        return Finding(
            self.code,
            f"No row is called '{target.classes[first]}'",
            f"{true[first]:,} of {whole:,} held-out rows are '{target.classes[first]}', and no "
            "training row is.",
            "A class that is never shown is never learnt. Look at the split on the Data page: "
            "split at random within the classes, or bring rows of it into the training split.",
            node=head.id if head else None,
            nodes=(head.id,) if head else (),
            severity="error",
            evidence={"share": true[first] / whole},
        )

    def _changes(self, facts: Facts) -> tuple[Change, ...]:
        counts = facts.target.counts if facts.target is not None else ()
        even = bool(counts) and max(counts) < 1.5 * sum(counts) / len(counts)
        weights = facts.recipe.class_weights
        if weights == "balanced" or (even and weights is None):
            rate = (facts.rate or facts.recipe.optimizer.lr) / 10
            return (rate_change(facts, rate, "Shorter steps can learn what sets classes apart."),)
        return (
            Change(
                "Let every class count the same",
                "Rows of rare classes weigh more, so that no class pays by its number alone.",
                overrides={"recipe.class_weights": "balanced"},
            ),
        )

    def _numbers(self, facts: Facts, spread: float) -> Finding | None:
        if not spread < (SPREAD_KEPT if self.code in facts.standing else SPREAD):
            return None
        head = facts.head
        usual = {"recipe.optimizer": {"name": "AdamW", "lr": 1e-3}}
        return Finding(
            self.code,
            "Every row gets the same number",
            f"The predictions spread {percent(spread)} as far as the targets.",
            "The mean is the safest answer as long as nothing has been learnt from the inputs.",
            (Change("AdamW at 0.001", "It works on most networks.", overrides=usual),),
            node=head.id if head else None,
            nodes=(head.id,) if head else (),
            evidence={"spread": spread},
        )


def _learning(facts: Facts) -> bool:
    """Whether the loss is below a blind guess's and falls on."""
    late, before = facts.tail(0.2), facts.tail(0.4)
    earlier = tuple(block for block in before if block not in late)
    if facts.guess is None or not earlier:
        return False
    now = mean_loss(late)
    return now < BELOW * facts.guess and now < (1 - FALLS) * mean_loss(earlier)
