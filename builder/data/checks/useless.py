"""Columns that cannot help: constant, empty, identifiers, free text, copies of others."""

from typing import ClassVar

from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, ignore, listed
from builder.data.columns import TARGET_NAMES

NEARLY_EMPTY = 0.95


class Useless(Check):
    """What is left out by default says so; what is kept though it hardly helps is asked about."""

    order: ClassVar[int] = 60

    def look(self, facts: Facts) -> list[Finding]:
        """Constant, empty and nearly empty columns, identifiers, free text."""
        columns = [c for c in facts.planned.values() if c.role in ("feature", "ignore")]
        columns = [c for c in columns if c.role == "feature" or c.why]
        found: list[Finding] = []
        profiles = facts.profiles
        empty = [c.name for c in columns if profiles[c.name].present == 0]
        constant = [
            c.name for c in columns if profiles[c.name].unique == 1 and not profiles[c.name].missing
        ]
        nearly = [
            c.name
            for c in columns
            if profiles[c.name].present > 0
            and profiles[c.name].missing > NEARLY_EMPTY * profiles[c.name].rows
        ]
        if empty:
            found.append(_left_out("empty_column", "Empty columns", empty, "no value at all"))
        if constant:
            found.append(
                _left_out("constant_column", "Constant columns", constant, "one value in every row")
            )
        found += [_meant(facts, name) for name in constant if _like_a_target(facts, name)]
        if nearly:
            share = min(profiles[name].missing / profiles[name].rows for name in nearly)
            found.append(
                Finding(
                    "nearly_empty_column",
                    "warning",
                    "Nearly empty columns",
                    f"{listed(nearly)}: more than {int(share * 100)} % of the cells are missing.",
                    tuple(nearly),
                    (ignore(nearly),),
                )
            )
        return [*found, *_identifiers(facts), *_texts(facts)]


def _like_a_target(facts: Facts, name: str) -> bool:
    """Whether a constant column was perhaps meant to be predicted: of words, called like a target
    or at an end of the table.
    """
    if facts.target is None or facts.profiles[name].type not in ("category", "text"):
        return False
    names = list(facts.profiles)
    called = name.strip().lower().replace(" ", "_") in TARGET_NAMES
    return called or name in (names[0], names[-1])


def _meant(facts: Facts, name: str) -> Finding:
    only = next((str(cell) for cell in facts.frame[name] if cell == cell), "")
    return Finding(
        "single_class_beside",
        "warning",
        "A column of a single class",
        f"Every row has the same {name!r} ({only}), so it cannot be predicted; {facts.target!r} is "
        "predicted instead. If you meant it, bring rows of other classes as well.",
        (name,),
    )


def _left_out(code: str, title: str, names: list[str], what: str) -> Finding:
    has = "has" if len(names) == 1 else "have"
    return Finding(code, "note", title, f"{listed(names)} {has} {what}; left out.", tuple(names))


def _identifiers(facts: Facts) -> list[Finding]:
    found = []
    for column in facts.planned.values():
        name = column.name
        if column.role == "ignore" and column.why and facts.profiles[name].numbering:
            found.append(
                Finding(
                    "identifier",
                    "note",
                    "Identifier",
                    f"{listed([name])} numbers the rows; a network would learn rows by heart, so "
                    "it is left out.",
                    (name,),
                    (Remedy("Use it anyway", {"columns": {name: {"role": "feature"}}}),),
                )
            )
    return found


def _texts(facts: Facts) -> list[Finding]:
    found = []
    for column in facts.planned.values():
        profile = facts.profiles[column.name]
        if column.role == "ignore" and column.why and profile.free_text:
            name = column.name
            read = {"inputs": {"text": {"columns": [name], "form": "tokens"}}}
            found.append(
                Finding(
                    "free_text",
                    "note",
                    "Free text",
                    f"{listed([name])} has {profile.unique:,} different values, too many for "
                    "categories; left out.",
                    (name,),
                    (
                        Remedy("Read it as text", read),
                        Remedy("Use as categories", {"columns": {name: {"type": "category"}}}),
                    ),
                )
            )
    return found
