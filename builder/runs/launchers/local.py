"""One process: the worker itself."""

from pathlib import Path
from typing import ClassVar

from builder.runs.launchers.base import Launcher, Stop


class Local(Launcher):
    """Trains in the worker that has the run."""

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "One process"
    help: ClassVar[str] = "On one device of this machine."
    place: ClassVar[int] = 0

    def unfit(self, workers: int, device: str) -> str | None:
        """One worker, on any device."""
        del device
        if workers != 1:
            return f"It trains in one process, not in {workers}. Choose torchrun, or 1 worker."
        return None

    def launch(self, folder: Path, fence: int, workers: int, stop: Stop) -> str:
        """Train here and now."""
        del workers
        from builder.runs.execute import execute

        return execute(folder, fence, stop=stop)
