"""The task contract: which graphs are updated in which phase, by which loss. The engine knows no
task by name.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from builder.compile import names
from builder.data.options import Option
from builder.data.runtime import naming
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice

Batch = Mapping[str, Tensor]
"""Tensors by name: one per Input node (its id), "target", "row" (index into the split); masks as
"mask_<input>".
"""

Rows = Mapping[str, Tensor]
"""One split as it is prepared: tensors of equal length by input id, in stored form, and "target"
where there is one.
"""

View = Literal["rows", "samples"]
"""What pages can show of a task: "rows", a prediction per row beside the truth (Evaluate's rows and
curves, Explain, Deploy's table); "samples", things that the network makes (texts, images).
"""


class Losses(NamedTuple):
    """What a phase's loss gives: a scalar to descend, and what metrics and views look at (detached
    by the engine).
    """

    loss: Tensor
    outputs: Mapping[str, Tensor]


Ready = Callable[[torch.device], Iterator[str]]
"""Long work ahead of a phase, in sentences that say how far it is, several a second; the last one
says what has come of it. Nothing where there is nothing to do any more.
"""


@dataclass(frozen=True)
class Phase:
    """One update: the graphs whose parameters move and a pure loss(models, batch, generator).

    `falls` says whether a sound run brings this loss down. One that another phase works against, as
    of two networks that compete, may rise or stand still while both learn. `ready` makes what the
    loss needs before its first batch, where that takes more than a moment.
    """

    name: str
    graphs: tuple[str, ...]
    loss: Callable[[Mapping[str, nn.Module], Batch, torch.Generator], Losses]
    falls: bool = True
    ready: Ready | None = None


@dataclass(frozen=True)
class Sample:
    """Things that a network made: plain JSON ("text"), and tensors by name ("images", uint8
    [N, C, H, W]).
    """

    values: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """All that a task may look at when it is made."""

    choice: TaskChoice
    recipe: Recipe
    inputs: Mapping[str, InputSpec]
    target: TargetSpec | None
    graphs: tuple[str, ...] = ("model",)
    # Per graph the Input nodes that no data fills, with the shape that they name (noise).
    free: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    # What was fitted on the training rows, as data.runtime reads it (a text's tokens).
    preparation: Mapping[str, Any] = field(default_factory=dict)

    def called(self, column: str) -> str:
        """A column in a sentence: its name in quotes, "column 1" of a table without a head."""
        known = [name for one in self.inputs.values() for name in one.origins or one.features]
        target = [self.target.name] if self.target else []
        return naming.told(f"'{column}'", naming.numbered([*known, *target]))


Measures = Literal["class", "number", "token", "image"]
"""What a metric looks at: predicted classes, numbers, the tokens of a text, made images."""


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
    views: ClassVar[tuple[View, ...]]
    measures: ClassVar[Measures]  # the kind of metrics that can be computed on its predictions

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    @abstractmethod
    def unfit(cls, context: Context) -> str | None:
        """Why this task does not fit the data, in a sentence with a remedy; None where it does."""

    @abstractmethod
    def output_shape(self, graph: str = "") -> tuple[int, ...] | None:
        """The shape that the Output node of a graph must have, without batch ([classes], [1]); None
        where any will do. Without a name: of the first graph.
        """

    @abstractmethod
    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        """The task's own source of batches for a split; None where the prepared rows are what it
        looks at. `data` has the splits that there are; "train" is always there.

        Other splits than "train" are gone through once, in the order of the data.
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
    def sampling(self) -> tuple[Option, ...]:
        """What `sample` may be asked for (temperature, prompt), for forms and the command line; ()
        where the task makes nothing.
        """

    @abstractmethod
    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample | None:
        """Let the models (in eval mode, without gradients) make something; the same again for the
        same generator state. `options` are complete and checked (see `tasks.sample`); None where
        the task makes nothing.
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
