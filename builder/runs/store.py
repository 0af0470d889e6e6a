"""The listener that writes a run's events into its folder, and shuts up when another worker has the
run.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from builder.errors import LaminaError
from builder.runs import folder as folders
from builder.runs import process, series
from builder.runs.folder import Status
from builder.train import checkpoint, files
from builder.train.checkpoint import Keeper, Saved
from builder.train.plan import (
    Epoch,
    Evaluated,
    Event,
    Finished,
    Generated,
    Health,
    Looked,
    Noted,
    Ordered,
    Samples,
    Snapshot,
    Started,
    Steps,
    Symptom,
    Tick,
)

STATUS_EVERY = 0.25
SERIES = ("health.jsonl", "looks.jsonl", "symptoms.jsonl", "generated.jsonl")
"""Files of one JSON line per moment, each with its "step"."""
GENERATED_KEPT = 40
"""Tensors of so many samples stay, and the best epoch's; the lines beside them all do."""


class FencedError(Exception):
    """Another worker has this run now; nothing may be written any more."""


class Store:
    """One attempt of one worker at one run."""

    def __init__(
        self,
        folder: Path,
        fence: int,
        *,
        device: str,
        keep: str,
        holder: tuple[int, float] | None = None,
    ) -> None:
        """`holder`: the worker that has the run (process id, when it began) where it is not this
        process.
        """
        self.folder = folder
        self.keeper = Keeper(folder, keep)
        self.keep = keep
        self.series: series.Writer | None = None
        self.written = 0.0
        self.per_epoch = 1
        self.best_step = -1
        pid, created = holder or (os.getpid(), process.created())
        self.status = Status("preparing", pid=pid, created=created, fence=fence, device=device)
        self.handlers: dict[type, Callable[[Any], None]] = {
            Started: self._started,
            Steps: self._steps,
            Epoch: self._epoch,
            Samples: self._samples,
            Health: self._health,
            Snapshot: self._snapshot,
            Evaluated: self._evaluated,
            Looked: self._looked,
            Generated: self._generated,
            Symptom: self._symptom,
            Ordered: self._ordered,
            Noted: self._noted,
            Tick: self._tick,
            Finished: self._finished,
        }

    def put(self, event: Event) -> None:
        """Write an event down. Raises FencedError, or LaminaError for a full or read-only disk."""
        self.handlers[type(event)](event)

    def say(self, *, force: bool = True, **changes: Any) -> None:
        """Change the status; without `force` it may stay unwritten for a moment."""
        now = time.time()
        self.status = replace(self.status, updated=now, **changes)
        if force or now - self.written >= STATUS_EVERY:
            self.guard()
            folders.write_status(self.folder, self.status)
            self.written = now

    def guard(self) -> None:
        """Raise FencedError where another worker has the run."""
        if folders.fence(self.folder) > self.status.fence:
            raise FencedError

    def fail(self, error: LaminaError, node: str | None = None) -> None:
        """The end, in words; the last good checkpoint stays."""
        try:
            self.keeper.close()
        except LaminaError as second:
            folders.add_log(self.folder, f"A checkpoint could not be written: {second}")
        folders.add_log(self.folder, f"Failed: {error}")
        self.say(status="failed", error=error.to_dict(), message=str(error), node=node, eta=None)
        self._end("failed", str(error))

    def close(self) -> None:
        """Let go of the files, whatever happened."""
        if self.series is not None:
            self.series.close()

    # One method per event

    def _started(self, event: Started) -> None:
        self.series = series.Writer(self.folder, event.columns, event.step)
        for name in SERIES:
            _keep_lines(self.folder / name, lambda row: row["step"] <= event.step)
        # a checkpoint at an epoch's last step may be from before its end, which then comes again
        _keep_lines(self.folder / "epochs.jsonl", lambda row: row["epoch"] <= event.epoch)
        for row in files.read_lines(self.folder / "epochs.jsonl"):
            self.best_step = int(row["step"]) if row.get("best") else self.best_step
        self.per_epoch = event.steps_per_epoch
        kind = "resumed" if event.step else "started"
        folders.add_event(self.folder, kind, step=event.step, epoch=event.epoch)
        for name, words in event.choices.items():
            folders.add_log(self.folder, f"{name}: {words}")
        self.say(
            status="running",
            step=event.step,
            epoch=event.epoch,
            epochs=event.epochs,
            steps=event.epochs * event.steps_per_epoch,
            message="",
        )

    def _steps(self, event: Steps) -> None:
        if self.series is None:
            raise AssertionError("Started comes first")
        self.series.add(event.values)
        done = max(event.step, 1)
        speed = event.samples_per_second if event.samples_per_second > 0 else 0.0
        self.say(
            force=event.step == len(event.values),
            step=event.step,
            epoch=event.epoch,
            seconds=event.seconds,
            samples_per_second=speed,
            steps=event.steps,
            eta=max(0.0, event.seconds / done * (event.steps - event.step)),
        )

    def _epoch(self, event: Epoch) -> None:
        self.guard()
        row = {**event.figures, "best": event.best}
        files.append_line(self.folder / "epochs.jsonl", row)
        step = int(event.figures["step"])
        if event.best:
            self.best_step = step
        self.say(force=False, epoch=int(event.figures["epoch"]), step=step)

    def _samples(self, event: Samples) -> None:
        told = {"step": event.step, "epoch": event.epoch, **event.values}
        files.write_json(self.folder / "samples.json", told)

    def _health(self, event: Health) -> None:
        line = {"step": event.step, "nodes": [_finite(row) for row in event.rows]}
        files.append_line(self.folder / "health.jsonl", line)

    def _snapshot(self, event: Snapshot) -> None:
        self.guard()
        saved: Saved = event.saved
        self.keeper.put(saved, best=event.best, wait=event.urgent, extra=event.names)

    def _evaluated(self, event: Evaluated) -> None:
        facts = {"figures": _finite(event.figures), "step": event.step, "epoch": event.epoch}
        folders.add_event(self.folder, "evaluated", **facts)

    def _looked(self, event: Looked) -> None:
        facts = {"step": event.step, "epoch": event.epoch, **_finite(event.figures)}
        files.append_line(self.folder / "looks.jsonl", facts)

    def _noted(self, event: Noted) -> None:
        facts = {**event.facts, "message": event.message}
        folders.add_event(self.folder, event.kind, step=event.step, epoch=event.epoch, **facts)
        folders.add_log(self.folder, event.message)

    def _symptom(self, event: Symptom) -> None:
        line = {**asdict(event), "evidence": _finite(event.evidence), "time": time.time()}
        files.append_line(self.folder / "symptoms.jsonl", line)
        over = "Over: " if event.state == "gone" else ""
        folders.add_log(self.folder, f"{over}{event.title}: {event.message}")

    def _generated(self, event: Generated) -> None:
        line: dict[str, Any] = {"step": event.step, "epoch": event.epoch, **event.values}
        if event.tensors:
            room = self.folder / "generated"
            with files.disk_errors(str(self.folder)):
                room.mkdir(exist_ok=True)
            name = f"step-{event.step:08d}.safetensors"
            checkpoint.write(room / name, event.tensors, {"step": str(event.step)})
            line["file"] = f"generated/{name}"
            best = f"step-{self.best_step:08d}.safetensors"
            for old in sorted(room.glob("step-*.safetensors"))[:-GENERATED_KEPT]:
                if old.name != best:
                    old.unlink(missing_ok=True)
        files.append_line(self.folder / "generated.jsonl", line)

    def _ordered(self, event: Ordered) -> None:
        order = {key: value for key, value in event.order.items() if key != "replayed"}
        if not event.order.get("replayed"):
            facts = {"accepted": event.accepted, "message": event.message}
            who = order.get("who", "")
            folders.add_event(
                self.folder,
                "order",
                step=event.step,
                epoch=event.epoch,
                order=order,
                who=who,
                **facts,
            )
            folders.add_log(self.folder, f"Order {order.get('order')!r}: {event.message}")
        if event.accepted and order.get("order") == "pause":
            self.say(status="paused", message="Paused.", eta=None)
        elif event.accepted and order.get("order") == "resume":
            self.say(status="running", message="")

    def _tick(self, event: Tick) -> None:
        if event.phase == "paused":
            self.say(force=False)
        else:
            self.say(force=False, message=event.message)

    def _finished(self, event: Finished) -> None:
        self.keeper.close()
        self.guard()
        checkpoint.settle(self.folder, self.keep)
        self.say(
            status=event.status, message=event.reason, step=event.step, epoch=event.epoch, eta=None
        )
        self._end(event.status, event.reason)

    def _end(self, status: str, words: str) -> None:
        step, epoch = self.status.step, self.status.epoch
        folders.add_event(self.folder, status, step=step, epoch=epoch, message=words)
        folders.add_log(self.folder, f"{status.capitalize()}: {words}")


def _finite(row: Any) -> dict[str, Any]:
    """JSON knows no NaN: such values become null."""
    return {
        key: None if isinstance(value, float) and not abs(value) < float("inf") else value
        for key, value in row.items()
    }


def _keep_lines(path: Path, wanted: Callable[[Any], bool]) -> None:
    """Drop the rows that an abandoned attempt wrote after the checkpoint (and a torn last line)."""
    if not path.exists():
        return
    import json

    rows = files.read_lines(path)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows if wanted(row))
    files.write(path, text)
