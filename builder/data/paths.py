"""Paths that options name, checked."""

from pathlib import Path
from typing import Any

import psutil

from builder.errors import LaminaError

SMALL = 20_000_000
TIMES = 25  # Python objects for the cells of a text table take about so many times the file's bytes


def check_memory(path: Path) -> None:
    """LaminaError where reading the text table would take more memory than there is."""
    size = path.stat().st_size
    if size < SMALL:
        return
    free = psutil.virtual_memory().available
    if size * TIMES > free:
        raise LaminaError(
            f"Reading {size / 1e6:,.0f} MB of text takes about {size * TIMES / 1e9:.1f} GB of "
            f"memory; {free / 1e9:.1f} GB are free.",
            place=path.name,
            remedy="Save the table as Parquet, bring a part of it, or close other programs.",
        )


def locate(value: Any, place: str) -> Path:
    """The existing file or folder that an option names; `~` is the home folder.

    Raises LaminaError where nothing is named, or nothing is there. `place` is the option's
    ("data.options.path").
    """
    if not isinstance(value, str) or not value.strip():
        raise LaminaError(
            "No file is named.", place=place, remedy="Choose a file, or give its path."
        )
    if "\0" in value:
        raise LaminaError("A path holds no NUL byte.", place=place)
    path = Path(value.strip()).expanduser()
    try:
        if path.exists():
            return path
    except OSError as error:
        raise LaminaError(
            f"The path cannot be looked at: {error.strerror}.", place=place
        ) from error
    raise LaminaError(
        f"There is no file {path}.",
        place=place,
        remedy="It may have been moved, renamed or deleted; choose it again.",
        code="no_file",
    )
