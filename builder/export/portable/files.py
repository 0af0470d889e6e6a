"""Read what is to be predicted, write what was predicted. The standard library only."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from builder.data.runtime import spreadsheet
from builder.export.portable import separated, ts
from builder.export.portable.separated import PREDICTION, Line

Record = dict[str, Any]
TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".data", ".test")
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
JSON = (".json", ".jsonl", ".ndjson")


class Missing(ValueError):
    """An argument names a file that is not there."""


def records(given: Sequence[str], settings: Mapping[str, Any]) -> list[Record]:
    """What the arguments name: tables, images, folders of images; else they are texts themselves.

    `settings` is the fitted preparation. Raises ValueError with the file and what is wrong.
    """
    found: list[Record] = []
    for argument in given:
        found.extend(_argument(argument, settings))
    if not found:
        raise ValueError("There is nothing to predict.")
    return found


def _argument(argument: str, settings: Mapping[str, Any]) -> list[Record]:
    forms = {part["form"]: part for part in settings["inputs"].values()}
    media = forms.get("image") or forms.get("tokens")
    path = Path(argument)
    try:
        exists = path.exists()
    except (OSError, ValueError):  # too long for a name, or with characters that names cannot have
        exists = False
    if exists and path.is_dir():
        inside = (Path(at, name) for at, _, names in os.walk(path) for name in names)
        images = sorted(item for item in inside if item.suffix.lower() in IMAGES)
        if "image" not in forms or not images:
            raise ValueError(f"{path}: the folder holds no images that could be predicted.")
        return [{forms["image"]["column"]: item} for item in images]
    if exists and "image" in forms and len(forms) == 1:
        return [{forms["image"]["column"]: path}]
    if exists and media and media["form"] == "tokens" and _holds_lines(path, settings):
        return [{media["column"]: line} for line in text_of(path).splitlines() if line.strip()]
    if exists and path.suffix.lower() == ".ts" and "series" in forms:
        column, read = forms["series"]["column"], ts.series(text_of(path), path.name)
        return [_placed(Line({column: channels}), place) for place, channels in read]
    if exists and len(settings["inputs"]) == 1 and _single(forms.get("series")):
        return _wide(path, forms["series"]["column"], settings)
    if exists:
        return table(path, wanted(settings), how_of(settings))
    if media and media["form"] == "tokens" and len(settings["inputs"]) == 1:
        return [{media["column"]: argument}]
    raise Missing(f"There is no file {argument}.")


def _single(part: Mapping[str, Any] | None) -> bool:
    """Whether an input is a series of one channel that no columns were named for."""
    return part is not None and len(part["channels"]) == 1 and not part.get("cells")


def _wide(path: Path, column: str, settings: Mapping[str, Any]) -> list[Record]:
    """Series of a file: in a column of its own, else one per line with a cell per moment, beside
    which only the target may stand.
    """
    how = how_of(settings)
    text, _ = separated.decoded(path, str(how.get("encoding") or ""))
    trained = how.get("separator")
    known = [trained] if trained and len(separated.header(text, trained)) > 2 else []
    separator = max(known or separated.SEPARATORS, key=lambda it: len(separated.header(text, it)))
    header = separated.header(text, separator)
    target = how["target"]
    moments = [name for name in header if name != target]
    if path.suffix.lower() in JSON or column in header or len(moments) < 2:
        return table(path, wanted(settings), how)
    decimal = str(how.get("decimal") or ".")
    values = _all_values([cell.replace(decimal, ".") for cell in header])
    if values:
        header = moments = [f"moment {n}" for n in range(1, len(header) + 1)]
    found: list[Record] = []
    for line in separated.under(text, path.name, separator, header, headed=not values):
        cells = [_moment(line[n].replace(decimal, "."), n, line.place) for n in moments]
        found.append(_placed(Line({column: cells}), line.place))
    return found


def _holds_lines(path: Path, settings: Mapping[str, Any]) -> bool:
    """Whether each line of a file is a text: of a .txt that is no table as training's was."""
    if path.suffix.lower() != ".txt":
        return False
    how = how_of(settings)
    text, _ = separated.decoded(path, str(how.get("encoding") or ""))
    return not separated.trained_alike(text, wanted(settings), how)


def _all_values(first: Sequence[str]) -> bool:
    """Whether a first line holds values, not names: numbers alone, which do not merely count on."""
    try:
        numbers = [float(cell) for cell in first]
    except ValueError:
        return False
    return any(abs(after - before - 1) > 1e-9 for before, after in pairwise(numbers))


def _moment(cell: str, name: str, place: str) -> float:
    try:
        return float(cell) if cell.strip() else float("nan")
    except ValueError:
        raise ValueError(f"{place}: {name} is {cell[:40]!r}, which is no number.") from None


def wanted(settings: Mapping[str, Any]) -> list[str]:
    """The columns that a table must have, in order."""
    names: dict[str, None] = {}
    for part in settings["inputs"].values():
        if part["form"] in ("vector", "codes"):
            names.update(dict.fromkeys(column["name"] for column in part["columns"]))
        else:
            names.update(dict.fromkeys(part.get("cells") or [part["column"]]))
    return list(names)


def text_of(path: Path) -> str:
    """The file as text: UTF-8, else UTF-16 with a mark, else Windows' Latin-1."""
    return separated.decoded(path)[0]


def table(path: Path, columns: Sequence[str], how: Mapping[str, Any]) -> list[Record]:
    """The rows of a CSV, TSV, JSON or JSON-lines file; ValueError with the line that is wrong.

    `how` is what is known of the training file (see `separated`).
    """
    text, said = separated.decoded(path, str(how.get("encoding") or ""))
    if path.suffix.lower() in JSON:
        return _json(text, path.name, columns, how)
    return [*separated.records(text, path.name, columns, how, said)]


def how_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the training file; nothing for runs from before it was kept."""
    target = (settings.get("target") or {}).get("name")
    return {**settings.get("file", {}), "target": target}


def _json(text: str, name: str, columns: Sequence[str], how: Mapping[str, Any]) -> list[Record]:
    try:
        document = json.loads(text)
        rows = document if isinstance(document, list) else [document]
    except ValueError:
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except ValueError as error:
                    raise ValueError(f"{name}, line {number}: this is no JSON.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{name}: each row must be an object with the columns as keys.")
    return [
        _placed(
            Line(zip(separated.shown(list(row), columns, how), row.values())), f"{name}, row {at}"
        )
        for at, row in enumerate(rows, start=1)
    ]


def _placed(line: Line, place: str) -> Line:
    line.place = place
    return line


def flat(given: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[Record]:
    """The given cells with the prediction and one probability per class beside them."""
    taken = {str(key) for record in given for key in record}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        return name

    out = []
    for record, row in zip(given, rows):
        line: Record = {str(key): _cell(value) for key, value in record.items()}
        line[free(PREDICTION)] = row["prediction"]
        for label, share in row.get("probabilities", {}).items():
            line[free(f"probability of {label}")] = share
        out.append(line)
    return out


def _cell(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(list(value))


def csv_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a header; what a spreadsheet would take for a formula gets an apostrophe, which
    `table` takes off again.
    """
    header = list(dict.fromkeys(key for line in lines for key in line))
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([spreadsheet.safe(name) for name in header])
    for line in lines:
        writer.writerow([spreadsheet.safe(line.get(name, "")) for name in header])
    return file.getvalue()
