"""Evaluate a run's checkpoint on its splits: one pass per split, kept in the run folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.evaluate.classification import ClassificationSplit
from builder.evaluate.measures import Measured, measure
from builder.evaluate.predictions import predictions, stamp
from builder.evaluate.regression import RegressionSplit
from builder.evaluate.split import SplitReport
from builder.progress import Progress

if TYPE_CHECKING:
    from builder.runs import Run

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Report:
    """A run's checkpoint on its splits, always apart. Splits without rows are left out."""

    run: str
    checkpoint: str
    epoch: int
    task: str
    target: str
    splits: dict[str, SplitReport]
    measured: dict[str, Measured] = field(default_factory=dict)  # of tasks that predict no row

    def to_dict(self) -> dict[str, Any]:
        """JSON for `lamina evaluate --json`: one entry per split beside the run's facts."""
        return {
            "run": self.run,
            "checkpoint": self.checkpoint,
            "epoch": self.epoch,
            "task": self.task,
            "target": self.target,
            **{name: split.to_dict() for name, split in self.splits.items()},
            **{name: split.to_dict() for name, split in self.measured.items()},
        }


def evaluate(
    run_id: str,
    checkpoint: str = "best",
    splits: Sequence[str] = SPLITS,
    progress: Progress | None = None,
) -> Report:
    """Predict the splits with a kept checkpoint and say how good that is.

    Predictions are cached in the run folder. `progress(split, done, total)` counts rows. Raises
    LaminaError for a run or checkpoint that is not there, an unknown split, or a task that has no
    truth to compare with.
    """
    from builder import runs

    return evaluate_run(runs.open_run(run_id), checkpoint, splits, progress)


def evaluate_run(
    run: "Run",
    checkpoint: str = "best",
    splits: Sequence[str] = SPLITS,
    progress: Progress | None = None,
) -> Report:
    """As `evaluate`, for an opened run."""
    for split in splits:
        if split not in SPLITS:
            raise LaminaError(
                f"There is no split {split!r}.", place="splits", remedy=f"Use {', '.join(SPLITS)}."
            )
    spec = run.spec
    if "rows" not in run.task().views:
        return _measured(run, checkpoint, splits, progress)
    if spec.target is None:
        raise LaminaError(
            "This run predicts no column, so there is no truth to compare with.",
            place=run.id,
            remedy="Choose a target on the Data page and train again.",
        )
    found: dict[str, SplitReport] = {}
    epoch = 0
    for split in splits:
        if not spec.sizes.get(split):
            continue
        kept = predictions(run, checkpoint, split, progress)
        epoch = int(kept["epoch"])
        found[split] = split_report(spec, kept)
    return Report(run.id, checkpoint, epoch, spec.target.kind, spec.target.name, found)


def _measured(
    run: "Run", checkpoint: str, splits: Sequence[str], progress: Progress | None
) -> Report:
    """The task's own figures, where no row has a truth beside a prediction."""
    sizes = run.spec.sizes
    found = {s: measure(run, checkpoint, s, progress) for s in splits if sizes.get(s)}
    _, epoch = stamp(run, checkpoint)
    return Report(run.id, checkpoint, epoch, run.task().kind, "", {}, found)


def split_report(spec: PreparedSpec, kept: dict[str, Any]) -> SplitReport:
    """The report on one split from its predictions (see `predictions`)."""
    target = spec.target
    if target is None:
        raise ValueError("a report needs a target")
    repeats = int(kept.get("repeats", 0))
    if target.kind == "class":
        guess = int(np.argmax(target.counts)) if target.counts else 0
        return ClassificationSplit(
            np.asarray(kept["target"], np.int64),
            kept["probabilities"],
            target.classes,
            guess=guess,
            repeats=repeats,
        )
    return RegressionSplit(kept["target"], kept["prediction"], guess=target.mean, repeats=repeats)
