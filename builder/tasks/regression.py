"""Regression: one number per row, learnt in standard deviations of the training target."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from builder.data.options import Option
from builder.tasks.base import (
    Batch,
    Context,
    Feed,
    Losses,
    Phase,
    Rows,
    Sample,
    Task,
    apply,
    single,
)
from builder.tasks.losses import NUMBER_LOSSES, choose, options


class Regression(Task):
    """A distance between output [B, 1] and the standardised target; predictions are in the target's
    own unit.
    """

    kind = "regression"
    title = "Regression"
    help = "How much? Predict a number."
    views = ("rows",)
    measures = "number"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        if context.target is None:
            raise AssertionError("make() has asked unfit() first")
        self.target = context.target
        self.loss_name = choose(NUMBER_LOSSES, context.choice.loss, "MSELoss")
        self.options = options(context.choice.options, NUMBER_LOSSES[self.loss_name][1])

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        """It needs a target of numbers that are not all the same."""
        target = context.target
        if target is None:
            return "Regression needs a target column. Choose one on the Data page."
        if target.kind != "number":
            return (
                f"The target '{target.name}' holds classes. Choose classification, "
                "or set the column's type to number."
            )
        if not target.std > 0:
            return (
                f"The target '{target.name}' has the same value in every training row; "
                "there is nothing to learn. Choose another target."
            )
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """[1] number."""
        del graph
        return (1,)

    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        """The prepared rows."""
        del split, data, device
        return None

    def phases(self) -> tuple[Phase, ...]:
        """One update of the model."""
        return (Phase("train", self.context.graphs[:1], self._loss()),)

    def validation(self) -> Phase:
        """The same loss."""
        return Phase("validation", (), self._loss())

    def metrics(self) -> tuple[str, ...]:
        """As chosen; else R², mean absolute error and root mean squared error."""
        if self.context.choice.metrics is not None:
            return self.context.choice.metrics
        return ("r2", "mae", "rmse")

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The numbers [B] in the target's unit."""
        output_B1 = single(outputs).float()
        return {"prediction": output_B1.flatten() * self.target.std + self.target.mean}

    def sampling(self) -> tuple[Option, ...]:
        """Nothing is made."""
        return ()

    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample | None:
        """Nothing is made."""
        del models, options, generator
        return None

    def details(self) -> dict[str, Any]:
        """Loss with its options, and the training target's mean and standard deviation."""
        return {
            "loss": self.loss_name,
            "options": self.options,
            "mean": self.target.mean,
            "std": self.target.std,
        }

    def _loss(self) -> Any:
        function = NUMBER_LOSSES[self.loss_name][0]
        settings = self.options
        name = self.context.graphs[0]
        mean, scale = self.target.mean, 1.0 / self.target.std

        def loss(models: Mapping[str, nn.Module], batch: Batch, _: torch.Generator) -> Losses:
            output_B1 = single(apply(models[name], batch)).float()
            target_B1 = ((batch["target"] - mean) * scale).reshape(-1, 1)
            return Losses(function(output_B1, target_B1, **settings), {"output": output_B1})

        return loss
