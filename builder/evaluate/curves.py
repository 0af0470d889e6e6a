"""Curves over every threshold: ROC, precision and recall, coverage, calibration."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A curve as points, the threshold that gives each, and its area (nan where undefined)."""

    x: Floats
    y: Floats
    thresholds: Floats
    area: float


@dataclass(frozen=True)
class Calibration:
    """How sure the model says it is against how often it is right, in bins of equal width.

    `sure` and `right` are means per bin (nan where a bin is empty), `rows` its size; `error` is
    the expected calibration error, the mean gap weighted by rows (Naeini 2015).
    """

    edges: Floats
    sure: Floats
    right: Floats
    rows: NDArray[np.int64]
    error: float


def _steps(is_class: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats, Floats]:
    """True and false positives at each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    score, is_class = score[order], is_class[order]
    last = np.r_[np.flatnonzero(np.diff(score)), len(score) - 1]
    true = np.cumsum(is_class)[last].astype(np.float64)
    return true, 1.0 + last - true, score[last]


def roc(is_class: NDArray[np.bool_], score: Floats) -> Curve:
    """False against true positive rate; area nan unless both kinds occur."""
    if len(score) == 0:
        return Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([np.inf, 0.0]), np.nan)
    true, false, thresholds = _steps(is_class, score)
    positives, negatives = true[-1], false[-1]
    x = np.r_[0.0, false / negatives if negatives else np.full(len(false), np.nan)]
    y = np.r_[0.0, true / positives if positives else np.full(len(true), np.nan)]
    area = float(np.trapezoid(y, x)) if positives and negatives else float("nan")
    return Curve(x, y, np.r_[np.inf, thresholds], area)


def precision_recall(is_class: NDArray[np.bool_], score: Floats) -> Curve:
    """Recall against precision; the area is average precision, as scikit-learn defines it."""
    if len(score) == 0 or not is_class.any():
        return Curve(np.array([0.0]), np.array([1.0]), np.array([np.inf]), float("nan"))
    true, false, thresholds = _steps(is_class, score)
    precision, recall = true / (true + false), true / true[-1]
    area = float(np.sum(np.diff(np.r_[0.0, recall]) * precision))
    return Curve(np.r_[0.0, recall], np.r_[1.0, precision], np.r_[np.inf, thresholds], area)


def calibration(sure: Floats, right: NDArray[np.bool_], bins: int = 10) -> Calibration:
    """Group rows by how sure the model is of its answer."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    where = np.clip(np.digitize(sure, edges[1:-1], right=True), 0, bins - 1)
    rows = np.bincount(where, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_sure = np.bincount(where, sure, bins) / rows
        mean_right = np.bincount(where, right.astype(np.float64), bins) / rows
    gaps = np.abs(mean_sure - mean_right)
    error = float(np.nansum(gaps * rows) / max(1, rows.sum()))
    return Calibration(edges, mean_sure, mean_right, rows, error)


def coverage(sure: Floats, right: NDArray[np.bool_], points: int = 101) -> tuple[Floats, ...]:
    """'Answer only when sure': thresholds, share answered, accuracy of answers (nan: none)."""
    thresholds = np.linspace(0.0, 1.0, points)
    order = np.argsort(sure)
    sorted_sure, sorted_right = sure[order], right[order]
    first = np.searchsorted(sorted_sure, thresholds - 1e-12, side="left")
    hits = np.r_[np.cumsum(sorted_right[::-1])[::-1], 0]
    left = len(sure) - first
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = np.where(left > 0, hits[first] / left, np.nan)
    return thresholds, left / max(1, len(sure)), accuracy
