"""Which source reads a file or folder: by name, by head, and by what is in it."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from builder.data import columns
from builder.data.paths import locate
from builder.data.read import catalogue, read
from builder.errors import LaminaError
from builder.project import Data

PICTURES = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
)
PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".tar")
PAIR = re.compile(r".*_(train|test)$", re.I)
HEAD = 65_536
SEPARATORS = "\t;|,"


def recognise(paths: Sequence[Path], prefer: str = "") -> Data:
    """The data section for a file or folder; a second file is the test split. The source `prefer`
    is taken where it reads the file.

    Raises LaminaError where no source reads it, or where a table cannot be read.
    """
    first, *others = (locate(str(path), "path") for path in paths)
    if prefer and catalogue()[prefer].unfit(first) is None:
        return Data(source=prefer, options={"path": str(first.absolute())})
    if first.suffix.lower() in PICTURES and first.is_file():
        raise LaminaError(
            "This is a single picture; a network learns from many, sorted by what they show.",
            place=first.name,
            remedy="Bring a folder or a zip with one folder of pictures for each class.",
        )
    fitting = [
        kind
        for kind, source in catalogue().items()
        if any(option.name == "path" for option in source.params) and source.unfit(first) is None
    ]
    if not fitting and first.suffix.lower() in PACKED and first.is_file():
        raise LaminaError(
            "The archive holds no images in class folders, no series and no IDX images.",
            place=first.name,
            remedy="Unpack it, and bring the table or text that is inside.",
        )
    if not fitting and first.is_dir() and not any(first.iterdir()):
        raise LaminaError(
            "The folder is empty.",
            place=first.name,
            remedy="Put one folder of pictures for each class into it.",
        )
    if not fitting:
        raise LaminaError(
            f"Lamina does not know what to make of {first.name}.",
            place=first.name,
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
    if "long_text" in fitting and not others and _is_prose(first):
        return Data(source="long_text", options=options)
    data = Data(source="table", options=options)
    raw = read(data)
    profiles = raw.profiles
    planned = columns.plan(raw, data, columns.guess_target(raw, profiles), profiles)
    if "text" in fitting and columns.only_text(planned, profiles) is not None:
        return Data(source="text", options=options)
    return data


def _is_prose(path: Path) -> bool:
    """Whether the head of a text file is mostly letters, and no separator stands equally often in
    most of its lines.
    """
    with path.open("rb") as file:
        text = file.read(HEAD).decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or sum(map(str.isalpha, text)) < 0.5 * len(text):
        return False
    for separator in SEPARATORS:
        counts = Counter(line.count(separator) for line in lines)
        usual, often = max(counts.items(), key=lambda item: (item[0] > 0, item[1]))
        if usual and often >= 0.7 * len(lines):
            return False
    return True
