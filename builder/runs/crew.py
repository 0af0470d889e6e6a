"""The supervisor's workers: forked from the nursery where the system can, else started each for
itself.
"""

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from builder.home import room
from builder.runs import lease, process

WORKER, URGENT, KEEPER, LEAVE, READY = b"w", b"u", b"k", b"x", b"r"
"""What a connection to the nursery is for: a worker that warms up, or one whose run waits already;
the supervisor's own, on which LEAVE ends the nursery and READY comes back once it forks.
"""
ATTEMPTS = 2
"""Nurseries that end before they are ready; after so many, workers import for themselves."""

QUIET = {"OPENBLAS_NUM_THREADS": "1"}
"""What keeps NumPy from beginning threads when it is imported: they would not survive a fork."""

PARTING = 5.0
"""Seconds that the nursery gets to end."""

log = logging.getLogger("lamina.supervisor")


class Worker:
    """One worker process. Tells `news` when its state changes, and at once when it is gone."""

    def __init__(
        self,
        lines: IO[bytes],
        orders: IO[bytes],
        news: threading.Event,
        child: process.Detached | None = None,
    ) -> None:
        """`lines` come from it until it is gone, `orders` go to it; `child` where it is our own
        child and not the nursery's.
        """
        self.lines, self.orders, self.news, self.child = lines, orders, news, child
        self.pid: int | None = child.pid if child else None
        self.created: float | None = None
        self.ready = self.dismissed = self.lost = False
        self.run: str | None = None
        self.since = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for line in self.lines:
                message = json.loads(line)
                if message["state"] == "born":
                    self.pid, self.created = message["pid"], message["created"]
                elif message["state"] == "ready":
                    self.ready = True
                elif message["state"] == "done":
                    self.run = None
                self.news.set()
        self.lost = True
        self.news.set()

    def give(self, run: str, fence: int) -> bool:
        """Hand it a run; False where it is gone."""
        self.run, self.since, self.ready = run, time.monotonic(), False
        return self._send({"run": run, "fence": fence})

    def dismiss(self) -> None:
        """Let it go, for it is idle; it gets no run any more."""
        self.dismissed = True
        self._send({"exit": True})

    def _send(self, message: dict[str, Any]) -> bool:
        try:
            self.orders.write(json.dumps(message).encode() + b"\n")
            self.orders.flush()
        except (OSError, ValueError):
            return False
        return True

    @property
    def born(self) -> bool:
        """Whether there was ever a process, so far as it told."""
        return self.pid is not None

    @property
    def gone(self) -> bool:
        """Whether the process has ended: its line is cut."""
        return self.lost or (self.child is not None and self.child.poll() is not None)

    def ask_to_end(self) -> None:
        """A run that is under way stops with a checkpoint; without a run it ends at once."""
        if self.run is None:
            self.dismiss()
            process.kill(self.pid, self.created)
        else:
            process.terminate(self.pid, self.created)

    def end(self, within: float) -> None:
        """Wait until it has stopped, then make it."""
        until = time.monotonic() + within
        while process.alive(self.pid, self.created) and time.monotonic() < until:
            time.sleep(0.01)
            process.reap()
        process.kill(self.pid, self.created)
        if self.child is not None:
            self.child.wait()
        for line in (self.orders, self.lines):
            with suppress(OSError, ValueError):
                line.close()


class Crew:
    """Where workers come from."""

    def __init__(self, news: threading.Event) -> None:
        self.news = news
        self.failures = 0 if forks() else ATTEMPTS
        self.keeper: socket.socket | None = None
        self.ready = False
        self.socket = _socket() if forks() else Path()

    @property
    def quick(self) -> bool:
        """Whether a worker costs milliseconds."""
        return self.failures < ATTEMPTS

    def look(self) -> None:
        """See to it that there is a nursery, where there can be one."""
        if self.keeper is not None and not self._still(self.keeper):
            log.warning("the nursery is gone")
            self.failures = 0 if self.ready else self.failures + 1
            self.keeper.close()
            self.keeper, self.ready = None, False
        if self.keeper is None and self.quick:
            try:
                self.keeper = _keeper(self.socket)
            except OSError as error:  # a file system without sockets
                log.warning("no nursery can be started: %s", error)
                self.failures = ATTEMPTS

    def _still(self, keeper: socket.socket) -> bool:
        """Whether the nursery is still there; hears whether it is ready."""
        try:
            while word := keeper.recv(64):
                self.ready |= READY in word
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def worker(self, *, urgent: bool) -> Worker:
        """A new one; `urgent`: a run waits for it."""
        self.look()
        if self.quick:
            with suppress(OSError):
                line = _connect(self.socket)
                line.sendall(URGENT if urgent else WORKER)
                line.settimeout(None)
                lines, orders = line.makefile("rb"), line.makefile("wb")
                line.close()  # the two files keep it open
                return Worker(lines, orders, self.news)
        arguments = () if urgent else ("--spare",)
        log_file = room("supervisor") / "log.txt"
        child = process.start("builder.runs.worker", *arguments, log=log_file, pipes=True)
        if child.stdin is None or child.stdout is None:
            raise AssertionError("started with pipes")
        return Worker(child.stdout, child.stdin, self.news, child)

    def let_go(self) -> None:
        """End the nursery; workers stay. Waits until it has gone."""
        keeper, self.keeper = self.keeper, None
        if keeper is None:
            return
        ready = self._still(keeper) and self.ready
        with suppress(OSError):
            keeper.setblocking(True)
            keeper.settimeout(PARTING)
            keeper.sendall(LEAVE)
            if not ready:  # in the middle of its imports it hears nothing
                who = lease.holder(lease.NURSERY)
                process.kill(who.get("pid"), who.get("created"))
            while keeper.recv(64):
                continue
        keeper.close()


def forks() -> bool:
    """Whether workers may be forked here: on Linux, unless LAMINA_FORK is 0."""
    return sys.platform == "linux" and os.environ.get("LAMINA_FORK") != "0"


def _socket() -> Path:
    """The nursery's socket; one of other code or of another Python has another."""
    of = sha256(f"{lease.code()} {sys.executable}".encode()).hexdigest()[:12]
    return room("supervisor") / f"nursery-{of}"


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """A name for the socket that is short enough, however deep LAMINA_HOME lies."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _connect(path: Path) -> socket.socket:
    """A connection to the nursery. Raises OSError where there is none."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(5.0)
        with _address(path) as address:
            line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def _keeper(path: Path) -> socket.socket:
    """The supervisor's own connection; starts the nursery where there is none."""
    try:
        keeper = _connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        _start(path)
        keeper = _connect(path)
    keeper.sendall(KEEPER)
    keeper.setblocking(False)
    return keeper


def _start(path: Path) -> None:
    """Start the nursery with a socket that listens already, so that nobody waits to connect."""
    path.unlink(missing_ok=True)  # of a nursery that was killed
    with socket.socket(socket.AF_UNIX) as listening:
        with _address(path) as address:
            listening.bind(address)
        path.chmod(0o600)
        listening.listen(64)
        number = listening.fileno()
        process.start(
            "builder.runs.nursery",
            "--socket",
            str(number),
            log=room("supervisor") / "log.txt",
            keep=(number,),
            environment=QUIET,
        )
