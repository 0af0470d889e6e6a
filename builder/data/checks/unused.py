"""Files that were uploaded together with the data and are not read."""

from pathlib import Path
from typing import ClassVar

from builder.data.base import Finding
from builder.data.check import Check, Facts, listed
from builder.data.read import catalogue
from builder.errors import LaminaError
from builder.home import room


class Unused(Check):
    """Of several files that are dropped at once, one that is not read is told."""

    order: ClassVar[int] = 5

    def look(self, facts: Facts) -> list[Finding]:
        """The files beside the data's in the folder of its upload."""
        path = facts.data.options.get("path")
        given = Path(str(path)) if path else None
        folder = None if given is None else given if given.is_dir() else given.parent
        if folder is None or folder.parent.resolve() != room("uploads").resolve():
            return []
        try:
            read = {
                file.resolve() for file in catalogue()[facts.data.source].files(facts.data.options)
            }
        except LaminaError:
            return []
        if folder.resolve() in read:
            return []
        names = sorted(item.name for item in folder.iterdir() if item.resolve() not in read)
        if not names:
            return []
        these = "is" if len(names) == 1 else "are"
        sentence = (
            f"{listed(names)} {these} not read: the data is "
            f"{listed(sorted(file.name for file in read))} alone. A test part with the same "
            "columns can be given under How it is read."
        )
        return [Finding("unused_files", "warning", "Files that are not read", sentence)]
