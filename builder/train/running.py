"""What gathers while an epoch runs: points for the curves, outputs for the training metrics."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from builder import metrics
from builder.data.specs import TargetSpec
from builder.tasks.base import Losses, Task
from builder.train import measure
from builder.train.group import Group

COLUMNS = ("step", "time", "loss", "lr", "grad_norm", "samples_per_second")
KEPT_BYTES = 256 << 20
"""Outputs of an epoch beyond this are not kept; the training metrics are then those of its first
part.
"""


class Points:
    """The curves' points since the last flush, kept on the device so that no step waits for it."""

    def __init__(self, phases: tuple[str, ...]) -> None:
        self.columns: tuple[str, ...] = COLUMNS
        if len(phases) > 1:
            self.columns += tuple(f"loss_{name}" for name in phases)
        self.losses: list[tuple[Tensor, ...]] = []
        self.rest: list[tuple[float, float, float, float]] = []

    def add(
        self, losses: tuple[Tensor, ...], step: int, seconds: float, rate: float, norm: float
    ) -> None:
        """One step."""
        self.losses.append(losses)
        self.rest.append((step, seconds, rate, norm))

    def take(self, samples_per_second: float) -> np.ndarray[Any, np.dtype[np.float32]]:
        """All points as float32 [n, columns], and forget them."""
        n = len(self.rest)
        values = np.empty((n, len(self.columns)), dtype=np.float32)
        if n:
            flat = torch.stack([loss for row in self.losses for loss in row]).float().cpu()
            losses = flat.reshape(n, -1).numpy()
            rest = np.array(self.rest)
            values[:, 0], values[:, 1] = rest[:, 0], rest[:, 1]
            values[:, 2] = losses.sum(1)
            values[:, 3], values[:, 4] = rest[:, 2], rest[:, 3]
            values[:, 5] = samples_per_second
            values[:, len(COLUMNS) :] = losses if losses.shape[1] > 1 else losses[:, :0]
        self.losses.clear()
        self.rest.clear()
        return values


class Running:
    """Loss and outputs of the rows seen so far, for the mean loss and the task's metrics."""

    def __init__(self, task: Task, target: TargetSpec | None) -> None:
        self.task = task
        self.target = target
        self.wanted = task.metrics()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.losses: list[Tensor] = []
        self.rows: list[int] = []
        self.outputs: dict[str, list[Tensor]] = {}
        self.targets: list[Tensor] = []
        self.bytes = 0

    def add(self, losses: Losses, loss: Tensor, batch: Mapping[str, Tensor], rows: int) -> None:
        """One batch; `loss` detached."""
        self.losses.append(loss)
        self.rows.append(rows)
        if not self.wanted or not losses.outputs or self.bytes > KEPT_BYTES:
            return
        for name, value in losses.outputs.items():
            kept = value.detach()
            self.outputs.setdefault(name, []).append(kept)
            self.bytes += kept.numel() * kept.element_size()
        if self.target is not None:
            self.targets.append(batch["target"])

    def joined(self, group: Group, *, shared: bool) -> "Running":
        """What all workers have together, for the first one; the others get what they had.

        `shared`: each worker holds the losses of whole steps already, and outputs of its own rows.
        """
        parts = group.collect(self.state())
        if not parts:
            return self
        whole = Running(self.task, self.target)
        alike = ("loss", "rows") if shared else ()
        names = {name: None for part in parts for name in part}
        joined = {
            name: torch.cat([p[name] for p in parts[: 1 if name in alike else None] if name in p])
            for name in names
        }
        whole.load(joined, torch.device("cpu"))
        return whole

    def figures(self, prefix: str, group: Group | None = None) -> dict[str, float]:
        """<prefix>_loss (mean over the rows) and <prefix>_<metric>; one wait for the device.

        With a group, the first worker's, told to all.
        """
        if group is not None:
            found: dict[str, float] = group.tell(self.figures(prefix) if group.first else {})
            return found
        if not self.losses:
            return {}
        losses = torch.stack(self.losses).double().cpu()
        rows = torch.tensor(self.rows, dtype=torch.float64)
        found = {f"{prefix}_loss": float((losses * rows).sum() / rows.sum())}
        if self.outputs:
            outputs = {name: torch.cat(parts) for name, parts in self.outputs.items()}
            predictions = self.task.predict(outputs)
            target = torch.cat(self.targets) if self.targets else None
            values = metrics.compute(self.wanted, predictions, target, self.target)
            found |= {f"{prefix}_{name}": value for name, value in values.items()}
        return {name: value for name, value in found.items() if not math.isnan(value)}

    def answers(self) -> dict[str, Any]:
        """What the outputs say as a whole; see measure.answers."""
        if self.target is None or not self.targets or not self.outputs:
            return {}
        outputs = {name: torch.cat(parts) for name, parts in self.outputs.items()}
        return measure.answers(self.task.predict(outputs), torch.cat(self.targets), self.target)

    def some(self, rows: int, *, ordered: bool = True) -> dict[str, list[float]]:
        """Predictions of a few rows, which these are ("row"), their targets and, for classes, how
        sure the model is.

        The first rows; of classes the first of each, then the second of each, and so on.
        `ordered`: the rows came in their order; else only the first batch's are known to.
        """
        if not self.wanted or not self.targets or rows < 1:
            return {}
        targets = torch.cat(self.targets) if ordered else self.targets[0][: self.rows[0]]
        classes = self.target is not None and self.target.kind == "class" and targets.dim() == 1
        places = _of_each(targets, rows) if classes else torch.arange(min(rows, len(targets)))
        places = places.to(targets.device)
        outputs = {
            name: (torch.cat(parts) if ordered else parts[0])[places]
            for name, parts in self.outputs.items()
        }
        said = self.task.predict(outputs)
        if "prediction" not in said or said["prediction"].dim() != 1:
            return {}
        found = {"prediction": said["prediction"], "target": targets[places]}
        found["row"] = places
        if "probabilities" in said:
            found["confidence"] = said["probabilities"].amax(1)
        return {name: [float(value) for value in column] for name, column in found.items()}

    def state(self) -> dict[str, Tensor]:
        """Tensors from which `load` rebuilds the same figures."""
        if not self.losses:
            return {}
        found = {"loss": torch.stack(self.losses), "rows": torch.tensor(self.rows)}
        found |= {f"output.{name}": torch.cat(parts) for name, parts in self.outputs.items()}
        if self.targets:
            found["target"] = torch.cat(self.targets)
        return found

    def load(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Take back what `state` gave."""
        self.reset()
        if not state:
            return
        self.losses = list(state["loss"].to(device).unbind())
        self.rows = [int(count) for count in state["rows"]]
        for name, value in state.items():
            if name.startswith("output."):
                kept = value.to(device)
                self.outputs[name.removeprefix("output.")] = [kept]
                self.bytes += kept.numel() * kept.element_size()
        if "target" in state:
            self.targets = [state["target"].to(device)]


def _of_each(targets_B: Tensor, rows: int) -> Tensor:
    """So many places, the first of each class before the second of any, in their order."""
    codes = targets_B.detach().cpu()
    turn = torch.zeros_like(codes)
    for code in set(codes.tolist()):
        own = codes == code
        turn[own] = torch.arange(int(own.sum()), dtype=turn.dtype)
    return turn.argsort(stable=True)[:rows].sort().values
