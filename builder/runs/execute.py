"""Carry out a run from its folder: build the model, open the data, train, write. Imports the
training path only.
"""

import inspect
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from builder import project as projects
from builder import tasks
from builder.compile import build
from builder.data.augment import for_inputs
from builder.data.prepared import Prepared, open_prepared
from builder.data.specs import PreparedSpec
from builder.data.store import hold, release
from builder.errors import LaminaError
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import whole
from builder.runs.orders import Inbox, queue_marker
from builder.runs.process import Lock
from builder.runs.store import FencedError, Store
from builder.train import checkpoint, doctor, files, fit
from builder.train.failures import StepFailed
from builder.train.group import Group
from builder.train.plan import Plan
from builder.train.whole import Workshop

PATIENCE = 5.0
STOP = {"order": "stop", "who": "the system"}
Stop = Callable[[], bool]


def execute(folder: Path, fence: int, *, stop: Stop = lambda: False) -> str:
    """Train the run of that folder to its end and give its last status; "fenced" where another
    worker has it.

    `stop` is asked at safe points; True ends the run as an order would.
    """
    lock = Lock(folder / "lock")
    if not taken(lock):
        return "fenced"
    project = projects.load(folder / "project.lamina.json")
    store = Store(folder, fence, device=project.recipe.device, keep=project.recipe.keep)
    try:
        store.say(message="Opening the data.", epochs=project.recipe.epochs)
        queue_marker(folder.name).unlink(missing_ok=True)
        for event in fit(plan(folder, project, stop)):
            store.put(event)
    except FencedError:
        return "fenced"
    except Exception as error:
        fail(store, explained(folder, error))
    finally:
        store.close()
        lock.drop()
    release(folder.name)
    return store.status.status


def taken(lock: Lock, patience: float = PATIENCE) -> bool:
    """Whether the run's lock is ours; the worker before us may need a moment to die."""
    until = time.monotonic() + patience
    while not lock.take():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def explained(folder: Path, error: Exception) -> LaminaError:
    """What ended the run; the log keeps where something unexpected happened."""
    if isinstance(error, LaminaError):
        return error
    folders.add_log(folder, traceback.format_exc())
    fact = f"The run failed unexpectedly: {type(error).__name__}: {error}."
    return LaminaError(
        fact, remedy="The log at the end of the page has the details.", code="unexpected"
    )


def fail(store: Store, error: LaminaError) -> None:
    """Write the failure down; where even that cannot be written, the reader sees a worker that is
    gone.
    """
    if error.__cause__ is not None:
        details = "".join(traceback.format_exception(error.__cause__))
        folders.add_log(store.folder, details)
    try:
        store.fail(error, error.node if isinstance(error, StepFailed) else None)
    except (LaminaError, FencedError):
        store.status = folders.Status(status="failed", message=str(error))


def plan(folder: Path, project: Project, stop: Stop, group: Group | None = None) -> Plan:
    """All that the run in that folder needs to go on, or to begin. Of the workers of a group the
    first one alone takes orders and watches for symptoms.
    """
    spec = PreparedSpec.model_validate_json((folder / "spec.json").read_bytes())
    hold(spec.key, folder.name)
    prepared = open_prepared(spec.key)
    recipe = project.recipe
    torch.manual_seed(recipe.seed)
    source = (folder / "model.py").read_text(encoding="utf-8")
    models = {graph: build(source, graph) for graph in project.graphs}
    saved, words = checkpoint.latest(folder)
    first = group is None or group.first
    if words and first:
        folders.add_log(folder, words)
        folders.add_event(folder, "checkpoint_lost", step=saved.step if saved else 0, message=words)
    begin = folder / "start.safetensors"
    if saved is None and begin.exists():
        parts = checkpoint.share(checkpoint.weights(begin), tuple(models))
        for name, model in models.items():
            model.load_state_dict(parts[name])
    context = tasks.context(project, spec, prepared.preparation)
    inbox = Inbox(folder)
    found = Plan(
        recipe=recipe,
        task=tasks.make(context),
        models=models,
        data={split: prepared.tensors(split) for split in ("train", "validation")},
        target=spec.target,
        prepare=stored_to_model(prepared),
        augment=for_inputs(project.data.augment, spec.inputs),
        orders=lambda: [*inbox(), *([STOP] if stop() else [])] if first else [],
        replay=inbox.replay(saved.step if saved else 0),
        resume=saved,
        lines=_lines(folder, models),
        workshop=Workshop(folder, whole.command(folder)) if group is None else None,
        group=group,
    )
    if not first:
        return replace(found, health_every=0.0)
    return replace(found, doctor=doctor.watch(found, project.graphs))


def stored_to_model(prepared: Prepared) -> dict[str, Callable[[Tensor], Tensor]]:
    """The inputs whose stored form differs from what the model takes."""
    found: dict[str, Callable[[Tensor], Tensor]] = {}
    for name, sample in prepared.tensors("train").items():
        if name in prepared.spec.inputs:
            one = sample[:1]
            if prepared.runtime.to_model(name, one) is not one:
                found[name] = _to_model(prepared, name)
    return found


def _to_model(prepared: Prepared, name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: prepared.runtime.to_model(name, x)


def _lines(folder: Path, models: Mapping[str, nn.Module]) -> dict[str, dict[int, str]]:
    """The line map under the name by which tracebacks know the source."""
    info: dict[str, Any] = files.read_json(folder / "run.json") or {}
    lines = {int(line): node for line, node in info.get("lines", {}).items()}
    return {inspect.getfile(type(model)): lines for model in models.values()}
