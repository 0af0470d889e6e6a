"""Numbers so far from all others that they are a mistake, or stand for nothing known (-999)."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Say = Callable[[str, tuple[str, ...], NDArray[np.float64]], str]

FEWEST = 20
"""Of fewer different numbers none is far off."""
MOST = 3
"""So many cells may be mistakes; more are the column's own way."""
SHRINKS = 10.0
"""Without them the column's standard deviation is smaller by at least so much."""
CODE = re.compile(r"-?(9{2,}|8{3,})|-1")
"""How people write that nothing is known where only numbers may stand."""


class FarOff(Check):
    """One cell of 1e9 among numbers below 100 sets the scale: all others look alike after it."""

    order: ClassVar[int] = 34

    def look(self, facts: Facts) -> list[Finding]:
        """Codes for gaps, and few cells that are far from all others, in features and target."""
        columns = dict(facts.numeric)
        if facts.problem == "regression" and facts.target is not None:
            cells = facts.frame[facts.target]
            columns[facts.target] = np.asarray(cells, dtype=np.float64)
        codes: dict[str, tuple[str, ...]] = {}
        mistakes: dict[str, tuple[str, ...]] = {}
        for name, x in columns.items():
            known = x[np.isfinite(x)]
            if code := _code(known):
                codes[name] = (code,)
            elif found := _mistakes(known):
                mistakes[name] = found
        return [
            *_told(facts, codes, "gap_code", "A number that may mean “not known”", _as_code),
            *_told(facts, mistakes, "far_off", "A number far from all others", _as_mistake),
        ]


def _plain(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _code(x: "NDArray[np.float64]") -> str:
    """The lowest or highest number, where it looks like a code and comes again and again."""
    if not len(x):
        return ""
    for end in (x.min(), x.max()):
        word = _plain(end)
        if not CODE.fullmatch(word) or (x == end).sum() <= MOST:
            continue
        rest = np.unique(x[x != end])
        if len(rest) < FEWEST:
            continue
        low, high = np.quantile(rest, (0.05, 0.95))
        if np.abs(rest - end).min() > high - low > 0:
            return word
    return ""


def _mistakes(x: "NDArray[np.float64]") -> tuple[str, ...]:
    """The few numbers that alone make the spread what it is, the furthest first."""
    whole = x.std() if len(x) else 0.0
    # a quick look: of so few cells the furthest has a third of nearly all variance, or more
    if not whole or np.abs(x - x.mean()).max() < 0.5 * whole * len(x) ** 0.5:
        return ()
    if len(np.unique(x)) < FEWEST:
        return ()
    order = np.argsort(-np.abs(x - np.median(x)))
    for count in range(1, MOST + 1):
        if whole > SHRINKS * np.delete(x, order[:count]).std() > 0:
            return tuple(dict.fromkeys(_plain(value) for value in x[order[:count]]))
    return ()


def _as_code(name: str, words: tuple[str, ...], rest: "NDArray[np.float64]") -> str:
    return (
        f"{listed([name])} has {words[0]} again and again; all other numbers lie from "
        f"{rest.min():,.6g} to {rest.max():,.6g}. As a number it tells the network something wrong."
    )


def _as_mistake(name: str, words: tuple[str, ...], rest: "NDArray[np.float64]") -> str:
    return (
        f"{listed([name])} has {' and '.join(words)}; all other numbers lie from {rest.min():,.6g} "
        f"to {rest.max():,.6g}. Scaled by such a spread, these look alike to the network."
    )


def _told(
    facts: Facts, found: Mapping[str, tuple[str, ...]], code: str, title: str, say: "Say"
) -> list[Finding]:
    """One finding for all such columns, with what the first of them holds."""
    if not found:
        return []
    name, words = next(iter(found.items()))
    x = np.asarray(facts.frame[name], dtype=np.float64)
    away = np.isin(x, [float(word) for word in words]) | ~np.isfinite(x)
    others = f" So have {listed(list(found)[1:])}." if len(found) > 1 else ""
    edits = {
        one: {"absent": [*facts.data.columns[one].absent, *far]}
        if one in facts.data.columns
        else {"absent": list(far)}
        for one, far in found.items()
    }
    label = "Take it as not known" if sum(map(len, found.values())) == 1 else "Take them as gaps"
    return [
        Finding(
            code,
            "warning",
            title,
            say(name, words, x[~away]) + others,
            tuple(found),
            (Remedy(label, {"columns": edits}),),
        )
    ]
