"""Draw images with this folder and torch alone: `python draw.py -o made.png` (see README.md)."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import model as network  # type: ignore[import-not-found]
import torch
from torch import Tensor, nn

from builder.data.runtime import png
from builder.export.portable import output, weights

HERE = Path(__file__).resolve().parent


def load(folder: Path = HERE) -> tuple[nn.Module, dict[str, Any]]:
    """The network of the folder in eval mode, and its facts."""
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    model: nn.Module = getattr(network, facts["class"])()
    model.load_state_dict(weights.read(folder / "weights.safetensors"))
    return model.eval(), facts


def draw(model: nn.Module, noise: list[int], count: int, spread: float, seed: int) -> Tensor:
    """Images, uint8 [N, C, H, W], out of noise of that shape."""
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        made: Tensor = model(torch.randn(count, *noise, generator=chance) * spread)
    return (made.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)


def sheet(images_NCHW: Tensor) -> Tensor:
    """All images on one, uint8 [C, H, W]: rows from left to right."""
    count, channels, height, width = images_NCHW.shape
    wide = math.ceil(math.sqrt(count))
    high = -(-count // wide)
    found = images_NCHW.new_zeros(channels, high * height, wide * width)
    for index, image in enumerate(images_NCHW):
        top, left = index // wide * height, index % wide * width
        found[:, top : top + height, left : left + width] = image
    return found


def main() -> int:
    """Read the arguments, draw, write one PNG."""
    parser = argparse.ArgumentParser(description="Draw with the exported network.")
    parser.add_argument("-o", "--output", default="made.png", help="the PNG that is written")
    parser.add_argument("--count", type=int, default=64, help="how many images")
    parser.add_argument("--spread", type=float, default=1.0, help="below 1: more typical")
    parser.add_argument("--seed", type=int, default=0, help="the same again for the same seed")
    chosen = parser.parse_args()
    if not 1 <= chosen.count <= 1024 or chosen.spread < 0:
        print("Error: count from 1 to 1024, spread from 0.", file=sys.stderr)
        return 1
    model, facts = load()
    images = draw(model, facts["noise"], chosen.count, chosen.spread, chosen.seed)
    try:
        output.write(chosen.output, png.encode(sheet(images)))
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    count = "1 image is" if chosen.count == 1 else f"{chosen.count} images are"
    print(f"{count} in {chosen.output}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
