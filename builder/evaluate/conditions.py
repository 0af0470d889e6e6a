"""Conditions on columns, as a person writes them: `sex=Female & age<30`.

A term is a column, an operator and a value; `&` joins terms, `|` stands between several values. A
name or value that holds one of these signs is put into double quotes (a quote within is doubled).

    sex=Female    race=Black|Other    sex!=Male    age>=60    seen<2020-03    note~"at night"
    age is missing    age is present (or: is not missing)
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import LaminaError
from builder.evaluate.columns import Column, Columns

Mask = NDArray[np.bool_]
SIGNS = {"≥": ">=", "≤": "<=", "==": "=", "≠": "!="}
OPERATOR = re.compile(r"==|!=|>=|<=|[=<>~≥≤≠]")
IS = re.compile(r"\s+is(\s+not)?\s+(missing|present)\s*", re.IGNORECASE)
STATES = ("missing", "present")
QUOTED = re.compile(r'"((?:[^"]|"")*)"')
SPECIAL = re.compile(r'[&|"=<>~!≥≤≠]|^\s|\s$|\bis( not)? (missing|present)$|^$', re.IGNORECASE)
LONGEST = 2000


@dataclass(frozen=True)
class Term:
    """One condition on one column; `operator` is =, !=, <, <=, >, >=, ~ (contains) or is."""

    column: str
    operator: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        """As it is written; `parse` reads it back."""
        if self.operator == "is":
            return f"{_quote(self.column)} is {self.values[0]}"
        return f"{_quote(self.column)}{self.operator}{'|'.join(map(_quote, self.values))}"


def written(terms: Sequence[Term]) -> str:
    """Terms as `parse` reads them."""
    return " & ".join(map(str, terms))


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a condition. Raises LaminaError where it is none."""
    if len(text) > LONGEST:
        raise _unread(f"A condition has at most {LONGEST:,} characters.")
    return tuple(_term(part) for part in _split(text, "&"))


def is_condition(text: str) -> bool:
    """Whether this is meant as a condition rather than as a slice's name."""
    bare = QUOTED.sub("", text)
    return OPERATOR.search(bare) is not None or IS.search(f"x{bare}") is not None


def rows_where(columns: Columns, terms: Sequence[Term]) -> Mask:
    """Which rows meet all the terms. Raises LaminaError for an unknown column or value (with near
    names), and for a comparison that does not fit the column.
    """
    found = np.ones(columns.rows, bool)
    for term in terms:
        found &= _meets(columns.find(term.column), term)
    return found


def _quote(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if SPECIAL.search(word) else word


def _bare(word: str) -> str:
    word = word.strip()
    quoted = QUOTED.fullmatch(word)
    if quoted:
        return quoted[1].replace('""', '"')
    if '"' in word:
        raise _unread(f"A quote in {word} has no counterpart, or stands within a word.")
    return word


def _split(text: str, sign: str) -> list[str]:
    """The parts between signs that stand outside of quotes."""
    hidden = QUOTED.sub(lambda found: "\0" * len(found[0]), text)
    cuts = [-1, *(at for at, letter in enumerate(hidden) if letter == sign), len(text)]
    return [text[a + 1 : b] for a, b in pairwise(cuts)]


def _term(part: str) -> Term:
    hidden = QUOTED.sub(lambda found: "\0" * len(found[0]), part)
    sign = OPERATOR.search(hidden)
    if sign is None:
        state = IS.search(hidden)
        if state is None or state.end() != len(hidden):
            raise _unread(f"'{part.strip()}' is no condition.")
        at = STATES.index(state[2].lower()) ^ bool(state[1])
        return Term(_named(part[: state.start()]), "is", (STATES[at],))
    operator = SIGNS.get(sign[0], sign[0])
    values = tuple(_bare(value) for value in _split(part[sign.end() :], "|"))
    if not all(values):
        raise _unread(f"'{part.strip()}' lacks a value.")
    if len(values) > 1 and operator not in ("=", "!=", "~"):
        raise _unread(f"'{part.strip()}' compares with several values.")
    return Term(_named(part[: sign.start()]), operator, values)


def _named(text: str) -> str:
    name = _bare(text)
    if not name:
        raise _unread("A condition lacks its column.")
    return name


def _unread(fact: str) -> LaminaError:
    remedy = "Write it such as sex=Female, age>=60, 'age is missing', or several joined by &."
    return LaminaError(fact, place="slice", remedy=remedy)


def _meets(column: Column, term: Term) -> Mask:
    if term.operator == "is":
        return column.present if term.values[0] == "present" else ~column.present
    if term.operator == "!=":
        others = Term(term.column, "=", term.values)
        return column.present & ~_meets(column, others)
    one = {"number": _of_numbers, "date": _of_dates}.get(column.kind, _of_names)
    each = [one(column, term.operator, value) for value in term.values]
    return np.asarray(np.any(each, axis=0))


def _compared(values: NDArray[Any], operator: str, low: Any, high: Any) -> Mask:
    """A comparison with what reaches from `low` to before `high` (the same for a number)."""
    point = low == high
    with np.errstate(invalid="ignore"):
        if operator == "=":
            return np.asarray(values == low if point else (values >= low) & (values < high))
        if operator == "<":
            return np.asarray(values < low)
        if operator == ">=":
            return np.asarray(values >= low)
        if operator == "<=":
            return np.asarray(values <= low if point else values < high)
        return np.asarray(values > low if point else values >= high)


def _of_numbers(column: Column, operator: str, value: str) -> Mask:
    if operator == "~":
        raise _unfit(column, "holds numbers, which contain no text", "=, <, <=, > or >=")
    try:
        number = float(value)
    except ValueError:
        raise _unfit(column, f"holds numbers; '{value}' is none", "a number such as 60") from None
    return _compared(column.values, operator, number, number)


def _of_dates(column: Column, operator: str, value: str) -> Mask:
    if operator == "~":
        raise _unfit(column, "holds dates, which contain no text", "=, <, <=, > or >=")
    try:
        day = np.datetime64(value.replace(" ", "T"))
    except ValueError:
        day = np.datetime64("NaT")
    if np.isnat(day):
        raise _unfit(column, f"holds dates; '{value}' is none", "2020, 2020-03 or 2020-03-31")
    low, high = day.astype("datetime64[s]"), (day + 1).astype("datetime64[s]")  # the whole month
    return _compared(column.values, operator, low, high)


def _of_names(column: Column, operator: str, value: str) -> Mask:
    if operator == "~":
        wanted = value.casefold()
        held = np.array([wanted in name.casefold() for name in column.names])
        return np.asarray(column.present & held[column.values])
    if operator != "=":
        raise _unfit(column, "holds words, which have no order", "=, != or ~ (contains)")
    codes = [code for code, name in enumerate(column.names) if name == value]
    if not codes:
        folded = value.casefold()
        codes = [c for c, name in enumerate(column.names) if name.casefold() == folded]
    if not codes:
        near = difflib.get_close_matches(value, column.names, n=3)
        names = near or column.names[:6]
        shown = ", ".join(name if len(name) <= 40 else f"{name[:39]}…" for name in names)
        more = " …" if len(names) < len(column.names) else ""
        raise LaminaError(
            f"No row has '{value}' in {column.label}.",
            place="slice",
            remedy=f"Did you mean {shown}?" if near else f"There is {shown}{more}.",
        )
    return np.isin(column.values, codes)


def _unfit(column: Column, fact: str, instead: str) -> LaminaError:
    return LaminaError(f"{column.label} {fact}.", place="slice", remedy=f"Use {instead}.")
