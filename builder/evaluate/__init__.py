"""What a trained model's predictions say: figures, how sure they are, and the rows behind them."""

from builder.evaluate.classification import AtThreshold, ClassFigures, ClassificationSplit
from builder.evaluate.columns import Column, Columns, columns, columns_known
from builder.evaluate.conditions import Term, is_condition, parse, rows_where, written
from builder.evaluate.contrast import Comparison, Difference, against_rest, compare
from builder.evaluate.curves import Calibration, Curve
from builder.evaluate.groups import ANY, Group, Groups, by_column, ranges, standing_out
from builder.evaluate.judged import Judged, judged
from builder.evaluate.measures import Measured, make, measure
from builder.evaluate.predictions import forward, outputs_of, predictions, stamp
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.report import SPLITS, Report, evaluate, evaluate_run, split_report
from builder.evaluate.slices import (
    Slice,
    delete_slice,
    rows_of,
    save_condition,
    save_slice,
    slice_named,
    slices,
    usual_split,
)
from builder.evaluate.split import SplitReport
from builder.evaluate.yardsticks import Yardstick, yardstick, yardsticks

__all__ = [
    "ANY",
    "SPLITS",
    "AtThreshold",
    "Calibration",
    "ClassFigures",
    "ClassificationSplit",
    "Column",
    "Columns",
    "Comparison",
    "Curve",
    "Difference",
    "Group",
    "Groups",
    "Judged",
    "Measured",
    "RegressionSplit",
    "Report",
    "Slice",
    "SplitReport",
    "Term",
    "Yardstick",
    "against_rest",
    "by_column",
    "columns",
    "columns_known",
    "compare",
    "delete_slice",
    "evaluate",
    "evaluate_run",
    "forward",
    "is_condition",
    "judged",
    "make",
    "measure",
    "outputs_of",
    "parse",
    "predictions",
    "ranges",
    "rows_of",
    "rows_where",
    "save_condition",
    "save_slice",
    "slice_named",
    "slices",
    "split_report",
    "stamp",
    "standing_out",
    "usual_split",
    "written",
    "yardstick",
    "yardsticks",
]
