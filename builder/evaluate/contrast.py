"""What differs, and how surely: a run against another, a slice against the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import LaminaError
from builder.evaluate import intervals
from builder.evaluate.classification import ClassificationSplit
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.split import Floats, Ints, SplitReport
from builder.evaluate.yardsticks import Yardstick, yardstick

DRAWS = 400


@dataclass(frozen=True)
class Difference:
    """A figure here and there, and here minus there with its 95 % interval (nan: unknown)."""

    name: str
    here: float
    there: float
    interval: intervals.Interval

    @property
    def gap(self) -> float:
        """Here minus there."""
        return self.here - self.there

    @property
    def sure(self) -> bool:
        """Whether the interval leaves 0 out."""
        low, high = self.interval
        return bool(low > 0 or high < 0)


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same rows.

    `p_value` is McNemar's exact test that both are equally often right (1 for numbers: there is
    no such count). `only_here` and `only_there` are the rows that one of them gets right or, for
    numbers, where it is nearer to the truth; the largest disagreement first.
    """

    differences: tuple[Difference, ...]
    p_value: float
    only_here: Ints
    only_there: Ints


def compare(here: SplitReport, there: SplitReport) -> Comparison:
    """One run against another on the same rows of the same split.

    Raises LaminaError where the rows or the classes are not the same.
    """
    if here.kind != there.kind or here.classes != there.classes:
        raise LaminaError(
            "The two runs predict different things.",
            place="compare",
            remedy="Compare runs with the same target.",
        )
    if not np.array_equal(here.targets, there.targets):
        raise LaminaError(
            "The two runs are judged on different rows.",
            place="compare",
            remedy="Train one of them again with the data and the split of the other.",
        )
    if isinstance(here, ClassificationSplit) and isinstance(there, ClassificationSplit):
        return _of_classes(here, there)
    if isinstance(here, RegressionSplit) and isinstance(there, RegressionSplit):
        return _of_numbers(here, there)
    raise TypeError(f"no comparison for {here.kind}")


def mcnemar(only_here: int, only_there: int) -> float:
    """The exact two-sided p-value that both disagreements are equally likely (McNemar 1947)."""
    total, least = only_here + only_there, min(only_here, only_there)
    if total == 0:
        return 1.0
    if total > 1000:  # normal, with Edwards' correction
        return min(1.0, erfc(max(0.0, abs(only_here - only_there) - 1) / sqrt(2 * total)))
    tail = sum(comb(total, at) for at in range(least + 1))
    return min(1.0, float(2 * tail / (1 << total)))


def _of_classes(here: ClassificationSplit, there: ClassificationSplit) -> Comparison:
    ours, theirs = here.right, there.right
    size = len(here.classes)
    cells = [one.targets * size + one.predictions for one in (here, there)]
    # a draw of rows is a draw of what both said of them: (truth, ours, theirs)
    joint, counts = np.unique(cells[0] * size + there.predictions, return_counts=True)
    truth, left, right = joint // size**2, joint // size % size, joint % size
    only = 1 if here.binary else None
    losses = here.losses - there.losses
    name = "f1" if here.binary else "f1_macro"
    found = (
        Difference("accuracy", here.metrics["accuracy"], there.metrics["accuracy"],
                   _bootstrap(counts, lambda d: d @ ((truth == left) * 1.0 - (truth == right))
                              / d.sum(1))),
        Difference(name, here.metrics[name], there.metrics[name], _bootstrap(
            counts, lambda d: _f1(d, truth, left, size, only) - _f1(d, truth, right, size, only))),
        Difference("log_loss", here.metrics["log_loss"], there.metrics["log_loss"],
                   intervals.of_mean(losses)),
    )  # fmt: skip
    here_only, there_only = np.flatnonzero(ours & ~theirs), np.flatnonzero(theirs & ~ours)
    return Comparison(
        found,
        mcnemar(len(here_only), len(there_only)),
        here_only[np.argsort(losses[here_only], kind="stable")],
        there_only[np.argsort(-losses[there_only], kind="stable")],
    )


def _bootstrap(
    counts: NDArray[np.int64], figure: Callable[[NDArray[np.int64]], Floats]
) -> intervals.Interval:
    """The percentile bootstrap over rows that come in kinds, `counts` [kinds] of each."""
    total = int(counts.sum())
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(total, counts / total, size=DRAWS)
    return intervals.middle(figure(drawn))


def _f1(drawn: NDArray[np.int64], truth: Ints, answer: Ints, size: int, only: int | None) -> Floats:
    """F1 of the class `only`, else its mean over classes, of drawn kinds [draws, kinds]."""
    right, either = (np.zeros((len(drawn), size)) for _ in range(2))
    for kind, (true, said) in enumerate(zip(truth, answer, strict=True)):
        either[:, true] += drawn[:, kind]
        either[:, said] += drawn[:, kind]
        if true == said:
            right[:, true] += drawn[:, kind]
    f1 = np.divide(2 * right, either, out=np.zeros_like(right), where=either > 0)
    if only is not None:
        return np.asarray(f1[:, only])
    return np.asarray(f1.sum(1) / np.maximum(1, (either > 0).sum(1)))


def _of_numbers(here: RegressionSplit, there: RegressionSplit) -> Comparison:
    ours, theirs = here.residuals, there.residuals
    centred = here.targets - here.targets.mean()
    parts = np.stack([ours**2, theirs**2, centred, centred**2], 1)

    def r2(means: Floats) -> Floats:
        spread = np.maximum(1e-300, means[:, 3] - means[:, 2] ** 2)
        return np.asarray((means[:, 1] - means[:, 0]) / spread)

    nearer = np.abs(theirs) - np.abs(ours)  # > 0: nearer to the truth here
    pairs = {name: (here.metrics[name], there.metrics[name]) for name in ("r2", "mae", "rmse")}
    found = (
        Difference("r2", *pairs["r2"], intervals.of_sums(parts, r2)),
        Difference("mae", *pairs["mae"], intervals.of_mean(-nearer)),
        Difference("rmse", *pairs["rmse"], intervals.of_sums(
            parts, lambda m: np.sqrt(np.maximum(0, m[:, 0])) - np.sqrt(np.maximum(0, m[:, 1])))),
    )  # fmt: skip
    order = np.argsort(-nearer, kind="stable")
    return Comparison(found, 1.0, order[nearer[order] > 0], order[::-1][nearer[order[::-1]] < 0])


def against_rest(
    report: SplitReport,
    rows: Ints,
    by: Yardstick | None = None,
    z: float = intervals.Z,
) -> Difference:
    """A figure on these rows (here) and on all others (there); by default the headline figure.

    Shares with Newcombe's interval (1998, method 10); means with Welch's normal interval. `z` is
    the normal quantile, larger where many groups are looked at. Not a number where either side has
    no rows.
    """
    by = by or yardstick(report)
    chosen = np.zeros(report.rows, bool)
    chosen[rows] = True
    inside, outside = by.values[chosen & by.counted], by.values[~chosen & by.counted]
    here, there = _mean(inside), _mean(outside)
    gap = here - there
    if by.share:
        ends = [intervals.wilson(int(part.sum()), len(part), z) for part in (inside, outside)]
        (low, high), (less, more) = ends
        interval = (
            gap - sqrt((here - low) ** 2 + (more - there) ** 2),
            gap + sqrt((high - here) ** 2 + (there - less) ** 2),
        )
        return Difference(by.name, here, there, interval)
    if min(len(inside), len(outside)) < 2:
        return Difference(by.name, here, there, (float("nan"), float("nan")))
    half = z * sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))
    return Difference(by.name, here, there, (gap - half, gap + half))


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
