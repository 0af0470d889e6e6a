"""A text file as one long text: a book, a script, a log, for networks that learn to go on
writing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from builder.data import pieces
from builder.data.base import Raw, Source
from builder.data.encodings import ENCODINGS, decode
from builder.data.options import Option
from builder.data.paths import locate
from builder.errors import LaminaError
from builder.progress import Progress, silent

SUFFIXES = (".txt", ".text", ".md", ".rst")


class LongText(Source):
    """One text file, read as a whole and shared out by position."""

    kind: ClassVar[str] = "long_text"
    title: ClassVar[str] = "One long text"
    help: ClassVar[str] = (
        "A text file read from beginning to end, for a network that learns to write on. "
        "Its last part is kept for the test."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "Text file", suffixes=SUFFIXES, help="Plain text, one file."),
        pieces.CONTEXT,
        Option(
            "encoding",
            "choice",
            "Encoding",
            "auto",
            "How letters are stored. Wrong where ü looks like Ã¼.",
            choices=ENCODINGS,
            advanced=True,
        ),
        *pieces.SHARES,
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """None for a file with a text's suffix."""
        if not path.is_file():
            return f"{path.name} is a folder; a long text is one file."
        if path.suffix.lower() not in SUFFIXES:
            return f"{path.name} does not end like a text ({', '.join(SUFFIXES)})."
        return None

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The text file."""
        path = locate(options.get("path"), "data.options.path")
        if path.is_dir():
            raise LaminaError(
                "This is a folder; a long text is one file.",
                place=str(path),
                remedy="Name the file inside it.",
            )
        return (path,)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """The whole text, cut into pieces that follow each other."""
        (path,) = self.files(options)
        if path.stat().st_size > pieces.MOST_BYTES:
            raise LaminaError(
                "The text is larger than 100 MB.",
                place=path.name,
                remedy="Bring a part of it.",
            )
        progress("Reading the text", 0, 0)
        encoding = str(options.get("encoding") or "auto")
        if encoding not in ENCODINGS:
            raise LaminaError(
                f"The encoding {encoding!r} is not known.",
                place="data.options.encoding",
                remedy=f"Take one of {', '.join(ENCODINGS)}.",
            )
        text, used = decode(path.read_bytes(), encoding, path.name)
        return pieces.raw(text, options, path.name, (f"{path.name} was read as {used}.",))
