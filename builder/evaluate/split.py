"""What every report on one split has, whatever the task."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def clean(value: Any) -> Any:
    """A value for JSON: plain floats, None instead of nan and infinity."""
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


class SplitReport(ABC):
    """Predictions on one split and what they say. Arrays are by row of the split.

    `repeats` counts the rows whose inputs also stand in the training split, word for word.
    """

    kind: ClassVar[str]
    targets: NDArray[Any]
    predictions: NDArray[Any]
    classes: tuple[str, ...]
    repeats: int

    @property
    def rows(self) -> int:
        """How many rows the split has."""
        return len(self.targets)

    @property
    @abstractmethod
    def metrics(self) -> dict[str, float]:
        """Figures under scikit-learn's names; empty for an empty split."""

    @property
    @abstractmethod
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals of some of the figures."""

    @property
    @abstractmethod
    def to_beat(self) -> float:
        """What the best constant answer reaches: accuracy, or RMSE."""

    @abstractmethod
    def mistakes(self, count: int = 20) -> Ints:
        """The worst rows, worst first."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """JSON for `lamina evaluate --json`."""

    def metrics_dict(self) -> dict[str, Any]:
        """The metrics at top level, with their intervals and the number of rows."""
        return {
            **{name: clean(value) for name, value in self.metrics.items()},
            "rows": self.rows,
            "intervals": {
                name: [clean(low), clean(high)] for name, (low, high) in self.intervals.items()
            },
        }
