"""Prepared folders on disk: written aside and renamed, found again by key, cleaned up when they
grow too large."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from builder.errors import LaminaError
from builder.home import room

CAP_GB = 20.0
BLOCK = 1 << 20
HELD = 14 * 86_400.0
OWNER = re.compile(r"[\w.-]{1,100}")


def cap_bytes() -> int:
    """How large the prepared data may grow: LAMINA_PREPARED_GB gigabytes, 20 where unset."""
    try:
        return int(float(os.environ.get("LAMINA_PREPARED_GB", CAP_GB)) * 1e9)
    except ValueError:
        raise LaminaError(
            f"{os.environ['LAMINA_PREPARED_GB']!r} is no number of gigabytes.",
            place="LAMINA_PREPARED_GB",
            remedy="Set it to a number such as 20, or unset it.",
        ) from None


def digest_json(value: Any) -> str:
    """Twenty hex digits of SHA-256 over the value as JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


_known: dict[tuple[str, int, int], str] = {}


def digest_file(path: Path) -> str:
    """The file's (or the folder's files') content as hex digits; kept by path, size and time of
    change."""
    if path.is_dir():
        parts = [
            [entry.relative_to(path).as_posix(), entry.stat().st_size, entry.stat().st_mtime_ns]
            for entry in sorted(path.rglob("*"))
            if entry.is_file()
        ]
        return digest_json(parts)
    state = path.stat()
    mark = (str(path), state.st_size, state.st_mtime_ns)
    if mark not in _known:
        _known[mark] = _remembered(mark, path)
    return _known[mark]


def _remembered(mark: tuple[str, int, int], path: Path) -> str:
    """The digest from an earlier process where the file is large and unchanged, else computed."""
    note = room("prepared") / ".digests" / digest_json(mark)
    large = mark[1] > 16 * BLOCK
    if large and note.exists():
        return note.read_text()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    if large:
        note.parent.mkdir(exist_ok=True)
        note.write_text(digest.hexdigest())
    return digest.hexdigest()


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """A full disk, or one that may not be written, becomes a LaminaError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LaminaError(
                f"The disk is full: {what} could not be written, and nothing of it was kept.",
                place=str(room("prepared")),
                remedy="Free some space (Home cleans up prepared data), then try again.",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS):
            raise LaminaError(
                f"{what[:1].upper()}{what[1:]} could not be written: {error.strerror}.",
                place=str(error.filename or room("prepared")),
                remedy="Set LAMINA_HOME to a folder that you may write.",
            ) from error
        raise


def make(key: str, fill: Callable[[Path], None]) -> Path:
    """The folder of that key, filled by `fill` where it does not stand yet. Safe with several at
    once.

    Nothing half-made stays: `fill` works aside, then the folder is renamed; whoever comes second
    gives way. Raises LaminaError for a full disk.
    """
    final = room("prepared") / key
    if (final / "spec.json").exists():
        touch(final)
        return final
    sweep()
    with disk_errors("the prepared data"):
        aside = Path(tempfile.mkdtemp(dir=room("prepared"), prefix=f".{key}.{os.getpid()}."))
        try:
            fill(aside)
            try:
                os.rename(aside, final)
            except OSError:
                if not (final / "spec.json").exists():
                    raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    touch(final)
    clean_up(keep=key)
    return final


def touch(folder: Path) -> None:
    """Mark as used now. A folder that may not be written is left as it is: only the clean-up looks
    at the mark."""
    try:
        os.utime(folder)
    except OSError:
        return


def _check_owner(owner: str) -> None:
    if not OWNER.fullmatch(owner):
        raise ValueError(f"{owner!r} is no plain name of a run")


def hold(key: str, owner: str) -> None:
    """Keep the clean-up off the prepared folder of that key while `owner`, a run, works with it.

    Calling it again renews the hold; one that was not renewed for `HELD` seconds has lost its
    owner. Nothing happens where the folder is gone: opening it says so.
    """
    _check_owner(owner)
    try:
        (room("prepared") / key / f"keep.{owner}").touch()
    except OSError:
        return


def release(owner: str) -> None:
    """End all holds of that owner."""
    _check_owner(owner)
    for mark in room("prepared").glob(f"*/keep.{owner}"):
        mark.unlink(missing_ok=True)


def held(folder: Path) -> bool:
    """Whether an owner works with the prepared folder."""
    since = time.time() - HELD
    try:
        return any(mark.stat().st_mtime > since for mark in folder.glob("keep.*"))
    except OSError:
        return True  # an owner comes or goes in this moment


def folders() -> list[tuple[Path, int, float]]:
    """All prepared folders: path, bytes, when last used (seconds since 1970); the least recently
    used first."""
    found = []
    for folder in room("prepared").iterdir():
        if not folder.name.startswith(".") and (folder / "spec.json").exists():
            found.append((folder, size(folder), folder.stat().st_mtime))
    return sorted(found, key=lambda item: item[2])


def size(folder: Path) -> int:
    """Bytes of all files below the folder."""
    return sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())


def clean_up(keep: str = "", cap: int | None = None) -> int:
    """Remove the least recently used folders until all fit into the cap; gives the bytes freed.

    What a queued or running run holds stays, even beyond the cap.
    """
    cap = cap_bytes() if cap is None else cap
    everything = folders()
    total = sum(bytes_ for _, bytes_, _ in everything)
    freed = 0
    for folder, bytes_, _ in everything:
        if total - freed <= cap:
            break
        if folder.name != keep and not held(folder):
            shutil.rmtree(folder, ignore_errors=True)
            freed += bytes_
    return freed


def sweep(older_than: float = 86_400.0) -> None:
    """Remove what a killed process left aside: its process is gone, or it is older than a day."""
    for folder in room("prepared").glob(".*.*.*"):
        pid = folder.name.split(".")[2]
        try:
            age = time.time() - folder.stat().st_mtime
        except OSError:
            continue  # another process removed it meanwhile
        if not pid.isdigit() or not psutil.pid_exists(int(pid)) or age > older_than:
            shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Indented JSON, UTF-8."""
    path.write_text(
        json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8"
    )


def changed_since(source: str, options: Mapping[str, Any], files: Sequence[Any]) -> list[str]:
    """The files, by path, that held something else when the same source was last prepared."""
    latest: Mapping[str, Any] | None = None
    for folder, _, _ in reversed(folders()):
        try:
            origin = json.loads((folder / "origin.json").read_bytes())
        except (OSError, ValueError):
            continue  # being removed by another process
        if origin["source"] == source and origin["options"] == dict(options):
            latest = origin
            break
    if latest is None:
        return []
    before = {entry["path"]: entry["digest"] for entry in latest["files"]}
    return [e["path"] for e in files if before.get(e["path"], e["digest"]) != e["digest"]]


def changed(files: Iterable[Mapping[str, Any]]) -> list[str]:
    """Which of the noted files (path, digest) are gone or hold something else now, by path."""
    found = []
    for entry in files:
        path = Path(entry["path"])
        try:
            same = digest_file(path) == entry["digest"]
        except OSError:
            same = False
        if not same:
            found.append(str(path))
    return found
