"""What if a column were different.

Curves of the answer along each column, and the smallest changes that flip it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.explain.run import Asked

ROWS = 300
POINTS = 21
MOST_CHOICES = 8


@dataclass(frozen=True)
class Range:
    """What a raw column may hold, as the training rows show.

    Numbers from low to high, or a few values.
    """

    column: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def grid(self) -> list[Any]:
        """Values along the column, for a curve."""
        if self.choices:
            return list(self.choices)
        values = np.linspace(self.low, self.high, POINTS)
        if self.whole:
            return [int(v) for v in np.unique(values.round())]
        return [float(f"{v:.6g}") for v in values]


@dataclass(frozen=True)
class Flip:
    """A single change that flips the answer.

    The column, from what to what, and what is watched then.
    """

    column: str
    before: Any
    after: Any
    watched: float
    answer: str


def ranges(asked: Asked) -> tuple[Range, ...]:
    """The raw columns that the model reads, in the data's order."""
    key = "ranges"
    if key not in asked.subject.cache:
        size = asked.prepared.spec.sizes["train"]
        drawn = np.random.default_rng(0).permutation(size)[:ROWS]
        rows = [asked.prepared.record("train", int(row)) for row in np.sort(drawn)]
        kinds = _kinds(asked)
        asked.subject.cache[key] = tuple(
            _range(column, kinds.get(column, "number"), [row.get(column) for row in rows])
            for column in asked.subject.columns
        )
    found: tuple[Range, ...] = asked.subject.cache[key]
    return found


def _kinds(asked: Asked) -> dict[str, str]:
    """Per raw column what it is: number, category, boolean, date."""
    return {
        column["name"]: column["kind"]
        for part in asked.prepared.preparation["inputs"].values()
        for column in part.get("columns", ())
    }


def _range(column: str, kind: str, values: Sequence[Any]) -> Range:
    known = [value for value in values if value is not None and value == value]
    numbers = [
        float(value)
        for value in known
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if kind == "number" and numbers:
        whole = all(value.is_integer() for value in numbers)
        distinct = sorted(set(numbers))
        if len(distinct) <= 4:
            return Range(column, choices=tuple(int(v) if whole else v for v in distinct))
        low, high = np.percentile(numbers, [0.5, 99.5])
        return Range(column, float(low), float(high), whole)
    counts: dict[Any, int] = {}
    for value in known:
        counts[value] = counts.get(value, 0) + 1
    common = sorted(counts, key=lambda value: -counts[value])[: 4 * MOST_CHOICES]
    return Range(column, choices=tuple(sorted(common, key=str)))


def watch(asked: Asked, records: Sequence[Mapping[str, Any]], target: int | None) -> list[float]:
    """What is watched for each record: the target class's probability, or the number."""
    import torch

    inputs = asked.records(records)
    codes = None if target is None else torch.full((len(records),), target)
    return [float(value) for value in asked.subject.watched(inputs, codes)]


def curves(
    asked: Asked, record: Mapping[str, Any], target: int | None
) -> dict[str, tuple[list[Any], list[float]]]:
    """Per column: values along it, and what is watched there with all else as in `record`.

    One pass for all.
    """
    found = ranges(asked)
    variants = [{**record, one.column: value} for one in found for value in one.grid]
    watched = watch(asked, variants, target) if variants else []
    result, at = {}, 0
    for one in found:
        grid = one.grid
        result[one.column] = (grid, watched[at : at + len(grid)])
        at += len(grid)
    return result


def flips(asked: Asked, record: Mapping[str, Any], most: int = 3) -> list[Flip]:
    """The smallest single changes after which another class is answered; none for numbers.

    Sizes are compared as shares of a column's range; a change of category counts as half of it.
    """
    subject = asked.subject
    if not subject.classifies:
        return []
    found = ranges(asked)
    variants = [
        (one, value) for one in found for value in one.grid if value != record.get(one.column)
    ]
    if not variants:
        return []
    now = int(subject.prediction(asked.records([record]))[0])
    inputs = asked.records([{**record, one.column: value} for one, value in variants])
    answers = subject.prediction(inputs).tolist()
    chances = subject.probabilities(inputs)[:, now].tolist()
    best: dict[str, tuple[float, Flip]] = {}
    for (one, value), answer, chance in zip(variants, answers, chances):
        if answer == now:
            continue
        before = record.get(one.column)
        size = _size(one, before, value)
        flip = Flip(one.column, before, value, chance, subject.classes[answer])
        if one.column not in best or size < best[one.column][0]:
            best[one.column] = (size, flip)
    return [flip for _, flip in sorted(best.values(), key=lambda pair: pair[0])[:most]]


def _size(one: Range, before: Any, after: Any) -> float:
    if one.choices or not isinstance(before, int | float) or one.high <= one.low:
        return 0.5
    return abs(float(after) - float(before)) / (one.high - one.low)
