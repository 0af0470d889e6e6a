"""Dates, what becomes of them, and rows that follow each other in time."""

from typing import ClassVar

from builder.data import timeline
from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed


class Dates(Check):
    """A date is told to the network as numbers that it can use; rows in time order are split by
    time."""

    order: ClassVar[int] = 75

    def look(self, facts: Facts) -> list[Finding]:
        """Which parts a date gives; and that rows in time order should be split by time."""
        axis = timeline.axis(facts.raw, facts.data, facts.profiles, facts.target)
        if axis is not None and facts.data.split.kind == "time":
            return [_by_time(facts, axis), *_parts(facts, [])]
        return _parts(facts, _remedies(facts, axis))


def _remedies(facts: Facts, axis: str | None) -> list[Remedy]:
    """The split by time, where there is a column for it and rows are drawn at random."""
    if facts.data.split.kind not in ("stratified", "random") or facts.raw.given is not None:
        return []
    dates = [c.name for c in facts.features() if c.type == "date"]
    whole = [name for name in dates if not facts.profiles[name].missing]
    return [
        Remedy(f"Split by {listed([name])}", {"split": {"kind": "time", "time": name}})
        for name in ([axis] if axis else whole[:1])
    ]


def _by_time(facts: Facts, axis: str) -> Finding:
    kind = "stratified" if facts.problem == "classification" else "random"
    back = {"split": {"kind": kind, "time": None}, "columns": {axis: {"role": None}}}
    remedies = [Remedy("Split at random", back)]
    own = facts.planned[axis]
    only = [column.name for column in facts.features()] == [axis]
    if own.role == "time" and own.type == "date":
        remedies.append(
            Remedy(
                "Give hour, weekday, month and year to the model",
                {"columns": {axis: {"role": "feature"}}},
            )
        )
    more = (
        " The time is the only input: to forecast from the values before, choose the source "
        "'Windows of a long table' (`lamina new --source windows`)."
        if only
        else " To forecast from the rows before, choose the source 'Windows of a long table'."
    )
    return Finding(
        "time_split",
        "warning" if only else "note",
        "Split by time",
        f"The rows follow each other by {listed([axis])}: the last ones are the test, those before "
        f"them validation, as in real use.{more}",
        (axis,),
        tuple(remedies),
    )


def _parts(facts: Facts, remedies: list[Remedy]) -> list[Finding]:
    dates = [c.name for c in facts.features() if c.type == "date"]
    if not dates:
        return []
    return [
        Finding(
            "dates",
            "note",
            "Dates",
            f"{listed(dates)}: read as {'a date' if len(dates) == 1 else 'dates'}; hour, weekday, "
            "month and year are given to the model."
            + (" To predict the future, split by time." if remedies else ""),
            tuple(dates),
            tuple(remedies),
        )
    ]
