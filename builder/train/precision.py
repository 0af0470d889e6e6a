"""Precision by choice: plain float32, TF32 on GPUs that have it, bfloat16 forward passes."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from builder.errors import LaminaError

PLACE = "recipe.precision"


def check(precision: str, device: str) -> str:
    """What the precision means on this device, in words. Raises LaminaError where it has none."""
    if precision == "tf32":
        if not device.startswith("cuda"):
            raise LaminaError(
                f"TF32 is a format of NVIDIA GPUs; this run is on {device}.",
                place=PLACE,
                remedy="Choose float32, or bfloat16 for speed.",
            )
        if torch.cuda.get_device_capability(torch.device(device))[0] < 8:
            raise LaminaError(
                "This GPU has no TF32 (it came with Ampere, 2020).",
                place=PLACE,
                remedy="Choose float32.",
            )
        return "tf32: products keep 10 bits, sums stay float32"
    if precision == "bfloat16":
        return "bfloat16: forward passes; weights, sums and losses stay float32"
    return "float32"


def switch(precision: str) -> None:
    """Set the process to it; a worker carries out one run after another."""
    quick = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = quick
    torch.backends.cudnn.allow_tf32 = quick


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Around a forward pass."""
    if precision == "bfloat16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()
