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
    "output_shapes",
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
            node.id: tuple(int(size) for size in shape if isinstance(size, int))
            for node in nodes
            if node.id not in spec.inputs
            and isinstance(shape := node.params.get("shape"), list | tuple)
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


def output_shapes(project: Project, spec: PreparedSpec) -> dict[str, tuple[int, ...] | None]:
    """The shape that the task wants at the Output of each graph; None where any will do, and where
    the data does not fit the task (yet).

    Raises LaminaError for a task that is not known or has wrong settings.
    """
    task = get(project.task.kind)
    given = context(project, spec)
    if task.unfit(given) is not None:
        return dict.fromkeys(project.graphs)
    made = task(given)
    return {graph: made.output_shape(graph) for graph in project.graphs}


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
