"""How sure a figure is: 95 % intervals, by formula where there is one, else by the bootstrap."""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

Interval = tuple[float, float]


def wilson(right: int, rows: int, z: float = Z) -> Interval:
    """The Wilson score interval of a share (Wilson 1927); (0, 1) without rows."""
    if rows == 0:
        return 0.0, 1.0
    share = right / rows
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def of_mean(values: NDArray[np.float64]) -> Interval:
    """The normal interval of a mean; the mean itself where there is one row."""
    mean = float(values.mean()) if len(values) else float("nan")
    if len(values) < 2:
        return mean, mean
    half = Z * float(values.std(ddof=1)) / sqrt(len(values))
    return mean - half, mean + half


def of_counts(
    matrix: NDArray[np.int64],
    figure: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    draws: int = 1000,
) -> Interval:
    """The percentile bootstrap of a figure of a confusion matrix [K, K].

    `figure` maps matrices [N, K, K] to N values. Drawing a matrix is the same as drawing rows with
    replacement. Not a number where every draw gives the same: a perfect score says nothing of its
    own uncertainty.
    """
    total = int(matrix.sum())
    if total == 0:
        return float("nan"), float("nan")
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(total, (matrix / total).ravel(), size=draws)
    return middle(figure(drawn.reshape(draws, *matrix.shape)))


def of_sums(
    parts: NDArray[np.float64],
    figure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    draws: int = 400,
) -> Interval:
    """The percentile bootstrap of a figure that depends on the rows' means alone.

    `parts` [rows, P] holds what is averaged per row; `figure` maps means [N, P] to N values. Means
    of more than 20,000 rows are drawn as normal, which they are for so many. Not a number where
    every draw gives the same.
    """
    rows = len(parts)
    if rows < 2:
        return float("nan"), float("nan")
    generator = np.random.default_rng(0)
    if rows > 20_000:
        covariance = np.cov(parts.T).reshape(parts.shape[1], -1) / rows
        means = generator.multivariate_normal(parts.mean(0), covariance, size=draws)
    else:
        weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=draws)
        means = weights @ parts / rows
    return middle(figure(means))


def middle(values: NDArray[np.float64]) -> Interval:
    """The middle 95 % of draws; not a number where they hardly differ."""
    low, high = (float(end) for end in np.nanpercentile(values, [2.5, 97.5]))
    if high - low <= 1e-9 * max(1.0, abs(high)):
        return float("nan"), float("nan")
    return low, high
