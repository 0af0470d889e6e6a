"""A worker that waits for its rows."""

from builder.train.doctor.base import Change, Finding, Rule, percent
from builder.train.doctor.facts import Facts

CAUGHT, KEPT = 0.5, 0.35
LEAST_SECONDS = 1e-3


class Starved(Rule):
    """The share of a step's time that goes into getting the batch."""

    code = "starved"
    title = "Worker starved by data"
    help = (
        "More than half of the time of the steps, and more than a millisecond of each, is spent on "
        "getting the rows rather than on learning (kept until 35 %). Beyond half, the data and not "
        "the network sets the pace."
    )
    news = ("steps",)
    confirm = 5
    release = 10

    def find(self, facts: Facts) -> Finding | None:
        """Waiting beyond half of the time."""
        limit = KEPT if self.code in facts.standing else CAUGHT
        if facts.waiting is None or facts.waiting < limit or facts.wait_seconds < LEAST_SECONDS:
            return None
        size = min(2 * (facts.recipe.batch_size or 32), max(1, facts.rows))
        changes = []
        if facts.augmented:
            changes.append(
                Change(
                    "Leave the augmentation out",
                    "It is computed for every batch, and costs more than the network.",
                    overrides={"data.augment": []},
                )
            )
        if facts.recipe.batch_size is not None and size > facts.recipe.batch_size:
            changes.append(
                Change(
                    f"Batches of {size}",
                    "What a batch costs by itself is paid half as often.",
                    overrides={"recipe.batch_size": size},
                )
            )
        return Finding(
            self.code,
            "The worker waits for its rows",
            f"{percent(facts.waiting)} of the time, {1000 * facts.wait_seconds:.3g} ms of each "
            "step, goes into getting the rows.",
            "The network could learn faster than it is fed.",
            tuple(changes),
            evidence={"share": facts.waiting, "seconds": facts.wait_seconds},
        )
