"""Text tables: any separator, encoding and quoting, guessed from the file."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from builder.data.formats.decimals import guess_decimal
from builder.data.grid import MAX_COLUMNS, Grid
from builder.errors import LaminaError

MAX_BYTES = 2_000_000_000
MAX_CELL = 64_000_000
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", " ": "space"}
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1")
HEAD = 256_000
UNUSED = "\t"
"""Cuts no line of a file in which it does not stand."""
LINES = 300
PROSE = 0.6  # of the characters are letters
USUAL = 0.7  # of a table's rows have the usual number of cells
WHOLE = 0.1  # of the texts have no comma


def read(path: Path, options: Mapping[str, Any]) -> tuple[Grid, dict[str, Any]]:
    """The file's rows, and what was guessed: encoding, separator, quoting, decimal.

    Raises LaminaError for what is no text table: another format, a wrong encoding, a quote that
    never closes.
    """
    if path.stat().st_size > MAX_BYTES:
        raise LaminaError(
            f"The file has {path.stat().st_size / 1e9:.1f} GB; text tables are read up to 2 GB.",
            place=path.name,
            remedy="Save it as Parquet, or bring a part of it.",
        )
    data = path.read_bytes()
    refuse_foreign(data, path.name)
    encoding = options.get("encoding") or guess_encoding(data)
    text = decode(data, str(encoding), path.name)
    del data
    _refuse_nul(text, path.name)
    separator = choose_separator(text, path, options)
    rows, lines, quoting = _rows(text, separator, str(options.get("quoting") or "auto"), path.name)
    decimal = options.get("decimal") or guess_decimal(rows, separator)
    guessed = {
        "encoding": str(encoding),
        "separator": separator,
        "quoting": quoting,
        "decimal": str(decimal),
    }
    return Grid(rows, lines, _spaces(text, separator)), guessed


def sample(text: str, path: Path, options: Mapping[str, Any]) -> tuple[Grid, dict[str, Any]]:
    """The rows of a table's beginning, and what was guessed: separator, decimal.

    Raises csv.Error where it is no plain table.
    """
    separator = choose_separator(text, path, options)
    rows, lines = _parse(text, separator, csv.QUOTE_MINIMAL, strict=True)
    decimal = options.get("decimal") or guess_decimal(rows, separator)
    guessed = {"separator": separator, "decimal": str(decimal)}
    return Grid(rows, lines, _spaces(text, separator)), guessed


def choose_separator(text: str, path: Path, options: Mapping[str, Any]) -> str:
    """The separator that was asked for, else guessed. Raises LaminaError for several characters."""
    asked = options.get("separator") or guess_separator(text, path.suffix.lower())
    separator = {"tab": "\t", "\\t": "\t"}.get(str(asked), str(asked))
    if len(separator) != 1:
        raise LaminaError(
            f"A separator is one character, not {separator!r}.", place="data.options.separator"
        )
    return separator


def _spaces(text: str, separator: str) -> list[str]:
    head = text[:HEAD]
    if separator == " " or head.count(f"{separator} ") <= 0.5 * head.count(separator):
        return []
    return [f"The space after each {SEPARATORS.get(separator, separator)} was taken off."]


def refuse_foreign(data: bytes, place: str) -> None:
    """LaminaError for an empty file, and for what is plainly another format."""
    head = data[:2048].lstrip(codecs.BOM_UTF8).lstrip().lower()
    if not data.strip():
        raise LaminaError("The file is empty.", place=place, remedy="Choose a file with rows.")
    page = head.startswith((b"<!doctype", b"<html", b"<head", b"<body"))
    columns = 1 + max(data[: data.find(b"\n")].count(mark) for mark in (b",", b";", b"\t", b"|"))
    if columns > MAX_COLUMNS:
        raise LaminaError(
            f"The first line has {columns:,} cells, more than {MAX_COLUMNS:,}.",
            place=f"{place}, line 1",
            remedy="Check the separator, or keep fewer columns.",
        )
    if page:
        raise LaminaError(
            "This is a web page, not a table.",
            place=place,
            remedy="Download the data itself; the page may be an error or a sign-in page.",
        )
    kinds = {
        b"%pdf": "a PDF",
        b"\x89png": "a PNG image",
        b"\xff\xd8\xff": "a JPEG image",
        b"\x1f\x8b": "a gzip archive",
        b"<?xml": "XML",
        b"7z\xbc\xaf": "a 7-zip archive",
        b"sqlite format 3": "an SQLite database",
        b"{\\rtf": "a text document (RTF)",
    }
    for mark, kind in kinds.items():
        if head.startswith(mark):
            raise LaminaError(
                f"This is {kind}, not a table.",
                place=place,
                remedy="Unpack it first." if "archive" in kind else "Export it as CSV.",
            )


def guess_encoding(data: bytes) -> str:
    """By byte-order mark, by the zeros of UTF-16 and UTF-32, by whether it is UTF-8; else Windows'
    western code page."""
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:4000]
    upper = {encoding: head[place::4] for encoding, place in (("utf-32-le", 3), ("utf-32-be", 0))}
    for encoding, highest in upper.items():
        if highest and not any(highest) and head.count(0) > 0.6 * len(head):
            return encoding  # no character has a number that fills its highest byte
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head) / 2 and even == 0:
        return "utf-16-le"
    if even > 0.3 * len(head) / 2 and odd == 0:
        return "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def decode(data: bytes, encoding: str, place: str) -> str:
    """The text without its byte-order mark. Raises LaminaError with the line of the first wrong
    byte."""
    try:
        text = data.decode(encoding)
    except LookupError:
        raise LaminaError(
            f"The encoding {encoding!r} is not known.",
            place="data.options.encoding",
            remedy=f"Take one of {', '.join(ENCODINGS)}.",
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LaminaError(
            f"The file is not {encoding} text.",
            place=f"{place}, line {line}",
            remedy="Set another encoding, or leave it to be guessed; or save it again as UTF-8.",
        ) from None
    return text.removeprefix("\ufeff")


def _refuse_nul(text: str, place: str) -> None:
    at = text.find("\0")
    if at >= 0:
        raise LaminaError(
            "The line holds a NUL byte: the file is damaged, or no text.",
            place=f"{place}, line {text.count(chr(10), 0, at) + 1}",
            remedy="Export it again as CSV.",
        )


def guess_separator(text: str, suffix: str = "") -> str:
    """The character that cuts most lines into the same number of cells; a comma where none does."""
    head = text[:HEAD]
    if len(text) > HEAD:
        head = head[: head.rfind("\n") + 1] or head
    preferred = {".tsv": "\t", ".tab": "\t", ".psv": "|"}.get(suffix, ",")
    best, best_score = preferred, 0.0
    for separator in SEPARATORS:
        score = _evenness(head, separator)
        if separator == " ":
            score *= 0.5
        if separator == preferred:
            score *= 1.2
        if score > best_score:
            best, best_score = separator, score
    if best == "," and not re.search(r"(?<!\d),|,(?!\d)", head):
        # Every comma stands between digits: it may be the decimal comma of another separator's
        # table.
        others = {separator: _evenness(head, separator) for separator in ";\t|"}
        if max(others.values()) > 1.0:
            best = max(others, key=lambda separator: others[separator])
    return UNUSED if UNUSED not in head and _one_column(head, best) else best


def _one_column(head: str, separator: str) -> bool:
    """Whether lines are texts of one column, which the separator only happens to cut: mostly
    letters, of any number of pieces, under a first line that is whole.
    """
    lines = [line for line in head.splitlines()[:LINES] if line.strip()]
    letters = sum(map(str.isalpha, "".join(lines)))
    if len(lines) < 3 or letters < PROSE * sum(map(len, lines)):
        return False
    counts = Counter(len(row) for row in _cut(head, separator)[1:])
    ragged = max(counts.values(), default=0) < USUAL * counts.total()
    if separator == " ":
        return ragged or " " not in lines[0].strip()
    whole = not any(mark in lines[0] for mark in SEPARATORS if mark not in " :")
    return ragged and whole and counts[1] >= WHOLE * counts.total()


def _cut(head: str, separator: str) -> list[list[str]]:
    """The first rows; none where they cannot be cut so."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        return [row for row in islice(reader, LINES) if any(map(str.strip, row))]
    except csv.Error:
        return []


def _evenness(head: str, separator: str) -> float:
    """The share of lines with the usual number of cells, more for many cells; 0 where it does not
    cut."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    counts: Counter[int] = Counter()
    first = 0
    try:
        reader = csv.reader(
            io.StringIO(head, newline=""),
            delimiter=separator,
            skipinitialspace=True,
            quoting=quoting,
        )
        for row in reader:
            if any(cell.strip() for cell in row):
                counts[len(row)] += 1
                first = first or len(row)
            if counts.total() >= 300:
                break
    except csv.Error:
        return 0.0
    if not counts:
        return 0.0
    usual, times = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if usual == 1:
        return 0.0
    whole = 1.0 if first == usual else 0.6  # titles above the table are rarer than a wrong guess
    return float(whole * times / counts.total() * (1 + min(usual, 50) / 50))


def _rows(
    text: str, separator: str, quoting: str, place: str
) -> tuple[list[list[str]], list[int], str]:
    """All rows with their lines. Quotes are left alone where they are part of the text (most TSV
    files)."""
    csv.field_size_limit(MAX_CELL)
    if quoting == "none":
        return *_parse(text, separator, csv.QUOTE_NONE, strict=False), "none"
    try:
        rows, lines = _parse(text, separator, csv.QUOTE_MINIMAL, strict=True)
    except csv.Error as error:
        if quoting == "auto" and separator == "\t":
            return *_parse(text, separator, csv.QUOTE_NONE, strict=False), "none"
        if "unexpected end" in str(error):
            raise _unclosed(text, separator, place) from None
        rows, lines = _loose(text, separator, place)
    if quoting == "auto" and separator == "\t" and _swallowed(rows):
        return *_parse(text, separator, csv.QUOTE_NONE, strict=False), "none"
    return rows, lines, "double"


def _parse(
    text: str, separator: str, quoting: Literal[0, 3], *, strict: bool
) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        skipinitialspace=separator != "\t",
        quoting=quoting,
        strict=strict,
    )
    rows, lines = [], []
    before = 0
    for row in reader:
        rows.append(row)
        lines.append(before + 1)
        before = reader.line_num
    return rows, lines


def _loose(text: str, separator: str, place: str) -> tuple[list[list[str]], list[int]]:
    """Rows where a quote stands inside a cell; LaminaError where a cell grows too large."""
    try:
        return _parse(text, separator, csv.QUOTE_MINIMAL, strict=False)
    except csv.Error:
        raise _unclosed(text, separator, place) from None


def _swallowed(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a quote has joined lines of a tab-separated file: a cell that holds a tab and a
    line's end."""
    return any("\n" in cell and "\t" in cell for row in rows for cell in row)


def _unclosed(text: str, separator: str, place: str) -> LaminaError:
    """The error for a quote that never closes, with the line where its row begins."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    line = 1
    while True:
        try:
            next(reader)
        except (csv.Error, StopIteration):
            break
        line = reader.line_num + 1
    return LaminaError(
        "A quote is opened and never closed.",
        place=f"{place}, line {line}",
        remedy='Close it, or set quoting to "none" if quotes are part of the text.',
    )
