"""Explanations kept in the run's folder, so that the page, the command line and a restarted server
share them. The least recently used go first where they take too much room.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from builder import __version__
from builder.explain import packing
from builder.explain.result import Explanation

VERSION = 2
"""Raised where a method begins to answer otherwise."""
MOST_BYTES = 64 * 2**20
FOLDER = "explanations"


def name_of(question: Mapping[str, Any]) -> str:
    """A name for everything that an explanation depends on."""
    text = json.dumps([VERSION, __version__, packing.plain(question)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read(folder: Path, name: str, records: Sequence[Mapping[str, Any]]) -> Explanation | None:
    """The explanation of that name in a run's folder; None where there is none, or a torn one."""
    path = folder / FOLDER / f"{name}.npz"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = packing.unpack({key: file[key] for key in file.files}, records)
        os.utime(path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return found


def write(folder: Path, name: str, found: Explanation) -> None:
    """Keep it, and make room. A full disk or a read-only folder costs the shelf, not the answer."""
    path = folder / FOLDER / f"{name}.npz"
    try:
        save(path, packing.pack(found))
        _tidy(path.parent)
    except OSError:
        return


def save(path: Path, arrays: packing.Arrays) -> None:
    """Write arrays aside, then rename. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(aside, path)
    finally:
        Path(aside).unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Drop the least recently used beyond `MOST_BYTES`."""
    kept = sorted(
        ((item.stat().st_mtime_ns, item.stat().st_size, item) for item in folder.glob("*.npz")),
        reverse=True,
    )
    total = 0
    for _, size, item in kept:
        total += size
        if total > MOST_BYTES:
            with contextlib.suppress(OSError):  # somebody else was quicker, or reads it right now
                item.unlink()
