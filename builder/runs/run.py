"""A run as others see it: everything is read from its folder, while it runs or later, by any
process.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import project as projects
from builder.errors import LaminaError
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import series
from builder.runs.folder import Status
from builder.train import files

if TYPE_CHECKING:
    from torch import Tensor, nn

    from builder.data.prepared import Prepared
    from builder.data.specs import PreparedSpec
    from builder.tasks.base import Task


@dataclass(frozen=True)
class Checkpoint:
    """Kept weights: a safetensors file with the epoch's figures."""

    name: str
    epoch: int
    step: int
    figures: dict[str, float]
    best: bool
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {**asdict(self), "path": str(self.path)}


class Run:
    """An open run folder."""

    def __init__(self, run_id: str, path: Path | None = None) -> None:
        self.id = run_id
        self.folder = path or folders.path_of(run_id)

    @property
    def info(self) -> dict[str, Any]:
        """What was known at the start, and name and note: run.json."""
        found = files.read_json(self.folder / "run.json")
        return found if isinstance(found, dict) else {"id": self.id, "name": self.id}

    @property
    def status(self) -> Status:
        """Where it stands now."""
        return folders.status(self.folder)

    def project(self) -> Project:
        """The project as it was when the run began."""
        return projects.load(self.folder / "project.lamina.json")

    @property
    def source(self) -> str:
        """The model's Python source."""
        return (self.folder / "model.py").read_text(encoding="utf-8")

    @cached_property
    def spec(self) -> "PreparedSpec":
        """What the data gave the model."""
        from builder.data.specs import PreparedSpec

        return PreparedSpec.model_validate_json((self.folder / "spec.json").read_bytes())

    @cached_property
    def preparation(self) -> dict[str, Any]:
        """The fitted preparation as JSON; data.runtime applies it."""
        found: dict[str, Any] = json.loads((self.folder / "preparation.json").read_bytes())
        return found

    def epochs(self) -> list[dict[str, float]]:
        """One row per epoch: epoch, step, time, lr, train_loss, validation_loss, train_…,
        validation_…
        """
        return files.read_lines(self.folder / "epochs.jsonl")

    def steps(self, since: int = 0, points: int = 2000) -> dict[str, series.Array]:
        """Columns step, time, loss, lr, grad_norm, samples_per_second of the steps after `since`.

        At most about `points` of them (0: all). grad_norm is the latest measured one.
        """
        return series.read(self.folder, since, points)

    def health(self) -> list[dict[str, Any]]:
        """The latest probe: one row per node with "node", "step" and what was measured there."""
        found = files.read_lines(self.folder / "health.jsonl")
        return [{**row, "step": found[-1]["step"]} for row in found[-1]["nodes"]] if found else []

    def samples(self) -> dict[str, Any] | None:
        """Predictions of the watched validation rows after the latest epoch; None before the first.

        Keys: "step", "epoch", and lists over the rows "prediction", "target", "confidence", "row".
        """
        found = files.read_json(self.folder / "samples.json")
        return found if isinstance(found, dict) else None

    def looks(self) -> list[dict[str, Any]]:
        """Held-out figures in the middle of long epochs: step, epoch (done so far),
        validation_loss, validation_<metric>.
        """
        return files.read_lines(self.folder / "looks.jsonl")

    def generated(self) -> list[dict[str, Any]]:
        """What the network made while it trained, oldest first: "step", "epoch", the task's own
        values, and "file" (safetensors in the run folder) where it made tensors.
        """
        return files.read_lines(self.folder / "generated.jsonl")

    def symptoms(self) -> list[dict[str, Any]]:
        """What looked wrong and when it was over, oldest first: kind, title, message, why, state
        (found, changed to another node, gone), node, nodes, severity, step, changes, time.
        """
        return files.read_lines(self.folder / "symptoms.jsonl")

    def standing(self) -> list[dict[str, Any]]:
        """The symptoms that are not over: errors first, then the first found, for what comes later
        often follows from it.
        """
        found: dict[str, dict[str, Any]] = {}
        for row in self.symptoms():
            if row.get("state") == "gone":
                found.pop(row["kind"], None)
            else:
                found[row["kind"]] = row
        return sorted(found.values(), key=lambda row: row["severity"] != "error")

    def events(self) -> list[dict[str, Any]]:
        """What happened, oldest first: start, orders (applied or refused, by whom, at which step),
        resumes, end.
        """
        return files.read_lines(self.folder / "events.jsonl")

    def checkpoints(self) -> list[Checkpoint]:
        """Kept weights, the best first."""
        index = files.read_json(self.folder / "checkpoints.json")
        found = []
        best = (index or {}).get("best", {}).get("file")
        for name, entry in (index or {}).items():
            path = self.folder / "checkpoints" / entry["file"]
            if path.exists():
                figures = dict(entry["figures"])
                is_best = entry["file"] == best
                found.append(
                    Checkpoint(name, entry["epoch"], entry["step"], figures, is_best, path)
                )
        return sorted(found, key=lambda item: (not item.best, item.name != "best", -item.step))

    def checkpoint(self, name: str = "best") -> Checkpoint:
        """A checkpoint by name. Raises LaminaError where there is none."""
        found = {item.name: item for item in self.checkpoints()}
        if name not in found:
            going = self.status.status in ("queued", *folders.ACTIVE)
            early = name == "best" and "best" not in found and (going or "last" in found)
            remedy = f"It has: {', '.join(found)}." if found else "It has none."
            if early and going:
                take = ", or take 'last', which is there" if "last" in found else ""
                remedy = f"It still trains; wait for the end of its first epoch{take}."
            elif early:
                remedy = "It ended before its first epoch did. Take 'last'."
            elif going and not found:
                remedy = "It still trains; wait for the end of its first epoch."
            raise LaminaError(
                f"The run has no checkpoint {name!r}{' yet' if going else ''}.",
                place=f"run {self.id}",
                remedy=remedy,
            )
        return found[name]

    def weights(self, checkpoint: str = "best") -> "dict[str, Tensor]":
        """A checkpoint's weights. Raises LaminaError where there is none, or it is damaged: then
        with those that can still be read.
        """
        from builder.train.checkpoint import weights

        found = self.checkpoint(checkpoint)
        try:
            return weights(found.path)
        except LaminaError as error:
            whole = [
                one.name for one in self.checkpoints() if one.name != checkpoint and _whole(one)
            ]
            remedy = "It has no other that can be read: start the run again."
            if whole:
                remedy = (
                    f"It also has {', '.join(map(repr, whole))}: take one, or fork the run from it."
                )
            raise LaminaError(
                f"The checkpoint {checkpoint!r} of the run is damaged: its file was cut short or "
                "changed.",
                place=str(found.path),
                remedy=remedy,
                code="checkpoint_damaged",
            ) from error

    def log(self) -> str:
        """The run's log, at most its last 200,000 characters."""
        try:
            return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")[
                -200_000:
            ]
        except FileNotFoundError:
            return ""

    def model(self, checkpoint: str = "best", graph: str | None = None) -> "nn.Module":
        """The network with the checkpoint's weights, in eval mode on the CPU."""
        from builder.compile import build
        from builder.train.checkpoint import share

        kept = self.weights(checkpoint)
        graphs = tuple(self.project().graphs)
        graph = graph or ("model" if "model" in graphs else graphs[0])
        model = build(self.source, graph)
        model.load_state_dict(share(kept, graphs)[graph])
        return model.eval()

    def task(self) -> "Task":
        """The task, made as the run made it."""
        from builder import tasks

        return tasks.make(tasks.context(self.project(), self.spec, self.preparation))

    def prepared(self) -> "Prepared":
        """The prepared data. Raises LaminaError where it was cleaned up; preparing the project
        brings it back.
        """
        from builder.data import open_prepared

        return open_prepared(self.spec.key)


def _whole(checkpoint: Checkpoint) -> bool:
    """Whether its weights can be read, as far as the file's head and length tell."""
    from builder.train.checkpoint import shapes

    try:
        return bool(shapes(checkpoint.path))
    except LaminaError:
        return False
