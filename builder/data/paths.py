"""Paths that options name, checked."""

from pathlib import Path
from typing import Any

from builder.errors import LaminaError


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
