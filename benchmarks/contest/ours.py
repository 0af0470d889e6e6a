"""Lamina: the engine with curves, metrics and node health as in any run."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.contest.workloads import Workload
from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.train import fit
from builder.train.plan import Epoch, Plan
from builder.train.whole import Workshop, artefact, eligible
from builder.train.whole.build import build


def lamina(workload: Workload) -> Callable[[], None]:
    """The recipe as it is by itself."""
    return _epochs(_plan(workload, {}))


def lamina_bf16(workload: Workload) -> Callable[[], None]:
    """With bfloat16, which a person must choose."""
    return _epochs(_plan(workload, {"precision": "bfloat16"}))


def lamina_compiled(workload: Workload) -> Callable[[], None]:
    """With the whole step compiled beforehand; what came of it is told on the first epoch."""
    plan = _plan(workload, {"compile": "on"})
    folder = Path(tempfile.mkdtemp(prefix="lamina-step-"))
    artefact.write(folder, _compiled(workload, plan, folder))
    return _epochs(replace(plan, workshop=Workshop(folder, ["false"])))


def _compiled(workload: Workload, plan: Plan, folder: Path) -> artefact.Facts:
    batches = []
    for first in range(0, eligible.STEPS * workload.batch, workload.batch):
        rows = {name: x[first : first + workload.batch] for name, x in plan.data["train"].items()}
        rows["x"] = workload.ready(rows["x"])
        batches.append({**rows, "row": torch.arange(first, first + workload.batch)})
    return build(folder, plan.recipe, plan.task.phases()[0], plan.models["model"], batches)


def _plan(workload: Workload, settings: dict[str, Any]) -> Plan:
    x, y = workload.data()
    held_x, held_y = workload.held_out()
    recipe = Recipe.model_validate(
        {
            "epochs": 1_000_000,
            "batch_size": workload.batch,
            "threads": torch.get_num_threads(),
            "device": "cpu",
            "optimizer": {"name": "Adam"},
            **settings,
        }
    )
    spec = InputSpec.model_validate(
        {"name": "x", "form": workload.form, "shape": workload.shape, "stored": workload.stored}
    )
    names = tuple(str(i) for i in range(workload.classes))
    target = TargetSpec(name="y", kind="class", classes=names, counts=(1,) * len(names))
    choice = TaskChoice(metrics=("accuracy",))
    return Plan(
        recipe=recipe,
        task=tasks.make(tasks.Context(choice, recipe, {"x": spec}, target)),
        models={"model": workload.model()},
        data={
            "train": {"x": x, "target": y},
            "validation": {"x": held_x, "target": held_y},
        },
        target=target,
        prepare={"x": workload.ready} if workload.stored == "uint8" else {},
    )


def _epochs(plan: Plan) -> Callable[[], None]:
    events = fit(plan)

    def epoch() -> None:
        for event in events:
            if isinstance(event, Epoch):
                return

    return epoch
