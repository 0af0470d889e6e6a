"""A long text as a stream of codes: random windows to train on, all windows to judge by."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from builder.data.runtime.tokens import PAD
from builder.errors import LaminaError
from builder.tasks.base import Batch, Feed


def stream(rows_NT: Tensor, context: int, split: str) -> Tensor:
    """The codes [n] of a split's rows, one after another, without what pads.

    Raises LaminaError where they do not make a single window.
    """
    codes = rows_NT[rows_NT != PAD].to(torch.int64)
    if len(codes) <= context:
        raise LaminaError(
            f"The {split} part of the text has {len(codes):,} tokens; a context of {context} needs "
            f"at least {context + 1}.",
            place="data",
            remedy="Bring a longer text, or make the context shorter.",
        )
    return codes


class _Windows(Feed):
    """Windows of `context` codes and, as the target, the same a step later."""

    def __init__(self, name: str, codes: Tensor, context: int, device: torch.device) -> None:
        self.name = name
        self.codes = codes.to(device)
        self.context = context
        self.steps_T = torch.arange(context + 1, device=device)

    def state(self) -> dict[str, Tensor]:
        """Nothing: epoch and step say all."""
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to take back."""

    def _at(self, starts_B: Tensor) -> Batch:
        found_BT = self.codes[starts_B[:, None] + self.steps_T]
        return {self.name: found_BT[:, :-1], "target": found_BT[:, 1:], "row": starts_B}


class RandomWindows(_Windows):
    """So many batches of windows at random places; epoch e's depend on seed and e alone."""

    def __init__(
        self,
        name: str,
        codes: Tensor,
        context: int,
        device: torch.device,
        *,
        batch_size: int,
        steps: int,
        seed: int,
    ) -> None:
        super().__init__(name, codes, context, device)
        self.batch_size = batch_size
        self.count = steps
        self.seed = seed
        self.starts = torch.empty(0, 0, dtype=torch.int64)

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return self.count

    @property
    def rows(self) -> int:
        """Windows per epoch."""
        return self.count * self.batch_size

    def begin(self, epoch: int) -> None:
        """Draw where the epoch's windows begin."""
        chance = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % (1 << 62))
        last = len(self.codes) - self.context
        starts = torch.randint(last, (self.count, self.batch_size), generator=chance)
        self.starts = starts.to(self.codes.device)

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """That step's windows; "row" is where each begins."""
        del models
        return self._at(self.starts[step])


class AllWindows(_Windows):
    """Every window once, end to end; less than a window at the end is left out."""

    def __init__(
        self, name: str, codes: Tensor, context: int, device: torch.device, *, batch_size: int
    ) -> None:
        super().__init__(name, codes, context, device)
        self.starts = torch.arange(0, len(codes) - context, context, device=device)
        self.batch_size = batch_size

    @property
    def steps(self) -> int:
        """Batches."""
        return -(-len(self.starts) // self.batch_size)

    @property
    def rows(self) -> int:
        """Windows."""
        return len(self.starts)

    def begin(self, epoch: int) -> None:
        """Nothing to draw."""

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """The next windows in order."""
        del models
        return self._at(self.starts[step * self.batch_size : (step + 1) * self.batch_size])
