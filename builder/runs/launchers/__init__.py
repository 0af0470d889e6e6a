"""Launchers: in how many processes a run trains, and who starts them. One file each, found by scan.

A project says nothing of it: the same file trains in one process, on the GPUs of one machine or on
a cluster. What was chosen stands in run.json as "launcher" and "workers".
"""

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from builder import scan
from builder.errors import LaminaError
from builder.runs.launchers.base import Launcher, Stop, cores, never
from builder.train import files

__all__ = ["DEFAULT", "MOST", "Launcher", "catalogue", "check", "cores", "get", "launch"]

DEFAULT = "local"
MOST = 1024
"""Workers of one run."""


@lru_cache(maxsize=1)
def catalogue() -> dict[str, type[Launcher]]:
    """All launchers by name, the simplest first."""
    found = scan.classes(sys.modules[__name__], Launcher)  # type: ignore[type-abstract]
    return {one.name: one for one in sorted(found, key=lambda one: (one.place, one.name))}


def get(name: str) -> Launcher:
    """A launcher by its name. Raises LaminaError where there is none."""
    kind = catalogue().get(name)
    if kind is None:
        raise LaminaError(
            f"There is no launcher {name!r}.",
            place="launcher",
            remedy=f"Choose one of: {', '.join(catalogue())}.",
        )
    return kind()


def check(name: str, workers: int, device: str) -> None:
    """Raise LaminaError where a run cannot be started so, with the reason and what to do."""
    launcher = get(name)
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not whole or not 1 <= workers <= MOST:
        raise LaminaError(
            f"{workers!r} is no number of workers.",
            place="workers",
            remedy=f"Give a whole number from 1 to {MOST}.",
        )
    words = launcher.unfit(workers, device)
    if words is not None:
        raise LaminaError(words, place=f"launcher '{name}'", code="launcher_unfit")


def launch(folder: Path, fence: int, *, stop: Stop = never) -> str:
    """Carry out the run of that folder as its run.json says, to its end; gives the last status.

    "fenced" where another worker has it. `stop` is asked again and again; True ends the run as an
    order would.
    """
    info: dict[str, Any] = files.read_json(folder / "run.json") or {}
    launcher = get(info.get("launcher", DEFAULT))
    return launcher.launch(folder, fence, int(info.get("workers", 1)), stop)
