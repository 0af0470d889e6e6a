"""The .ts format of the UCR and UEA archives, as sktime and aeon write it: several channels, gaps,
unequal lengths.

After the head (@problemName, @timeStamps, @classLabel, …) every line is one series: channels apart
by ":", values by ",", the label last. With @timeStamps true, values are pairs "(time,value)" and
only the order of their times is used.
"""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError

if TYPE_CHECKING:
    import numpy as np

MOST_VALUES = 200_000_000
PAIR = re.compile(r"\(([^()]*),([^(),]*)\)")


@dataclass(frozen=True)
class TsFile:
    """Series float32 [C, T] (T may differ), labels (classes or numbers as text; empty where there
    are none)."""

    series: list["np.ndarray[Any, Any]"]
    labels: list[str]
    classes: tuple[str, ...]
    numeric: bool  # the label is a number to predict (@targetLabel true)


def read_ts(text: str, place: str) -> TsFile:
    """Parse the whole file. Raises LaminaError with the line where it cannot be read."""
    head: dict[str, list[str]] = {}
    series: list[np.ndarray[Any, Any]] = []
    labels: list[str] = []
    in_data = False
    values = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            name, *words = line[1:].split() or [""]
            in_data = name.lower() == "data"
            head[name.lower()] = words
            continue
        if not in_data:
            raise LaminaError(
                "There is a line of data before @data.",
                place=f"{place}, line {number}",
                remedy="A .ts file begins with lines such as @problemName and @classLabel, then "
                "@data.",
            )
        one, label = _line(line, head, f"{place}, line {number}")
        if series and len(one) != len(series[0]):
            raise LaminaError(
                f"The series has {len(one)} channels, those before have {len(series[0])}.",
                place=f"{place}, line {number}",
                remedy="Correct the line; channels are set apart by a colon.",
            )
        values += one.size
        if values > MOST_VALUES:
            raise LaminaError(
                f"It holds more than {MOST_VALUES:,} values.", place=place, remedy="Give a part."
            )
        series.append(one)
        labels.append(label)
    if not series:
        raise LaminaError(
            "There is no series in it.",
            place=place,
            remedy="A .ts file has its series after @data.",
        )
    numeric = _flag(head, "targetlabel")
    classes = tuple(head.get("classlabel", [])[1:]) if _flag(head, "classlabel") else ()
    unknown = sorted(set(labels) - set(classes)) if classes else []
    if unknown:
        raise LaminaError(
            f"The label {unknown[0]!r} is not among those that @classLabel names.",
            place=f"{place}, series {labels.index(unknown[0]) + 1}",
            remedy="Correct the label or the head.",
        )
    return TsFile(series, labels, classes, numeric)


def _flag(head: dict[str, list[str]], name: str) -> bool:
    return [word.lower() for word in head.get(name, [])[:1]] == ["true"]


def _line(line: str, head: dict[str, list[str]], place: str) -> tuple["np.ndarray[Any, Any]", str]:
    import numpy as np

    label = ""
    labelled = _flag(head, "classlabel") or _flag(head, "targetlabel")
    channels = line.split(":") if not _flag(head, "timestamps") else _timed(line, place)
    if labelled:
        if len(channels) < 2:
            raise LaminaError(
                "The label at the end of the line is missing.",
                place=place,
                remedy="Write it after a last colon.",
            )
        label = channels.pop().strip()
    rows = [_numbers(channel.split(","), place) for channel in channels]
    longest = max(len(row) for row in rows)
    padded = [row + [math.nan] * (longest - len(row)) for row in rows]
    return np.array(padded, dtype=np.float32), label


def _timed(line: str, place: str) -> list[str]:
    """Channels of "(time,value),(time,value)" pairs as plain values; the rest of the line stays as
    the label."""
    head, _, label = line.rpartition(":")
    if "(" in label:
        head, label = line, ""
    channels = []
    for channel in re.split(r":(?=\s*\()", head):
        if rest := PAIR.sub("", channel).strip(", \t"):
            raise LaminaError(
                f"{rest[:40]!r} is no pair of a time and a value.",
                place=place,
                remedy="Write (time,value),(time,value), or @timeStamps false in the head.",
            )
        channels.append(",".join(pair[1] for pair in PAIR.findall(channel)))
    return [*channels, label] if label else channels


def _numbers(cells: list[str], place: str) -> list[float]:
    try:
        return list(map(float, cells))
    except ValueError:
        return [_number(cell, place) for cell in cells]


def _number(cell: str, place: str) -> float:
    cell = cell.strip()
    if cell in ("?", "", "NaN", "nan"):
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise LaminaError(
            f"{cell[:40]!r} is no number.",
            place=place,
            remedy="Correct it, or write ? for a missing value.",
        ) from None
