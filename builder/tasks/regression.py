"""Regression: one number per row, learnt in standard deviations of the training target."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from builder.tasks.base import Context, single
from builder.tasks.losses import NUMBER_LOSSES, choose, options
from builder.tasks.rows import RowTask


class Regression(RowTask):
    """A distance between output [B, 1] and the standardised target; predictions are in the target's
    own unit.
    """

    kind = "regression"
    title = "Regression"
    help = "How much? Predict a number."
    measures = "number"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.loss_name = choose(NUMBER_LOSSES, context.choice.loss, "MSELoss")
        self.options = options(context.choice.options, NUMBER_LOSSES[self.loss_name][1])

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        """It needs a target of numbers that are not all the same."""
        target = context.target
        if target is None:
            return "Regression needs a target column. Choose one on the Data page."
        name = context.called(target.name)
        if target.kind != "number":
            return (
                f"The target {name} holds classes. Choose classification, "
                "or set the column's type to number."
            )
        if not target.std > 0:
            return (
                f"The target {name} has the same value in every training row; "
                "there is nothing to learn. Choose another target."
            )
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """[1] number."""
        del graph
        return (1,)

    def usual(self) -> tuple[str, ...]:
        """R², mean absolute error and root mean squared error."""
        return ("r2", "mae", "rmse")

    def loss(self, output: Tensor, target_B: Tensor) -> Tensor:
        """Of numbers [B, 1] in standard deviations and targets in their own unit."""
        wanted_B1 = ((target_B - self.target.mean) * (1.0 / self.target.std)).reshape(-1, 1)
        return NUMBER_LOSSES[self.loss_name][0](output, wanted_B1, **self.options)

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The numbers [B] in the target's unit."""
        output_B1 = single(outputs).float()
        return {"prediction": output_B1.flatten() * self.target.std + self.target.mean}

    def details(self) -> dict[str, Any]:
        """Loss with its options, and the training target's mean and standard deviation."""
        return {
            "loss": self.loss_name,
            "options": self.options,
            "mean": self.target.mean,
            "std": self.target.std,
        }
