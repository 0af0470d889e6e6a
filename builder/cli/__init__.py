"""The headless face: the same functions as the pages call, with `--json` for programs."""

from builder.cli import (
    beginning,
    evidence,
    finders,
    making,
    projects,
    queue,
    runs,
    serving,
    steering,
    sweeps,
    training,
)
from builder.cli.root import app, main

__all__ = [
    "app",
    "beginning",
    "evidence",
    "finders",
    "main",
    "making",
    "projects",
    "queue",
    "runs",
    "serving",
    "steering",
    "sweeps",
    "training",
]
