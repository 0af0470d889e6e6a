"""What the loop is given and what it yields: plain values, so that others can listen, store and
replay.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from builder.data.specs import TargetSpec
    from builder.project import Recipe
    from builder.tasks.base import Task
    from builder.train.checkpoint import Saved

Prepare = Callable[[str, "Tensor"], "Tensor"]
"""From the stored form of an input to what the model takes: (input id, x) → x, on any device."""

Augment = Callable[[Mapping[str, "Tensor"], "torch.Generator"], Mapping[str, "Tensor"]]
"""Random changes to a training batch in stored form: (batch, generator) → batch."""

Order = Mapping[str, Any]
"""{"order": "pause" | "resume" | "stop" | "stop_after_epoch" | "set", "lr": …, "id": …, "who": …}.
"""


def no_orders() -> Sequence[Order]:
    """Nobody steers."""
    return ()


@dataclass(frozen=True)
class Plan:
    """All that `fit` needs. `recipe` is resolved: batch size, device and threads are set (see
    recipe.resolve).
    """

    recipe: "Recipe"
    task: "Task"
    models: Mapping[str, "nn.Module"]
    data: Mapping[str, Mapping[str, "Tensor"]]  # split → input id, "target" → rows, in stored form
    target: "TargetSpec | None" = None
    prepare: Mapping[str, Callable[["Tensor"], "Tensor"]] = field(default_factory=dict)
    augment: Augment | None = None
    orders: Callable[[], Sequence[Order]] = no_orders  # polled at safe points: what is new
    replay: Mapping[int, Sequence[Order]] = field(default_factory=dict)  # step → applied before it
    resume: "Saved | None" = None
    lines: Mapping[str, Mapping[int, str]] = field(default_factory=dict)  # file → line → node
    save_every: float = 5.0  # seconds between checkpoints to resume from; 0: every epoch and flush
    flush_every: float = 0.1  # seconds between batches of points
    watched: int = 12  # first validation rows whose predictions are told after each epoch
    health_every: float = 2.0  # seconds between probes of the nodes; 0: none


@dataclass(frozen=True)
class Started:
    """The first step is about to come (again)."""

    step: int
    epoch: int
    epochs: int
    steps_per_epoch: int
    rows: int
    columns: tuple[str, ...]  # of Steps.values
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Steps:
    """Points of the steps since the last one: float32 [n, columns], one row per step."""

    values: np.ndarray[Any, np.dtype[np.float32]]
    step: int  # steps done
    epoch: int  # epochs done
    seconds: float
    samples_per_second: float


@dataclass(frozen=True)
class Epoch:
    """An epoch's figures: epoch, step, time, lr, train_loss, validation_loss, train_<metric>, …"""

    figures: Mapping[str, float]
    best: bool


@dataclass(frozen=True)
class Samples:
    """What the model says of the watched validation rows: "prediction", "target", "confidence"."""

    values: Mapping[str, Sequence[float]]
    step: int
    epoch: int


@dataclass(frozen=True)
class Health:
    """One row per node of a probe; see health.Probe."""

    rows: Sequence[Mapping[str, Any]]
    step: int


@dataclass(frozen=True)
class Snapshot:
    """Weights (and what a resume needs) copied off the models, to be written by a listener; see
    checkpoint.Keeper.
    """

    saved: "Saved"
    best: bool
    urgent: bool = False  # write at once: the loop pauses or ends


@dataclass(frozen=True)
class Ordered:
    """An order was applied or refused, before the step that follows `step`."""

    order: Order
    step: int
    epoch: int
    accepted: bool
    message: str


@dataclass(frozen=True)
class Tick:
    """A sign of life while no step comes (pause, validation)."""

    phase: Literal["paused", "validating"]


@dataclass(frozen=True)
class Finished:
    """The end: all epochs done, stopped early by the recipe, or stopped by an order."""

    status: Literal["finished", "stopped"]
    reason: str
    step: int
    epoch: int


Event = Started | Steps | Epoch | Samples | Health | Snapshot | Ordered | Tick | Finished
Events = Iterable[Event]
