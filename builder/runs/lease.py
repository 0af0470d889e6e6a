"""Who keeps the runs of a LAMINA_HOME alive: find the supervisor, start it where it is missing, end
it.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import psutil

import builder
from builder.home import room
from builder.runs import process
from builder.train import files

PATIENCE = 3.0
"""Seconds in which a supervisor that runs nothing lets its workers go."""
SOON = 30.0
"""Seconds that a supervisor may take from its start to its lock."""


def lock_path() -> Path:
    """The file whose lock the supervisor holds; the system drops it when the supervisor dies."""
    return room("supervisor") / "lock"


def stop_path() -> Path:
    """The file that asks the supervisor to end."""
    return room("supervisor") / "stop"


def retire_path() -> Path:
    """The file that asks the supervisor to give way to one of newer code when nothing runs."""
    return room("supervisor") / "retire"


def code() -> str:
    """Which code runs are trained with: where it lies, and when it was last changed."""
    package = Path(builder.__file__).parent
    times = [
        path.stat().st_mtime_ns
        for part in package.iterdir()
        if part.name != "ui"
        for path in (part.rglob("*.py") if part.is_dir() else [part])
    ]
    return f"{package} {max(times)}"


def running() -> bool:
    """Whether this LAMINA_HOME has a supervisor."""
    return process.held(lock_path())


SERVANTS = ("builder.runs.", "builder.sweeps.")
"""Modules whose processes belong to one LAMINA_HOME and end with its supervisor."""
HOLDER, NURSERY = "holder.json", "nursery.json"


def sign(name: str = HOLDER) -> None:
    """Leave this process' id and code beside the lock: the supervisor's, or the nursery's."""
    who = {"pid": os.getpid(), "created": process.created(), "code": code()}
    files.write_json(room("supervisor") / name, who)


def holder(name: str = HOLDER) -> dict[str, Any]:
    """The supervisor's (or the nursery's) "pid", when it was "created" and its "code", as it left
    them; {} where it did not.
    """
    found = files.read_json(room("supervisor") / name)
    return found if isinstance(found, dict) else {}


def ensure() -> None:
    """Start the supervisor where it is missing. Returns at once: workers ask every few seconds."""
    if running() or _on_its_way():
        return
    stop_path().unlink(missing_ok=True)
    retire_path().unlink(missing_ok=True)
    child = process.start("builder.runs.supervisor", log=room("supervisor") / "log.txt")
    with contextlib.suppress(psutil.NoSuchProcess):
        started = {"pid": child.pid, "created": process.created(child.pid)}
        files.write_json(room("supervisor") / "starting.json", started)


def _on_its_way() -> bool:
    """Whether somebody has just started one that has not reached the lock yet: after a kill all
    workers notice at one moment.
    """
    found = files.read_json(room("supervisor") / "starting.json")
    if not isinstance(found, dict) or found.get("pid") == holder().get("pid"):
        return False
    young = time.time() - found.get("created", 0.0) < SOON
    return young and process.alive(found.get("pid"), found.get("created"))


def ensure_current() -> None:
    """A supervisor of today's code, for whoever is about to start runs.

    One that knows only the code before an update is asked to give way; while it is idle, that takes
    a moment, which is waited for.
    """
    if running() and _outdated():
        retire_path().touch()
        until = time.monotonic() + PATIENCE
        while running() and time.monotonic() < until:
            time.sleep(0.02)
    ensure()


def _outdated() -> bool:
    """Whether the supervisor that holds the lock signed for other code than ours."""
    who = holder()
    known = who.get("code")
    return bool(known) and known != code() and process.alive(who.get("pid"), who.get("created"))


def shutdown(timeout: float = 20.0) -> None:
    """End the supervisor, its workers and all else that serves this LAMINA_HOME; runs that are
    under way stop with a checkpoint. Waits until the last process is gone, so that the home may be
    removed.
    """
    until = time.monotonic() + timeout
    who = holder()
    stop_path().touch()
    while time.monotonic() < until:
        process.reap()
        still = running() or process.alive(who.get("pid"), who.get("created"))
        if not still and not process.of_home(SERVANTS):
            break
        time.sleep(0.02)
    stop_path().unlink(missing_ok=True)
