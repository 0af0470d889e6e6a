"""Which source reads a file or folder: by name, by head, and by what is in it."""

import re
from collections.abc import Sequence
from pathlib import Path

from builder.data import columns
from builder.data.paths import locate
from builder.data.read import catalogue, read
from builder.errors import LaminaError
from builder.project import Data

PAIR = re.compile(r".*_(train|test)$", re.I)


def recognise(paths: Sequence[Path]) -> Data:
    """The data section for a file or folder; a second file is the test split.

    Raises LaminaError where no source reads it, or where a table cannot be read.
    """
    first, *others = (locate(str(path), "path") for path in paths)
    fitting = [
        kind
        for kind, source in catalogue().items()
        if any(option.name == "path" for option in source.params) and source.unfit(first) is None
    ]
    if not fitting:
        raise LaminaError(
            f"Lamina does not know what to make of {first.name}.",
            place=str(first),
            remedy="Bring a CSV, TSV, Excel, Parquet or JSON-lines file, a folder or zip with one "
            "folder per class, an IDX .gz, .ts series (zipped or not) or a text file.",
        )
    options = {"path": str(first.absolute())}
    if others:
        options["test_path"] = str(others[0].absolute())
    if "series" in fitting and first.suffix.lower() == ".zip":
        return Data(source="series", options=options)
    if "table" not in fitting:
        return Data(source=fitting[0], options=options)
    if "series" in fitting and (first.suffix.lower() == ".ts" or PAIR.fullmatch(first.stem)):
        return Data(source="series", options=options)
    data = Data(source="table", options=options)
    raw = read(data)
    profiles = columns.profile(raw.frame)
    planned = columns.plan(raw, data, columns.guess_target(raw, profiles), profiles)
    if "text" in fitting and columns.only_text(planned, profiles) is not None:
        return Data(source="text", options=options)
    return data
