"""The nursery: a process with PyTorch and all of the training path imported, which trains nothing
itself. Workers are forked from it in a few milliseconds instead of importing for seconds.

`python -m builder.runs.nursery --socket N`, where N is an inherited, listening Unix socket. whoever
connects says with one byte what the connection is for: WORKER forks a worker whose line of orders
it becomes, KEEPER is the supervisor's own, LEAVE on it ends the nursery. It outlives a supervisor
that was killed, starts the next one, and serves it too.

Forking is safe because this process has one thread and does no arithmetic: no OpenMP team, no
autograd thread and no CUDA context exists before the fork. Linux only; elsewhere each worker
imports for itself.
"""

import gc
import importlib
import logging
import os
import pkgutil
import random
import selectors
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType

from builder.home import room
from builder.runs import lease
from builder.runs.crew import KEEPER, LEAVE, READY, URGENT, WORKER

ALONE = 60.0
"""Seconds without a supervisor after which the nursery ends."""
TICK = 0.5
PATIENCE = 30.0
"""Seconds between a connection and its wish: both come at once, but whoever asks may get no core
for a while.
"""
SEARCH = 0.05
"""Seconds between two looks, while there is no supervisor, whether the old one's lock is free."""

log = logging.getLogger("lamina.nursery")


def preload() -> None:
    """Import what a run needs, and compute nothing: what computes may begin threads, or touch a
    GPU, and neither survives a fork.
    """
    import torch

    importlib.import_module("torch._dynamo")  # the first optimiser would, for a second
    from builder import metrics, tasks
    from builder.runs import launchers

    importlib.import_module("builder.runs.execute")
    for name in ("builder.train", "builder.data.augment", "builder.data.runtime"):
        for module in _below(importlib.import_module(name)):
            importlib.import_module(module)
    launchers.catalogue()
    tasks.kinds()
    metrics.names()
    parameter = torch.nn.Parameter(torch.empty(1))
    torch.optim.AdamW([parameter], lr=1e-3)
    gc.collect()
    gc.freeze()  # pages that the collector leaves alone stay shared with the workers


def _below(package: ModuleType) -> Iterator[str]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield found.name


def threads() -> int:
    """Threads of this process, those below Python too."""
    return len(os.listdir("/proc/self/task"))


class Twin:
    """A fork of the nursery that does nothing until the nursery is killed, and then steps in: the
    imports, seconds of work, are not lost with one process.
    """

    def __init__(self) -> None:
        """Returns in the process that is to serve: here, and later in the twin."""
        while True:
            waits, self.sign_of_life = os.pipe()
            self.pid = os.fork()
            if self.pid:
                os.close(waits)
                return
            os.close(self.sign_of_life)
            os.setsid()
            word = os.read(waits, 1)  # nothing comes when the other end dies with its process
            os.close(waits)
            if word == LEAVE:
                os._exit(0)
            lease.sign(lease.NURSERY)

    def forget(self) -> None:
        """In a worker: it is none of its business."""
        os.close(self.sign_of_life)

    def let_go(self) -> None:
        """End it."""
        with suppress(BrokenPipeError):
            os.write(self.sign_of_life, LEAVE)
        os.close(self.sign_of_life)


class Nursery:
    """Serves the socket until it is let go."""

    def __init__(self, listening: socket.socket) -> None:
        self.twin = Twin()
        self.listening = listening
        self.keepers: set[socket.socket] = set()
        self.selector = selectors.DefaultSelector()
        self.selector.register(listening, selectors.EVENT_READ)
        self.alone_since = self.asked = time.monotonic()
        self.leaving = False

    def serve(self) -> None:
        """Fork for whoever asks; look after the supervisor."""
        while not self.leaving:
            for key, _ in self.selector.select(TICK if self.keepers else SEARCH):
                if key.fileobj is self.listening:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj)
            if self.twin.pid in _reap():
                self.twin.forget()
                self.twin = Twin()
            if not self.keepers:
                self._miss_the_supervisor()
        self.twin.let_go()

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self.listening.accept()
            connection.settimeout(PATIENCE)
            wish = connection.recv(1)
            if wish in (WORKER, URGENT):
                self._fork(connection, urgent=wish == URGENT)
            elif wish == KEEPER:
                connection.sendall(READY)
                connection.setblocking(False)
                self.keepers.add(connection)
                self.selector.register(connection, selectors.EVENT_READ)
                return
            connection.close()

    def _hear(self, keeper: socket.socket) -> None:
        try:
            word = keeper.recv(1)
        except BlockingIOError:
            return
        except OSError:
            word = b""
        if word == LEAVE:
            self.leaving = True
        elif not word:
            self.selector.unregister(keeper)
            self.keepers.discard(keeper)
            keeper.close()
            self.alone_since = time.monotonic()
            self.asked = 0.0

    def _fork(self, connection: socket.socket, *, urgent: bool) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork():
            return
        status = 1
        try:
            self._become_worker(connection, urgent)
            status = 0
        except BaseException:
            logging.getLogger("lamina.worker").exception("The worker failed.")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _become_worker(self, connection: socket.socket, urgent: bool) -> None:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.selector.close()
        self.twin.forget()
        self.listening.close()
        for keeper in self.keepers:
            keeper.close()
        random.seed()
        connection.setblocking(True)
        from builder.runs import worker

        worker.serve(connection.makefile("rb"), connection.makefile("wb"), warm=not urgent)

    def _miss_the_supervisor(self) -> None:
        """It was killed: start the next one as soon as its lock is free, unless all is to end."""
        now = time.monotonic()
        ends = lease.stop_path().exists() or not room("supervisor").exists()
        if ends or now - self.alone_since > ALONE:
            self.leaving = True
        elif now - self.asked > 1.0 and not lease.running():
            self.asked = now
            lease.ensure()


def _reap() -> set[int]:
    """Collect the children that have ended: workers, and supervisors that others were quicker
    than.
    """
    ended: set[int] = set()
    with suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            ended.add(pid)
    return ended


def main() -> None:
    """Preload, then serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s nursery %(process)d: %(message)s")
    listening = socket.socket(fileno=int(sys.argv[sys.argv.index("--socket") + 1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lease.sign(lease.NURSERY)
    preload()
    if threads() != 1:
        log.warning(
            "A library began %s threads on import; workers import by themselves.", threads()
        )
        return
    Nursery(listening).serve()


if __name__ == "__main__":
    main()
