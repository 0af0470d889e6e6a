"""What was decided about a project's data, step by step, so that every step can be taken back.

The steps lie in a file beside the project, which is the truth: a step names the places that it
changed, with what stood there before and after. Taking it back changes these places and no other,
so whatever the canvas, the recipe or another program wrote meanwhile stays.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from builder import workspace
from builder.errors import LaminaError
from builder.graph.journal import alone
from builder.project import Data, Project, Recipe, TaskChoice
from builder.project.model import Strict

NAME = "data-history.json"
MOST_STEPS = 1000
MOST_BYTES = 2_000_000
"""The oldest steps are forgotten where there would be more."""

Place = tuple[str, ...]
_KEYED = ("options", "columns", "inputs")
"""Parts of the data in which every entry is a place of its own."""


class Change(Strict):
    """One place of the project, and what stood there; None: nothing."""

    place: Place
    before: JsonValue
    after: JsonValue


class Step(Strict):
    """What one act of a person changed, and how it is called."""

    said: str
    changes: tuple[Change, ...]


class History(Strict):
    """The steps that can be taken back, and those that were, the last one last."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    def undo(self) -> str:
        """What Undo would take back, in words; empty where there is nothing."""
        return self.done[-1].said if self.done else ""

    def redo(self) -> str:
        """What Redo would do again, in words; empty where there is nothing."""
        return self.undone[-1].said if self.undone else ""


def of(project_id: str) -> History:
    """The project's history; an empty one where nothing was done yet, or its file is damaged."""
    try:
        return History.model_validate_json((workspace.folder(project_id) / NAME).read_bytes())
    except (OSError, ValidationError):
        return History()


def edit(project_id: str, before: Project, after: Project, said: str) -> Project:
    """Write what a person changed of the data, with the task and recipe that follow it, as a step.

    `before` is what the person saw. Only the places that differ are written, into the project as it
    is now. Raises LaminaError (code "stale") where somebody changed the same of its data
    meanwhile, or where it cannot be written; then nothing changed.
    """
    step = Step(said=said, changes=_differing(before, after))
    with _held(project_id) as (now, history):
        if not step.changes:
            return now
        made = _carried(now, step, "before", "after")
        done = (*history.done, step)
        return _kept(project_id, made, History(done=done))


def undo(project_id: str) -> str:
    """Take the last step back; gives what it was.

    Raises LaminaError where there is nothing to take back, or (code "stale") where somebody changed
    the same since: that step is forgotten then, and the one before it can be taken back.
    """
    return _turn(project_id, back=True)


def redo(project_id: str) -> str:
    """Do the last step that was taken back again; as `undo`."""
    return _turn(project_id, back=False)


def _turn(project_id: str, *, back: bool) -> str:
    with _held(project_id) as (now, history):
        source = history.done if back else history.undone
        if not source:
            raise LaminaError(f"There is nothing to {'undo' if back else 'redo'}.", code="nothing")
        *rest, step = source
        after = (*(history.undone if back else history.done), step)
        turned = (
            {"done": tuple(rest), "undone": after}
            if back
            else {"undone": tuple(rest), "done": after}
        )
        try:
            made = _carried(now, step, *(("after", "before") if back else ("before", "after")))
        except LaminaError as error:
            _write(project_id, history.model_copy(update={_side(back): tuple(rest)}))
            raise LaminaError(
                f"“{step.said}” can no longer be {'taken back' if back else 'done again'}: the "
                "same was changed elsewhere since.",
                remedy="It is as it was; the step before it is next.",
                code="stale",
            ) from error
        _kept(project_id, made, History.model_validate(turned))
    return step.said


def _side(back: bool) -> str:
    return "done" if back else "undone"


@contextmanager
def _held(project_id: str) -> Iterator[tuple[Project, History]]:
    """The project and its history, which nobody else changes by this way meanwhile."""
    folder = workspace.folder(project_id)
    try:
        with (folder / f".{NAME}.lock").open("a+b") as file, alone(file):
            yield workspace.open_project(project_id), of(project_id)
    except OSError as error:
        raise _unkept(error, folder) from error


def _kept(project_id: str, made: Project, history: History) -> Project:
    """Both files written, or neither: the old history is put back where the project cannot be."""
    before = of(project_id)
    _write(project_id, history)
    try:
        workspace.save_project(project_id, made)
    except LaminaError:
        _write(project_id, before)
        raise
    return made


def _write(project_id: str, history: History) -> None:
    """The history, whole or not at all, without its oldest steps where it has become too long."""
    done = history.done[-MOST_STEPS:]
    sizes = [len(step.model_dump_json()) for step in done]
    while len(done) > 1 and sum(sizes) > MOST_BYTES:
        done, sizes = done[1:], sizes[1:]
    path = workspace.folder(project_id) / NAME
    aside = path.with_name(f".{NAME}.{secrets.token_hex(4)}")
    try:
        with aside.open("xb") as file:
            file.write(history.model_copy(update={"done": done}).model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise _unkept(error, path) from error


def _unkept(error: OSError, path: Path) -> LaminaError:
    return LaminaError(
        f"The change cannot be kept: {error.strerror}.",
        place=str(path),
        remedy="Nothing was changed; make room and try again.",
    )


def _differing(before: Project, after: Project) -> tuple[Change, ...]:
    old, new = _places(before), _places(after)
    return tuple(
        Change(place=place, before=old.get(place), after=new.get(place))
        for place in dict.fromkeys((*old, *new))
        if old.get(place) != new.get(place)
    )


def _carried(now: Project, step: Step, source: str, target: str) -> Project:
    """The project with the step's places as they stand in `target`; LaminaError where one of its
    data is neither so nor as in `source`. Of task and recipe what others changed is left alone.
    """
    standing = _places(now)
    values: dict[Place, Any] = {}
    for change in step.changes:
        found = standing.get(change.place)
        if found == getattr(change, source):
            values[change.place] = getattr(change, target)
        elif change.place[0] == "data" and found != getattr(change, target):
            raise LaminaError(
                "The data was changed elsewhere in the meantime.",
                place=".".join(change.place),
                remedy="Nothing was overwritten. Look at it as it is now, and do it again.",
                code="stale",
            )
    return _with(now, values)


def _places(project: Project) -> dict[Place, Any]:
    """Every place that a step may change, with what stands there, as JSON."""
    found: dict[Place, Any] = {}
    for part in ("data", "task", "recipe"):
        for name, value in getattr(project, part).model_dump(mode="json").items():
            if part == "data" and name in _KEYED:
                found |= {(part, name, key): one for key, one in value.items()}
            else:
                found[part, name] = value
    return found


def _with(project: Project, values: Mapping[Place, Any]) -> Project:
    kinds: dict[str, type[Strict]] = {"data": Data, "task": TaskChoice, "recipe": Recipe}
    parts = {part: json.loads(getattr(project, part).model_dump_json()) for part in kinds}
    for (part, name, *key), value in values.items():
        if not key:
            parts[part][name] = value
        elif value is None:
            parts[part][name].pop(key[0], None)
        else:
            parts[part][name][key[0]] = value
    made = {part: kind.model_validate(parts[part]) for part, kind in kinds.items()}
    return project.model_copy(update=made)
