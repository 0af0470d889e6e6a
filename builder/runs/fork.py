"""Fork a run: a new run that goes on from a checkpoint of another, with a changed recipe."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import LaminaError
from builder.project import Project, Recipe, Step
from builder.runs import folder as folders
from builder.runs import launch, series
from builder.runs.run import Checkpoint, Run
from builder.train import files

SPENT = 0.02
"""The share of the rate below which a schedule counts as over."""
ALLOWED = ("recipe.", "data.augment")


def fork(
    run_id: str,
    checkpoint: str = "last",
    overrides: Mapping[str, Any] | None = None,
    *,
    name: str = "",
    detach: bool = True,
) -> Run:
    """A new run that goes on from a run's checkpoint; the run itself is left alone.

    Epochs, curves and, where the checkpoint has its state ("last", those that an order kept, every
    epoch with `keep: all`), optimiser and random states go on; from weights alone ("best") the
    optimiser begins afresh. It is started as the run was. `overrides` changes the recipe or
    the augmentation by dotted names ("recipe.optimizer.lr": 0.0001). Raises LaminaError, and leaves
    nothing behind, where the fork could not work.
    """
    parent = Run(run_id)
    found = parent.checkpoint(checkpoint)
    changes = dict(overrides or {})
    _check(changes)
    project = begins(parent, found.name)
    launcher, workers = parent.info.get("launcher", "local"), parent.info.get("workers", 1)
    ready = launch.check(project, overrides=changes, launcher=launcher, workers=workers)
    if ready.source.text != parent.source:
        raise LaminaError(
            "The network's source is not the run's any more.",
            place=f"run {run_id}",
            remedy="Start a new run and name this one as recipe.start_from.",
        )
    recipe = ready.resolved.recipe
    if recipe.epochs <= found.epoch:
        raise LaminaError(
            f"The checkpoint {checkpoint!r} has {found.epoch} epochs behind it; "
            f"the fork would end at {recipe.epochs}.",
            place="recipe.epochs",
            remedy=f"Set it to {found.epoch + 1} or more.",
        )
    info = parent.info
    source = {"run": run_id, "checkpoint": checkpoint, "step": found.step, "epoch": found.epoch}
    marks = {"forked": {**source, "overrides": changes}}
    called = name or f"{info.get('name', run_id)}, forked at epoch {found.epoch}"[:120]
    return launch.begin(
        ready,
        project_id=str(info.get("project_id", "")),
        name=called,
        detach=detach,
        marks=marks,
        fill=lambda folder: _fill(folder, parent, found, project, ready.project, changes),
    )


def begins(parent: Run, checkpoint: str) -> Project:
    """The run's project as orders had left it by that checkpoint: what a fork without overrides
    goes on with. Raises LaminaError where the checkpoint is damaged.
    """
    from builder.train import checkpoint as checkpoints
    from builder.train.forks import steered

    project, found = parent.project(), checkpoints.state(parent.folder, checkpoint)
    if found is None:
        return project
    facts, feed = found
    changes: dict[str, Any] = {"recipe": steered(project.recipe, facts, feed)}
    if not facts["steering"]["augment"]:
        changes["data"] = project.data.model_copy(update={"augment": ()})
    return project.model_copy(update=changes)


def nearly_over(recipe: Recipe, epoch: int, rows: int) -> str:
    """A sentence where the schedule leaves next to nothing of the rate after that epoch of runs on
    so many training rows, so that a fork would hardly move; else empty.
    """
    from builder.train.length import steps_per_epoch
    from builder.train.schedule import Curve

    if epoch >= recipe.epochs:
        return ""
    steps = steps_per_epoch(recipe, rows)
    curve = Curve(recipe.schedule, steps * recipe.epochs, steps, recipe.optimizer.lr)
    left = max(curve.factor(steps * at) for at in (epoch, (epoch + recipe.epochs) / 2))
    if left > SPENT:
        return ""
    return (
        f"By epoch {epoch} of {recipe.epochs} the schedule {recipe.schedule.name} has brought the "
        f"learning rate down to {left * recipe.optimizer.lr:.1g}: the fork would hardly learn. "
        "Give it more epochs, or the schedule constant."
    )


@dataclass(frozen=True)
class Difference:
    """One value that a fork changes, by its dotted name in the recipe; `was` and `now` in words."""

    name: str
    was: str
    now: str


def differences(before: Project, after: Project, changes: Mapping[str, Any]) -> list[Difference]:
    """What the changes, by the dotted names that `fork` takes, make different."""
    old, new = (leaves(one.recipe.model_dump(mode="json")) for one in (before, after))
    found = [
        Difference(path, _worded(old.get(path)), _worded(new.get(path)))
        for path in {**new, **old}
        if any(f"recipe.{path}".startswith(field) for field in changes)
        and old.get(path) != new.get(path)
    ]
    was, now = (one.data.augment for one in (before, after))
    if was != now:
        found.append(Difference("augmentation", _steps(was), _steps(now)))
    return found


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """The values within a JSON value, by their dotted paths."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= leaves(inner, f"{path}.{key}" if path else key)
    return found


def _worded(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _steps(steps: Sequence[Step]) -> str:
    """ "flip, noise (strength 0.1)"."""
    words = []
    for step in steps:
        given = ", ".join(f"{name} {_worded(value)}" for name, value in step.settings().items())
        words.append(f"{step.kind} ({given})" if given else step.kind)
    return ", ".join(words) or "none"


def _check(changes: Mapping[str, Any]) -> None:
    for field in changes:
        if not field.startswith(ALLOWED) or field == "recipe.start_from":
            raise LaminaError(
                "A fork changes the recipe and the augmentation only.",
                place=field,
                remedy="Start a new run, with this one as recipe.start_from, for other changes.",
            )


def _fill(
    folder: Path,
    parent: Run,
    found: Checkpoint,
    before: Project,
    after: Project,
    changes: Mapping[str, Any],
) -> None:
    """What the fork begins with: the checkpoint, adapted, and the curves up to it."""
    from builder.runs.vet import finite
    from builder.train import checkpoint
    from builder.train.forks import adapt

    saved = checkpoint.load(parent.folder, found.name)
    if saved is None:
        raise AssertionError("the checkpoint was there")
    finite(saved.weights, str(found.path))
    saved = adapt(saved, before.recipe, after.recipe, changes)
    checkpoint.write_saved(folder, saved, ("last",), after.recipe.keep)
    head = files.read_json(parent.folder / "steps.json")
    if isinstance(head, dict):
        shutil.copyfile(parent.folder / "steps.f32", folder / "steps.f32")
        series.Writer(folder, tuple(head["columns"]), saved.step).close()
    for kind in ("epochs", "looks", "health", "generated"):  # the doctor judges anew
        name = f"{kind}.jsonl"
        rows = [row for row in files.read_lines(parent.folder / name) if row["step"] <= saved.step]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        if text:
            (folder / name).write_text(text, encoding="utf-8")
    words = f"Forked from run {parent.id}, checkpoint {found.name!r} (step {saved.step})."
    if saved.tensors is None:
        words += " It holds weights only: the optimiser begins afresh."
    differing = differences(before, after, changes)
    if over := nearly_over(after.recipe, saved.epoch, parent.spec.sizes.get("train", 0)):
        words += f" {over}"
    if differing:
        told = (f"{one.name} {one.was} → {one.now}" for one in differing)
        words += f" Changed: {', '.join(told)}."
    facts = {"step": saved.step, "epoch": saved.epoch, "message": words}
    folders.add_event(folder, "forked", run=parent.id, checkpoint=found.name, **facts)
    folders.add_log(folder, words)
    status = folders.stored_status(folder)
    steps = {"step": saved.step, "epoch": saved.epoch, "updated": time.time()}
    folders.write_status(folder, folders.Status(**{**status.to_dict(), **steps}))
