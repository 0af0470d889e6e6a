"""The projects that are kept under LAMINA_HOME/projects, and what else takes room there."""

import contextlib
import io
import os
import re
import secrets
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from builder import project as files
from builder.errors import LaminaError
from builder.home import home, room
from builder.project import Project

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
FILE = "project.lamina.json"
BUNDLED = "bundled:"
"""Begins an option's value in an exported zip: the rest is the path inside it."""

ZIP = b"PK\x03\x04"
MAX_BUNDLE = 2_000_000_000
MAX_ENTRIES = 200_000
MAX_RATIO = 200
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
    """A kept project, as lists show it; `changed` is a Unix time, `error` says why it cannot be
    read."""

    id: str
    name: str
    changed: float
    error: str = ""
    uploads: bool = False  # its data was uploaded, so `export_file` gives a zip


@dataclass(frozen=True)
class Use:
    """How much a folder of LAMINA_HOME takes, in bytes."""

    room: str
    title: str
    bytes: int


def folder(project_id: str) -> Path:
    """The project's folder. Raises LaminaError for an id that is none or not kept here."""
    if not exists(project_id):
        raise LaminaError(
            "There is no such project on this machine.",
            place=f"project {project_id[:80]!r}",
            remedy="It may have been deleted. Open another one from Home.",
            code="no_project",
        )
    return room("projects") / project_id


def exists(project_id: str) -> bool:
    """Whether the project is kept here (still)."""
    return bool(ID.fullmatch(project_id)) and (room("projects") / project_id / FILE).is_file()


def projects() -> tuple[Entry, ...]:
    """All kept projects, the one changed last first; one that cannot be read is listed with the
    reason."""
    found = []
    for file in room("projects").glob(f"*/{FILE}"):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            changed = file.stat().st_mtime
            try:
                kept = files.load(file)
                uploads = _holds_uploads(kept)
                found.append(Entry(file.parent.name, kept.name, changed, uploads=uploads))
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
    """Keep a copy under a name of its own; its id. Runs and the history of edits stay with the
    original."""
    opened = open_project(project_id)
    return create(opened.model_copy(update={"name": f"{opened.name[:110]} copy"}))


def delete(project_id: str) -> None:
    """Remove a project and its history of edits. Runs and data stay."""
    path = folder(project_id)
    gone = path.with_name(f".gone-{secrets.token_hex(4)}")
    os.replace(path, gone)
    shutil.rmtree(gone, ignore_errors=True)


def export_file(project_id: str) -> bytes:
    """The project as one file that `import_file` and `lamina` read.

    JSON, or a zip of it and its data where files were uploaded for it (`Entry.uploads`).
    Raises LaminaError where those files are too large for one file, or gone.
    """
    opened = open_project(project_id)
    inside = _uploads(opened)
    if not inside:
        return files.dumps(opened).encode()
    names = {
        value: f"data/{place}/{path.name}" for place, (value, path) in enumerate(inside.items())
    }
    moved = _with_options(opened, {value: f"{BUNDLED}{name}" for value, name in names.items()})
    packed = io.BytesIO()
    total = sum(
        sum(_sizes(path)) if path.is_dir() else path.stat().st_size for path in inside.values()
    )
    if total > MAX_BUNDLE:
        raise LaminaError(
            f"The project's data has {total / 1e9:.1f} GB; one file holds up to "
            f"{MAX_BUNDLE / 1e9:.0f} GB.",
            place=opened.name,
            remedy="Put the data at a path that the other machine has too.",
        )
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(FILE, files.dumps(moved))
        for value, path in inside.items():
            for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
                if file.is_file() and not file.is_symlink():
                    below = file.relative_to(path).as_posix() if path.is_dir() else ""
                    archive.write(file, f"{names[value]}/{below}".rstrip("/"))
    return packed.getvalue()


def import_file(source: Path | str | bytes) -> str:
    """Keep a project from an exported file (a path or its bytes); its id.

    Raises LaminaError with place and remedy; then nothing of it is kept.
    """
    if isinstance(source, bytes):
        return _unpacked(io.BytesIO(source)) if source[:4] == ZIP else create(files.loads(source))
    try:
        with Path(source).open("rb") as file:
            packed = file.read(4) == ZIP
            file.seek(0)
            if packed:
                return _unpacked(file)
    except IsADirectoryError as error:
        raise LaminaError("This is a folder, no project file.", place=str(source)) from error
    except OSError as error:
        raise LaminaError(
            f"The file cannot be read: {error.strerror}.",
            place=str(source),
            remedy="Check the path, and that there is room on the disk.",
        ) from error
    return create(files.load(source))


def _uploads(given: Project) -> dict[str, Path]:
    """The option values that name uploaded files, with their paths. Raises LaminaError where one is
    gone."""
    found: dict[str, Path] = {}
    base = room("uploads").resolve()
    for value in given.data.options.values():
        if not isinstance(value, str) or not value or "\0" in value:
            continue
        path = Path(value)
        if path.is_absolute() and path.resolve().is_relative_to(base) and path.resolve() != base:
            if not path.exists():
                raise LaminaError("An uploaded file of the project is gone.", place=value)
            found[value] = path
    return found


def _holds_uploads(given: Project) -> bool:
    base = str(room("uploads"))
    return any(isinstance(v, str) and v.startswith(base) for v in given.data.options.values())


def _with_options(given: Project, values: dict[str, str]) -> Project:
    options = {
        name: values.get(value, value) if isinstance(value, str) else value
        for name, value in given.data.options.items()
    }
    return given.model_copy(update={"data": given.data.model_copy(update={"options": options})})


def _unpacked(file: BinaryIO) -> str:
    """Keep a project that came as a zip with its data. Nothing is written outside a folder of its
    own."""
    aside = Path(tempfile.mkdtemp(dir=room("uploads"), prefix=".import."))
    target = room("uploads") / secrets.token_hex(12)
    try:
        try:
            with zipfile.ZipFile(file) as archive:
                _check(archive)
                given = files.loads(archive.read(FILE), place=FILE)
                for entry in archive.infolist():
                    if entry.filename.startswith("data/") and not entry.is_dir():
                        _extract(archive, entry, aside)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            EOFError,
        ) as error:
            raise LaminaError(
                "The zip file is damaged or protected by a password.",
                place="import",
                remedy="Export the project again.",
            ) from error
        values = {}
        for value in given.data.options.values():
            if isinstance(value, str) and value.startswith(BUNDLED):
                name = value.removeprefix(BUNDLED)
                if (
                    not (aside / name).resolve().is_relative_to(aside)
                    or not (aside / name).exists()
                ):
                    raise LaminaError(
                        "The zip lacks a file that the project names.", place=name[:200]
                    )
                values[value] = str(target / name)
        if values:
            os.replace(aside, target)
        try:
            return create(_with_options(given, values))
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check(archive: zipfile.ZipFile) -> None:
    """LaminaError for a zip that is no exported project, or made to fill the disk."""
    entries = archive.infolist()
    if FILE not in archive.namelist():
        raise LaminaError(
            f"The zip holds no {FILE}.",
            place="import",
            remedy="Choose a file that Lamina exported; data alone is brought in on the Data page.",
        )
    if archive.getinfo(FILE).file_size > files.MAX_BYTES:
        raise LaminaError("The project file is larger than 20 MB.", place=FILE)
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if total > MAX_BUNDLE or len(entries) > MAX_ENTRIES or total > 10_000_000 + MAX_RATIO * packed:
        raise LaminaError(
            f"The zip unpacks to {total / 1e6:,.0f} MB in {len(entries):,} files, which is not "
            "believable.",
            place="import",
            remedy="Choose a file that Lamina exported.",
        )


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    """One file, inside `into`, never more bytes than it announced."""
    parts = Path(entry.filename.replace("\\", "/")).parts
    if ".." in parts or Path(entry.filename).is_absolute() or "\0" in entry.filename:
        raise LaminaError(
            "The zip holds a path that leads outside of it.", place=entry.filename[:200]
        )
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as source, target.open("xb") as out:
        while chunk := source.read(min(1 << 20, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise LaminaError("A file in the zip is larger than announced.", place=target.name)
            out.write(chunk)


def disk_use() -> tuple[Use, ...]:
    """What each folder of LAMINA_HOME takes, in the order of `ROOMS`."""
    return tuple(Use(name, title, sum(_sizes(home() / name))) for name, title in ROOMS.items())


def clean_up(name: str) -> int:
    """Empty a room whose content can be had again ("prepared", "downloads"); the bytes that became
    free."""
    if name not in ("prepared", "downloads"):
        raise LaminaError(f"The folder {name!r} holds work and is not emptied.", place="clean-up")
    before = sum(_sizes(home() / name))
    for path in (home() / name).iterdir() if (home() / name).is_dir() else ():
        if any(path.glob("keep.*")):
            continue  # a queued or running run works with it
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
