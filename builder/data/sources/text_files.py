"""Texts in plain files: one file per class with a text on every line, or class folders with a text
in every file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from builder.data.archives import Entry, Tree, is_zip, open_tree
from builder.data.base import Media, Raw, Source
from builder.data.encodings import decode
from builder.data.folders import layout, natural
from builder.data.options import Option
from builder.data.paths import locate
from builder.errors import LaminaError
from builder.progress import Progress, silent

PLAIN = frozenset({".txt", ".text", ""})
NO_CLASS = frozenset(
    (
        ".csv", ".tsv", ".md", ".rst", ".json", ".jsonl", ".html", ".htm", ".xml", ".py", ".zip",
        ".gz", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".png", ".jpg", ".jpeg", ".parquet",
    )
)  # fmt: skip
MOST_BYTES = 1_000_000_000
LONGEST = 1_000_000  # characters of one text; what comes after is cut


class TextFiles(Source):
    """Texts whose class is their file (one text per line) or their folder (one text per file)."""

    kind: ClassVar[str] = "text_files"
    title: ClassVar[str] = "Text files"
    help: ClassVar[str] = (
        "One file per class with a text on every line (reviews.pos, reviews.neg), or one folder "
        "per class with a text in every file."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "path",
            "path",
            "File, folder or zip",
            folder=True,
            suffixes=(".txt", ".zip", ".pos", ".neg"),
            help="Of files that go together (reviews.pos, reviews.neg) name any one.",
        ),
        Option(
            "encoding",
            "choice",
            "Encoding",
            "auto",
            choices=("auto", "utf-8", "cp1252", "latin-1", "utf-16"),
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits folders and zips with text files, and a text file with another of its name beside
        it."""
        if path.is_file() and not is_zip(path):
            if path.suffix.lower() in NO_CLASS or len(_siblings(path)) < 2:
                return f"{path.name} has no second file of its name beside it for another class."
            return None
        try:
            with open_tree(path) as tree:
                if any(entry.suffix == ".txt" for entry in tree.entries) or _by_stem(tree):
                    return None
        except LaminaError as error:
            return str(error)
        return f"{path.name} holds no text files."

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The folder or zip, or the file and those that go with it."""
        path = locate(options.get("path"), "data.options.path")
        return tuple(_siblings(path)) if path.is_file() and not is_zip(path) else (path,)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All texts, their encoding guessed per file unless it is given."""
        import numpy as np
        import pandas as pd

        encoding = str(options.get("encoding") or "auto")
        if encoding not in self.params[1].choices:
            raise LaminaError(
                f"The encoding {encoding!r} is not known.",
                place="data.options.encoding",
                remedy=f"Take one of {', '.join(self.params[1].choices)}.",
            )
        paths = self.files(options)
        if paths[0].is_file() and not is_zip(paths[0]):
            found = _one_file_per_class(paths, encoding)
        else:
            with open_tree(paths[0]) as tree:
                found = _from_tree(tree, encoding, progress)
        classes = tuple(sorted(set(found.labels), key=natural))
        if len(classes) < 2:
            raise LaminaError(
                f"Only the class {classes[0]!r} has texts."
                if classes
                else "There are no texts in it.",
                place=str(paths[0]),
                remedy="Give one file (a text on every line) or one folder (a text in every "
                "file) per class.",
            )
        given = None if found.splits is None else np.array(found.splits, dtype=np.int8)
        return Raw(
            frame=pd.DataFrame({"label": found.labels}),
            media={"text": Media("tokens", found.texts, {})},
            given=given,
            target="label",
            classes=classes,
            problem="classification",
            options={"encoding": found.encodings[0] if len(set(found.encodings)) == 1 else "auto"},
            notes=tuple(found.notes),
        )


@dataclass
class _Found:
    texts: list[str]
    labels: list[str]
    splits: list[int] | None
    encodings: list[str]
    notes: list[str]


def _siblings(path: Path) -> list[Path]:
    """The files of the same folder that share the name up to the last dot, where their endings name
    classes."""
    beside = [
        other
        for other in path.parent.iterdir()
        if other.is_file() and other.stem == path.stem and other.suffix.lower() not in NO_CLASS
    ]
    return sorted(beside) if path.exists() else [path]


def _by_stem(tree: Tree) -> list[Entry]:
    """Files at the top that share a name and differ in their ending: the largest such group."""
    groups: dict[str, list[Entry]] = {}
    for entry in tree.entries:
        if len(entry.parts) == 1 and entry.suffix not in NO_CLASS:
            groups.setdefault(PurePosixPath(entry.path).stem, []).append(entry)
    best = max(groups.values(), key=len, default=[])
    return best if len(best) > 1 else []


def _one_file_per_class(paths: tuple[Path, ...], encoding: str) -> _Found:
    if len(paths) < 2:
        raise LaminaError(
            f"Beside {paths[0].name} there is no second file of that name for another class.",
            place=str(paths[0].parent),
            remedy="Put reviews.pos and reviews.neg side by side, or give a folder with one file "
            "per class.",
        )
    found = _Found([], [], None, [], [])
    for path in paths:
        if path.stat().st_size > MOST_BYTES:
            raise _too_large(path.name)
        _add_lines(found, path.read_bytes(), path.suffix[1:] or path.name, path.name, encoding)
    return found


def _add_lines(found: _Found, content: bytes, label: str, place: str, encoding: str) -> None:
    text, used = decode(content, encoding, place)
    lines = [
        line.strip()[:LONGEST]
        for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    lines = [line for line in lines if line]
    found.texts += lines
    found.labels += [label] * len(lines)
    found.encodings.append(used)
    found.notes.append(f"{place}: {len(lines):,} texts of the class {label!r}, read as {used}.")


def _from_tree(tree: Tree, encoding: str, progress: Progress) -> _Found:
    if sum(entry.size for entry in tree.entries) > MOST_BYTES:
        raise _too_large(tree.place)
    plain = [entry for entry in tree.entries if entry.suffix == ".txt"]
    flat = [entry for entry in plain if len(entry.parts) == 1]
    pair = _by_stem(tree)
    if pair or (flat and len(flat) == len(plain)):
        found = _Found([], [], None, [], [])
        for entry in pair or flat:
            name = PurePosixPath(entry.path)
            label = name.suffix[1:] if pair else name.stem
            _add_lines(found, tree.read(entry), label, entry.path, encoding)
        return found
    where = layout(tree, PLAIN if not plain else frozenset({".txt"}), "text files")
    splits = None if where.splits is None else list(where.splits)
    found = _Found([], list(where.labels), splits, [], list(where.left_out))
    for done, entry in enumerate(where.entries):
        if done % 500 == 0:
            progress("Reading the texts", done, len(where.entries))
        text, used = decode(tree.read(entry), encoding, entry.path)
        found.texts.append(text.strip()[:LONGEST])
        found.encodings.append(used)
    return found


def _too_large(place: str) -> LaminaError:
    return LaminaError(
        "The texts come to more than 1 GB.", place=place, remedy="Give a smaller part of them."
    )
