"""The task contract: which graphs are updated in which phase, by which loss. The engine knows no task by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice

Batch = Mapping[str, Tensor]
"""Tensors by name: one per Input node (its id), "target", "row" (index into the split); masks as "mask_<input>"."""


class Losses(NamedTuple):
    """What a phase's loss gives: a scalar to descend, and what metrics and views look at (detached by the engine)."""

    loss: Tensor
    outputs: Mapping[str, Tensor]


@dataclass(frozen=True)
class Phase:
    """One update: the graphs whose parameters move and a pure loss(models, batch, generator)."""

    name: str
    graphs: tuple[str, ...]
    loss: Callable[[Mapping[str, nn.Module], Batch, torch.Generator], Losses]


@dataclass(frozen=True)
class Context:
    """All that a task may look at when it is made."""

    choice: TaskChoice
    recipe: Recipe
    inputs: Mapping[str, InputSpec]
    target: TargetSpec | None
    graphs: tuple[str, ...] = ("model",)


class Task(ABC):
    """One kind of task; one file in builder/tasks, found by scan, made per run."""

    kind: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    @abstractmethod
    def unfit(cls, context: Context) -> str | None:
        """Why this task does not fit the data, in a sentence with a remedy; None where it does."""

    @abstractmethod
    def output_shape(self) -> tuple[int, ...] | None:
        """The shape that the Output node must have, without batch ([classes], [1]); None where any will do."""

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """The updates of one step, in order."""

    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics (builder/metrics) that are watched while training, the most telling first."""

    @abstractmethod
    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """From raw outputs to what people read.

        Classification: "probabilities" [B, K] and "prediction" [B] class codes; regression: "prediction" [B] in the
        target's unit.
        """

    def details(self) -> dict[str, Any]:
        """Facts for the screens (positive class, unit, ...)."""
        return {}
