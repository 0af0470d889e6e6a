"""Rotate, zoom and shift images."""

import math
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from builder.data.augment import Augmentation, as_before, as_unit, uniform
from builder.data.base import Form
from builder.data.options import Option
from builder.data.specs import InputSpec


class Affine(Augmentation):
    """Rotate, zoom and shift each image by random amounts, with bilinear interpolation."""

    kind: ClassVar[str] = "affine"
    title: ClassVar[str] = "Rotate, zoom, shift"
    help: ClassVar[str] = (
        "Turns, enlarges and moves each image a little. Good for handwriting and for small sets "
        "of photos."
    )
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "degrees",
            "float",
            "Rotation",
            10.0,
            "Up to this many degrees to either side.",
            low=0,
            high=180,
        ),
        Option(
            "zoom", "float", "Zoom", 0.1, "0.1: from 0.9 to 1.1 times the size.", low=0, high=0.9
        ),
        Option(
            "shift",
            "float",
            "Shift",
            0.0,
            "Up to this share of the side, each way.",
            low=0,
            high=0.5,
        ),
        Option(
            "edge",
            "bool",
            "Extend the edge",
            False,
            "Fill what comes in with the edge's pixels; else black.",
        ),
    )

    @classmethod
    def unfit(cls, spec: InputSpec) -> str | None:
        """Needs images of some size."""
        if spec.form == "image" and min(spec.shape[1:]) < 4:
            return f"The images of {spec.name!r} are too small to be turned."
        return super().unfit(spec)

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]."""
        batch, _, height, width = x.shape
        turn, zoom, down, right = uniform((4, batch), x, generator, -1, 1)
        angle = turn * math.radians(self.settings["degrees"])
        scale = 1 / (1 + zoom * self.settings["zoom"])
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        shift = 2 * self.settings["shift"]  # the grid goes from -1 to 1
        ratio = height / width
        matrix = torch.stack(
            [
                torch.stack([cos, -sin * ratio, right * shift], dim=1),
                torch.stack([sin / ratio, cos, down * shift], dim=1),
            ],
            dim=1,
        )
        grid = F.affine_grid(matrix, [batch, x.shape[1], height, width], align_corners=False)
        outside = "border" if self.settings["edge"] else "zeros"
        turned = F.grid_sample(
            as_unit(x).float(), grid, mode="bilinear", padding_mode=outside, align_corners=False
        )
        return as_before(turned, x)
