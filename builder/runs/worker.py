"""A worker: warms up, then carries out the runs that the supervisor names, one at a time.

Forked from the nursery, or `python -m builder.runs.worker` with orders on standard input. Each line
in is JSON: {"run": id, "fence": n} or {"exit": true}; out come {"state": "born", "pid", "created"},
{"state": "ready"} and {"state": "done", "run": id}. It ends when the orders end and nothing runs.
"""

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from builder.home import room
from builder.runs import folder as folders
from builder.runs import lease, process

BEAT = 1.0
SPARE = "--spare"
"""Warm up modestly: somebody else trains meanwhile. Without it, somebody may be waiting for this
worker.
"""
RUNS_PER_WORKER = 50


def main() -> None:
    """Serve until the supervisor lets go."""
    if SPARE in sys.argv:
        process.be_modest()
    serve(sys.stdin.buffer, sys.stdout.buffer, warm=True)


def serve(lines: IO[bytes], out: IO[bytes], *, warm: bool) -> None:
    """Take orders from `lines` until they end, and tell `out`; `warm` up where none waits yet."""
    line = Line(lines, out)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    line.say({"state": "born", "pid": os.getpid(), "created": process.created()})
    if warm and line.orders.empty():
        warm_up()
    if warm:  # else somebody waits for the first point, and runs that train would take its cores
        process.be_modest()
    for _ in range(RUNS_PER_WORKER):
        line.say({"state": "ready"})
        order = line.next(stopping)
        if order is None or "exit" in order:
            return
        _carry_out(order["run"], order["fence"], stopping, line.cut)
        process.be_modest()
        line.say({"state": "done", "run": order["run"]})
        _give_back()
        if stopping.is_set() or _unsaid(order["run"]):
            return


class Line:
    """The line to the supervisor. `cut` is set when the supervisor is gone."""

    def __init__(self, lines: IO[bytes], out: IO[bytes]) -> None:
        self.lines, self.out = lines, out
        self.orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.cut = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            for line in self.lines:
                self.orders.put(json.loads(line))
        self.cut.set()
        self.orders.put(None)

    def next(self, stopping: threading.Event) -> dict[str, Any] | None:
        """The next order; None when there will be none."""
        while not stopping.is_set():
            try:
                return self.orders.get(timeout=0.5)
            except queue.Empty:
                continue
        return None

    def say(self, message: dict[str, Any]) -> None:
        """Tell the supervisor; where it is gone, the run matters and not the report."""
        with contextlib.suppress(OSError, ValueError):
            self.out.write(json.dumps(message).encode() + b"\n")
            self.out.flush()


def warm_up() -> None:
    """Load all that a first step needs, and take one: the first optimiser alone imports for a
    second.
    """
    import torch
    from torch import nn

    from builder import metrics, tasks
    from builder.runs import launchers

    importlib.import_module("builder.runs.execute")
    launchers.catalogue()
    tasks.kinds()
    metrics.names()
    torch.set_num_threads(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    x_BCHW = torch.randn(4, 1, 4, 4)
    loss = nn.functional.cross_entropy(model(x_BCHW), torch.tensor([0, 1, 0, 1]))
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    if torch.cuda.is_available():
        torch.zeros(1, device="cuda")


def _carry_out(run_id: str, fence: int, stopping: threading.Event, alone: threading.Event) -> None:
    from builder.runs import launchers

    path = folders.path_of(run_id)
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, fence, done, alone), daemon=True)
    beat.start()
    with _Log(path / "log.txt"):
        launchers.launch(path, fence, stop=stopping.is_set)
    done.set()
    beat.join()


def _give_back() -> None:
    from builder.train import allocator

    allocator.give_back()


def _unsaid(run_id: str) -> bool:
    """Whether the run's end could not be written: this process leaves, so that all see it gone."""
    now = folders.stored_status(room("runs") / run_id)
    return now.active and now.pid == os.getpid()


def _beat(path: Path, fence: int, done: threading.Event, alone: threading.Event) -> None:
    """Each second a sign of life, and a look whether the run is still ours; each fifth one, at the
    supervisor, and each one while `alone` says that it is gone. From the first one on the run
    leaves the cores to whoever is in front of the screen.
    """
    count = 0
    while not done.wait(BEAT):
        if not count:
            process.be_modest()
        count += 1
        if not path.exists() or folders.fence(path) > fence:
            os._exit(3)
        try:
            (path / "heartbeat").touch()
            if (alone.is_set() or count % 5 == 0) and not lease.stop_path().exists():
                lease.ensure()
        except OSError:  # a full disk: the training thread meets it too, and says so
            continue


class _Log:
    """Send what the process prints (from Python or below it) to the run's log while it carries out
    a run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        sys.stderr.flush()
        self.kept = os.dup(2)
        try:
            target = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError:  # no log on a full disk; the run says why it cannot go on
            return
        os.dup2(target, 2)
        os.close(target)

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()
        os.dup2(self.kept, 2)
        os.close(self.kept)


if __name__ == "__main__":
    main()
