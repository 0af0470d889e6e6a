"""Whether the first row names the columns is judged by every column at once."""

from collections.abc import Sequence

import pytest

from builder.data.grid import Grid, shape
from builder.data.header import guess_header

DAYS = [f"2024-03-{day:02}" for day in range(1, 29)]
FILMS = [f"a film about the {word} of things" for word in ("end", "heart", "art", "midst", "rest")]
COLOURS = ["red", "green", "blue", "red", "blue", "green", "red"]


def _table(first: Sequence[str], *columns: Sequence[str]) -> list[list[str]]:
    rows = min(map(len, columns))
    return [list(first), *(list(row) for row in zip(*(c[:rows] for c in columns), strict=True))]


NAMED = {
    "word above numbers, label equal to a value": _table(
        ("t", "y"), list(map(str, range(20))), ["x", "y"] * 10
    ),
    "word above dates, label equal to a value": _table(("t", "y"), DAYS, ["x", "y"] * 14),
    "word above codes, label equal to a value": _table(
        ("id", "y"), [f"A-{n:03}" for n in range(20)], ["x", "y"] * 10
    ),
    "word above texts, label equal to a value": _table(
        ("t", "y"), FILMS * 6, ["x", "y", "y", "x", "y"] * 6
    ),
    "two languages": _table(
        ("de", "en"), [f"Ein Satz {n}" for n in FILMS], [f"A sentence {n}" for n in FILMS]
    ),
    "categories alone": _table(("colour", "size"), COLOURS, ["S", "M", "S", "L", "M", "S", "L"]),
    "a word repeated in the header": _table(
        ("age", "age", "sex"), ["1", "2", "3"], ["4", "5", "6"], ["m", "f", "m"]
    ),
    "names that count": [["field1", "field2"], ["hello", "goodbye"]],
    "pixels that count": [["label", "px0", "px1"], ["a", "3", "4"], ["b", "5", "6"]],
    "one column of numbers": _table(("price",), ["1,50", "2,75", "3,00"]),
    "one column of texts": _table(("text",), FILMS),
    "a question longer than its answers": _table(
        ("How satisfied are you with your work these days?",), ["very", "little"] * 20
    ),
    "numbers with gaps": _table(("a", "b"), ["1", "?", "3", ""], ["", "5", "?", "7"]),
    "years above numbers": _table(
        ("Year", "2000", "2001", "2002"), ["Wood", "Tin"], ["5", "7"], ["6", "8"], ["9", "2"]
    ),
}
UNNAMED = {
    "numbers alone": _table(("1", "2"), ["3", "5"], ["4", "6"]),
    "numbers with a decimal comma": _table(
        ("39,1", "18,7", "181", "3750"), ["39,5"] * 9, ["17,4"] * 9, ["186"] * 9, ["3800"] * 9
    ),
    "words alone": _table(("red", "S", "x"), COLOURS, ["S", "M", "S", "L"] * 2, ["x", "y"] * 4),
    "a label and texts": _table(
        ("ham", "Go until the end"), ["ham", "spam", "ham"] * 2, ["Ok lar", *FILMS]
    ),
    "texts and a label": _table(("a film of the sea", "b"), FILMS * 5, ["a", "b", "b", "a", "b"]),
    "one column of labels": _table(("y",), ["x", "y", "x", "x", "y"]),
    "one column of numbers": _table(("4",), ["5", "6", "7"]),
    "dates and numbers": _table(("2024-02-29", "7"), DAYS, [str(n % 9) for n in range(28)]),
    "a gap in the first row": _table(("?", "red"), ["5", "6", "7"] * 4, COLOURS),
    "an odd word above numbers": _table(
        ("unknown", "3", "red"), ["5", "unknown", "7", "8"] * 3, ["1", "2"] * 6, COLOURS
    ),
    "people": [["39", "Private"], ["50", "Private"], ["38", "State"]],
}


@pytest.mark.parametrize("name", NAMED)
def test_a_first_row_of_names_is_seen(name: str) -> None:
    assert guess_header(NAMED[name])


@pytest.mark.parametrize("name", UNNAMED)
def test_a_first_row_that_is_like_the_others_is_data(name: str) -> None:
    assert not guess_header(UNNAMED[name])


def test_a_name_that_is_also_a_value_stays_the_columns_name() -> None:
    rows = NAMED["word above dates, label equal to a value"]
    grid = Grid([list(row) for row in rows], list(range(1, len(rows) + 1)))
    shaped = shape(grid, "x.csv", header=None, skip=None)
    assert shaped.names == ("t", "y")
    assert set(shaped.cells[1]) == {"x", "y"}


def test_a_wide_table_is_judged_by_some_of_its_columns() -> None:
    header = [f"gene {chr(97 + n % 26)}{n % 26}" for n in range(3000)]
    numbers = [[str((n * row) % 97) for n in range(3000)] for row in range(3, 8)]
    assert guess_header([header, *numbers])
    assert not guess_header(numbers)
