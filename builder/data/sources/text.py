"""Texts in a column of a table: CSV, TSV and all that the table source reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data import names
from builder.data.base import Media, Raw, Source
from builder.data.options import Option
from builder.data.read import catalogue
from builder.errors import LaminaError
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".parquet", ".xlsx")
OWN = ("column",)


class TextColumn(Source):
    """A table with one column of texts; the others are its target and features."""

    kind: ClassVar[str] = "text"
    title: ClassVar[str] = "Texts in a table"
    help: ClassVar[str] = "A CSV or TSV with a column of texts and a column to predict."
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "path", "path", "File", suffixes=SUFFIXES, help="The table with the texts to train on."
        ),
        Option(
            "column",
            "text",
            "Text column",
            help="Its name, or #0 for the first; the column with the longest texts where empty.",
        ),
        Option(
            "test_path",
            "path",
            "Test file",
            suffixes=SUFFIXES,
            help="A second file with the same columns; its rows are the test split.",
            advanced=True,
        ),
        Option(
            "separator",
            "text",
            "Separator",
            help="The character between cells; tab may be written \\t.",
            advanced=True,
        ),
        Option(
            "encoding",
            "choice",
            "Encoding",
            choices=("utf-8", "utf-16", "cp1252", "latin-1"),
            help="How letters are stored. Wrong where ü looks like Ã¼.",
            advanced=True,
        ),
        Option(
            "header",
            "bool",
            "First row names the columns",
            help="Without names, columns are called #0, #1, …",
            advanced=True,
        ),
        names.OPTION,
        Option(
            "quoting",
            "choice",
            "Quotes",
            "auto",
            choices=("auto", "double", "none"),
            help='Whether " holds a cell together, or is part of the text (none).',
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits what the table source reads; whether it holds texts shows when it is read."""
        return type(catalogue()["table"]).unfit(path)

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The table's file and the test file, where there is one."""
        return catalogue()["table"].files(_for_table(options))

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All rows; the text column becomes the media column "text"."""
        raw = catalogue()["table"].read(_for_table(options), progress)
        column = _column(raw.frame, options.get("column"), str(self.files(options)[0].name))
        texts = ["" if cell is None or cell != cell else str(cell) for cell in raw.frame[column]]
        rest = raw.frame.drop(columns=[column])
        name = "text" if "text" not in rest.columns else column
        findings = raw.findings
        media = Media("tokens", texts, {"cells": [column] if column != name else []})
        return Raw(
            frame=rest,
            media={name: media},
            given=raw.given,
            target=str(rest.columns[0]) if rest.shape[1] == 1 else None,
            options={**raw.options, "column": column},
            choices=raw.choices,
            notes=(f"The texts are in the column {column!r}.", *raw.notes),
            findings=findings,
            reading={key: how for key, how in raw.reading.items() if key != column},
            headerless=raw.headerless,
            named=raw.named,
        )


def _for_table(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in OWN}


def _column(frame: "pd.DataFrame", wanted: Any, place: str) -> str:
    """The column that was asked for, else the one with the longest texts. Raises LaminaError where
    there is none."""
    names = [str(name) for name in frame.columns]
    if wanted:
        if str(wanted) in names:
            return str(wanted)
        position = str(wanted).removeprefix("#")
        if str(wanted).startswith("#") and position.isdecimal() and int(position) < len(names):
            return names[int(position)]
        raise LaminaError(
            f"There is no column {wanted!r}.",
            place="data.options.column",
            remedy=f"Its columns are {', '.join(names[:20])}.",
        )
    lengths = {name: _length(frame[name].tolist()) for name in names}
    best = max(names, key=lambda name: lengths[name], default="")
    if not best or lengths[best] < 8:
        raise LaminaError(
            "No column holds texts; they are all numbers or single words.",
            place=place,
            remedy="Choose the source Table, or name the column in the option column.",
        )
    return best


def _length(cells: Sequence[Any]) -> float:
    """The mean length of a column of different texts; 0 for numbers, dates and columns that repeat
    a few names."""
    step = max(1, len(cells) // 2000)
    sample = [cell for cell in cells[::step] if isinstance(cell, str)]
    if len(sample) * 2 < len(cells[::step]):
        return 0.0
    words = sum(len(cell.split()) for cell in sample) / max(len(sample), 1)
    if words < 3 and len(set(sample)) * 5 < len(sample) and len(sample) > 20:
        return 0.0
    return sum(map(len, sample)) / max(len(sample), 1)
