"""Whether a table's first row names its columns: the odds that it was drawn like the rows below.

Each column says how likely its first cell is as one more row, and how likely as a name. A word
above numbers is a rare row and a usual name; a word that comes again below is a usual row and a
rare name. The odds of all columns are multiplied, so one column whose name is also a value does not
outvote a column of dates with a word above it.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from builder.data.runtime import tables

ROWS = 500
COLUMNS = 200  # of a wider table, so many are asked, spread evenly
TRIED = 100  # cells of a column that are tried as numbers
TYPED = 0.8  # from this share of numbers on, a column is one of numbers
CAP = 4.0  # natural logarithm: what one column may say at most
USUAL = 1.1  # three tables in four have a header
NAME_IS_NUMBER = 0.05
NAME_IS_GAP = 0.01
NAME_IS_VALUE = 0.05
NAME_HAS_NO_DIGIT = 0.85
NAMES_REPEAT = -1.5
LONG_NAME = 40
MOST_WORDS = 3  # of a name above sentences
NEARLY_ALL = 0.8
STOPS = (".", "!", "?", "…", "。", "！", "？")
ENUMERATED = re.compile(r"([^\W\d][\w .-]*?)(\d{1,6})")


def guess_header(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether the first row names the columns, judged by up to 500 rows and 200 columns."""
    first, rest = rows[0], rows[1:ROWS]
    names = [_text(cell) for cell in first]
    known = [name for name in names if name]
    if not known:
        return False
    if not rest:
        return not any(map(is_number, first))
    if any(kind(first) and not kind(rest[0]) for kind in (_numbered, _enumerated)):
        return True
    if len(first) == 1 and _sentences(rest):
        return _names_sentences(names[0], rest)
    words = [name for name in known if not is_number(name)]
    odds = USUAL + (NAMES_REPEAT if len(set(words)) < len(words) else 0.0)
    for place in range(0, len(names), 1 + len(names) // COLUMNS):
        name = names[place]
        below = [row[place] for row in rest if place < len(row)]
        odds += min(CAP, max(-CAP, _odds(first[place], name, below))) if name else 0.0
    return odds > 0 or _counts_up(first, rest)


def _sentences(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether most rows of a single column are several words."""
    several = sum(len(_text(row[0]).split()) > 2 for row in rows if row)
    return several > len(rows) / 2


def _names_sentences(name: str, rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a line above sentences differs from them: a few words without a stop, shorter than
    nearly all of them.
    """
    shorter = sum(len(name) < len(_text(row[0])) for row in rows if row)
    plain = len(name.split()) <= MOST_WORDS and not name.endswith(STOPS)
    return plain and name != _text(rows[0][0]) and shorter >= NEARLY_ALL * len(rows)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _odds(first: Any, name: str, below: Sequence[Any]) -> float:
    """Natural logarithm of: chance of this cell as a name / chance of it as one more row."""
    cells = [cell for cell in below if not tables.is_missing(cell)]
    if not cells:
        return 0.0
    if tables.is_missing(first):
        gaps = len(below) - len(cells)
        return math.log(NAME_IS_GAP / _chance(gaps, len(below)))
    tried = cells[:TRIED]
    numbers = sum(map(is_number, tried))
    if numbers >= TYPED * len(tried):
        if is_number(first):
            return math.log(NAME_IS_NUMBER)
        if name not in map(_text, cells):
            return math.log((1 - NAME_IS_NUMBER) / _chance(len(tried) - numbers, len(tried)))
    times = Counter(map(_text, cells))
    new = _chance(sum(count == 1 for count in times.values()), len(cells))
    if name in times:
        return min(0.0, math.log(NAME_IS_VALUE / max(1 - new, 1 / len(cells))))
    return _digits(name, cells) + _length(name, cells) - math.log(new)


def _chance(times: int, of: int) -> float:
    """Of what came so many times in so many rows, in one more row; never nought."""
    return min(1.0, (times + 1) / (of + 1))


def _digits(name: str, cells: Sequence[Any]) -> float:
    """Dates, codes and sizes hold digits in every cell; names seldom do."""
    have = sum(_has_digit(_text(cell)) for cell in cells)
    if _has_digit(name):
        return math.log((1 - NAME_HAS_NO_DIGIT) / _chance(have, len(cells)))
    return math.log(NAME_HAS_NO_DIGIT / _chance(len(cells) - have, len(cells)))


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text[:200])


def _length(name: str, cells: Sequence[Any]) -> float:
    """A name is often shorter than every text below it, and seldom as long as a sentence."""
    lengths = [len(_text(cell)) for cell in cells]
    if len(name) < min(lengths):
        return math.log(0.5 / _chance(0, len(cells)))
    longer = len(name) > 3 * sum(lengths) / len(lengths) + 20
    return math.log(0.1) if len(name) > LONG_NAME or longer else math.log(0.5)


def _numbered(row: Sequence[Any]) -> bool:
    """Column numbers as pandas writes them (0, 1, 2, …), a word or two among them."""
    words = [cell for cell in row if not is_number(cell)]
    numbers = [_value(cell) for cell in row if is_number(cell)]
    if len(numbers) < 4 or len(words) > 2 or numbers[0] not in (0.0, 1.0):
        return False
    return all(after - before == 1.0 for before, after in pairwise(numbers))


def _enumerated(row: Sequence[Any]) -> bool:
    """One word with a number that counts up by one: field1, field2, … or x_0, x_1, …"""
    found = [ENUMERATED.fullmatch(_text(cell)) for cell in row]
    parts = [(match[1], int(match[2])) for match in found if match]
    if len(parts) < max(2, len(row) - 1):
        return False
    return all(b[0] == a[0] and b[1] - a[1] == 1 for a, b in pairwise(parts))


def _counts_up(first: Sequence[Any], rest: Sequence[Sequence[Any]]) -> bool:
    """A header of a word and then years or numbers that count up by one (Year, 2000, 2001, …)."""
    if len(first) < 4 or not _text(first[0]) or is_number(first[0]):
        return False
    if not all(map(is_number, first[1:])):
        return False
    numbers = [_value(cell) for cell in first[1:]]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps == {1.0} and all(not is_number(row[0]) for row in rest[:20] if row)


def is_number(cell: Any) -> bool:
    """Whether a cell holds a number, in any of the ways that they are written."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        return True
    if tables.is_missing(cell):
        return False
    try:
        _value(cell)
    except ValueError:
        return False
    return True


def _value(cell: Any) -> float:
    try:
        return tables.to_number(cell)
    except ValueError:
        return tables.to_number(cell, ",")
