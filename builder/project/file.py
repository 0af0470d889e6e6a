"""The project file: the text of a project, with a version, migrations and places for mistakes.

The format is described in docs/project-file.md; its JSON schema is docs/project.schema.json.
"""

import difflib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from builder import wording
from builder.errors import LaminaError
from builder.project.model import (
    VERSION,
    Data,
    OutputTask,
    Project,
    Recipe,
    Split,
    Strict,
    TaskChoice,
)

MAX_BYTES = 20_000_000
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From version n to n + 1, one small step each; empty while there is one version."""


def dumps(project: Project) -> str:
    """The project file's text: short (defaults left out), stable, ends with a newline."""
    body = project.model_dump(mode="json", exclude_defaults=True)
    head = {"lamina": VERSION, "name": project.name}
    graphs = {
        name: graph.model_dump(mode="json", exclude_defaults=True)
        for name, graph in project.graphs.items()
    }
    return json.dumps({**head, **body, "graphs": graphs}, indent=1, ensure_ascii=False) + "\n"


def loads(text: str | bytes, *, place: str = "project file") -> Project:
    """Read a project file's text.

    Raises LaminaError with the line or key where something is wrong, and for a file of a newer
    version.
    """
    if len(text) > MAX_BYTES:
        raise LaminaError("The file is larger than 20 MB; that is no project file.", place=place)
    if not text.strip():
        raise LaminaError(
            "The file is empty.",
            place=place,
            remedy="`lamina new --template NAME -o FILE` writes a whole project.",
        )
    raw = _parsed(text, place)
    if not isinstance(raw, dict):
        raise LaminaError(
            "A project file is a JSON object.", place=place, remedy='Begin with {"lamina": 1, ...}.'
        )
    raw = _migrated(raw, place)
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise LaminaError(
            "A text holds half of a character (a lone surrogate).",
            place=place,
            remedy="Write the character itself.",
        ) from error
    try:
        project = Project.model_validate({**raw, "lamina": VERSION})
    except ValidationError as error:
        raise complaint(error, place) from error
    try:
        json.dumps(raw, allow_nan=False)
    except ValueError as error:
        raise LaminaError(
            "A number is infinite or none (NaN).", place=place, remedy="Write a finite number."
        ) from error
    return project


def _migrated(raw: dict[str, Any], place: str) -> dict[str, Any]:
    """The file's object as today's version has it."""
    version = raw.get("lamina")
    if version is None:
        raise LaminaError(
            'The key "lamina" with the version is missing.', place=place, remedy='Add "lamina": 1.'
        )
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise LaminaError(
            f'The version in "lamina" must be the number 1; found {json.dumps(version)[:80]}.',
            place=place,
            remedy='Write "lamina": 1, without quotes around the 1.',
        )
    if version > VERSION:
        raise LaminaError(
            f"The file is of version {version}; this Lamina reads up to version {VERSION}.",
            place=place,
            remedy="Update Lamina, or save the project in the older version.",
        )
    for step in range(version, VERSION):
        raw = MIGRATIONS[step](raw)
    return raw


class _TwiceError(ValueError):
    """A key that comes twice in one object; of which one is meant, JSON says nothing."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return found


def _parsed(text: str | bytes, place: str) -> Any:
    """The JSON value of a text. Raises LaminaError with the line where it is none."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise LaminaError(
            "The file is not UTF-8 text.", place=place, remedy="Save it as UTF-8."
        ) from error
    except RecursionError as error:
        raise LaminaError(
            "The file is nested too deeply.", place=place, remedy="Take out the nested part."
        ) from error
    except json.JSONDecodeError as error:
        fact, remedy = wording.syntax(error)
        raise LaminaError(
            fact, place=f"{place}, line {error.lineno}, column {error.colno}", remedy=remedy
        ) from error
    except _TwiceError as error:
        raise LaminaError(
            f"The key {json.dumps(str(error)[:80])} comes twice in one group.",
            place=place,
            remedy="Keep the one that is meant.",
        ) from error
    except ValueError as error:  # of more digits than Python reads
        raise LaminaError(
            "A number has thousands of digits.", place=place, remedy="Write a smaller number."
        ) from error


def complaint(error: ValidationError, place: str = "") -> LaminaError:
    """The first mistake that pydantic found, with its field and what it must be."""
    found = error.errors(include_url=False)
    first = found[0]
    where = wording.place(first) or "the whole"
    others = {wording.place(one) for one in found} - {wording.place(first)}
    if "recursion" in str(first["msg"]).lower():
        fact, remedy = "It is nested too deeply.", "Take out the nested part."
    elif first["type"] == "extra_forbidden":
        fact, remedy = "This key is not known.", _near(first["loc"])
    elif first["type"] == "missing":
        fact, remedy = "This key is missing.", f'Add "{first["loc"][-1]}".'
    else:
        fact, remedy = wording.sentence(found)
    more = f"({len(others)} more such mistake{'s' * (len(others) > 1)}.)" if others else ""
    return LaminaError(
        fact, place=f"{place}, {where}" if place else where, remedy=f"{remedy} {more}".strip()
    )


def _near(place: Sequence[int | str]) -> str:
    """What a key that is not known may have been meant to be: the keys that its place knows."""
    *parents, wrong = place
    model: Any = Project
    for part in parents:
        fields = getattr(model, "model_fields", {})
        if str(part) in fields:
            model = fields[str(part)].annotation
        while not hasattr(model, "model_fields") and get_args(model):
            # dict[str, X], tuple[X, ...] and X | None lead to X
            inner = [one for one in get_args(model) if one not in (type(None), ..., str)]
            model = inner[-1] if inner else None
    known = list(getattr(model, "model_fields", {}))
    near = difflib.get_close_matches(str(wrong), known, n=1)
    key = wording.meant(str(wrong)) or _elsewhere(str(wrong)) or (near[0] if near else "")
    if key:
        return f"Write '{key}' if that was meant, or take it out."
    listed = ", ".join(known)
    return f"Take it out; known here: {listed}." if known else "Take it out."


def check_names(project: Project) -> None:
    """Raise LaminaError where `data.inputs` names an Input node that no graph has.

    A node may go and leave its binding behind; a file that a person wrote means something by it.
    """
    ids = [node.id for g in project.graphs.values() for node in g.nodes if node.layer == "Input"]
    for name in project.data.inputs:
        if ids and name not in ids:
            raise LaminaError(
                f"No graph has an Input node '{name}'.",
                place=f"data.inputs.{name}",
                remedy=f"The Input nodes are {', '.join(dict.fromkeys(ids))}; write one of them, "
                "or take the entry out.",
            )


def check_outputs(project: Project) -> None:
    """Raise LaminaError where `task.outputs` names an Output node that no graph has, or asks for
    what the project's task does not do: each has one target, loss and set of metrics.
    """
    ids = [node.id for g in project.graphs.values() for node in g.nodes if node.layer == "Output"]
    for name, wish in project.task.outputs.items():
        place = f"task.outputs.{name}"
        if name not in ids:
            raise LaminaError(
                f"No graph has an Output node '{name}'.",
                place=place,
                remedy=f"The Output nodes are {', '.join(dict.fromkeys(ids)) or 'none'}; write one "
                "of them, or take the entry out.",
            )
        if wish != OutputTask():
            raise LaminaError(
                f"The task {project.task.kind} learns one target with one loss; what is written "
                "for one output alone would have no effect.",
                place=place,
                remedy="Write data.target, task.loss and task.metrics in its place.",
            )


def _elsewhere(name: str) -> str:
    """Where a key of that name stands in the file: "recipe.epochs"; empty where nowhere."""
    parts: dict[str, type[Strict]] = {
        "recipe": Recipe,
        "task": TaskChoice,
        "data": Data,
        "data.split": Split,
    }
    return next((f"{at}.{name}" for at, part in parts.items() if name in part.model_fields), "")


def load(path: Path | str) -> Project:
    """Read a project file. Raises LaminaError where it is missing, unreadable or wrong."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LaminaError(
                "The file is larger than 20 MB; that is no project file.",
                place=str(path),
                remedy="`lamina new --data PATH -o FILE` makes a project of data.",
            )
        return loads(path.read_bytes(), place=path.name)
    except OSError as error:
        raise LaminaError(
            f"The file cannot be read: {error.strerror}.", place=str(path), remedy="Check the path."
        ) from error


def save(project: Project, path: Path | str) -> None:
    """Write the project file: aside, flushed, then renamed, so that a crash leaves the old or the
    new one."""
    path = Path(path)
    aside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        with aside.open("x", encoding="utf-8") as file:
            file.write(dumps(project))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise LaminaError(
            f"The project cannot be saved: {error.strerror}.",
            place=str(path),
            remedy="Check that the folder exists, may be written, and that the disk has room.",
        ) from error


def schema() -> str:
    """The JSON schema of the project file, as docs/project.schema.json holds it."""
    body = Project.model_json_schema()
    # The file writes an edge as a pair; the object form is the data type's own.
    body["$defs"]["Edge"] = {
        "description": 'From a node to a node, ["a", "b"]; "a.port" names a port.',
        "type": "array",
        "items": {"type": "string"},
        "minItems": 2,
        "maxItems": 2,
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lamina project",
        **{key: value for key, value in body.items() if key != "title"},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
