"""Processes that outlive their parent, and locks that do not outlive their holder. For POSIX and
Windows.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

import psutil

import builder

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


MODEST = 10
"""The nice value of whoever computes while somebody may be in front of the screen."""


class Lock:
    """A lock on a file that the operating system drops when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file: IO[bytes] | None = None

    def take(self) -> bool:
        """Whether the lock is ours now; does not wait."""
        if self.file is not None:
            return True
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self.file = file
        return True

    def drop(self) -> None:
        """Give it back."""
        if self.file is not None:
            self.file.close()
            self.file = None


def held(path: Path) -> bool:
    """Whether some process holds the lock on that file."""
    if not path.exists():
        return False
    probe = Lock(path)
    taken = probe.take()
    probe.drop()
    return not taken


class Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive us, so that forgetting it is no leak."""

    def __del__(self) -> None:
        """Nothing: the parent class would warn about a child that still runs."""


_children: list[Detached] = []


def start(
    module: str,
    *arguments: str,
    log: Path,
    pipes: bool = False,
    keep: tuple[int, ...] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Detached:
    """Start `python -m module` in a session of its own; `pipes` connects its standard input and
    output to us, `keep` names file descriptors that it inherits, `environment` is added to ours.
    """
    reap()
    root = str(Path(builder.__file__).parent.parent)
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    variables = {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait leave the cores to the server
        **environment,
    }
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = Detached(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else output,
            stderr=output,
            env=variables,
            start_new_session=True,
            creationflags=flags,
            pass_fds=keep,
        )
    _children.append(child)
    return child


def reap() -> None:
    """Collect children that have ended."""
    _children[:] = [child for child in _children if child.poll() is None]


def alive(pid: int | None, created: float | None) -> bool:
    """Whether that very process runs; a later one under the same number does not count."""
    if not pid:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return created is None or abs(process.create_time() - created) < 2.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def created(pid: int | None = None) -> float:
    """When a process (this one) began, in seconds since 1970."""
    return float(psutil.Process(pid).create_time())


def kill(pid: int | None, began: float | None) -> None:
    """End that very process at once, if it still runs."""
    if alive(pid, began) and pid:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


def terminate(pid: int | None, began: float | None) -> None:
    """Ask that very process to end, if it still runs."""
    if alive(pid, began) and pid:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).terminate()


def of_home(modules: tuple[str, ...]) -> list[int]:
    """Processes of our LAMINA_HOME that run a module whose name begins so, and their forks; not
    this one.
    """
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            serves = any(word.startswith(modules) for word in one.cmdline()[1:4])
            if not serves or one.pid == os.getpid() or one.status() == psutil.STATUS_ZOMBIE:
                continue
            if one.environ().get("LAMINA_HOME") == os.environ.get("LAMINA_HOME"):
                found.append(one.pid)
    return found


def be_modest() -> None:
    """Leave the cores to whoever is in front of the screen: every thread of this process."""
    process = psutil.Process()
    with contextlib.suppress(psutil.AccessDenied, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        elif sys.platform == "linux":  # there a priority is a thread's own
            for thread in process.threads():
                with contextlib.suppress(ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, thread.id, MODEST)
        else:
            process.nice(MODEST)
