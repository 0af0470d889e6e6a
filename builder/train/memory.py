"""Memory of a run before it begins: what it will hold on its device, and which batch would fit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from builder.project import Recipe

MOMENTS: Mapping[str, float] = {"SGD": 0, "Muon": 1, "Adafactor": 0.1, "LBFGS": 200}
"""Copies of the weights that an optimiser keeps, where it is not two."""
WORKING = 384 << 20
"""Bytes of Python and torch themselves, and of what is computed on the way."""
CONTEXT = 600 << 20
"""Bytes that a process takes on a GPU before anything is on it."""


@dataclass(frozen=True)
class Estimate:
    """Bytes on the device, by what they are for."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    data: int
    working: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(asdict(self).values())

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {**asdict(self), "total": self.total}


def estimate(
    recipe: Recipe, parameters: int, kept_per_row: float, data: int, *, room: int
) -> Estimate:
    """What a run of that recipe holds.

    `kept_per_row`: bytes that a row's forward pass keeps for the way back; `data`: bytes of the
    prepared splits; `room`: bytes beyond which they stay in the memory map and take none.
    """
    moments = max(
        MOMENTS.get(choice.name, 2.0) for choice in (recipe.optimizer, *recipe.optimizers.values())
    )
    momentum = (recipe.optimizer.model_extra or {}).get("momentum", 0)
    moments += 1 if recipe.optimizer.name == "SGD" and momentum else 0
    half = 0.6 if recipe.precision == "bfloat16" else 1.0
    rows = (recipe.batch_size or 1) / recipe.accumulate
    weights = 4 * parameters
    return Estimate(
        weights=weights * (2 if recipe.average else 1),
        gradients=weights,
        optimizer=int(weights * moments),
        activations=int(kept_per_row * rows * half),
        data=data if data <= room else 0,
        working=CONTEXT if recipe.device.startswith("cuda") else WORKING,
    )


def smaller(recipe: Recipe, found: Estimate, free: int) -> int | None:
    """The largest power of two below the batch size that fits in `free` bytes; None where none
    does.
    """
    per_row = found.activations / max(1, recipe.batch_size or 1)
    rest = found.total - found.activations
    size = 1 << max(0, ((recipe.batch_size or 1) - 1).bit_length() - 1)
    while size >= 1:
        if rest + per_row * size <= free:
            return size
        size //= 2
    return None
