"""Large text tables read in blocks into compact columns, where they are as regular as most exports.

A Python string for each cell takes ten to twenty times the file's bytes; Arrow's columns take about
as many as the file. Whatever is odd (rows of a wrong length, stray quotes, NUL bytes, comments) is
left to the reader that understands it and names its line.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import psutil

from builder.data.formats import delimited
from builder.data.grid import Columns, shape
from builder.errors import LaminaError
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import pyarrow as pa

BIG = 32_000_000
"""From so many bytes on a text table is read in blocks."""
MAX_BYTES = 20_000_000_000
TIMES = 4  # columns, and what typing one of them takes beside, against the file's bytes
BLOCK = 4 << 20


class Words(Sequence[Any]):
    """A column of text cells, compact; blank cells are None."""

    def __init__(self, cells: "pa.ChunkedArray") -> None:
        self.cells = cells

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> list[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return list(islice(self, *row.indices(len(self))))
        return self.cells[row].as_py()

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.cells.chunks:
            yield from chunk.to_pylist()

    def __contains__(self, word: object) -> bool:
        import pyarrow.compute as pc

        return bool(pc.any(pc.equal(self.cells, str(word))).as_py())

    def free(self) -> None:
        """Let the cells go: they have been typed."""
        self.cells = self.cells.slice(0, 0)


def read(
    path: Path, options: Mapping[str, Any], progress: Progress = silent
) -> tuple[Columns, dict[str, Any]] | None:
    """The table's columns and what was guessed; None where it is small, or too odd for this reader.

    Raises LaminaError where it takes more memory than there is.
    """
    size = path.stat().st_size
    if size < BIG or options.get("quoting") not in (None, "auto", "double"):
        return None
    with path.open("rb") as file:
        head = file.read(delimited.HEAD * 4)
    delimited.refuse_foreign(head, path.name)
    encoding = str(options.get("encoding") or _encoding(path, head))
    if codecs.lookup(encoding).name not in ("utf-8", "cp1252", "iso8859-1"):
        return None
    _check(path, size)
    text = head.decode(encoding, "ignore").removeprefix("\ufeff")
    text = text[: text.rfind("\n") + 1]
    if not text:
        return None
    try:
        grid, found = delimited.sample(text, path, options)
    except csv.Error:
        return None
    separator = found["separator"]
    odd = '"' in text and (separator == "\t" or f'{separator} "' in text)
    if not grid.rows or odd or "\r" in text.replace("\r\n", ""):
        return None
    width = len(grid.rows[0])
    shaped = shape(grid, path.name, header=_flag(options), skip=options.get("skip_rows"))
    if shaped.findings or shaped.skipped or len(shaped.names) != width:
        return None
    columns = _columns(path, size, encoding, separator, shaped, progress)
    if columns is None:
        return None
    found |= {"encoding": encoding, "quoting": "double"}
    notes = shaped.notes
    return Columns(shaped.names, columns, shaped.header, 0, notes, ()), found


def _flag(options: Mapping[str, Any]) -> bool | None:
    return None if options.get("header") is None else bool(options["header"])


def _check(path: Path, size: int) -> None:
    free = psutil.virtual_memory().available
    if size > MAX_BYTES or size * TIMES > free:
        raise LaminaError(
            f"Reading {size / 1e9:,.1f} GB of text takes about {size * TIMES / 1e9:.1f} GB of "
            f"memory; {free / 1e9:.1f} GB are free.",
            place=path.name,
            remedy="Bring a part of it, or close other programs.",
        )


def _encoding(path: Path, head: bytes) -> str:
    """As `delimited.guess_encoding`, without the file in memory."""
    guess = delimited.guess_encoding(head[:4000])
    if guess.startswith("utf-16"):
        return guess
    for encoding in ("utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _columns(
    path: Path, size: int, encoding: str, separator: str, shaped: Columns, progress: Progress
) -> tuple[Words, ...] | None:
    """Every column's cells, blank ones None; None where a row is odd."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [str(place) for place in range(len(shaped.names))]
    batches = []
    try:
        with path.open("rb") as file:
            watched = _Watched(file)
            reader = arrow.open_csv(
                watched,
                arrow.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK,
                    encoding=encoding,
                    column_names=names,
                    skip_rows_after_names=int(shaped.header),
                ),
                arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
                arrow.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=[""],
                ),
            )
            for batch in reader:
                batches.append(batch)
                progress(f"Reading {path.name} (MB)", file.tell() >> 20, size >> 20)
                if watched.odd:
                    return None
    except pa.ArrowInvalid:
        return None
    table = _without_blank(pa.Table.from_batches(batches))
    columns = tuple(Words(table.column(name)) for name in names)
    return None if any(_quoted(column) for column in columns) else columns


class _Watched(io.RawIOBase):
    """The file, with an eye on NUL bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.odd = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._file.read(size)
        self.odd = self.odd or b"\0" in block
        return block


def _without_blank(table: "pa.Table") -> "pa.Table":
    """The table without rows that hold nothing."""
    import pyarrow.compute as pc

    empty = None
    for column in table.columns:
        blank = pc.is_null(column)
        empty = blank if empty is None else pc.and_(empty, blank)
        if not pc.any(empty).as_py():
            return table
    return table.filter(pc.invert(empty))


def _quoted(column: Words) -> bool:
    """Whether a quote stands at the beginning of a cell's text: after a space it was not seen as
    one."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring_regex(column.cells, r'^\s*"')).as_py())
