"""The grid of all combinations."""

from collections.abc import Iterator, Sequence

from builder.errors import LaminaError
from builder.sweeps.space import Parameter, Settings

LARGEST = 10_000
"""So many trials a sweep may have."""


def grid(parameters: Sequence[Parameter]) -> list[Settings]:
    """Every combination, the last parameter changing fastest.

    Raises LaminaError for a range without steps, and beyond 10,000 combinations.
    """
    for one in parameters:
        if one.every() is None:
            low, high = one.ends
            remedy = f"Write {low:g}..{high:g}{':log' if one.log else ''}:n=5 for five values."
            raise LaminaError(
                "A grid needs the values of this range.", place=one.field, remedy=remedy
            )
    found: list[Settings] = []
    for settings in _combinations(parameters, {}):
        found.append(settings)
        if len(found) > LARGEST:
            raise LaminaError(
                f"The grid has more than {LARGEST:,} combinations ({_size(parameters)}).",
                place="over",
                remedy="Give fewer values, or let tpe or random choose among them.",
            )
    return found


def _size(parameters: Sequence[Parameter]) -> str:
    return " × ".join(str(len(one.every() or ())) for one in parameters)


def finite(parameters: Sequence[Parameter]) -> int | None:
    """How many combinations there are; None where there is no end, or more than 10,000."""
    if any(one.every() is None for one in parameters):
        return None
    count = 0
    for _ in _combinations(parameters, {}):
        count += 1
        if count > LARGEST:
            return None
    return count


def _combinations(parameters: Sequence[Parameter], settings: Settings) -> Iterator[Settings]:
    if not parameters:
        yield settings
        return
    first, *rest = parameters
    if not first.active(settings):
        yield from _combinations(rest, settings)
        return
    for value in first.every() or ():
        yield from _combinations(rest, {**settings, first.field: value})
