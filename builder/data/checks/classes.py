"""The target's classes: one only, rare ones, skewed ones."""

from typing import ClassVar

from builder.data.base import Finding
from builder.data.check import Check, Facts, listed
from builder.data.runtime.tables import to_text
from builder.wording import percent

RARE = 10
SKEWED = 10


class Classes(Check):
    """How many rows each class has decides what can be learnt, and which figures to trust."""

    order: ClassVar[int] = 30

    def look(self, facts: Facts) -> list[Finding]:
        """A single class, classes with few rows, classes of very different size."""
        if facts.target is None or facts.problem != "classification":
            return []
        cells = facts.frame[facts.target].dropna()
        counts = {to_text(value) or "": int(n) for value, n in cells.value_counts().items()}
        if len(counts) < 2:
            only = next(iter(counts), "none")
            return [
                Finding(
                    "single_class",
                    "error",
                    "A single class",
                    f"Every row has the same {facts.target!r} ({only}); there is nothing to tell "
                    "apart. "
                    "Choose another target.",
                    (facts.target,),
                )
            ]
        found = []
        rare = [name for name, count in counts.items() if count < RARE]
        if rare:
            fewest = min(counts.values())
            found.append(
                Finding(
                    "rare_classes",
                    "warning",
                    "Rare classes",
                    f"{listed(rare)} {'has' if len(rare) == 1 else 'have'} fewer than {RARE} rows "
                    f"(the rarest {fewest}); how well they are recognised cannot be measured.",
                    (facts.target,),
                )
            )
        most, least = max(counts.values()), min(counts.values())
        if most > SKEWED * least:
            common = max(counts, key=lambda name: counts[name])
            share = most / sum(counts.values())
            told = percent(share)
            found.append(
                Finding(
                    "skewed_classes",
                    "warning" if share > 0.9 else "note",
                    "Skewed classes",
                    f"{listed([common])} makes up {told} of the rows: guessing it always is {told} "
                    "accurate. Look at balanced accuracy; class weights are on the Train page.",
                    (facts.target,),
                )
            )
        return found
