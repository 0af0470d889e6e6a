"""Brightness, contrast and saturation."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, as_before, as_unit, uniform
from builder.data.base import Form
from builder.data.options import Option


class Color(Augmentation):
    """Change each image's brightness, contrast and saturation by random factors around 1."""

    kind: ClassVar[str] = "color"
    title: ClassVar[str] = "Brightness and contrast"
    help: ClassVar[str] = (
        "Makes each image a little brighter or darker, harder or softer, so that the light does "
        "not matter."
    )
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "brightness",
            "float",
            "Brightness",
            0.2,
            "0.2: from 0.8 to 1.2 times as bright.",
            low=0,
            high=1,
        ),
        Option(
            "contrast",
            "float",
            "Contrast",
            0.2,
            "0.2: from 0.8 to 1.2 times the distance to the mean.",
            low=0,
            high=1,
        ),
        Option("saturation", "float", "Saturation", 0.0, "Colour images only.", low=0, high=1),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]."""
        factors = 1 + uniform((3, len(x), 1, 1, 1), x, generator, -1, 1) * torch.tensor(
            [self.settings[name] for name in ("brightness", "contrast", "saturation")],
            device=x.device,
        ).view(3, 1, 1, 1, 1)
        y = as_unit(x).float() * factors[0]
        mean = y.mean(dim=(1, 2, 3), keepdim=True)
        y = mean + (y - mean) * factors[1]
        if x.shape[1] == 3 and self.settings["saturation"] > 0:
            gray = y.mean(dim=1, keepdim=True)
            y = gray + (y - gray) * factors[2]
        return as_before(y, x)
