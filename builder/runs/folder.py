"""The run folder, which is the truth about a run: its files, and its status as any process reads
it.
"""

import errno
import json
import math
import os
import re
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from builder.errors import LaminaError
from builder.home import room
from builder.runs import lease, process
from builder.train import files

ACTIVE = ("preparing", "running", "paused")
ENDED = ("finished", "stopped", "failed")
STATUSES = ("queued", *ACTIVE, *ENDED)
DAMAGED = "status_damaged"
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


@dataclass(frozen=True)
class Status:
    """Where a run stands. `seconds` is training time, `eta` seconds still to go, both without
    pauses.
    """

    status: str = "queued"
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    samples_per_second: float = 0.0
    eta: float | None = None
    message: str = ""
    error: dict[str, str] | None = None  # LaminaError.to_dict()
    node: str | None = None
    pid: int | None = None
    device: str = ""
    created: float | None = None  # when the process of that pid began
    fence: int = 0
    updated: float = 0.0

    @property
    def active(self) -> bool:
        """Whether a worker has it."""
        return self.status in ACTIVE

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in ENDED

    @property
    def damaged(self) -> bool:
        """Whether its file could not be read, so that all but the folder is unknown."""
        return self.error is not None and self.error.get("code") == DAMAGED

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


_FIELDS = {field.name for field in fields(Status)}
_NUMBERS = ("seconds", "samples_per_second", "updated", "eta", "created")
_WHOLE = ("epoch", "epochs", "step", "steps", "fence", "pid")
_MAYBE = ("eta", "created", "pid", "error", "node")


def path_of(run_id: str) -> Path:
    """The folder of a run. Raises LaminaError for what is no run id or is not there."""
    path = room("runs") / run_id
    if not _ID.fullmatch(run_id) or not path.is_dir():
        raise LaminaError(
            f"There is no run {run_id!r}.",
            place="run",
            remedy="Look at the list of runs.",
            code="gone",
        )
    return path


def ids() -> list[str]:
    """All runs, oldest first."""
    return sorted(path.name for path in room("runs").iterdir() if _ID.fullmatch(path.name))


def new_id() -> str:
    """A name that sorts by time and that nobody else has."""
    import secrets

    return time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(3)


def write_status(folder: Path, status: Status) -> None:
    """Replace the status in one piece; on a full disk overwrite it where it lies, so that the end
    can be told.
    """
    text = json.dumps(status.to_dict(), ensure_ascii=False)
    path = folder / "status.json"
    try:
        files.write(path, text.ljust(2048) + "\n")
    except LaminaError as error:
        if error.code != "disk_full" or not path.exists():
            raise
        with path.open("rb+") as file:
            file.write(text.encode().ljust(path.stat().st_size)[: path.stat().st_size])


def stored_status(folder: Path) -> Status:
    """The status as it was last written; a run whose status cannot be read has failed."""
    found = files.read_json(folder / "status.json")
    if not isinstance(found, dict):
        return _damaged(folder)
    known = {name: value for name, value in found.items() if name in _FIELDS}
    if known.get("status") not in STATUSES or not all(_sound(*one) for one in known.items()):
        return _damaged(folder)
    return Status(**known)


def _sound(name: str, value: Any) -> bool:
    """Whether a field of the status holds what belongs there."""
    if value is None:
        return name in _MAYBE
    if isinstance(value, bool):
        return False
    if name in _WHOLE:
        return isinstance(value, int)
    if name in _NUMBERS:
        return isinstance(value, int | float) and math.isfinite(value)
    if name == "error":
        return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())
    return isinstance(value, str)


def _damaged(folder: Path) -> Status:
    """What the other files tell of a run whose status cannot be read."""
    kept = files.read_json(folder / "checkpoints.json")
    names = ", ".join(kept) if isinstance(kept, dict) else ""
    error = LaminaError(
        "Its status file is damaged, so the run does not go on.",
        place=str(folder / "status.json"),
        remedy=f"Its curves and states ({names}) are kept: fork it from one, or delete it."
        if names
        else "It kept no state to go on from: delete it, and start it again.",
        code=DAMAGED,
    )
    rows = files.read_lines(folder / "epochs.jsonl")
    last, told = rows[-1] if rows else {}, error.to_dict()
    epoch, step = int(last.get("epoch", 0)), int(last.get("step", 0))
    seconds = float(last.get("time", 0.0))
    return Status("failed", epoch, step=step, seconds=seconds, message=error.fact, error=told)


def status(folder: Path) -> Status:
    """The status as it is: a run whose worker is gone without a word waits for the supervisor, or
    has failed.
    """
    found = stored_status(folder)
    if not found.active or process.alive(found.pid, found.created):
        return found
    if not os.access(folder, os.W_OK):
        shut = LaminaError(
            "The run's folder cannot be written, so the run stands still.",
            place=str(folder),
            remedy="Make it writable: the run goes on from its last checkpoint.",
            code="read_only",
        )
        return replace(found, status="failed", message=shut.fact, error=shut.to_dict(), eta=None)
    if lease.running():
        words = "The worker was lost; the run goes on from its last checkpoint."
        return replace(found, status="queued", message=words, pid=None, eta=None)
    error = LaminaError(
        "The process that trained this run is gone (killed, or the machine was switched off).",
        remedy="It goes on from its last checkpoint while Lamina runs.",
        code="worker_gone",
    )
    return replace(found, status="failed", message=error.fact, error=error.to_dict(), eta=None)


def fence(folder: Path) -> int:
    """The number of the worker that may write this run; a larger one shuts all before it out."""
    try:
        return int((folder / "fence").read_text())
    except (OSError, ValueError):
        return 0


def raise_fence(folder: Path) -> int:
    """Shut out every worker so far; gives the next one's number."""
    number = fence(folder) + 1
    files.write(folder / "fence", str(number))
    return number


def add_event(folder: Path, kind: str, **facts: Any) -> None:
    """Append to the run's log of events (who did what at which step)."""
    files.append_line(folder / "events.jsonl", {"time": time.time(), "kind": kind, **facts})


def add_log(folder: Path, text: str) -> None:
    """Append a line to the run's log; a disk that is full keeps no log."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        with (folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {text.rstrip()}\n")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT):
            raise


def size(folder: Path) -> int:
    """Bytes on the disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # a checkpoint that is just being replaced
            continue
    return total
