"""Shift images by a few pixels: pad, then cut at random."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from builder.data.augment import Augmentation, uniform
from builder.data.base import Form
from builder.data.options import Option
from builder.data.specs import InputSpec


class Crop(Augmentation):
    """Pad each image on all sides and cut a window of the old size anywhere (He et al. 2015,
    arXiv:1512.03385, 4.2)."""

    kind: ClassVar[str] = "crop"
    title: ClassVar[str] = "Crop"
    help: ClassVar[str] = (
        "Shifts images by up to this many pixels, so that the place in the picture does not matter."
    )
    form: ClassVar[Form] = "image"
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "padding",
            "int",
            "Pixels",
            4,
            "About an eighth of the side: 4 for 32 pixels, 2 for 28 or less.",
            low=0,
            high=128,
        ),
        Option(
            "mirror",
            "bool",
            "Mirrored border",
            False,
            "Fill the border with the mirrored edge; else black.",
        ),
    )

    @classmethod
    def unfit(cls, spec: InputSpec) -> str | None:
        """Needs images of some size."""
        if spec.form == "image" and min(spec.shape[1:]) < 4:
            return f"The images of {spec.name!r} are too small to be shifted."
        return super().unfit(spec)

    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images [B, C, H, W]."""
        batch, _, height, width = x.shape
        pad = min(self.settings["padding"], height - 1, width - 1)
        if pad == 0:
            return x
        sides = (pad, pad, pad, pad)
        if self.settings["mirror"]:
            wide = F.pad(x.float(), sides, mode="reflect").to(x.dtype)
        else:
            wide = F.pad(x, sides)
        offsets = uniform((2, batch), x, generator, 0, 2 * pad + 1).long().clamp(max=2 * pad)
        windows = wide.unfold(2, height, 1).unfold(3, width, 1)  # [B, C, 2p+1, 2p+1, H, W], no copy
        return windows[torch.arange(batch, device=x.device), :, offsets[0], offsets[1]]
