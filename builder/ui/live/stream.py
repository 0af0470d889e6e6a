"""What the live view is told: the difference between what it has seen of a run folder and what is there now."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from builder import runs

POINTS = 2000
"""At most so many points of the step series are sent at once; more are thinned out, extremes kept."""

TICK_POINTS = 400
COLUMNS = ("loss", "lr", "grad_norm", "samples_per_second")
FINAL = frozenset({"finished", "stopped", "failed"})


class Follower:
    """Follows one run. `poll()` gives the next message, or None where nothing has changed."""

    def __init__(self, run_id: str) -> None:
        """Raises LaminaError where there is no such run."""
        self.run = runs.open_run(run_id)
        self._step = -1
        self._seen: dict[str, Any] = {}
        self.over = False

    def poll(self) -> dict[str, Any] | None:
        """What is new: any of status, steps, epochs, events, health, samples (names as in types.ts)."""
        status = self.run.status
        message: dict[str, Any] = {}
        steps = self._steps()
        if steps:
            message["steps"] = steps
        for name, value in (
            ("epochs", self.run.epochs()),
            ("events", [_event(row) for row in self.run.events()]),
            ("health", self.run.health()),
            ("status", _status(status)),
        ):
            if value != self._seen.get(name):
                self._seen[name] = value
                message[name] = value
        self.over = status.status in FINAL
        return finite(message) if message else None

    def _steps(self) -> dict[str, Any] | None:
        first = self._step < 0
        columns = self.run.steps(
            since=0 if first else self._step + 1, points=POINTS if first else TICK_POINTS
        )
        step = columns["step"]
        if len(step) == 0 and not first:
            return None
        if len(step):
            self._step = int(step[-1])
        sent = {name: _numbers(columns[name]) for name in COLUMNS if name in columns}
        return {"reset": first, "step": [int(value) for value in step], **sent}


def _numbers(column: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    """Seven digits are what float32 holds; more would only be noise on the wire."""
    return [float(f"{value:.7g}") for value in column]


def _status(status: Any) -> dict[str, Any]:
    names = (
        "status", "epoch", "epochs", "step", "steps", "seconds", "samples_per_second", "eta",
        "message", "error", "node", "device", "memory", "memory_total", "load",
    )  # fmt: skip
    return {name: getattr(status, name, None) for name in names}


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": row.get("kind", ""),
        "time": row.get("time", 0.0),
        "step": row.get("step", 0),
        "text": row.get("text", ""),
        **({"mark": row["mark"]} if row.get("mark") else {}),
    }


def finite(value: Any) -> Any:
    """The value with NaN and infinities as None: JSON has no word for them."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
