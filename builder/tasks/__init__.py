"""Tasks: what a network learns. One file per task, found by scan."""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import nn

from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.project import Project
from builder.scan import classes
from builder.tasks.base import (
    Batch,
    Context,
    Feed,
    Losses,
    Phase,
    Rows,
    Sample,
    Task,
    apply,
    single,
)
from builder.tasks.options import complete

__all__ = [
    "Batch",
    "Context",
    "Feed",
    "Losses",
    "Phase",
    "Rows",
    "Sample",
    "Task",
    "apply",
    "context",
    "get",
    "kinds",
    "make",
    "sample",
    "single",
]


@cache
def kinds() -> dict[str, type[Task]]:
    """All tasks by kind."""
    return {task.kind: task for task in classes(sys.modules[__name__], Task)}  # type: ignore[type-abstract]


def get(kind: str) -> type[Task]:
    """The task of that kind. Raises LaminaError where there is none."""
    if kind not in kinds():
        raise LaminaError(
            f"There is no task {kind!r}.",
            place="task.kind",
            remedy=f"Choose one of: {', '.join(kinds())}.",
        )
    return kinds()[kind]


def make(context: Context) -> Task:
    """The task that the context chooses. Raises LaminaError where it is unknown or does not fit the
    data.
    """
    task = get(context.choice.kind)
    reason = task.unfit(context)
    if reason:
        raise LaminaError(reason, place="task")
    return task(context)


def context(
    project: Project, spec: PreparedSpec, preparation: Mapping[str, Any] | None = None
) -> Context:
    """What a project and its prepared data tell the project's task."""
    free = {}
    for name, graph in project.graphs.items():
        nodes = [node for node in graph.nodes if node.layer == "Input"]
        free[name] = {
            node.id: tuple(node.params["shape"])  # type: ignore[arg-type]
            for node in nodes
            if node.id not in spec.inputs and node.params.get("shape")
        }
    return Context(
        project.task,
        project.recipe,
        spec.inputs,
        spec.target,
        tuple(project.graphs),
        free,
        preparation or {},
    )


def sample(
    task: Task, models: Mapping[str, nn.Module], given: Mapping[str, Any], seed: int = 0
) -> Sample | None:
    """Let the models make something: the same for the same settings and seed; None where the task
    makes nothing.

    The models come out in the mode they had, and no other random state moves. Raises LaminaError
    for a setting that is unknown or out of range.
    """
    options = complete(task.sampling(), given, "sample")
    first = next(iter(models.values()))
    device = next((weight.device for weight in first.parameters()), torch.device("cpu"))
    generator = torch.Generator(device).manual_seed(seed)
    modes = {name: model.training for name, model in models.items()}
    try:
        for model in models.values():
            model.eval()
        with torch.no_grad():
            return task.sample(models, options, generator)
    finally:
        for name, model in models.items():
            model.train(modes[name])
