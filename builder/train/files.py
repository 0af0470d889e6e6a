"""Files that are whole or not there: written aside, flushed to the disk, renamed."""

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder.errors import LaminaError


@contextmanager
def disk_errors(place: str) -> Iterator[None]:
    """Turn a full or read-only disk into a LaminaError that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LaminaError(
                "The disk is full.",
                place=place,
                remedy="Free some space (Home → Disk space), then resume the run.",
                code="disk_full",
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise LaminaError(
                f"The folder cannot be written: {error.strerror}.",
                place=place,
                remedy="Make it writable, or set LAMINA_HOME to a folder that is.",
                code="read_only",
            ) from error
        raise


def replace(source: Path, target: Path) -> None:
    """`os.replace`, tried again for a moment where a reader holds the target open (Windows)."""
    for attempt in range(20):
        try:
            os.replace(source, target)
        except PermissionError:
            if os.name != "nt" or attempt == 19:
                raise
            time.sleep(0.01)
        else:
            return


def write(path: Path, text: str, *, sync: bool = False) -> None:
    """Write a text file in one piece; `sync` also waits for the disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with disk_errors(str(path.parent)):
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.write(text)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            replace(aside, path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any, *, sync: bool = False) -> None:
    """Write JSON in one piece."""
    write(path, json.dumps(value, ensure_ascii=False, allow_nan=False), sync=sync)


def read_json(path: Path) -> Any:
    """The file's JSON; None where it is missing or torn."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def append_line(path: Path, value: Any) -> None:
    """Append one JSON line in a single write; a torn line before it (a crash, a full disk) stays
    alone.
    """
    line = (json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n").encode()
    with disk_errors(str(path.parent)), path.open("ab+", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                line = b"\n" + line
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_lines(path: Path) -> list[Any]:
    """All whole JSON lines of a file; a torn last one is left out."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    found = []
    for line in raw.split(b"\n"):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
