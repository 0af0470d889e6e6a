"""What groups of rows are compared by: a value for each row, whose mean is the figure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from builder.errors import LaminaError
from builder.evaluate.classification import ClassificationSplit
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.split import Floats, SplitReport


@dataclass(frozen=True)
class Yardstick:
    """A figure that is a mean over rows. `values` and `counted` are by row of the split.

    `share`: the values are 0 or 1, so the figure is a share. `better` is "neither" where no
    direction is good: how often something is predicted, or a bias.
    """

    name: str
    title: str
    values: Floats
    counted: NDArray[np.bool_]
    share: bool
    better: Literal["higher", "lower", "neither"]


def yardsticks(report: SplitReport) -> dict[str, Yardstick]:
    """Those that fit the report, the usual one first."""
    every = np.ones(report.rows, bool)
    if isinstance(report, ClassificationSplit):
        right = report.right.astype(np.float64)
        found = [Yardstick("accuracy", "Accuracy", right, every, True, "higher")]
        if report.binary:
            positive, said = str(report.classes[1]), report.predictions == 1
            found += [
                Yardstick("recall", f"Share of {positive} that is found (recall)", right,
                          report.targets == 1, True, "higher"),
                Yardstick("precision", f"Share of {positive} predictions that are right "
                          "(precision)", right, said, True, "higher"),
                Yardstick("false_positive_rate", f"Share of {report.classes[0]} taken for "
                          f"{positive}", said.astype(np.float64), report.targets == 0, True,
                          "lower"),
                Yardstick("predicted_positive", f"How often {positive} is predicted",
                          said.astype(np.float64), every, True, "neither"),
            ]  # fmt: skip
        found.append(Yardstick("log_loss", "Log loss", report.losses, every, False, "lower"))
        return {one.name: one for one in found}
    if not isinstance(report, RegressionSplit):
        raise TypeError(f"no slices for {report.kind}")
    off = report.residuals
    found = [
        Yardstick("mae", "Mean absolute error", np.abs(off), every, False, "lower"),
        Yardstick("bias", "Truth minus prediction, on average", off, every, False, "neither"),
    ]
    return {one.name: one for one in found}


def yardstick(report: SplitReport, name: str | None = None) -> Yardstick:
    """The one of that name, else the usual one. Raises LaminaError, naming those that there are."""
    found = yardsticks(report)
    if name is None:
        return next(iter(found.values()))
    if name not in found:
        raise LaminaError(
            f"Groups are not compared by '{name}'.",
            place="metric",
            remedy=f"Use one of: {', '.join(found)}.",
        )
    return found[name]
