"""Stretch the values of series."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, uniform
from builder.data.base import Form
from builder.data.options import Option


class Scale(Augmentation):
    """Multiply each channel of each series by a random factor around 1 (Um et al. 2017,
    arXiv:1706.00527)."""

    kind: ClassVar[str] = "scale"
    title: ClassVar[str] = "Scale"
    help: ClassVar[str] = (
        "Makes each series a little larger or smaller, so that its shape counts more than its "
        "height."
    )
    form: ClassVar[Form] = "series"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "amount",
            "float",
            "Amount",
            0.1,
            "0.1: from 0.9 to 1.1 times the values.",
            low=0,
            high=0.9,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Series [B, C, T]."""
        factors = 1 + uniform((*x.shape[:2], 1), x, generator, -1, 1) * self.settings["amount"]
        result: Tensor = (x * factors).to(x.dtype)
        return result
