"""Other processes that the supervisor keeps alive beside the workers, as the driver of a sweep.

Each is a file in LAMINA_HOME/care that names a module of Lamina, its arguments and the lock that it
holds while it lives. Whoever finds the supervisor missing starts it, and it starts them: after a
kill, a crash or a restart of the machine they go on.
"""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.home import home, room
from builder.runs import lease, process
from builder.train import files

PATIENCE = 2.0
"""Seconds that a process gets to take its lock, doubled at each start in vain, up to a minute."""
LONGEST = 60.0


def keep(name: str, module: str, *arguments: str, lock: Path) -> None:
    """Have `python -m module arguments` run until `release(name)`; starts the supervisor where it
    is missing.

    `module` belongs to Lamina; `lock` lies under LAMINA_HOME and is held by that process.
    """
    entry = {
        "module": module,
        "arguments": list(arguments),
        "lock": lock.relative_to(home()).as_posix(),
    }
    files.write_json(room("care") / f"{name}.json", entry)
    lease.ensure_current()


def release(name: str) -> None:
    """Let that process end and stay ended."""
    (room("care") / f"{name}.json").unlink(missing_ok=True)


def any_kept() -> bool:
    """Whether there is a process to keep alive."""
    return any(room("care").glob("*.json"))


class Care:
    """The supervisor's part."""

    def __init__(self) -> None:
        self.children: dict[str, process.Detached] = {}
        self.again: dict[str, tuple[float, float]] = {}  # name → when, seconds until then

    def look(self) -> None:
        """Start what should run and does not."""
        now = time.monotonic()
        for path in sorted(room("care").glob("*.json")):
            entry = files.read_json(path)
            if not _sound(entry):
                continue
            if process.held(home() / entry["lock"]):
                self.again.pop(path.stem, None)
                continue
            due, wait = self.again.get(path.stem, (now, PATIENCE))
            if now < due:
                continue
            log = (home() / entry["lock"]).with_name("log.txt")
            self.children[path.stem] = process.start(entry["module"], *entry["arguments"], log=log)
            self.again[path.stem] = (now + wait, min(LONGEST, wait * 2))

    def end(self) -> None:
        """Ask all that were started here to end; they go on with the next supervisor."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(8.0)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _sound(entry: Any) -> bool:
    """Whether the entry names a module of Lamina and a lock inside the home."""
    if not isinstance(entry, Mapping):
        return False
    module, arguments, lock = (entry.get(key) for key in ("module", "arguments", "lock"))
    if not (isinstance(module, str) and isinstance(arguments, list) and isinstance(lock, str)):
        return False
    inside = (home() / lock).resolve().is_relative_to(home())
    return module.startswith("builder.") and inside
