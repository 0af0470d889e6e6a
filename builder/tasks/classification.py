"""Classification: one of K classes per row. K = 2 is the same task with a positive class (the
second).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from builder.errors import LaminaError
from builder.tasks.base import Context, single
from builder.tasks.losses import CLASS_LOSSES, choose, options
from builder.tasks.rows import RowTask


class Classification(RowTask):
    """Cross-entropy over logits [B, K], with class weights and label smoothing from the recipe."""

    kind = "classification"
    title = "Classification"
    help = "Which of several classes does a row belong to?"
    measures = "class"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
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
        name = context.called(target.name)
        if target.kind != "class":
            return (
                f"The target {name} holds numbers. Choose regression, "
                "or set the column's type to category."
            )
        if len(target.classes) < 2:
            return (
                f"The target {name} has one class only. "
                "Bring rows of a second class, or choose another target."
            )
        if target.counts and sum(1 for count in target.counts if count) < 2:
            return (
                f"The training split holds one class of {name} only. "
                "Choose a stratified split, or bring more rows."
            )
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """[K] logits."""
        del graph
        return (len(self.target.classes),)

    def usual(self) -> tuple[str, ...]:
        """Accuracy and F1, with the area under the ROC curve for two classes."""
        two = len(self.target.classes) == 2
        return ("accuracy", "f1", "roc_auc") if two else ("accuracy", "f1")

    def loss(self, output: Tensor, target_B: Tensor) -> Tensor:
        """Of logits [B, K] and class codes."""
        if self.weights is not None and self.weights.device != output.device:
            self.weights = self.weights.to(output.device)
        function, smoothing = CLASS_LOSSES[self.loss_name], self.context.recipe.label_smoothing
        return function(output, target_B, weight=self.weights, label_smoothing=smoothing)

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Probabilities [B, K] by softmax, and the code of the likeliest class [B]."""
        logits_BK = single(outputs).float()
        return {
            "probabilities": logits_BK.softmax(dim=1),
            "prediction": logits_BK.argmax(dim=1),
        }

    def details(self) -> dict[str, Any]:
        """Loss, classes and, for two, which one is positive."""
        classes = self.target.classes
        return {
            "loss": self.loss_name,
            "classes": list(classes),
            "positive": classes[1] if len(classes) == 2 else None,
            "class_weights": None if self.weights is None else self.weights.tolist(),
        }


MOST_WEIGHT = 1e6
"""So many times another class is all that float32 can weigh without losing the other."""


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
        if not 1 / MOST_WEIGHT <= value <= MOST_WEIGHT:
            raise LaminaError(
                f"The weight {value:g} of class {name!r} is beyond what a loss can weigh.",
                place="recipe.class_weights",
                remedy=f"Use a weight from {1 / MOST_WEIGHT:g} to {MOST_WEIGHT:,.0f}; 1 counts as "
                "usual.",
            )
    return torch.tensor([wish.get(name, 1.0) for name in target.classes])
