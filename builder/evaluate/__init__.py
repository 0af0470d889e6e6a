"""What a trained model's predictions say: figures, how sure they are, and the rows behind them."""

from builder.evaluate.classification import AtThreshold, ClassFigures, ClassificationSplit
from builder.evaluate.curves import Calibration, Curve
from builder.evaluate.predictions import forward, outputs_of, predictions, stamp
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.report import SPLITS, Report, evaluate, evaluate_run, split_report
from builder.evaluate.split import SplitReport

__all__ = [
    "SPLITS",
    "AtThreshold",
    "Calibration",
    "ClassFigures",
    "ClassificationSplit",
    "Curve",
    "RegressionSplit",
    "Report",
    "SplitReport",
    "evaluate",
    "evaluate_run",
    "forward",
    "outputs_of",
    "predictions",
    "split_report",
    "stamp",
]
