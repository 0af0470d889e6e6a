"""The launcher contract, and the keeper: who watches over the processes of one run."""

import contextlib
import os
import platform
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

from builder.errors import LaminaError
from builder.runs import folder as folders
from builder.runs import process
from builder.train import files

ERROR = "worker-error.json"
"""What a worker of the run leaves behind that failed for a reason which another try would meet
again.
"""
TRIES = 3
"""So often all workers are started again without a new checkpoint in between."""
LOOK = 0.05
PATIENCE = 20.0
"""Seconds that workers get to stop by themselves."""

Stop = Callable[[], bool]


def never() -> bool:
    """Nobody asks to stop."""
    return False


class Launcher(ABC):
    """One way to start the processes that train a run; one file in builder/runs/launchers.

    Whatever the launcher: the run folder is the same, its first worker alone writes into it, orders
    reach all workers at one step, and a worker that is killed makes all go on from the last
    checkpoint. The process that calls `launch` holds the run's lock and heartbeat.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    place: ClassVar[int]  # in lists, the smallest first

    @abstractmethod
    def unfit(self, workers: int, device: str) -> str | None:
        """Why a run cannot be started so here, in a sentence with a remedy; None where it can.

        `device` is the recipe's, resolved: "cpu", "cuda:0", "mps".
        """

    @abstractmethod
    def launch(self, folder: Path, fence: int, workers: int, stop: Stop) -> str:
        """Train the run of that folder to its end; gives its last status ("fenced" where another
        process has it).
        """


class Attempt(Protocol):
    """All workers of a run, started once."""

    def running(self) -> bool:
        """Whether any of them still runs."""

    def end(self) -> None:
        """Kill them."""


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus_missing(workers: int, device: str) -> str | None:
    """Why this machine's devices do not do for so many workers; None where they do."""
    if device.startswith("cuda"):
        import torch

        there = torch.cuda.device_count()
        if there < workers:
            return (
                f"{workers} workers need a GPU each; this machine has {there}. "
                f"Choose up to {there} workers, or the device cpu."
            )
    elif device != "cpu":
        return f"Several workers cannot share the device {device}. Choose the device cpu."
    elif workers > cores():
        return (
            f"{workers} workers need a core each; this machine has {cores()}. "
            f"Choose up to {cores()} workers."
        )
    return None


def loopback() -> dict[str, str]:
    """Environment that keeps workers of one machine off the network: they meet on the loopback."""
    name = {"Linux": "lo", "Darwin": "lo0"}.get(platform.system())
    return {"GLOO_SOCKET_IFNAME": name, "NCCL_SOCKET_IFNAME": name} if name else {}


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables that children inherit, for as long as it lasts; those that are set stay."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Standard output goes where standard error goes: it may be the supervisor's line."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def keep(folder: Path, fence: int, stop: Stop, start: Callable[[], Attempt]) -> str:
    """Hold the run and have it trained by `start`'s workers until it has ended; gives its status.

    Where a worker is lost all are started again, and go on from the last checkpoint.
    """
    from builder.data.store import release
    from builder.runs.execute import taken
    from builder.runs.orders import queue_marker

    lock = process.Lock(folder / "lock")
    if not taken(lock):
        return "fenced"
    try:
        queue_marker(folder.name).unlink(missing_ok=True)
        _say(folder, fence, "Starting the workers.")
        with apart():
            status = _see_through(folder, fence, stop, start)
    except LaminaError as error:
        status = _fail(folder, fence, error)
    finally:
        lock.drop()
    if status != "fenced":
        release(folder.name)
    return status


def _see_through(folder: Path, fence: int, stop: Stop, start: Callable[[], Attempt]) -> str:
    before, tries = -1, 0
    while True:
        (folder / ERROR).unlink(missing_ok=True)
        _wait(folder, start(), stop)
        if folders.fence(folder) > fence:
            return "fenced"
        now = folders.stored_status(folder)
        if now.ended:
            return now.status
        _raise_left(folder)
        step = (files.read_json(folder / "checkpoints.json") or {}).get("last", {}).get("step", 0)
        tries = tries + 1 if step == before else 1
        before = step
        if tries > TRIES:
            raise LaminaError(
                f"Its workers died {TRIES} times at the same place; the log may say why.",
                remedy="Train it with one worker to see whether it is the run itself.",
                code="worker_gone",
            )
        words = f"A worker was lost; all go on from step {step}."
        folders.add_event(folder, "worker_lost", step=now.step, epoch=now.epoch, message=words)
        folders.add_log(folder, words)
        _say(folder, fence, words)


def _wait(folder: Path, attempt: Attempt, stop: Stop) -> None:
    """Until the workers have ended; an order to stop is passed on."""
    told: float | None = None
    try:
        while attempt.running():
            if told is None and stop():
                told = time.monotonic()
                order = {"id": f"system-{time.time_ns()}", "order": "stop", "who": "the system"}
                files.append_line(folder / "orders.jsonl", {"time": time.time(), **order})
            if told is not None and time.monotonic() - told > PATIENCE:
                return
            time.sleep(LOOK)
    finally:
        attempt.end()


def _raise_left(folder: Path) -> None:
    """Raise the error that a worker left, if one did."""
    left = files.read_json(folder / ERROR)
    if isinstance(left, dict):
        from builder.train.failures import StepFailed

        raise StepFailed(
            left["fact"], node=left.get("node"), remedy=left["remedy"], code=left["code"]
        )


def _say(folder: Path, fence: int, words: str) -> None:
    """The status while no worker can write it."""
    now = folders.stored_status(folder)
    said = replace(now, status="preparing", message=words, updated=time.time(), eta=None)
    mine = replace(said, pid=os.getpid(), created=process.created(), fence=fence)
    folders.write_status(folder, mine)


def _fail(folder: Path, fence: int, error: LaminaError) -> str:
    from builder.runs.execute import fail
    from builder.runs.store import Store

    now = folders.stored_status(folder)
    store = Store(folder, fence, device=now.device, keep="last")
    store.status = replace(now, fence=fence)
    fail(store, error)
    store.close()
    return store.status.status
