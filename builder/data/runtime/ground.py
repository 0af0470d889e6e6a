"""Whether an image is the negative of what the network knows: dark on light where the training
images are light on dark, or the other way round.

A scanned digit on white paper, given to a network that learnt white digits on black, is answered
with confidence and wrongly. The border tells: it is the ground on which things stand. Training
images whose borders differ from each other (photographs) say nothing, and nothing is said.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from . import images, png

PART = 16
"""The border is the outermost 1/16 of the shorter side, at least one pixel."""
LEAST = 0.3
"""So much brighter or darker than the training images' borders, of 1, a border must at least be."""
WIDER = 1.5
"""And so many times further from their mean than 19 of 20 of them."""
MOST = 64
"""So many of many images are looked at."""
SIDE = 512
"""A negative is at most so many pixels high and wide."""


def brightness(x_NCHW: Tensor) -> Tensor:
    """The mean brightness [N] of each image's border, from 0 (black) to 1 (white); uint8 in."""
    gray_NHW = x_NCHW.float().mean(dim=1) / 255
    height, width = gray_NHW.shape[1:]
    edge = max(1, round(min(height, width) / PART))
    inner = gray_NHW[:, edge : height - edge, edge : width - edge]
    count = height * width - inner.shape[1] * inner.shape[2]
    return (gray_NHW.sum(dim=(1, 2)) - inner.sum(dim=(1, 2))) / max(1, count)


def fitted(borders: Tensor) -> dict[str, float]:
    """What training images' borders [N] are like: their mean, and how far 19 of 20 lie from it."""
    mean = borders.mean()
    return {"mean": float(mean), "spread": float((borders - mean).abs().quantile(0.95))}


def turned(settings: Mapping[str, Any], value: Any) -> bool:
    """Whether the image (bytes, a path or an array) would suit the training images as a negative.

    `settings` are an image input's; without "ground" in them (fitted by an older version) nothing
    is said. Raises ValueError where the image cannot be read.
    """
    ground = settings.get("ground")
    if not ground:
        return False
    size = (int(settings["height"]), int(settings["width"]))
    x_CHW = images.flat(images.pixels(value, near=size), settings)
    found = float(brightness(x_CHW[None])[0])
    if settings.get("negative"):
        found = 1 - found
    mean, spread = float(ground["mean"]), float(ground["spread"])
    away = abs(found - mean)
    return away > max(LEAST, WIDER * spread) and abs(1 - found - mean) < away / 2


def any_turned(settings: Mapping[str, Any], values: Sequence[Any]) -> list[int]:
    """Which of the images are `turned`; of more than 64, 64 evenly spread ones are looked at.

    One that cannot be read is passed over: whoever predicts it says so.
    """
    if not settings.get("ground"):
        return []
    found = []
    for at in range(0, len(values), -(-len(values) // MOST) or 1):
        with contextlib.suppress(ValueError):
            if turned(settings, values[at]):
                found.append(at)
    return found


def inverting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The whole preparation's settings, reading every image as its negative."""
    inputs = {
        name: {**part, "negative": not part.get("negative")} if part["form"] == "image" else part
        for name, part in settings["inputs"].items()
    }
    return {**settings, "inputs": inputs}


def negative(settings: Mapping[str, Any], value: Any) -> bytes:
    """The image with light and dark exchanged, as PNG, at most 512 pixels high and wide.

    Raises ValueError where it cannot be read.
    """
    size = (int(settings["height"]), int(settings["width"]))
    x_CHW = 255 - images.flat(images.pixels(value, near=size), settings)
    height, width = x_CHW.shape[1:]
    times = min(1.0, max(SIDE, *size) / max(height, width))
    smaller = (max(1, round(height * times)), max(1, round(width * times)))
    return png.encode(images.scaled(x_CHW, smaller))


def told(settings: Mapping[str, Any]) -> str:
    """What is the matter with an image that is `turned`: the rest of a sentence about it."""
    light = settings["ground"]["mean"] > 0.5
    here, there = ("dark", "light") if light else ("light", "dark")
    return f"stands on a {here} ground, the training images on a {there} one"
