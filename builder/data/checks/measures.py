"""Numbers that are written with signs, and therefore read as words."""

from typing import ClassVar

from builder.data import measures
from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed
from builder.data.measures import Found


class Measures(Check):
    """'<0.1', '12 km/h' and '1h 5m' are words to a network, until someone says what they are."""

    order: ClassVar[int] = 24

    def look(self, facts: Facts) -> list[Finding]:
        """Columns of words that are numbers with limits, one unit, durations or feet."""
        decimal = str(facts.raw.options.get("decimal") or ".")
        found: dict[tuple[str, str], dict[str, Found]] = {}
        for name, column in facts.planned.items():
            decided = facts.data.columns.get(name)
            if facts.profiles[name].type not in ("category", "text") or (
                decided is not None and (decided.type or decided.role == "ignore")
            ):
                continue
            if column.role not in ("feature", "target", "ignore"):
                continue
            counts = facts.frame[name].value_counts()
            words = {str(word): int(times) for word, times in counts.items()}
            if one := measures.look(words, decimal):
                found.setdefault((one.written, one.unit), {})[name] = one
        return [_told(columns) for columns in found.values()]


def _told(columns: dict[str, Found]) -> Finding:
    names = list(columns)
    one = columns[names[0]]
    value = f"{one.value:,.6g}"
    taken_off = bool(one.unit) and one.example.endswith(one.unit)
    does = {
        "duration": "Read as seconds",
        "feet": "Read as inches",
        "measure": f"Take off {one.unit}" if taken_off else "Read as numbers",
    }[one.written]
    label = f"{does}: {one.example} is {value}"
    them = "it" if len(names) == 1 else "them"
    return Finding(
        "written_numbers",
        "warning",
        "Numbers with signs",
        f"{listed(names)} {'holds' if len(names) == 1 else 'hold'} numbers that are written with "
        f"signs (“{one.example}”). Words tell the network nothing of more and less; new rows are "
        f"read as you read {them} here.",
        tuple(names),
        (Remedy(label, {"columns": {name: {"written": one.written} for name in names}}),),
    )
