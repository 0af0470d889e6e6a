"""Leave words out."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, uniform
from builder.data.base import Form
from builder.data.options import Option
from builder.data.runtime.tokens import PAD, UNKNOWN


class DropTokens(Augmentation):
    """Replace each token by the unknown one with some chance (word dropout, Iyyer et al. 2015)."""

    kind: ClassVar[str] = "drop_tokens"
    title: ClassVar[str] = "Leave words out"
    help: ClassVar[str] = (
        "Hides random words, so that no single word decides; teaches the unknown token a "
        "meaning, too."
    )
    form: ClassVar[Form] = "tokens"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "chance",
            "float",
            "Chance",
            0.1,
            "The share of the words that is hidden.",
            low=0,
            high=0.9,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Token codes [B, T]; padding stays padding."""
        hidden = (uniform(tuple(x.shape), x, generator) < self.settings["chance"]) & (x != PAD)
        return x.masked_fill(hidden, UNKNOWN)
