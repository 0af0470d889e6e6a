"""The task contract: which graphs are updated in which phase, by which loss. The engine knows no
task by name.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from builder.compile import names
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice

Batch = Mapping[str, Tensor]
"""Tensors by name: one per Input node (its id), "target", "row" (index into the split); masks as
"mask_<input>".
"""


class Losses(NamedTuple):
    """What a phase's loss gives: a scalar to descend, and what metrics and views look at (detached
    by the engine).
    """

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


class Feed(ABC):
    """Where batches come from: a data set, a whole graph, an environment, a replay buffer.

    `begin(epoch)` and `batch(step)` must give the same batches whenever they are called for the
    same epoch, step and state: that is what makes a resumed run equal to one that was left alone.
    """

    @property
    @abstractmethod
    def steps(self) -> int:
        """Batches per epoch, at least one."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows seen in an epoch."""

    @abstractmethod
    def begin(self, epoch: int) -> None:
        """Get ready for an epoch (from 0): draw its order."""

    @abstractmethod
    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """The batch of a step (from 0) of the epoch that began last, on the models' device."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """What must be kept beside epoch and step to go on from here; nothing for a data set."""

    @abstractmethod
    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""


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
        """The shape that the Output node must have, without batch ([classes], [1]); None where any
        will do.
        """

    @abstractmethod
    def feed(self, device: torch.device) -> Feed | None:
        """The task's own source of batches; None where the prepared data's rows are what it trains
        on.
        """

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """The updates of one step, in order."""

    @abstractmethod
    def validation(self) -> Phase | None:
        """What is computed on held-out rows after each epoch (nothing is updated); None where
        nothing is.
        """

    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics (builder/metrics) that are watched while training, the most telling
        first.
        """

    @abstractmethod
    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """From the outputs that `Losses` carries to what people read.

        Classification: "probabilities" [B, K] and "prediction" [B] class codes; regression:
        "prediction" [B] in the target's unit.
        """

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Facts for the screens (positive class, unit, loss, ...)."""


@lru_cache(maxsize=64)
def _input_names(forward: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(names.node_of(name) for name in inspect.signature(forward).parameters)[1:]


def apply(model: nn.Module, batch: Batch) -> Tensor | Mapping[str, Tensor]:
    """Run a model on the tensors of the batch that its forward names, in its order."""
    return model(*[batch[name] for name in _input_names(type(model).forward)])  # type: ignore[no-any-return]


def single(output: Tensor | Mapping[str, Tensor]) -> Tensor:
    """The model's one output, or the first of several (in graph order)."""
    return output if isinstance(output, Tensor) else next(iter(output.values()))
