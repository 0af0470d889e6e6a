"""What the loop is given and what it yields: plain values, so that others can listen, store and
replay.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from builder.data.specs import TargetSpec
    from builder.errors import LaminaError
    from builder.project import Recipe
    from builder.tasks.base import Batch, Task
    from builder.train.checkpoint import Saved
    from builder.train.group import Group
    from builder.train.whole.artefact import Workshop

Prepare = Callable[[str, "Tensor"], "Tensor"]
"""From the stored form of an input to what the model takes: (input id, x) → x, on any device."""

Augment = Callable[[Mapping[str, "Tensor"], "torch.Generator"], Mapping[str, "Tensor"]]
"""Random changes to a training batch in stored form: (batch, generator) → batch."""

Order = Mapping[str, Any]
"""{"order": "pause" | "set" | …, "lr": …, "id": …, "who": …}; orders.KINDS and orders.SETTINGS name
them all.
"""


def no_orders() -> Sequence[Order]:
    """Nobody steers."""
    return ()


class Doctor(Protocol):
    """Watches a run for symptoms: the loop tells it everything it measures anyway.

    Nothing here may draw random numbers or touch the models. What it remembers is kept with the
    checkpoints, so that a resumed run is judged like one that was left alone.
    """

    def steps(
        self,
        values: "np.ndarray[Any, np.dtype[np.float32]]",
        seconds: float,
        waited: float,
        batch: "Batch",
    ) -> Sequence["Symptom"]:
        """The points of the steps since the last call, float32 [n, columns], which took `seconds`,
        `waited` of them for their batches; the last batch ({} where it is not at hand).
        """

    def probe(
        self, rows: Sequence[Mapping[str, Any]], step: int, epoch: int
    ) -> Sequence["Symptom"]:
        """Node health, one row per node (health.Probe); gives what is new."""

    def epoch(
        self, figures: Mapping[str, float], answers: Mapping[str, Any]
    ) -> Sequence["Symptom"]:
        """An epoch's figures, and the held-out answers as a whole (measure.answers)."""

    def ordered(self, order: Order, step: int, epoch: int) -> None:
        """A setting was changed by an order, from the step after `step` on."""

    def failed(self, error: "LaminaError") -> Sequence["Symptom"]:
        """The run is about to end with this error."""

    def state(self) -> Mapping[str, Any]:
        """JSON from which `load` goes on."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""


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
    watched: int = (
        12  # validation rows, some of each class, whose predictions are told after each epoch
    )
    health_every: float = 2.0  # seconds between probes of the nodes; 0: none
    health_share: float = 0.01  # of the time, which probes may take
    doctor: Doctor | None = None
    workshop: "Workshop | None" = None  # where the whole step is compiled; None: it stays eager
    group: "Group | None" = None  # the workers that train this together; None: this process alone
    sampling: Mapping[str, Any] = field(default_factory=dict)  # settings of the task's samples
    sample_every: float = 10.0  # seconds between samples within an epoch; 0: after epochs only
    sample_share: float = 0.02  # of the time, which samples within an epoch may take, unless …
    sample_latest: float = 25.0  # … the next would come later than after so many seconds
    look_every: float = 30.0  # seconds between looks at held-out rows within an epoch; 0: none
    look_share: float = 0.02  # of the time, which these looks may take

    def sample_pause(self, spent: float) -> float:
        """Seconds from the end of a sample that took `spent` seconds to the next in the epoch.

        Slow ones come in time too, but never take more than a fourth of the run.
        """
        if not self.sample_every:
            return math.inf
        sparing = min(spent / self.sample_share, max(self.sample_latest, 3 * spent))
        return max(self.sample_every, sparing)


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
    steps: int = 0  # of the whole run, as things stand


@dataclass(frozen=True)
class Epoch:
    """An epoch's figures: epoch, step, time, lr, train_loss, validation_loss, train_<metric>, …"""

    figures: Mapping[str, float]
    best: bool


@dataclass(frozen=True)
class Samples:
    """What the model says of the watched validation rows: "prediction", "target", "confidence" and
    which they are, "row".
    """

    values: Mapping[str, Sequence[float]]
    step: int
    epoch: int
    whole: Mapping[str, Any] = field(default_factory=dict)  # of all rows; see measure.answers


@dataclass(frozen=True)
class Health:
    """One row per node of a probe; see health.Probe."""

    rows: Sequence[Mapping[str, Any]]
    step: int


@dataclass(frozen=True)
class Evaluated:
    """Figures of the held-out rows that an order asked for, between two epochs' ends."""

    figures: Mapping[str, float]
    step: int
    epoch: int


@dataclass(frozen=True)
class Looked:
    """Figures of the held-out rows in the middle of a long epoch; they decide nothing."""

    figures: Mapping[str, float]
    step: int
    epoch: int


@dataclass(frozen=True)
class Generated:
    """What the model makes: "texts" as JSON, images as tensors uint8 [N, C, H, W] by name."""

    values: Mapping[str, Any]
    tensors: Mapping[str, "Tensor"] = field(default_factory=dict)
    step: int = 0
    epoch: int = 0


@dataclass(frozen=True)
class Symptom:
    """Something that looks wrong, on a node where that can be told, and what might help: found,
    changed (it moved to another node), or gone.

    `changes` are proposals, each with "label" and "why": "order" for the live run; "overrides" (as
    runs.start takes them) and "edits" of the graph "graph" for a fork.
    """

    kind: str  # the rule's code: "dead_relu"
    title: str
    message: str  # the fact, in figures
    step: int
    epoch: int
    why: str = ""
    state: Literal["found", "changed", "gone"] = "found"
    node: str | None = None
    nodes: Sequence[str] = ()  # all that have it; `node` is the worst
    severity: Literal["warning", "error"] = "warning"
    evidence: Mapping[str, float] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Snapshot:
    """Weights (and what a resume needs) copied off the models, to be written by a listener; see
    checkpoint.Keeper.
    """

    saved: "Saved"
    best: bool
    urgent: bool = False  # write at once: the loop pauses or ends
    names: tuple[str, ...] = ()  # under which it stays, beside "best" and "last"


@dataclass(frozen=True)
class Ordered:
    """An order was applied or refused, before the step that follows `step`."""

    order: Order
    step: int
    epoch: int
    accepted: bool
    message: str


@dataclass(frozen=True)
class Noted:
    """Something that a person may want to know of afterwards: which step implementation is used."""

    kind: str  # of the run's event: "compiled"
    message: str
    step: int
    epoch: int
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tick:
    """A sign of life while no step comes (pause, validation), perhaps with what is being done."""

    phase: Literal["paused", "validating"]
    message: str = ""


@dataclass(frozen=True)
class Finished:
    """The end: all epochs done, stopped early by the recipe, or stopped by an order."""

    status: Literal["finished", "stopped"]
    reason: str
    step: int
    epoch: int


Event = (
    Started
    | Steps
    | Epoch
    | Samples
    | Health
    | Evaluated
    | Looked
    | Generated
    | Symptom
    | Snapshot
    | Ordered
    | Noted
    | Tick
    | Finished
)
