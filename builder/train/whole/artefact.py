"""The compiled step as files of a run, and the process that makes them."""

import contextlib
import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from builder.train import files
from builder.train.whole.trace import Layout

PACKAGE, FACTS = "step.pt2", "step.json"
TOLERANCE = 1e-3
"""What is agreement: the largest difference after a call, as a share of what the call changed."""


@dataclass(frozen=True)
class Facts:
    """What came of building: a reason to stay eager, or the digest of the package and how the trial
    went.
    """

    reason: str = ""
    digest: str = ""
    machine: str = ""  # the processor and the PyTorch that it was compiled for
    settings: str = ""  # of the optimiser, as they were compiled in
    rows: int = 0
    ratio: float = 0.0  # eager's time over the compiled step's
    difference: float = 0.0  # after a call, as a share of what the call changed: see build
    tolerance: float = 0.0
    layout: dict[str, Any] = field(default_factory=dict)

    @property
    def plan(self) -> Layout:
        """The layout of the compiled function."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.layout.items()
        }
        return Layout(**given)


def digest(path: Path) -> str:
    """SHA-256 of a package, sixteen hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def machine() -> str:
    """What a package depends on beside itself: instructions of the processor, and PyTorch."""
    found = [platform.machine(), platform.processor(), torch.__version__]
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        found += [line for line in lines if line.startswith(("flags", "Features"))][:1]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def write(folder: Path, facts: Facts) -> None:
    """Say what came of it, at once or not at all."""
    files.write_json(folder / FACTS, asdict(facts), sync=True)


def read(folder: Path) -> Facts | None:
    """What was said; None before that, and where it cannot be read."""
    try:
        return Facts(**json.loads((folder / FACTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class Workshop:
    """Has the step of a run built by `command` into `folder`, and loads it."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self.folder, self.command = folder, command
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to build, beside the training."""
        with (self.folder / "step.log").open("ab") as log:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # so that the compilers that it starts end with it
            )

    def facts(self) -> Facts | None:
        """What came of it; None while it is being built."""
        found = read(self.folder)
        if found is None and self.child is not None and self.child.poll() is not None:
            return Facts(reason="The compiler's process ended early; step.log has the details.")
        return found

    def load(self, facts: Facts) -> Any:
        """The compiled function, or words on why it cannot be had."""
        path = self.folder / PACKAGE
        if not path.exists() or digest(path) != facts.digest:
            return "The compiled step is not in the run's folder any more."
        if facts.machine != machine():
            return "The step was compiled for another processor or another PyTorch."
        return loaded(path)

    def stop(self) -> None:
        """Nobody waits for it any more: it ends, with the compilers that it started, when its
        standard input closes.
        """
        if self.child is not None:
            if self.child.stdin is not None:
                self.child.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(2.0)
            if self.child.poll() is None:  # it has not begun to listen
                self.child.kill()
                self.child.wait()
            self.child = None


def loaded(path: Path) -> Any:
    """A package's function, by torch's own loader: a shared library, no Python of the compiler."""
    from torch._C import _aoti

    loader = _aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)

    def run(flat: list[Tensor]) -> Sequence[Tensor]:
        found: Sequence[Tensor] = loader.run(flat)
        return found

    return run
