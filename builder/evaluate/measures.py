"""Figures of tasks that predict no row (a language model, a GAN), and what their networks make."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from builder.evaluate.predictions import stamp
from builder.evaluate.split import clean
from builder.progress import Progress

if TYPE_CHECKING:
    from builder.runs import Run
    from builder.tasks.base import Feed, Sample, Task

MOST_SEEN = 2_000
"""Of the training split so many rows, evenly spread, tell how well it is known by now."""
AT_ONCE = 256
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Measured:
    """A split's figures by the metrics' names, and over how many rows they were taken."""

    metrics: Mapping[str, float]
    rows: int
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        figures = {name: clean(value) for name, value in self.metrics.items()}
        return {**figures, "rows": self.rows, "notes": list(self.notes)}


def measure(run: "Run", checkpoint: str, split: str, progress: Progress | None = None) -> Measured:
    """The task's own validation on one split, once per checkpoint: kept in the run folder.

    Raises LaminaError for a missing checkpoint or data that was cleaned up.
    """
    mark, _ = stamp(run, checkpoint)
    path = Path(run.folder) / "evaluation" / f"{mark}-{split}.json"
    kept = _read(path)
    if kept is None:
        kept = _measured(run, checkpoint, split, progress)
        _write(path, kept)
    return kept


def networks(run: "Run", checkpoint: str) -> dict[str, nn.Module]:
    """All graphs of a run with a checkpoint's weights, in eval mode on the CPU."""
    return {graph: run.model(checkpoint, graph) for graph in run.project().graphs}


def make(
    run: "Run", options: Mapping[str, Any], checkpoint: str = "best", seed: int = 0
) -> "Sample | None":
    """What a checkpoint's networks make with these settings; None for a task that makes nothing.

    Raises LaminaError for a missing checkpoint, and for settings that are wrong.
    """
    from builder import tasks

    mark, _ = stamp(run, checkpoint)
    task, models = _opened(run.id, checkpoint, mark)
    return tasks.sample(task, models, options, seed)


@lru_cache(maxsize=4)
def _opened(run_id: str, checkpoint: str, mark: str) -> "tuple[Task, dict[str, nn.Module]]":
    from builder import runs

    del mark  # part of the key, since "best" and "last" move on while a run goes on
    run = runs.open_run(run_id)
    return run.task(), networks(run, checkpoint)


def _measured(run: "Run", checkpoint: str, split: str, progress: Progress | None) -> Measured:
    from builder.train.running import Running

    task, models = run.task(), networks(run, checkpoint)
    phase = task.validation()
    feed, notes = _feed(run, task, split)
    if phase is None:
        return Measured({}, feed.rows, notes)
    gathered = Running(task, run.spec.target)
    generator = torch.Generator().manual_seed(run.project().recipe.seed)
    feed.begin(0)
    done = 0
    for words in phase.ready(torch.device("cpu")) if phase.ready else ():
        if progress is not None:
            progress(words, 0, 0)
    with torch.inference_mode():
        for step in range(feed.steps):
            batch = feed.batch(step, models)
            losses = phase.loss(models, batch, generator)
            rows = len(next(iter(batch.values())))
            gathered.add(losses, losses.loss, batch, rows)
            done += rows
            if progress is not None:
                progress(split, done, feed.rows)
    figures = gathered.figures(split)
    named = {name.removeprefix(f"{split}_"): value for name, value in figures.items()}
    return Measured(named, feed.rows, notes)


def _feed(run: "Run", task: "Task", split: str) -> "tuple[Feed, tuple[str, ...]]":
    """The split's rows in order, as the task's validation sees them."""
    from builder.train import feeds

    prepared = run.prepared()
    train = prepared.tensors("train")
    tensors = prepared.tensors(split)
    notes: tuple[str, ...] = ()
    name = split
    if split == "train":
        tensors, name = _spread(train), "seen"
        count = len(next(iter(tensors.values())))
        if count < run.spec.sizes["train"]:
            notes = (f"Over {count:,} of {run.spec.sizes['train']:,} training rows.",)
    own = task.feed(name, {"train": train, name: tensors}, CPU)
    if own is not None:
        return own, notes
    runtime = prepared.runtime
    prepare = {name: _reader(runtime, name) for name in run.spec.inputs}
    rows, _ = feeds.rows(tensors, prepare, CPU, channels_last=False, keep_stored=False)
    return feeds.OrderedFeed(rows, AT_ONCE), notes


def _reader(runtime: Any, name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: runtime.to_model(name, x)


def _spread(train: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Blocks of neighbouring rows, evenly spread: rows that belong together stay so."""
    count = len(next(iter(train.values())))
    if count <= MOST_SEEN:
        return dict(train)
    blocks, size = 20, MOST_SEEN // 20
    starts = [block * (count - size) // (blocks - 1) for block in range(blocks)]
    rows = torch.cat([torch.arange(start, start + size) for start in starts])
    return {name: x[rows] for name, x in train.items()}


def _read(path: Path) -> Measured | None:
    try:
        found = json.loads(path.read_bytes())
        figures = {name: float(value) for name, value in found["metrics"].items()}
        return Measured(figures, int(found["rows"]), tuple(found["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, found: Measured) -> None:
    """Aside, then renamed. A full disk or a read-only folder costs the cache, not the figures."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    kept = {"metrics": dict(found.metrics), "rows": found.rows, "notes": list(found.notes)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(kept), encoding="utf-8")
        os.replace(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
