"""Write what was made, all of it or nothing. The standard library only."""

import os
from pathlib import Path


def write(given: str, content: bytes) -> None:
    """Write the file: aside first, then renamed. Raises ValueError that says why it cannot be."""
    path = Path(given)
    aside = path.with_name(f".{path.name}.part") if path.name else path
    try:
        if path.is_dir():
            raise ValueError(f"{given} is a folder. Name a file in it.")
        if not path.parent.is_dir():
            raise ValueError(f"The folder {path.parent} does not exist. Make it, or name another.")
        if path.exists() and not os.access(path, os.W_OK):
            raise ValueError(f"{given} is read-only. Name another file.")
        if path.is_symlink() or (path.exists() and not path.is_file()):  # such as /dev/stdout
            path.write_bytes(content)
            return
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{given} cannot be written: {error.strerror}.") from error
