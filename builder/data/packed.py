"""Series that come packed: the TRAIN/TEST pair of a zip, unpacked aside while it is read."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from builder.data.archives import Entry, open_tree
from builder.errors import LaminaError

PART = re.compile(r"(?P<head>.*?)(?P<part>train|test)(?P<tail>(?:[_.\- ].*)?)", re.IGNORECASE)
TABLES = (".tsv", ".csv", ".txt")


def pair(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The training and the test file, or a single .ts file; .ts before tables; none where it is not
    clear.
    """
    for suffixes in ((".ts",), TABLES):
        fitting = [entry for entry in entries if entry.suffix in suffixes]
        train = [entry for entry in fitting if _part(entry) == "train"]
        if len(train) > 1:  # the same series in several formats: take the first format
            train = [entry for entry in train if entry.suffix == train[-1].suffix]
        if len(train) == 1:
            wanted = _swapped(train[0])
            test = [entry for entry in fitting if entry.path.lower() == wanted]
            return (train[0], *test[:1])
        if suffixes == (".ts",) and len(fitting) == 1:
            return (fitting[0],)
    return ()


def _part(entry: Entry) -> str:
    match = PART.fullmatch(PurePosixPath(entry.path).stem)
    return match["part"].lower() if match else ""


def _swapped(entry: Entry) -> str:
    """The path of the test file that belongs to a training file, in lower case."""
    path = PurePosixPath(entry.path)
    name = PART.sub(r"\g<head>test\g<tail>", path.stem, count=1)
    return str(path.with_name(name + path.suffix)).lower()


def why_not(path: Path) -> str | None:
    """Why the zip is read by no source of series; None where it is."""
    try:
        with open_tree(path) as tree:
            return None if pair(tree.entries) else f"{path.name} holds no …_TRAIN and …_TEST files."
    except LaminaError as error:
        return str(error)


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, ...]]:
    """The zip's series files in a folder that is removed afterwards.

    Raises LaminaError for a zip that is damaged, over its limits, or holds no such files.
    """
    with open_tree(path) as tree, tempfile.TemporaryDirectory(prefix="lamina-") as folder:
        chosen = pair(tree.entries)
        if not chosen:
            raise LaminaError(
                "The zip holds no …_TRAIN and …_TEST file.",
                place=path.name,
                remedy="Pack a .ts file, or the two files of a set.",
            )
        files = []
        for entry in chosen:
            file = Path(folder) / PurePosixPath(entry.path).name
            file.write_bytes(tree.read(entry))
            files.append(file)
        yield tuple(files)
