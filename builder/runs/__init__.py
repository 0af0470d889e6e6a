"""Runs: training that lives in processes of its own, kept in folders that any process may read.

Torch, the database and the compiler are imported when they are used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.runs.finder import find_batch, find_rate
from builder.runs.folder import Status
from builder.runs.fork import fork
from builder.runs.hardware import Device, devices
from builder.runs.launch import check, start
from builder.runs.lease import shutdown
from builder.runs.orders import nodes, order, sampling, settings, standing, unfit
from builder.runs.queue import (
    Waiting,
    awaits,
    held,
    limits,
    move,
    prioritise,
    reorder,
    set_limit,
    waiting,
)
from builder.runs.run import Checkpoint, Run
from builder.runs.treat import treat

if TYPE_CHECKING:
    from builder.runs.index import Row

__all__ = [
    "Checkpoint",
    "Device",
    "Run",
    "Status",
    "Waiting",
    "awaits",
    "check",
    "delete",
    "devices",
    "disk_use",
    "find_batch",
    "find_rate",
    "fork",
    "held",
    "limits",
    "list_runs",
    "move",
    "nodes",
    "note",
    "open_run",
    "order",
    "prioritise",
    "reindex",
    "rename",
    "reorder",
    "sampling",
    "set_limit",
    "settings",
    "shutdown",
    "standing",
    "start",
    "treat",
    "unfit",
    "wait",
    "waiting",
    "warm",
]


def open_run(run_id: str) -> Run:
    """A run by its id. Raises LaminaError where there is none."""
    return Run(run_id)


def list_runs(project_id: str | None = None) -> "list[Row]":
    """All runs (of a project), the newest first."""
    from builder.runs import index

    rows = index.sync().values()
    return [row for row in rows if project_id is None or row.project_id == project_id]


def reindex() -> int:
    """Rebuild the index of runs from their folders; gives their number."""
    from builder.runs import index

    return index.reindex()


def warm() -> None:
    """Have a worker ready for the first run: starts the supervisor where it is missing or of the
    code before an update.
    """
    from builder.runs import lease

    lease.ensure_current()


def wait(run_id: str, timeout: float | None = None) -> Status:
    """Wait until a run has ended (or the time is over); gives its status.

    A run that has lost worker and supervisor is taken up again: the supervisor is started anew.
    """
    import time

    from builder.runs import folder, lease

    until = None if timeout is None else time.monotonic() + timeout
    run = Run(run_id)
    while not (now := run.status).ended or folder.stored_status(run.folder).active:
        if now.ended:
            lease.ensure()
        if until is not None and time.monotonic() > until:
            break
        time.sleep(0.05)
    return now


def delete(run_id: str) -> None:
    """Delete a run and all that it keeps. Raises LaminaError while it is under way."""
    import shutil

    from builder.errors import LaminaError
    from builder.runs import folder, index, orders

    path = folder.path_of(run_id)
    now = folder.status(path)
    if now.active:
        raise LaminaError("The run is under way.", place=f"run {run_id}", remedy="Stop it first.")
    folder.raise_fence(path)
    orders.queue_marker(run_id).unlink(missing_ok=True)
    shutil.rmtree(path)
    index.drop(run_id)


def rename(run_id: str, name: str) -> None:
    """Give a run another name (1 to 120 characters)."""
    from builder import wording
    from builder.errors import LaminaError

    name = wording.one_line(name).strip()
    if not 0 < len(name) <= 120:
        raise LaminaError("A name has 1 to 120 characters.", place=f"run {run_id}")
    _change(run_id, {"name": name})


def note(run_id: str, text: str) -> None:
    """Keep a note with a run (at most 20,000 characters)."""
    from builder.errors import LaminaError

    if len(text) > 20_000:
        raise LaminaError("A note has at most 20,000 characters.", place=f"run {run_id}")
    _change(run_id, {"note": text})


def _change(run_id: str, changes: Mapping[str, Any]) -> None:
    from builder.runs import folder, index
    from builder.train import files

    path = folder.path_of(run_id)
    files.write_json(path / "run.json", {**Run(run_id).info, **changes}, sync=True)
    index.put(index.read_row(run_id))


def disk_use() -> dict[str, int]:
    """Bytes that each run takes."""
    from builder.home import room
    from builder.runs import folder

    return {run: folder.size(room("runs") / run) for run in folder.ids()}
