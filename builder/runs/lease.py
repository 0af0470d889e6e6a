"""Who keeps the runs of a LAMINA_HOME alive: find the supervisor, start it where it is missing, end
it.
"""

import os
import time
from pathlib import Path
from typing import Any

from builder.home import room
from builder.runs import process
from builder.train import files


def lock_path() -> Path:
    """The file whose lock the supervisor holds; the system drops it when the supervisor dies."""
    return room("supervisor") / "lock"


def stop_path() -> Path:
    """The file that asks the supervisor to end."""
    return room("supervisor") / "stop"


def running() -> bool:
    """Whether this LAMINA_HOME has a supervisor."""
    return process.held(lock_path())


def sign() -> None:
    """Leave the holder's process id beside the lock."""
    who = {"pid": os.getpid(), "created": process.created()}
    files.write_json(room("supervisor") / "holder.json", who)


def holder() -> dict[str, Any]:
    """The supervisor's "pid" and when it was "created", as it left them; {} where it did not."""
    found = files.read_json(room("supervisor") / "holder.json")
    return found if isinstance(found, dict) else {}


def ensure() -> None:
    """Start the supervisor where it is missing. Returns at once."""
    if not running():
        stop_path().unlink(missing_ok=True)
        process.start("builder.runs.supervisor", log=room("supervisor") / "log.txt")


def shutdown(timeout: float = 20.0) -> None:
    """End the supervisor and its workers; runs that are under way stop with a checkpoint. Waits for
    it.
    """
    until = time.monotonic() + timeout
    who = holder()
    stop_path().touch()
    while time.monotonic() < until:
        process.reap()
        if not running() and not process.alive(who.get("pid"), who.get("created")):
            break
        time.sleep(0.02)
    stop_path().unlink(missing_ok=True)
