"""Whether numbers are written with a decimal point or a decimal comma: 39.1 and 1,234.5, or 39,1
and 1.234,5."""

import re
from collections.abc import Sequence
from itertools import zip_longest

from builder.data.runtime import tables

POINT_NUMBER = re.compile(r"[+-]?\d+\.\d+")
COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+")
COMMA_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+")
"""1.234,50 says of both signs what they are."""
POINT_CERTAIN = re.compile(
    r"[+-]?(\d+\.(\d{1,2}|\d{4,})|0\.(?!000)\d{3}|\d{4,}\.\d{3}|\d{1,3}(,\d{3})+\.\d+)"
)
COMMA_CERTAIN = re.compile(
    r"[+-]?(\d+,(\d{1,2}|\d{4,})|0,(?!000)\d{3}|\d{4,},\d{3}|\d{1,3}(\.\d{3})+,\d+)"
)
"""What cannot be thousands set apart: 39,1 and 0,125, where 3,000 could."""
POINT_STYLE = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
COMMA_STYLE = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
ENOUGH = 0.9  # of a column's cells
ROWS = 500


def guess_decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    """The sign that the columns show which show one beyond doubt; where they show none or both, ","
    if numbers such as 39,1 are commoner than 39.1. Where the comma separates cells, "."."""
    if separator == ",":
        return "."
    cells = [cell.strip() for row in rows[:ROWS] for cell in row]
    if sum(bool(COMMA_GROUPED.fullmatch(cell)) for cell in cells) > 2:
        return ","
    shown = {_shown(column) for column in zip_longest(*rows[1:ROWS], fillvalue="")}
    if len(shown & {",", "."}) == 1:
        return "," if "," in shown else "."
    commas = [cell for cell in cells if COMMA_NUMBER.fullmatch(cell)]
    points = sum(bool(POINT_NUMBER.fullmatch(cell)) for cell in cells)
    groups = sum(bool(re.fullmatch(r"[+-]?\d{1,3},\d{3}", cell)) for cell in commas)
    return "," if len(commas) > points and len(commas) > 2 * groups else "."


def _shown(column: Sequence[str | None]) -> str:
    """The decimal sign that a column shows beyond doubt, else nothing."""
    words = [cell.strip() for cell in column if not tables.is_missing(cell) and cell]
    for sign, certain, style in (
        (",", COMMA_CERTAIN, COMMA_STYLE),
        (".", POINT_CERTAIN, POINT_STYLE),
    ):
        if any(map(certain.fullmatch, words)):
            fits = sum(bool(style.fullmatch(word)) for word in words)
            if fits >= ENOUGH * len(words):
                return sign
    return ""


def other_way(words: Sequence[str], decimal: str) -> bool:
    """Whether a column of these words is written with the other sign than its file: all can be read
    so, and one cannot be read otherwise.
    """
    if decimal == ".":
        return all(map(COMMA_NUMBER.fullmatch, words)) and any(map(COMMA_CERTAIN.fullmatch, words))
    return all(map(POINT_STYLE.fullmatch, words)) and any(map(POINT_CERTAIN.fullmatch, words))
