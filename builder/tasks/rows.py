"""What tasks share that give every prepared row an answer: one network, one loss, one update."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from builder.data.options import Option
from builder.data.specs import TargetSpec
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


class RowTask(Task):
    """A task of one network that answers row by row and is told each row's target.

    What is final here is the same for all of them; what a task adds is `loss` and `usual`, beside
    what `Task` asks for.
    """

    views = ("rows",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        if context.target is None:
            raise AssertionError("make() has asked unfit() first")
        self.target: TargetSpec = context.target

    @abstractmethod
    def loss(self, output: Tensor, target_B: Tensor) -> Tensor:
        """A scalar to descend, from the network's output float32 [B, ...] and the rows' targets."""

    @abstractmethod
    def usual(self) -> tuple[str, ...]:
        """The metrics that are watched where none are chosen, the most telling first."""

    @final
    def metrics(self) -> tuple[str, ...]:
        """As chosen, else the usual ones."""
        chosen = self.context.choice.metrics
        return self.usual() if chosen is None else chosen

    @final
    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        """The prepared rows."""
        del split, data, device
        return None

    @final
    def phases(self) -> tuple[Phase, ...]:
        """One update of the network."""
        return (Phase("train", self.context.graphs[:1], self._losses),)

    @final
    def validation(self) -> Phase:
        """The same loss."""
        return Phase("validation", (), self._losses)

    @final
    def sampling(self) -> tuple[Option, ...]:
        """Nothing is made."""
        return ()

    @final
    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample | None:
        """Nothing is made."""
        del models, options, generator
        return None

    def _losses(self, models: Mapping[str, nn.Module], batch: Batch, _: torch.Generator) -> Losses:
        output = single(apply(models[self.context.graphs[0]], batch)).float()
        return Losses(self.loss(output, batch["target"]), {"output": output})
