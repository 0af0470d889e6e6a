"""Lamina: the engine with curves, metrics and node health as in any run."""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.contest.workloads import Workload
from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.train import fit
from builder.train.plan import Epoch, Plan


def lamina(workload: Workload) -> Callable[[], None]:
    """The recipe as it is by itself."""
    return _lamina(workload, {})


def lamina_bf16(workload: Workload) -> Callable[[], None]:
    """With bfloat16, which a person must choose."""
    return _lamina(workload, {"precision": "bfloat16"})


def _lamina(workload: Workload, settings: dict[str, Any]) -> Callable[[], None]:
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
    plan = Plan(
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
    events = fit(plan)

    def epoch() -> None:
        for event in events:
            if isinstance(event, Epoch):
                return

    return epoch
