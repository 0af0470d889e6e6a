"""Whether a run fits its device, and what it reserves there while it trains."""

from functools import cache
from typing import TYPE_CHECKING

from builder.errors import LaminaError
from builder.runs import hardware
from builder.train.memory import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.compile import Check
    from builder.data.prepared import Prepared
    from builder.project import Recipe

SHARE = 0.95
"""Of a device's memory, which runs may use."""


def estimate(
    recipe: "Recipe", checks: "Mapping[str, Check]", prepared: "Prepared", batch: int
) -> Estimate:
    """The run's memory; `batch` is the batch size that the checks were made for."""
    from builder.train import memory
    from builder.train.feeds import RESIDENT_SHARE

    parameters = sum(found.parameters for found in checks.values())
    kept = sum(found.memory_bytes - 16 * found.parameters for found in checks.values()) / batch
    data = sum(
        x.numel() * x.element_size()
        for split in ("train", "validation")
        for x in prepared.tensors(split).values()
    )
    device = of(recipe.device)
    room = int(device.memory_free * RESIDENT_SHARE) if device else 0
    return memory.estimate(recipe, parameters, kept, data, room=room)


def of(name: str) -> hardware.Device | None:
    """The device of that name."""
    return next((one for one in hardware.devices() if one.name == name), None)


def check(recipe: "Recipe", found: Estimate) -> str:
    """Words on the memory for the log. Raises LaminaError, with a batch size that would do, where
    the device is too small even when nothing else is on it.
    """
    from builder.train import memory

    device = of(recipe.device)
    if device is None or not device.memory_total:
        return f"about {_size(found.total)}"
    limit = int(device.memory_total * SHARE)
    if found.total > limit:
        fitting = memory.smaller(recipe, found, limit)
        raise LaminaError(
            f"The run needs about {_size(found.total)}; {recipe.device} has "
            f"{_size(device.memory_total)}.",
            place="recipe.batch_size",
            remedy=(
                f"Set the batch size to {fitting} (it is {recipe.batch_size}), or "
                f"accumulate to {-(-(recipe.batch_size or 1) // fitting)}."
                if fitting
                else "Make the network smaller, or choose another device."
            ),
            code="out_of_memory",
        )
    return f"about {_size(found.total)} of {_size(device.memory_total)}"


def fits(device: str, wanted: int, reserved: int) -> bool:
    """Whether a run may start beside those that are under way; alone it always may."""
    if not reserved or not wanted:
        return True
    total = _total(device)
    return total is None or reserved + wanted <= total * SHARE


@cache
def _total(device: str) -> int | None:
    """Bytes; asked once, as the supervisor looks often."""
    found = of(device)
    return found.memory_total if found else None


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 1 << 30 else f"{count / 2**20:.0f} MiB"
