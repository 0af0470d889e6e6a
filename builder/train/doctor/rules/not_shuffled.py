"""Rows in the order of their answers."""

from statistics import fmean, median

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts

LEAST = 4
CAUGHT, KEPT = 2.0, 1.5
TOGETHER, TOGETHER_KEPT, MANY, EACH = 6.0, 4.0, 8, 1.0


class NotShuffled(Rule):
    """The targets of single batches against those of the whole split."""

    code = "not_shuffled"
    title = "Data order not shuffled"
    help = (
        "The targets of the median batch are more than two standard deviations from a random draw "
        "(chi-square of the classes, or standard errors of the mean); a shuffled order gives 0 to "
        "0.7. Of four batches or more, so luck does not do it. Where one class is common and the "
        "median is over one only: eight batches or more together are six from it (their mean "
        "times the root of their number)."
    )
    news = ("steps",)
    confirm = 3
    release = 8

    def find(self, facts: Facts) -> Finding | None:
        """Batches that are nearly of one class, or of one range of the target."""
        limit = KEPT if self.code in facts.standing else CAUGHT
        if len(facts.aparts) < LEAST:
            return None
        far, many = median(facts.aparts), len(facts.aparts)
        together = fmean(facts.aparts) * many**0.5 if many >= MANY and far > EACH else 0.0
        if far <= limit and together <= (
            TOGETHER_KEPT if self.code in facts.standing else TOGETHER
        ):
            return None
        what = "classes" if facts.target is not None and facts.target.kind == "class" else "numbers"
        size = 2 * (facts.recipe.batch_size or 32)
        return Finding(
            self.code,
            "The rows come in the order of their answers",
            f"The {what} of a batch are {far:.1f} standard deviations from those of a random draw.",
            "Each batch teaches one answer and wipes out the one before; the loss saws up and "
            "down.",
            (
                Change(
                    f"Batches of {min(size, facts.rows or size)}",
                    "Larger batches hold more of the answers.",
                    overrides={"recipe.batch_size": min(size, facts.rows or size)},
                ),
            ),
            evidence={"distance": far},
        )
