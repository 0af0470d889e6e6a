"""The projects that are kept under LAMINA_HOME/projects, and what else takes room there."""

import contextlib
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder import project as files
from builder.errors import LaminaError
from builder.home import home, room
from builder.project import Project

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
FILE = "project.lamina.json"
ROOMS = {
    "projects": "Projects and their edits",
    "runs": "Runs with their checkpoints",
    "prepared": "Prepared data (made anew when needed)",
    "downloads": "Downloaded sets",
    "uploads": "Files that you uploaded",
}
"""What lies under LAMINA_HOME, by folder, in words."""


@dataclass(frozen=True)
class Entry:
    """A kept project, as lists show it; `changed` is a Unix time, `error` says why it cannot be read."""

    id: str
    name: str
    changed: float
    error: str = ""


@dataclass(frozen=True)
class Use:
    """How much a folder of LAMINA_HOME takes, in bytes."""

    room: str
    title: str
    bytes: int


def folder(project_id: str) -> Path:
    """The project's folder. Raises LaminaError for an id that is none or not kept here."""
    path = room("projects") / project_id
    if not ID.fullmatch(project_id) or not (path / FILE).is_file():
        raise LaminaError(
            "There is no such project on this machine.",
            place=f"project {project_id[:80]!r}",
            remedy="It may have been deleted. Open another one from Home.",
            code="no_project",
        )
    return path


def projects() -> tuple[Entry, ...]:
    """All kept projects, the one changed last first; one that cannot be read is listed with the reason."""
    found = []
    for file in room("projects").glob(f"*/{FILE}"):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            changed = file.stat().st_mtime
            try:
                found.append(Entry(file.parent.name, files.load(file).name, changed))
            except LaminaError as error:
                found.append(Entry(file.parent.name, file.parent.name, changed, str(error)))
    return tuple(sorted(found, key=lambda entry: entry.changed, reverse=True))


def create(project: Project) -> str:
    """Keep a new project; its id, made from the name. A second one of a name becomes "name 2"."""
    taken = {entry.name for entry in projects()}
    named = project.model_copy(update={"name": _free(project.name, taken)})
    plain = unicodedata.normalize("NFKD", named.name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "project"
    while True:
        project_id = f"{slug}-{secrets.token_hex(3)}"
        path = room("projects") / project_id
        try:
            path.mkdir()
            break
        except FileExistsError:
            continue
    try:
        files.save(named, path / FILE)
    except LaminaError:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return project_id


def open_project(project_id: str) -> Project:
    """The kept project. Raises LaminaError where it does not exist or its file is broken."""
    return files.load(folder(project_id) / FILE)


def save_project(project_id: str, project: Project) -> None:
    """Write a kept project back, whole or not at all."""
    files.save(project, folder(project_id) / FILE)


def rename(project_id: str, name: str) -> None:
    """Give a kept project another name. Raises LaminaError for an empty or overlong one."""
    if not name.strip() or len(name.strip()) > 120:
        raise LaminaError("A project's name has 1 to 120 characters.", place="name")
    opened = open_project(project_id)
    save_project(project_id, opened.model_copy(update={"name": name.strip()}))


def duplicate(project_id: str) -> str:
    """Keep a copy under a name of its own; its id. Runs and the history of edits stay with the original."""
    opened = open_project(project_id)
    return create(opened.model_copy(update={"name": f"{opened.name[:110]} copy"}))


def delete(project_id: str) -> None:
    """Remove a project and its history of edits. Runs and data stay."""
    path = folder(project_id)
    gone = path.with_name(f".gone-{secrets.token_hex(4)}")
    os.replace(path, gone)
    shutil.rmtree(gone, ignore_errors=True)


def export_file(project_id: str) -> bytes:
    """The project as one file that `import_file` and `lamina` read."""
    return files.dumps(open_project(project_id)).encode()


def import_file(source: Path | str | bytes) -> str:
    """Keep a project from an exported file (a path or its bytes); its id. Raises LaminaError with place and remedy."""
    given = files.loads(source) if isinstance(source, bytes) else files.load(source)
    return create(given)


def disk_use() -> tuple[Use, ...]:
    """What each folder of LAMINA_HOME takes, in the order of `ROOMS`."""
    return tuple(Use(name, title, sum(_sizes(home() / name))) for name, title in ROOMS.items())


def clean_up(name: str) -> int:
    """Empty a room whose content can be had again ("prepared", "downloads"); the bytes that became free."""
    if name not in ("prepared", "downloads"):
        raise LaminaError(f"The folder {name!r} holds work and is not emptied.", place="clean-up")
    before = sum(_sizes(home() / name))
    for path in (home() / name).iterdir() if (home() / name).is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return before - sum(_sizes(home() / name))


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free = f"{name[:112]} {number}"
        number += 1
    return free


def _sizes(path: Path) -> Iterator[int]:
    for parent, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(os.path.join(parent, name)).st_size
