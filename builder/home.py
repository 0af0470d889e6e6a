"""Where Lamina keeps things: `LAMINA_HOME`, by default the user's data directory."""

import os
from pathlib import Path

import platformdirs

from builder.errors import LaminaError


def home() -> Path:
    """The folder that holds projects, prepared data, runs and the database; made on first use.

    Raises LaminaError when the folder cannot be made or written.
    """
    path = Path(
        os.environ.get("LAMINA_HOME") or platformdirs.user_data_dir("lamina", appauthor=False)
    )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaminaError(
            f"The folder {path} cannot be made: {error.strerror}.",
            place="LAMINA_HOME",
            remedy="Set LAMINA_HOME to a folder that you may write.",
        ) from error
    return path.resolve()


def room(name: str) -> Path:
    """A folder inside `home()`: "projects", "prepared", "runs", "downloads", "uploads"; made on
    first use."""
    path = home() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaminaError(
            f"The folder {path} cannot be made: {error.strerror}.",
            place="LAMINA_HOME",
            remedy="Free some disk space, or set LAMINA_HOME to a folder that you may write.",
        ) from error
    return path
