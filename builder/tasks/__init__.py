"""Tasks: what a network learns. One file per task, found by scan."""

import sys
from functools import cache

from builder.errors import LaminaError
from builder.scan import classes
from builder.tasks.base import Batch, Context, Feed, Losses, Phase, Task, apply, single

__all__ = [
    "Batch",
    "Context",
    "Feed",
    "Losses",
    "Phase",
    "Task",
    "apply",
    "get",
    "kinds",
    "make",
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
