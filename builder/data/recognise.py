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
PART = re.compile(r"(?P<head>.*?)(?P<part>train|test)(?P<tail>(?:[_.\- ].*)?)", re.I)
TABLES = (".csv", ".tsv", ".psv", ".parquet", ".xlsx", ".json", ".jsonl", ".ndjson")
COUNTED = re.compile(r"\D{0,12}\d+")  # t0, t1, … and columns without a name
WIDE = 12  # numbers in a row that may be one series
HEAD = 65_536
SEPARATORS = "\t;|,"


def recognise(paths: Sequence[Path], prefer: str = "") -> Data:
    """The data section for a file or folder; a second file is the test split. The source `prefer`
    is taken where it reads the file.

    Raises LaminaError where no source reads it, or where a table cannot be read.
    """
    first, *others = (locate(str(path), "path") for path in paths)
    parts = _two_tables(first) if first.is_dir() and not others and prefer != "series" else None
    if parts is not None:
        return recognise(parts, prefer)
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
    if "series" in fitting and (first.suffix.lower() == ".ts" or _series_part(first)):
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


def _two_tables(folder: Path) -> list[Path] | None:
    """The one table …train… of a folder, with its …test… where there is one; None for series."""
    found: dict[str, list[tuple[str, Path]]] = {"train": [], "test": []}
    for path in sorted(folder.iterdir()):
        match = PART.fullmatch(path.stem)
        if match and path.suffix.lower() == ".ts":
            return None
        if match and path.suffix.lower() in TABLES and path.is_file():
            name = f"{match['head']}…{match['tail']}{path.suffix}".lower()
            found[match["part"].lower()].append((name, path))
    if len(found["train"]) != 1 or _series_part(found["train"][0][1]):
        return None
    name, train = found["train"][0]
    return [train, *(test for other, test in found["test"] if other == name)]


def _series_part(path: Path) -> bool:
    """Whether a table named …_TRAIN or …_TEST holds one series per row: many numbers under names
    that only count, and one column of words at most.
    """
    if not PART.fullmatch(path.stem):
        return False
    try:
        raw = read(Data(source="table", options={"path": str(path.absolute())}))
    except LaminaError:
        return False
    frame = raw.frame.loc[:, raw.frame.notna().any()]
    words = [name for name in frame.columns if frame[name].dtype.kind not in "iuf"]
    named = [name for name in frame.columns if not COUNTED.fullmatch(str(name).lstrip("#"))]
    return frame.shape[1] > WIDE and len(words) <= 1 and (raw.headerless or len(named) <= 1)


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
