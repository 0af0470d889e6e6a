"""Short guided first steps on a live project: one lesson a file, found by scan."""

import json
import sys
from functools import cache

from builder import scan, workspace
from builder.errors import LaminaError
from builder.ui.lessons.base import Lesson, Step

__all__ = ["Lesson", "Step", "at", "begin", "leave", "lessons", "turn"]

FILE = "lesson.json"


@cache
def lessons() -> dict[str, type[Lesson]]:
    """Every lesson by name, the first one first."""
    found = scan.classes(sys.modules[__name__], Lesson)  # type: ignore[type-abstract]
    return {item.name: item for item in sorted(found, key=lambda item: item.place)}


def begin(name: str) -> str:
    """Make the lesson's project and keep it; gives its id. LaminaError where that cannot be."""
    project = workspace.create(lessons()[name].project())
    _keep(project, name, 0)
    return project


def at(project: str) -> tuple[type[Lesson], int] | None:
    """The lesson that goes on in a project and its step, from 0; None where there is none."""
    try:
        kept = json.loads((workspace.folder(project) / FILE).read_text(encoding="utf-8"))
        lesson = lessons()[kept["lesson"]]
        return lesson, max(0, min(int(kept["step"]), len(lesson.steps) - 1))
    except (OSError, ValueError, KeyError, TypeError, LaminaError):
        return None  # none was begun, or by an older Lamina: then there is nothing to guide


def turn(project: str, step: int) -> None:
    """Go to a step of the project's lesson; it is found again after a reload."""
    found = at(project)
    if found is not None and 0 <= step < len(found[0].steps):
        _keep(project, found[0].name, step)


def leave(project: str) -> None:
    """End the lesson; the project stays."""
    (workspace.folder(project) / FILE).unlink(missing_ok=True)


def _keep(project: str, name: str, step: int) -> None:
    text = json.dumps({"lesson": name, "step": step})
    (workspace.folder(project) / FILE).write_text(text, encoding="utf-8")
