"""What a trained model's predictions say: figures, how sure they are, and the rows behind them."""

from builder.evaluate.classification import AtThreshold, ClassFigures, ClassificationSplit
from builder.evaluate.contrast import Comparison, Difference, against_rest, compare
from builder.evaluate.curves import Calibration, Curve
from builder.evaluate.measures import Measured, make, measure
from builder.evaluate.predictions import forward, outputs_of, predictions, stamp
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.report import SPLITS, Report, evaluate, evaluate_run, split_report
from builder.evaluate.slices import Slice, delete_slice, save_slice, slice_named, slices
from builder.evaluate.split import SplitReport

__all__ = [
    "SPLITS",
    "AtThreshold",
    "Calibration",
    "ClassFigures",
    "ClassificationSplit",
    "Comparison",
    "Curve",
    "Difference",
    "Measured",
    "RegressionSplit",
    "Report",
    "Slice",
    "SplitReport",
    "against_rest",
    "compare",
    "delete_slice",
    "evaluate",
    "evaluate_run",
    "forward",
    "make",
    "measure",
    "outputs_of",
    "predictions",
    "save_slice",
    "slice_named",
    "slices",
    "split_report",
    "stamp",
]
