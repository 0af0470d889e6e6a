"""What the live view is told: the difference between what it has seen of a run folder and now."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import psutil

from builder import runs
from builder.ui.live import made, queued, steer
from builder.ui.live.samples import Watched
from builder.ui.live.words import event_row, symptom_row, waiting_row

POINTS = 2000
"""At most so many points of the step series are sent at once; more are thinned, extremes kept."""

TICK_POINTS = 400
COLUMNS = ("loss", "lr", "grad_norm", "samples_per_second")
PHASE = "loss_"
"""Before the name of each phase's loss, where a step has several."""

KEPT_EVERY = 1.0
"""Seconds between two looks at the kept states."""
DEVICE_EVERY = 1.0
"""Seconds between two looks at memory and load."""


class Follower:
    """Follows one run. `poll()` gives the next message, or None where nothing has changed."""

    def __init__(self, run_id: str) -> None:
        """Raises LaminaError where there is no such run."""
        self.run = runs.open_run(run_id)
        self.over = False
        self._step = -1
        self._sizes: dict[str, int] = {}
        self._status: dict[str, Any] = {}
        self._hardware: dict[str, float | None] = {}
        self._looked = 0.0
        self._ahead: tuple[float, str] = (-DEVICE_EVERY, "")
        self._kept_at = -KEPT_EVERY
        self._watched = Watched(self.run)
        self._samples_of = -1

    @property
    def begun(self) -> bool:
        """Whether a step of the run has been seen."""
        return self._step > 0

    def poll(self) -> dict[str, Any] | None:
        """What is new: any of status, steps, epochs, events, health, samples, symptoms, steering,
        checkpoints, generated.

        types.ts holds their form.
        """
        status = self.run.status
        message: dict[str, Any] = {}
        steps = self._steps()
        if steps:
            message["steps"] = steps
        self._when_grown("epochs", self.run.epochs, message)
        self._when_grown("looks", self.run.looks, message)
        self._when_grown("health", self._health, message)
        self._when_grown("events", self._events, message)
        self._when_grown("symptoms", self.run.standing, message)
        if "symptoms" in message:  # they mark nodes, and stand in the log
            message |= {"health": self._health(), "events": self._events()}
        if self._grown("orders") and "events" not in message:
            message["events"] = self._events()
        if "events" in message:
            message["steering"] = steer.steering(self.run, self._nodes)
        if self._due(status.ended) and self._changed("checkpoints.json"):
            message["checkpoints"] = [steer.kept(one) for one in self.run.checkpoints()]
        self._when_grown("generated", lambda: made.moments(self.run), message)
        samples = self._samples()
        if samples is not None:
            message["samples"] = samples
        told = {**_told(status), **self._device(status), "waits": self._waits(status)}
        if told != self._status:
            self._status = told
            message["status"] = told
        self.over = status.ended
        return finite(message) if message else None

    def _when_grown(self, name: str, read: Callable[[], Any], message: dict[str, Any]) -> None:
        if self._grown(name):
            message[name] = read()

    def _grown(self, name: str) -> bool:
        path = self.run.folder / f"{name}.jsonl"
        size = path.stat().st_size if path.exists() else 0
        grown = size != self._sizes.get(name)
        self._sizes[name] = size
        return grown

    def _due(self, ended: bool) -> bool:
        """Kept states are looked at once a second: a run may keep several epochs in one."""
        now = time.monotonic()
        if not ended and now - self._kept_at < KEPT_EVERY:
            return False
        self._kept_at = now
        return True

    def _changed(self, name: str) -> bool:
        """Whether a file that is replaced in one piece is another one than at the last look."""
        path = self.run.folder / name
        now = path.stat().st_mtime_ns if path.exists() else 0
        changed = now != self._sizes.get(name, 0)
        self._sizes[name] = now
        return changed

    @cached_property
    def _nodes(self) -> tuple[str, ...]:
        return steer.nodes(self.run)

    def _events(self) -> list[dict[str, Any]]:
        rows = [row for row in map(event_row, self.run.events()) if row]
        if not self.run.status.ended:
            rows += [waiting_row(order) for order in runs.standing(self.run)]
        rows += [symptom_row(symptom) for symptom in self.run.symptoms()]
        return sorted(rows, key=lambda row: float(row["time"]))

    def _health(self) -> list[dict[str, Any]]:
        return marked(self.run)

    def _steps(self) -> dict[str, Any] | None:
        first = self._step < 0
        columns = self.run.steps(since=max(0, self._step), points=POINTS if first else TICK_POINTS)
        step = np.asarray(columns.get("step", ()))
        if step.size == 0 and not first:
            return None
        self._step = int(step[-1]) if step.size else 0
        sent: dict[str, Any] = {name: _numbers(columns.get(name, ())) for name in COLUMNS}
        phases = {
            name: _numbers(values) for name, values in columns.items() if name.startswith(PHASE)
        }
        if phases:
            sent["phases"] = {name.removeprefix(PHASE): values for name, values in phases.items()}
        return {"reset": first, "step": [int(value) for value in step], **sent}

    def _samples(self) -> list[dict[str, Any]] | None:
        found = self.run.samples()
        if not found or found["step"] == self._samples_of:
            return None
        self._samples_of = found["step"]
        return self._watched.rows(found)

    def _waits(self, status: Any) -> str:
        """What a run in the queue waits for; empty once it has been taken."""
        if status.status != "queued":
            return ""
        if time.monotonic() - self._ahead[0] >= DEVICE_EVERY:
            self._ahead = (time.monotonic(), queued.words(self.run.id))
        return self._ahead[1]

    def _device(self, status: Any) -> dict[str, float | None]:
        if time.monotonic() - self._looked >= DEVICE_EVERY:
            self._looked = time.monotonic()
            self._hardware = hardware(status.device, None if status.ended else status.pid)
        return self._hardware


def marked(run: runs.Run) -> list[dict[str, Any]]:
    """The health of each node, with "ails" (a title) where a standing symptom sits.

    Of several graphs, the nodes of the one that is drawn (the first) go by their ids alone.
    """
    ails: dict[str, str] = {}
    for symptom in run.standing():
        for node in symptom.get("nodes") or ():
            ails.setdefault(node, symptom["title"])
    rows = [
        {**row, "ails": ails[row["node"]]} if row["node"] in ails else row for row in run.health()
    ]
    if not any("/" in row["node"] for row in rows):
        return rows
    graphs = run.project().graphs
    drawn = f"{'model' if 'model' in graphs else next(iter(graphs))}/"
    return [{**row, "node": row["node"].removeprefix(drawn)} for row in rows]


def hardware(device: str, pid: int | None) -> dict[str, float | None]:
    """Bytes in use, bytes in all, and load (0 to 1) of what the run trains on; None where not told.

    On the CPU these are the worker's own memory and its share of the machine.
    """
    nothing: dict[str, float | None] = {"memory": None, "memory_total": None, "load": None}
    if pid is None:
        return nothing
    if device.startswith("cuda"):
        named = device if ":" in device else "cuda:0"
        for found in runs.devices():
            if found.name == named:
                used = found.memory_total - found.memory_free
                return {"memory": used, "memory_total": found.memory_total, "load": found.load}
        return nothing
    try:
        memory = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return nothing
    total = psutil.virtual_memory().total
    return {"memory": memory, "memory_total": total, "load": psutil.cpu_percent() / 100}


def _numbers(column: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    """Seven digits are what float32 holds; more would only be noise on the wire."""
    return [float(f"{value:.7g}") for value in column]


def _told(status: Any) -> dict[str, Any]:
    names = (
        "status", "epoch", "epochs", "step", "steps", "seconds", "samples_per_second", "eta",
        "message", "error", "node", "device",
    )  # fmt: skip
    return {name: getattr(status, name) for name in names}


def finite(value: Any) -> Any:
    """The value with NaN and infinities as None: JSON has no word for them."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return value
