"""Mirror images."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, uniform
from builder.data.base import Form
from builder.data.options import Option


class Flip(Augmentation):
    """Mirror each image left-right, top-bottom, or not, by chance."""

    kind: ClassVar[str] = "flip"
    title: ClassVar[str] = "Flip"
    help: ClassVar[str] = (
        "Mirrors images. Right for photos; wrong for digits, letters and anything whose side "
        "matters."
    )
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "horizontal",
            "float",
            "Left-right",
            0.5,
            "The chance that an image is mirrored.",
            low=0,
            high=1,
        ),
        Option(
            "vertical",
            "float",
            "Top-bottom",
            0.0,
            "For views from above: satellites, microscopes.",
            low=0,
            high=1,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]."""
        for chance, axis in ((self.settings["horizontal"], 3), (self.settings["vertical"], 2)):
            if chance > 0:
                chosen = uniform((len(x), 1, 1, 1), x, generator) < chance
                x = torch.where(chosen, x.flip(axis), x)
        return x
