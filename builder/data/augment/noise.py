"""Noise on images."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, as_before, as_unit, normal
from builder.data.base import Form
from builder.data.options import Option


class Noise(Augmentation):
    """Add normal noise to every pixel."""

    kind: ClassVar[str] = "noise"
    title: ClassVar[str] = "Noise"
    help: ClassVar[str] = (
        "Adds grain, as a camera does in the dark; small amounts make a network steadier."
    )
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "amount",
            "float",
            "Amount",
            0.03,
            "Deviation as a share of the full range, black to white.",
            low=0,
            high=1,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]."""
        drawn = normal(tuple(x.shape), x, generator) * self.settings["amount"]
        return as_before(as_unit(x).float() + drawn, x)
