"""What a regressor's predictions on one split say; everything in the target's own unit."""

from functools import cached_property
from typing import Any

import numpy as np

from builder.evaluate import intervals
from builder.evaluate.split import Floats, Ints, SplitReport, clean


class RegressionSplit(SplitReport):
    """A regressor on one split."""

    kind = "regression"
    classes: tuple[str, ...] = ()

    def __init__(
        self, targets: Floats, predictions: Floats, *, guess: float = 0.0, repeats: int = 0
    ) -> None:
        """`targets`, `predictions` [N] in the target's unit; `guess`: training's mean."""
        self.targets = np.asarray(targets, np.float64)
        self.predictions = np.asarray(predictions, np.float64)
        self.guess = guess
        self.repeats = repeats

    @cached_property
    def residuals(self) -> Floats:
        """Truth minus prediction [N]."""
        return np.asarray(self.targets - self.predictions)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """r2, mae, mse, rmse under scikit-learn's names, with the median of absolute errors."""
        if self.rows == 0:
            return {}
        square = float((self.residuals**2).mean())
        spread = float(((self.targets - self.targets.mean()) ** 2).mean())
        if spread == 0:
            r2 = 1.0 if square == 0 else 0.0
        else:
            r2 = 1 - square / spread
        return {
            "r2": r2 if self.rows > 1 else float("nan"),
            "mae": float(np.abs(self.residuals).mean()),
            "rmse": square**0.5,
            "mse": square,
            "median_absolute_error": float(np.median(np.abs(self.residuals))),
        }

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals: normal for MAE, bootstrap over rows for RMSE and R²."""
        if self.rows == 0:
            return {}
        centred = self.targets - self.targets.mean()
        parts = np.stack([self.residuals**2, centred, centred**2], 1)
        return {
            "mae": intervals.of_mean(np.abs(self.residuals)),
            "rmse": intervals.of_sums(parts, lambda m: np.sqrt(np.maximum(0, m[:, 0]))),
            "r2": intervals.of_sums(
                parts, lambda m: 1 - m[:, 0] / np.maximum(1e-300, m[:, 2] - m[:, 1] ** 2)
            ),
        }

    @property
    def to_beat(self) -> float:
        """The RMSE of always answering the training split's mean."""
        gaps = (self.targets - self.guess) ** 2
        return float(gaps.mean() ** 0.5) if self.rows else float("nan")

    def mistakes(self, count: int = 20) -> Ints:
        """The rows that are furthest off, worst first."""
        return np.argsort(-np.abs(self.residuals), kind="stable")[:count]

    def to_dict(self) -> dict[str, Any]:
        """JSON: the figures and their intervals."""
        return {**self.metrics_dict(), "guess_to_beat": clean(self.to_beat)}
