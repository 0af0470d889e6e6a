"""Results too good to be true."""

from builder.train.doctor.base import Change, Finding, Rule, percent
from builder.train.doctor.facts import Facts

POWER, APART = 0.97, 0.15
COPIES = 0.2


class Leakage(Rule):
    """A column that gives the answer away, or held-out rows that were trained on."""

    code = "leakage"
    title = "Leakage suspected"
    help = (
        "One column alone tells the target (97 % of the way from a guess to always right, over "
        "64 bins) and the next best is far behind; or a fifth of the held-out rows stand in "
        "the training rows as well. Kaufman et al. 2012 list both as the common leaks."
    )
    news = ("epoch",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """Looked at once, after the first epoch."""
        if facts.copies is not None and facts.copies >= COPIES:
            return self._copied(facts.copies)
        if not facts.tellers or facts.tellers[0].power < POWER:
            return None
        first = facts.tellers[0]
        if len(facts.tellers) > 1 and facts.tellers[1].power > first.power - APART:
            return None
        change = Change(
            f"Leave '{first.column}' out",
            "If the result then drops, ask whether the column is known at the time of predicting.",
            overrides={f"data.columns.{first.column}.role": "ignore"},
        )
        return Finding(
            self.code,
            f"'{first.column}' may give the answer away",
            f"That column alone is right {percent(first.power)} of the way from a guess to always; "
            f"the next best column reaches "
            f"{percent(facts.tellers[1].power if len(facts.tellers) > 1 else 0.0)}.",
            "A column so good is often the answer in other words, or was filled in after it was "
            "known. Then the figures here promise what new rows will not keep.",
            (change,) if "." not in first.column else (),
            evidence={"power": first.power},
        )

    def _copied(self, copies: float) -> Finding:
        return Finding(
            self.code,
            "Held-out rows were trained on",
            f"{percent(copies)} of the validation rows stand in the training rows as well, with "
            "the very same inputs.",
            "The network need only remember them; the figures here promise what new rows will not "
            "keep. Remove the doubles from the file, or split by a group column.",
            evidence={"copies": copies},
        )
