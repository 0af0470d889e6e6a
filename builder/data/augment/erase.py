"""Erase a rectangle of each image."""

from typing import ClassVar

import torch
from torch import Tensor

from builder.data.augment import Augmentation, uniform
from builder.data.base import Form
from builder.data.options import Option


class Erase(Augmentation):
    """Cover a random square of each image with its mean colour (DeVries & Taylor 2017,
    arXiv:1708.04552)."""

    kind: ClassVar[str] = "erase"
    title: ClassVar[str] = "Erase"
    help: ClassVar[str] = "Covers a random square, so that no single part decides (cutout)."
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "chance", "float", "Chance", 0.5, "How many of the images are covered.", low=0, high=1
        ),
        Option(
            "size",
            "float",
            "Size",
            0.3,
            "The square's side as a share of the image's.",
            low=0.01,
            high=1,
        ),
    )

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]. The square's centre lies anywhere, so it may be cut by the edge."""
        batch, _, height, width = x.shape
        across, down, chance = uniform((3, batch, 1, 1), x, generator)
        rows = (torch.arange(height, device=x.device).view(1, -1, 1) + 0.5) / height
        columns = (torch.arange(width, device=x.device).view(1, 1, -1) + 0.5) / width
        half = self.settings["size"] / 2
        covered = ((rows - down).abs() < half) & ((columns - across).abs() < half)
        covered &= chance < self.settings["chance"]
        mean = x.float().mean(dim=(2, 3), keepdim=True).to(x.dtype)
        return torch.where(covered[:, None], mean, x)
