"""What a classifier's predictions on one split say."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from builder.evaluate import curves, intervals
from builder.evaluate.split import Floats, Ints, SplitReport, clean


@dataclass(frozen=True)
class ClassFigures:
    """One class: precision, recall, F1, the areas under its curves, and how many rows it has."""

    name: str
    precision: float
    recall: float
    f1: float
    roc_auc: float
    average_precision: float
    rows: int


@dataclass(frozen=True)
class AtThreshold:
    """A two-class answer at one threshold of the positive class."""

    threshold: float
    figures: dict[str, float]
    matrix: list[list[int]]

    @property
    def answered(self) -> int:
        """Rows that get the positive class; with none, precision is 0 by convention only."""
        return self.matrix[0][1] + self.matrix[1][1]


def _by_class(matrix: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Precision, recall, F1 [..., K] of matrices [..., K, K]; 0 where undefined (scikit-learn)."""
    right = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    answered, true = matrix.sum(-2), matrix.sum(-1)
    precision = np.divide(right, answered, out=np.zeros_like(right), where=answered > 0)
    recall = np.divide(right, true, out=np.zeros_like(right), where=true > 0)
    f1 = np.divide(2 * right, answered + true, out=np.zeros_like(right), where=answered + true > 0)
    return precision, recall, f1


def _macro(matrix: NDArray[np.int64], values: Floats) -> Floats:
    """The mean over classes that occur in truth or answers (scikit-learn's labels)."""
    present = (matrix.sum(-1) + matrix.sum(-2)) > 0
    return np.asarray((values * present).sum(-1) / np.maximum(1, present.sum(-1)))


def _balanced(matrix: NDArray[np.int64]) -> Floats:
    """Mean recall over the classes that occur in truth."""
    present = matrix.sum(-1) > 0
    return np.asarray((_by_class(matrix)[1] * present).sum(-1) / np.maximum(1, present.sum(-1)))


class ClassificationSplit(SplitReport):
    """A classifier on one split. Rows of the matrix are the truth, columns the prediction."""

    kind = "classification"

    def __init__(
        self,
        targets: Ints,
        probabilities: Floats,
        classes: tuple[str, ...],
        *,
        guess: int = 0,
        repeats: int = 0,
    ) -> None:
        """`targets` [N] codes, `probabilities` [N, K]; `guess`: training's most frequent class."""
        self.targets = targets
        self.probabilities = np.asarray(probabilities, np.float64)
        self.predictions: Ints = self.probabilities.argmax(1) if len(targets) else targets
        self.classes = classes
        self.guess = guess
        self.repeats = repeats

    @property
    def binary(self) -> bool:
        """Two classes; the positive one is the second."""
        return len(self.classes) == 2

    @cached_property
    def confidence(self) -> Floats:
        """How sure the model is of its answer, per row [N]."""
        return self.probabilities.max(1) if self.rows else np.zeros(0)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Where the answer is the truth [N]."""
        return np.asarray(self.predictions == self.targets)

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """The confusion matrix [K, K] as an array."""
        size = len(self.classes)
        flat = np.bincount(self.targets * size + self.predictions, minlength=size * size)
        return flat.reshape(size, size).astype(np.int64)

    @property
    def confusion_matrix(self) -> list[list[int]]:
        """Counts by truth (rows) and prediction (columns)."""
        return [[int(cell) for cell in row] for row in self.matrix]

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Figures under scikit-learn's names.

        With two classes precision, recall and F1 are the second class's, else macro means.
        """
        if self.rows == 0:
            return {}
        precision, recall, f1 = _by_class(self.matrix)
        pick = (lambda v: v[1]) if self.binary else (lambda v: _macro(self.matrix, v))
        figures = {
            "accuracy": self.right.mean(),
            "balanced_accuracy": _balanced(self.matrix),
            "precision": pick(precision),
            "recall": pick(recall),
            "f1": pick(f1),
            "f1_macro": _macro(self.matrix, f1),
            "roc_auc": self._roc_auc(),
            "log_loss": self.losses.mean(),
            "calibration_error": self.calibration.error,
        }
        if len(self.classes) > 3:
            figures["top_3_accuracy"] = self._in_top(3).mean()
        if self.binary:
            figures["average_precision"] = self.pr(1).area
        return {name: float(value) for name, value in figures.items()}

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals: Wilson for shares, normal for the loss, else bootstrap of the matrix."""
        if self.rows == 0:
            return {}
        found = {
            "accuracy": intervals.wilson(int(self.right.sum()), self.rows),
            "balanced_accuracy": intervals.of_counts(self.matrix, _balanced),
            "f1_macro": intervals.of_counts(self.matrix, lambda m: _macro(m, _by_class(m)[2])),
            "log_loss": intervals.of_mean(self.losses),
        }
        if self.binary:
            found["f1"] = intervals.of_counts(self.matrix, lambda m: _by_class(m)[2][..., 1])
        else:
            found["f1"] = found["f1_macro"]
        if len(self.classes) > 3:
            found["top_3_accuracy"] = intervals.wilson(int(self._in_top(3).sum()), self.rows)
        return found

    @property
    def to_beat(self) -> float:
        """The accuracy of always answering the training split's most frequent class."""
        return float((self.targets == self.guess).mean()) if self.rows else float("nan")

    @cached_property
    def losses(self) -> Floats:
        """The log loss of each row [N]."""
        chosen = self.probabilities[np.arange(self.rows), self.targets]
        tiny = np.finfo(np.float64).eps
        return np.asarray(-np.log(np.clip(chosen / self.probabilities.sum(1), tiny, 1 - tiny)))

    def _in_top(self, count: int) -> NDArray[np.bool_]:
        chosen = self.probabilities[np.arange(self.rows), self.targets]
        above = self.probabilities > chosen[:, None]
        later = np.arange(len(self.classes)) > self.targets[:, None]
        ties = (self.probabilities == chosen[:, None]) & later  # a tie goes to the later class
        return np.asarray((above | ties).sum(1) < count)

    def _roc_auc(self) -> float:
        if self.binary:
            return self.roc(1).area
        areas = [self.roc(code).area for code in range(len(self.classes))]
        return float(np.mean(areas))

    def roc(self, code: int) -> curves.Curve:
        """The ROC curve of one class against the rest."""
        return curves.roc(self.targets == code, self.probabilities[:, code])

    def pr(self, code: int) -> curves.Curve:
        """The precision-recall curve of one class against the rest."""
        return curves.precision_recall(self.targets == code, self.probabilities[:, code])

    @cached_property
    def calibration(self) -> curves.Calibration:
        """Ten bins of how sure the model is of its answer."""
        return curves.calibration(self.confidence, self.right)

    @cached_property
    def coverage(self) -> tuple[Floats, ...]:
        """Thresholds, the share answered, the accuracy of the answers."""
        return curves.coverage(self.confidence, self.right)

    def per_class(self) -> list[ClassFigures]:
        """One line per class, in the classes' order."""
        precision, recall, f1 = _by_class(self.matrix)
        return [
            ClassFigures(
                name,
                float(precision[code]),
                float(recall[code]),
                float(f1[code]),
                self.roc(code).area,
                self.pr(code).area,
                int(self.matrix[code].sum()),
            )
            for code, name in enumerate(self.classes)
        ]

    def threshold(self, value: float) -> AtThreshold:
        """Every figure when the second of two classes is answered from probability `value` on."""
        if not self.binary:
            raise ValueError("a threshold needs two classes")
        answers = (self.probabilities[:, 1] >= value).astype(np.int64)
        flat = np.bincount(self.targets * 2 + answers, minlength=4).reshape(2, 2)
        precision, recall, f1 = (float(values[1]) for values in _by_class(flat))
        false = flat[0, 1] / flat[0].sum() if flat[0].sum() else float("nan")
        figures = {
            "accuracy": float((answers == self.targets).mean()) if self.rows else float("nan"),
            "balanced_accuracy": float(_balanced(flat)),
            "precision": precision,
            "recall": recall,
            "f1": f1,
            "false_positive_rate": float(false),
        }
        return AtThreshold(value, figures, [[int(cell) for cell in row] for row in flat])

    def sure(self, value: float) -> tuple[int, float]:
        """Answer only from a certainty of `value` on: rows answered, accuracy of those answers."""
        taken = self.confidence >= value
        return int(taken.sum()), float(self.right[taken].mean()) if taken.any() else float("nan")

    def cell(self, true: int, predicted: int) -> Ints:
        """The rows of one cell of the matrix, surest first."""
        rows = np.flatnonzero((self.targets == true) & (self.predictions == predicted))
        return rows[np.argsort(-self.confidence[rows], kind="stable")]

    def of_class(self, true: int) -> Ints:
        """The rows of one class: the wrong ones first, surest first among each."""
        rows = np.flatnonzero(self.targets == true)
        return rows[np.lexsort((-self.confidence[rows], self.right[rows]))]

    def unsure(self, true: int | None = None) -> Ints:
        """Rows that are right, of one class if named, the least sure first."""
        chosen = self.right if true is None else self.right & (self.targets == true)
        rows = np.flatnonzero(chosen)
        return rows[np.argsort(self.confidence[rows], kind="stable")]

    def mistakes(self, count: int = 20) -> Ints:
        """Rows where the model is wrong, the surest first."""
        rows = np.flatnonzero(~self.right)
        return rows[np.argsort(-self.confidence[rows], kind="stable")][:count]

    def to_dict(self) -> dict[str, Any]:
        """JSON: the figures, their intervals, the matrix, the classes, calibration; of two classes
        `positive` is the one whose precision, recall and F1 these are.
        """
        bins = self.calibration
        return {
            **self.metrics_dict(),
            "guess_to_beat": clean(self.to_beat),
            "confusion_matrix": self.confusion_matrix,
            "classes": list(self.classes),
            **({"positive": self.classes[1]} if self.binary else {}),
            "per_class": [
                {key: clean(value) for key, value in vars(figures).items()}
                for figures in self.per_class()
            ],
            "calibration": {
                "edges": bins.edges.tolist(),
                "sure": [clean(value) for value in bins.sure],
                "right": [clean(value) for value in bins.right],
                "rows": bins.rows.tolist(),
            },
        }
