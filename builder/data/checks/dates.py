"""Dates and what becomes of them."""

from typing import ClassVar

from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed


class Dates(Check):
    """A date is told to the network as numbers that it can use."""

    order: ClassVar[int] = 75

    def look(self, facts: Facts) -> list[Finding]:
        """Which parts a date gives; and that rows in time order should be split by time."""
        dates = [c.name for c in facts.features() if c.type == "date"]
        if not dates:
            return []
        remedies = []
        if facts.data.split.kind == "stratified" and facts.raw.given is None:
            whole = [name for name in dates if not facts.profiles[name].missing]
            remedies = [
                Remedy(f"Split by {listed([name])}", {"split": {"kind": "time", "time": name}})
                for name in whole[:1]
            ]
        return [
            Finding(
                "dates",
                "note",
                "Dates",
                f"{listed(dates)}: read as {'a date' if len(dates) == 1 else 'dates'}; hour, "
                "weekday, month and "
                "year are given to the model. To predict the future, split by time.",
                tuple(dates),
                tuple(remedies),
            )
        ]
