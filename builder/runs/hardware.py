"""What this machine can train on, with memory and load."""

from dataclasses import asdict, dataclass
from typing import Any

import psutil

from builder.train import machine


@dataclass(frozen=True)
class Device:
    """One device: bytes of memory, load from 0 to 1 (None where it is not told)."""

    name: str  # as in recipe.device
    kind: str  # cpu, cuda, mps
    title: str
    memory_total: int
    memory_free: int
    load: float | None

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


def devices() -> list[Device]:
    """The processor first (with its container's memory, where that is less), then NVIDIA's GPUs
    (asked through NVML, without touching them), then Apple's.
    """
    memory = machine.memory()
    cores = psutil.cpu_count() or 1
    cpu = Device(
        "cpu",
        "cpu",
        f"Processor, {cores} core{'s' * (cores != 1)}",
        memory.total,
        memory.free,
        psutil.cpu_percent(interval=None) / 100,
    )
    return [cpu, *_gpus(), *_apple()]


def _gpus() -> list[Device]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            title = pynvml.nvmlDeviceGetName(handle)
            load = _load(handle)
            title = title if isinstance(title, str) else title.decode()
            total, free = int(memory.total), int(memory.free)
            found.append(Device(f"cuda:{index}", "cuda", title, total, free, load))
        return found
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _load(handle: Any) -> float | None:
    import pynvml

    try:
        return float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu) / 100
    except pynvml.NVMLError:
        return None


def _apple() -> list[Device]:
    import platform

    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return []
    memory = machine.memory()
    return [Device("mps", "mps", "Apple GPU", memory.total, memory.free, None)]
