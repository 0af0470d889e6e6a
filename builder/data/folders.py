"""What a tree of class folders means: root folder, train/ and test/, one folder per class."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from builder.data.archives import Entry, Tree
from builder.errors import LaminaError

SPLIT_NAMES = {
    "train": 0, "training": 0,
    "val": 1, "valid": 1, "validation": 1, "dev": 1,
    "test": 2, "testing": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """The files of a tree by class and split, train first; `left_out` names what has no class, in
    sentences."""

    entries: tuple[Entry, ...]
    labels: tuple[str, ...]
    splits: tuple[int, ...] | None
    classes: tuple[str, ...]
    left_out: tuple[str, ...]


def layout(tree: Tree, suffixes: frozenset[str], what: str) -> Layout:
    """Find the class of every file with one of the suffixes. `what` names them ("images") in
    sentences.

    Root folders that hold everything are stripped; train/, val/ and test/ beside each other are the
    data's own split; folders below a class belong to it. Raises LaminaError where there are no such
    files, no class folders, or one class only.
    """
    files = [entry for entry in tree.entries if entry.suffix in suffixes]
    if not files:
        raise LaminaError(
            f"There are no {what} in it.",
            place=tree.place,
            remedy=f"Give a folder or zip with one folder of {what} per class.",
        )
    depth = _root_depth([entry.parts for entry in files])
    paths = {entry: _stripped(entry.parts, depth) for entry in files}
    left_out: list[str] = []
    splits = _split_names(list(paths.values()))
    placed: list[tuple[int, str, Entry]] = []
    loose: dict[str, int] = {}
    for entry, parts in paths.items():
        code = 0
        if splits:
            if parts[0].casefold() not in SPLIT_NAMES:
                loose[parts[0] if len(parts) > 1 else ""] = loose.get(parts[0], 0) + 1
                continue
            code, parts = SPLIT_NAMES[parts[0].casefold()], parts[1:]
        if len(parts) < 2:
            folder = entry.parts[-2] if len(entry.parts) > 1 else ""
            loose[folder] = loose.get(folder, 0) + 1
            continue
        placed.append((code, unicodedata.normalize("NFC", parts[0]), entry))
    left_out += [
        f"{count:,} {what} {f'directly in {folder}/' if folder else 'beside the folders'} have "
        "no class folder "
        "and were left out."
        for folder, count in loose.items()
    ]
    classes = tuple(sorted({label for _, label, _ in placed}, key=natural))
    if not placed:
        raise LaminaError(
            f"The {len(files):,} {what} are not sorted into class folders.",
            place=tree.place,
            remedy="Make one folder per class (cat/, dog/) and put each of the files into one.",
        )
    if len(classes) < 2:
        raise LaminaError(
            f"There is only one class folder, {classes[0]!r}; a network needs at least two "
            "classes to tell apart.",
            place=tree.place,
            remedy="Add a folder for each other class.",
        )
    placed.sort(key=lambda item: (item[0], natural(item[1]), natural(item[2].path)))
    codes = tuple(code for code, _, _ in placed)
    return Layout(
        entries=tuple(entry for _, _, entry in placed),
        labels=tuple(label for _, label, _ in placed),
        splits=codes if any(codes) else None,
        classes=classes,
        left_out=tuple(left_out),
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sorting key: "2" before "10", "img2" before "img10"."""
    return tuple(
        (0, int(part), part) if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d{1,18})", text)
        if part
    )


def _stripped(parts: tuple[str, ...], depth: int) -> tuple[str, ...]:
    return parts[min(depth, len(parts) - 1) :]


def _root_depth(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all files share that cannot be classes, since there are folders below them.

    A file or two beside the folders (root/preview.png) do not make the root a class.
    """
    depth = 0
    while True:
        firsts = {parts[depth] for parts in paths if len(parts) > depth + 1}
        deeper = [parts for parts in paths if len(parts) > depth + 2]
        if len(firsts) != 1 or len(deeper) * 2 <= len(paths):
            return depth
        depth += 1


def _split_names(paths: Sequence[tuple[str, ...]]) -> bool:
    """Whether the top folders are train/ and val/ or test/."""
    codes = {
        SPLIT_NAMES[parts[0].casefold()]
        for parts in paths
        if len(parts) > 1 and parts[0].casefold() in SPLIT_NAMES
    }
    return 0 in codes and len(codes) > 1
