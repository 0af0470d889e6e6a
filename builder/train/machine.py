"""The memory of this machine as a process may use it: what is there, what is free, and the limit of
a container.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = 8 << 30
"""Bytes taken for granted where nothing tells."""
CGROUPS = Path("/sys/fs/cgroup")
MINE = Path("/proc/self/cgroup")
FILES = (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes"))
"""Limit and use in version 2 and 1 of control groups."""


@dataclass(frozen=True)
class Memory:
    """Bytes."""

    total: int
    free: int

    def within(self, limit: int, used: int) -> "Memory":
        """The same under a limit of which so much is used."""
        return Memory(min(self.total, limit), max(0, min(self.free, limit - used)))


def memory() -> Memory:
    """What this process may use: the machine's memory, or its container's where that is less."""
    found = _machine()
    for folder in _groups():
        for names in FILES:
            limit, used = (_number(folder / name) for name in names)
            if limit is not None:
                found = found.within(limit, max(0, (used or 0) - _cache(folder)))
    return found


def _machine() -> Memory:
    try:
        import psutil
    except ImportError:
        return Memory(UNKNOWN, UNKNOWN // 2)
    now = psutil.virtual_memory()
    return Memory(int(now.total), int(now.available))


def _groups() -> Iterator[Path]:
    """The control groups that hold this process, from its own up to the root."""
    try:
        lines = MINE.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds not in ("", "memory"):
            continue
        root = CGROUPS / kinds if kinds else CGROUPS
        place = root / path.strip("/")
        yield place
        while place != root and place.is_relative_to(root):
            place = place.parent
            yield place


def _number(path: Path) -> int | None:
    """The file's number; None where there is none, or "max"."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _cache(folder: Path) -> int:
    """Bytes of files in memory, which give way when a process wants the room."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    found = dict(line.split(" ", 1) for line in lines if " " in line)
    text = found.get("total_inactive_file") or found.get("inactive_file") or "0"
    return int(text) if text.isdigit() else 0
