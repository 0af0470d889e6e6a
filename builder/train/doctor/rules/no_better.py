"""A run that ends where a guess would have been."""

from builder.train.doctor.base import Change, Finding, Rule, percent
from builder.train.doctor.facts import CAUSES, Facts, mean_loss
from builder.train.doctor.luck import lucky
from builder.train.length import enough_epochs

TOLD = CAUSES | {"class_collapse", "leakage", "no_signal", "not_falling", "not_finite", "starved"}
"""Symptoms that have said so already, or something that comes first."""
BLIND = 0.97
ERRORS = 2.0
"""Standard errors that are no more than luck."""
LEAST_ROWS, SURE_ROWS = 10, 30
LEARNT = 0.93
FEW_STEPS, FALLS = 500, 0.01


class NoBetter(Rule):
    """The last word on a run: nothing that was held out is told better than without the network."""

    code = "no_better"
    title = "An end that is no better than guessing"
    help = (
        "When the run ends (with its last epoch or by early stopping) no epoch had a validation "
        "loss under 97 % of the best blind answer's; classes: no epoch's accuracy was more than "
        "two standard errors above always giving the most frequent one, no area under the ROC "
        "curve as far above 0.5, and the last answers agree with the truth no more than by chance "
        "(Fleiss et al. 1969); numbers: nor does the order of the predictions (Spearman). On "
        "fewer than 30 rows the training loss must have stayed above 93 % of a blind guess's too; "
        "under 10 nothing is said, nor where another symptom says why."
    )
    news = ("epoch",)
    confirm = 1
    final = True

    def find(self, facts: Facts) -> Finding | None:
        """The best of all epochs against a guess, once the run is over."""
        told, blind, guess = facts.answers, facts.held_out_guess, facts.guess
        rows = int(told.get("rows", 0))
        if not facts.last or facts.standing & TOLD or not facts.falls or rows < LEAST_ROWS:
            return None
        best, train = facts.bests.get("validation_loss"), facts.bests.get("train_loss")
        if best is None or train is None or blind is None or guess is None:
            return None
        learnt = train < LEARNT * guess
        if best < BLIND * blind or (rows < SURE_ROWS and learnt):
            return None
        words = self._classes(facts) if "hits" in told else self._numbers(facts)
        if words is None:
            return None
        why, changes = self._next(facts, learnt)
        return Finding(
            self.code,
            "No better than guessing",
            f"{words} The best validation loss is {best:.3g}; a blind guess has {blind:.3g}.",
            why,
            changes,
            evidence={"best": best, "blind": blind, "train": train, "steps": float(facts.step)},
        )

    def _classes(self, facts: Facts) -> str | None:
        """Where no count of right answers is beyond luck; the latest epoch's in words."""
        told, target = facts.answers, facts.target
        if target is None or not lucky(facts, ERRORS):
            return None
        true, hits, rows = told["true"], told["hits"], sum(told["true"])
        top = max(range(len(true)), key=lambda k: target.counts[k])
        luck_told = ", and the rest may be luck" if sum(hits) > true[top] else ""
        return (
            f"The run has ended with {percent(sum(hits) / rows)} of {rows:,} held-out rows told "
            f"rightly; always answering '{target.classes[top]}' has {percent(true[top] / rows)}"
            f"{luck_told}."
        )

    def _numbers(self, facts: Facts) -> str | None:
        if not lucky(facts, ERRORS):
            return None
        return (
            f"The run has ended, and on {facts.answers['rows']:,} held-out rows always giving the "
            "mean does as well."
        )

    def _next(self, facts: Facts, learnt: bool) -> tuple[str, tuple[Change, ...]]:
        """What it most likely takes, by what else is known."""
        falling, cut = _falling(facts), facts.epoch < facts.recipe.epochs
        if facts.step < FEW_STEPS or (not learnt and falling and not cut):
            few = f"It was over after {facts.step:,} step{'s' * (facts.step != 1)}"
            why = (
                f"{few}, with most of the way still to go."
                if facts.step < FEW_STEPS
                else "The training loss was still falling when it was over."
            )
            return why, (_longer(facts),)
        if learnt or (falling and cut):  # its own rows still got better, held-out ones did not
            return (
                "It has learnt its own rows, and nothing of that holds for others: the inputs do "
                "not tell the target, the splits are not alike, or the rows are too few.",
                (
                    Change(
                        "Weight decay 0.05",
                        "A network that is held back may find something weak.",
                        overrides={
                            "recipe.optimizer.weight_decay": 0.05,
                            "recipe.optimizer.name": "AdamW",
                        },
                    ),
                ),
            )
        usual = {"recipe.optimizer": {"name": "AdamW", "lr": 1e-3}}
        return (
            "The network has learnt nothing of its own rows either: the learning rate does not "
            "fit, or the inputs do not tell the target.",
            (Change("AdamW at 0.001", "It works on most networks.", overrides=usual),),
        )


def _falling(facts: Facts) -> bool:
    late, before = facts.tail(0.2), facts.tail(0.4)
    earlier = tuple(block for block in before if block not in late)
    return bool(earlier) and mean_loss(late) < (1 - FALLS) * mean_loss(earlier)


def _longer(facts: Facts) -> Change:
    """More epochs; where early stopping ended the run, all that it was given."""
    recipe = facts.recipe
    wanted = max(2 * facts.epoch, enough_epochs(facts.step / max(facts.epoch, 1)))
    overrides: dict[str, object] = {}
    if wanted > recipe.epochs:
        overrides["recipe.epochs"] = wanted
    label = f"Train for {max(wanted, recipe.epochs)} epochs"
    if facts.epoch < recipe.epochs:
        overrides["recipe.early_stopping"] = None
        label += " without early stopping"
    return Change(label, "More steps, from the start.", overrides=overrides)
