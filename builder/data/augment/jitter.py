"""Noise on series."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, normal
from builder.data.base import Form
from builder.data.options import Option


class Jitter(Augmentation):
    """Add normal noise to every step (Um et al. 2017, arXiv:1706.00527)."""

    kind: ClassVar[str] = "jitter"
    title: ClassVar[str] = "Jitter"
    help: ClassVar[str] = "Adds a little noise to every step of a series, as a sensor does."
    form: ClassVar[Form] = "series"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "amount",
            "float",
            "Amount",
            0.05,
            "As a share of the series' own deviation, channel by channel.",
            low=0,
            high=2,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Series [B, C, T]."""
        spread = x.float().std(dim=2, keepdim=True, unbiased=False)
        drawn = normal(tuple(x.shape), x, generator) * spread * self.settings["amount"]
        result: Tensor = (x + drawn).to(x.dtype)
        return result
