"""Folders and zip files read alike, inside limits: nothing is unpacked, so nothing can be written
anywhere.

An entry is read straight from the archive into memory; a name that points outside, a link, a
password, a file that grows out of proportion or a damaged index refuses the whole archive before
anything is read.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from builder.errors import LaminaError

JUNK_FOLDERS = frozenset({"__MACOSX", "@eaDir", "__pycache__", "$RECYCLE.BIN", ".git"})
JUNK_FILES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
NESTED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")


@dataclass(frozen=True)
class Limits:
    """How much an archive or a folder may hold; sizes in bytes, after decompression."""

    files: int = 500_000
    total: int = 20_000_000_000
    one: int = 500_000_000
    ratio: float = 200.0  # grown size over packed size, for files larger than `ratio_from`
    ratio_from: int = 20_000_000


@dataclass(frozen=True)
class Entry:
    """One file: its path inside the root, with /, and its size in bytes."""

    path: str
    size: int
    index: int = 0

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders and the file's name."""
        return PurePosixPath(self.path).parts

    @property
    def suffix(self) -> str:
        """The lower-case ending with its dot, "" where there is none."""
        return PurePosixPath(self.path).suffix.lower()


class Tree(Protocol):
    """A folder or an archive: `entries` in order of their path, `left_out` what was not taken and
    why."""

    place: str
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]

    def read(self, entry: Entry) -> bytes:
        """The file's bytes. Raises LaminaError where it cannot be read."""


def junk(path: str) -> bool:
    """Whether an operating system left the file there (.DS_Store, __MACOSX/, Thumbs.db): never the
    person's data."""
    parts = PurePosixPath(path).parts
    name = parts[-1] if parts else ""
    return (
        any(part in JUNK_FOLDERS for part in parts)
        or name.startswith(".")
        or name.lower() in JUNK_FILES
    )


@contextmanager
def open_tree(path: Path | str, limits: Limits | None = None) -> Iterator[Tree]:
    """Open a folder or a zip file for reading.

    Raises LaminaError where there is nothing, where it is neither, and for an archive that is
    damaged, locked, over its limits or names files outside itself.
    """
    path = Path(path)
    limits = limits or Limits()
    if path.is_dir():
        yield _Folder(path, limits)
        return
    if not path.is_file():
        raise LaminaError(
            "There is no such file or folder.", place=str(path), remedy="Check the path."
        )
    with _open_zip(path) as archive:
        yield _Zip(archive, path.name, limits)


def is_zip(path: Path | str) -> bool:
    """Whether the file begins as a zip archive does (an Excel workbook does too)."""
    try:
        with Path(path).open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


class _Folder:
    def __init__(self, root: Path, limits: Limits) -> None:
        self.place = root.name or str(root)
        self._root = root.resolve()
        entries: list[Entry] = []
        left_out: list[str] = []
        total = 0
        for folder, folders, files in os.walk(self._root, followlinks=False):
            folders[:] = sorted(name for name in folders if name not in JUNK_FOLDERS)
            for name in sorted(files):
                full = Path(folder, name)
                relative = full.relative_to(self._root).as_posix()
                if junk(relative):
                    continue
                size = self._size(full)
                if size is None:
                    left_out.append(f"{relative} (a link out of the folder, or no regular file)")
                    continue
                total += size
                entries.append(Entry(relative, size, len(entries)))
                if len(entries) > limits.files or total > limits.total:
                    raise _too_much(self.place, len(entries), total, limits)
        self.entries = tuple(sorted(entries, key=lambda entry: entry.path))
        self.left_out = tuple(left_out)

    def _size(self, path: Path) -> int | None:
        try:
            if path.is_symlink() and not path.resolve().is_relative_to(self._root):
                return None
            status = path.stat()
        except OSError:
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, entry: Entry) -> bytes:
        try:
            return (self._root / entry.path).read_bytes()
        except OSError as error:
            raise LaminaError(
                f"The file cannot be read: {error.strerror}.", place=f"{self.place}/{entry.path}"
            ) from error


class _Zip:
    def __init__(self, archive: zipfile.ZipFile, place: str, limits: Limits) -> None:
        self.place = place
        self._archive = archive
        self._infos = archive.infolist()
        entries: dict[str, Entry] = {}
        left_out: list[str] = []
        total = 0
        if len(self._infos) > limits.files:
            raise _too_much(place, len(self._infos), 0, limits)
        for index, info in enumerate(self._infos):
            name = _name(info)
            _refuse(info, name, place, limits)
            if info.is_dir() or name.endswith("/") or junk(name):
                continue
            total += info.file_size
            if total > limits.total:
                raise _too_much(place, index, total, limits)
            path = PurePosixPath(name).as_posix()
            if path in entries:
                left_out.append(f"{path} (a second file of the same name)")
            else:
                entries[path] = Entry(path, info.file_size, index)
        nested = [path for path in entries if path.lower().endswith(NESTED)]
        if nested and len(nested) == len(entries):
            raise LaminaError(
                f"The archive holds only another archive ({nested[0]}).",
                place=place,
                remedy="Unpack it once and give the inner one.",
            )
        self.entries = tuple(entries[path] for path in sorted(entries))
        self.left_out = tuple(left_out)

    def read(self, entry: Entry) -> bytes:
        info = self._infos[entry.index]
        try:
            with self._archive.open(info) as file:
                content = file.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise LaminaError(
                f"The packed file is damaged ({error}).", place=f"{self.place}, {entry.path}"
            ) from error
        if len(content) != info.file_size:
            raise LaminaError(
                "The packed file is cut short or longer than it says.",
                place=f"{self.place}, {entry.path}",
            )
        return content


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        if is_zip(path):
            raise LaminaError(
                "The zip file is cut short or damaged: its index at the end is missing.",
                place=path.name,
                remedy="Download or pack it again.",
            ) from error
        raise LaminaError(
            "This is no zip file.", place=path.name, remedy="Pack the folder as .zip."
        ) from error
    except OSError as error:
        raise LaminaError(f"The file cannot be read: {error.strerror}.", place=path.name) from error


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name with /; packers that write UTF-8 without saying so are understood."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            name = info.filename
    return name.replace("\\", "/")


def _refuse(info: zipfile.ZipInfo, name: str, place: str, limits: Limits) -> None:
    """Raise LaminaError where the entry makes the archive unfit to be read."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":"):
        raise LaminaError(
            f"The archive names a file outside its own folder ({name!r}), so none of it was read.",
            place=place,
            remedy="Get it from a source you trust, or pack the folder again.",
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise LaminaError(
            f"The archive holds a link ({name!r}), so none of it was read.",
            place=place,
            remedy="Pack the files themselves.",
        )
    if info.flag_bits & 0x1:
        raise LaminaError(
            "The archive is locked with a password.", place=place, remedy="Pack it without one."
        )
    grown = info.file_size / max(info.compress_size, 1)
    if info.file_size > limits.one or (info.file_size > limits.ratio_from and grown > limits.ratio):
        raise LaminaError(
            f"{name!r} would grow from {_bytes(info.compress_size)} to {_bytes(info.file_size)}, "
            "as a zip bomb does, so none of the archive was read.",
            place=place,
            remedy="Take that file out, or give the folder unpacked.",
        )


def _too_much(place: str, files: int, total: int, limits: Limits) -> LaminaError:
    if files > limits.files:
        fact = f"It holds more than {limits.files:,} files."
    else:
        fact = f"Its files come to more than {_bytes(limits.total)} ({_bytes(total)} so far)."
    return LaminaError(fact, place=place, remedy="Give a smaller part of it.")


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
