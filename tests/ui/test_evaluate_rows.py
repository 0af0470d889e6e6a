"""The rows that Evaluate gives away hold all that its figures were made from."""

import csv
import io

import numpy as np
import pytest

from builder.evaluate.report import ClassificationSplit
from builder.ui.screens import evaluate_parts


def test_the_log_loss_can_be_recomputed_from_the_rows():
    sure = np.array([[1 - 3e-9, 3e-9], [0.123456789012345, 0.876543210987655]])
    split = ClassificationSplit(np.array([1, 0]), sure, ("no", "yes"))
    head, *lines = csv.reader(io.StringIO(evaluate_parts.predictions_csv(split).decode()))
    found = [float(line[head.index(f"p({line[1]})")]) for line in lines]
    assert -np.log(found).mean() == pytest.approx(-np.log([3e-9, 0.123456789012345]).mean())
