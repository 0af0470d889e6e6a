"""Classification: one of K classes per row. K = 2 is the same task with a positive class (the
second).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from builder.data.options import Option
from builder.errors import LaminaError
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
from builder.tasks.losses import CLASS_LOSSES, choose, options


class Classification(Task):
    """Cross-entropy over logits [B, K], with class weights and label smoothing from the recipe."""

    kind = "classification"
    title = "Classification"
    help = "Which of several classes does a row belong to?"
    views = ("rows",)
    measures = "class"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        if context.target is None:
            raise AssertionError("make() has asked unfit() first")
        self.target = context.target
        self.loss_name = choose(CLASS_LOSSES, context.choice.loss, "CrossEntropyLoss")
        if self.loss_name == "BCEWithLogitsLoss" and len(self.target.classes) != 2:
            raise LaminaError(
                f"BCEWithLogitsLoss is for two classes; the target has {len(self.target.classes)}.",
                place="task.loss",
                remedy="Choose CrossEntropyLoss.",
            )
        options(context.choice.options, {})
        self.weights = class_weights(context)

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        """It needs a target with at least two classes."""
        target = context.target
        if target is None:
            return "Classification needs a target column. Choose one on the Data page."
        if target.kind != "class":
            return (
                f"The target '{target.name}' holds numbers. Choose regression, "
                "or set the column's type to category."
            )
        if len(target.classes) < 2:
            return (
                f"The target '{target.name}' has one class only. "
                "Bring rows of a second class, or choose another target."
            )
        if target.counts and sum(1 for count in target.counts if count) < 2:
            return (
                f"The training split holds one class of '{target.name}' only. "
                "Choose a stratified split, or bring more rows."
            )
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """[K] logits."""
        del graph
        return (len(self.target.classes),)

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
        """As chosen; else accuracy and F1, with the area under the ROC curve for two classes."""
        if self.context.choice.metrics is not None:
            return self.context.choice.metrics
        two = len(self.target.classes) == 2
        return ("accuracy", "f1", "roc_auc") if two else ("accuracy", "f1")

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Probabilities [B, K] by softmax, and the code of the likeliest class [B]."""
        logits_BK = single(outputs).float()
        return {
            "probabilities": logits_BK.softmax(dim=1),
            "prediction": logits_BK.argmax(dim=1),
        }

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
        """Loss, classes and, for two, which one is positive."""
        classes = self.target.classes
        return {
            "loss": self.loss_name,
            "classes": list(classes),
            "positive": classes[1] if len(classes) == 2 else None,
            "class_weights": None if self.weights is None else self.weights.tolist(),
        }

    def _loss(self) -> Any:
        function = CLASS_LOSSES[self.loss_name]
        smoothing = self.context.recipe.label_smoothing
        name = self.context.graphs[0]
        held = {"weight": self.weights}

        def loss(models: Mapping[str, nn.Module], batch: Batch, _: torch.Generator) -> Losses:
            logits_BK = single(apply(models[name], batch)).float()
            weight = held["weight"]
            if weight is not None and weight.device != logits_BK.device:
                weight = held["weight"] = weight.to(logits_BK.device)
            value = function(logits_BK, batch["target"], weight=weight, label_smoothing=smoothing)
            return Losses(value, {"output": logits_BK})

        return loss


def class_weights(context: Context) -> Tensor | None:
    """Weight of each class [K]: rows / (K × rows of the class) for "balanced" (scikit-learn's
    rule), or as given.
    """
    wish, target = context.recipe.class_weights, context.target
    if wish is None or target is None:
        return None
    if wish == "balanced":
        counts = torch.tensor(target.counts, dtype=torch.float32).clamp_min(1)
        return counts.sum() / (len(counts) * counts)
    for name, value in wish.items():
        if name not in target.classes:
            raise LaminaError(
                f"There is no class {name!r}.",
                place="recipe.class_weights",
                remedy=f"The classes are: {', '.join(target.classes[:20])}.",
            )
        if not value > 0:
            raise LaminaError(
                f"The weight {value:g} of class {name!r} is not above 0.",
                place="recipe.class_weights",
                remedy="Use 1 for a class that counts as usual.",
            )
    return torch.tensor([wish.get(name, 1.0) for name in target.classes])
