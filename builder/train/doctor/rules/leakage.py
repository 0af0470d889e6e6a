"""Results too good to be true."""

from builder.train.doctor.base import Change, Finding, Rule, listed, percent
from builder.train.doctor.facts import Facts, Teller

POWER, APART = 0.97, 0.15
NEARLY, FAR = 0.93, 0.4
COPIES, LEAST_COPIES = 0.05, 8


class Leakage(Rule):
    """A column that gives the answer away, or held-out rows that were trained on."""

    code = "leakage"
    title = "Leakage suspected"
    help = (
        "A column alone, or a step of the series, a pixel or a word, tells the target (97 % of the "
        "way from a guess to always right, over its categories or 64 bins) and the others are "
        "behind by 0.15; or a single one 93 %, as the answer with some mistakes does, and they are "
        "behind by 0.4; or a twentieth of the held-out rows (eight or more) stand in the "
        "training rows as well, four times as many as are doubles there, or a fifth in any case "
        "(Kaufman et al. 2012 list both)."
    )
    news = ("epoch",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """Looked at once, after the first epoch."""
        rows = facts.answers.get("rows", 0)
        least = max(COPIES, LEAST_COPIES / rows if rows else 0.0)
        if facts.copies is not None and facts.copies >= least:
            return self._copied(facts.copies)
        for power, apart in ((POWER, APART), (NEARLY, FAR)):
            told = [teller for teller in facts.tellers if teller.power >= power]
            rest = facts.tellers[len(told) :]
            alone = power == POWER or len(told) == 1
            if told and alone and rest and rest[0].power <= told[0].power - apart:
                return self._told(told, rest[0].power)
        return None

    def _told(self, told: list[Teller], next_best: float) -> Finding:
        first = told[0]
        columns = tuple(teller.column for teller in told)
        change = Change(
            f"Leave {listed(columns)} out",
            "If the result then drops, ask whether it is known at the time of predicting.",
            overrides={f"data.columns.{column}.role": "ignore" for column in columns},
        )
        return Finding(
            self.code,
            f"{listed(columns)} may give the answer away",
            f"{first.column} alone is right {percent(first.power)} of the way from a guess to "
            f"always; the best of the others reaches {percent(max(0.0, next_best))}.",
            "What tells so much is often the answer in other words, or was filled in after it was "
            "known. Then the figures here promise what new rows will not keep.",
            (change,) if not any("." in t.column or t.within for t in told) else (),
            node=first.input,
            nodes=(first.input,) if first.input else (),
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
