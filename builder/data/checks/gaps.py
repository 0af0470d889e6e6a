"""Missing cells and what is done about them."""

from typing import ClassVar

from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed

DONE = {
    "median": "the training rows' median, with a 0/1 column that says so",
    "mean": "the training rows' mean, with a 0/1 column that says so",
    "zero": "0, with a 0/1 column that says so",
    "most_frequent": "the commonest value",
    "own_category": "a category of their own",
}


class Gaps(Check):
    """Gaps are filled, never silently."""

    order: ClassVar[int] = 70

    def look(self, facts: Facts) -> list[Finding]:
        """One note per treatment, and one for rows without a target."""
        found = []
        by_treatment: dict[str, list[str]] = {}
        for column in facts.features():
            profile = facts.profiles[column.name]
            if profile.missing and profile.present:
                by_treatment.setdefault(column.missing, []).append(column.name)
        for treatment, names in by_treatment.items():
            gaps = sum(facts.profiles[name].missing for name in names)
            if treatment == "drop_rows":
                sentence = f"{listed(names)}: rows with a gap are left out."
                remedies: tuple[Remedy, ...] = ()
            else:
                sentence = f"{listed(names)}: {gaps:,} gaps become {DONE[treatment]}."
                edits = {"columns": {name: {"missing": "drop_rows"} for name in names}}
                remedies = (Remedy("Leave those rows out", edits),)
            found.append(Finding("gaps", "note", "Gaps", sentence, tuple(names), remedies))
        if facts.target is not None and facts.profiles[facts.target].missing:
            missing = facts.profiles[facts.target].missing
            found.append(
                Finding(
                    "target_gaps",
                    "warning",
                    "Rows without a target",
                    f"{missing:,} {'row has' if missing == 1 else 'rows have'} no "
                    f"{facts.target!r}; left out.",
                    (facts.target,),
                )
            )
        return found
