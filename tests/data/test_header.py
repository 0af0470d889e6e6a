"""Whether the first row names the columns is judged by every column at once."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from builder import data
from builder.data.grid import Grid, shape
from builder.data.header import guess_header
from builder.project import Data

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
    "two words above sentences": _table(("Review text",), [f"{film}, and more." for film in FILMS]),
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
    "sentences alone": _table(("A film of the sea.",), [f"{film}." for film in FILMS] * 3),
    "sentences, a short one first": _table(("Go!",), [f"{film}." for film in FILMS] * 3),
    "long lines without stops": _table(("one more film of this kind",), FILMS * 3),
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


SAID = [
    "I love this film, it is great.",
    "The worst movie of the year",
    "Not bad at all, would watch again",
    "Quite boring, in the middle, really",
    "A masterpiece",
    "Hello, world, and all",
]


@pytest.mark.parametrize("name", ["text", "review", "Kommentare", "review_text"])
@pytest.mark.parametrize("commas", [True, False])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_one_column_of_sentences_is_not_cut_and_has_its_name(
    tmp_path: Path, name: str, commas: bool, suffix: str
) -> None:
    path = tmp_path / f"said{suffix}"
    texts = SAID * 5 if commas else [text.replace(",", "") for text in SAID * 5]
    path.write_text("\n".join([name, *texts]), encoding="utf-8")
    raw = data.read(Data(source="table", options={"path": str(path)}))
    assert raw.frame[name].tolist() == texts
    assert raw.options["header"] is True


def test_one_column_of_sentences_without_a_name_loses_none(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    texts = [text.replace(",", "") for text in SAID * 5]
    path.write_text("\n".join(texts), encoding="utf-8")
    raw = data.read(Data(source="table", options={"path": str(path)}))
    assert raw.headerless
    assert raw.frame["#0"].tolist() == texts


def test_names_of_two_words_are_one_column_under_one_word(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name\nAlice Smith\nBob Jones\nCarol King\nDan Brown\n", encoding="utf-8")
    raw = data.read(Data(source="table", options={"path": str(path)}))
    assert raw.frame["name"].tolist() == ["Alice Smith", "Bob Jones", "Carol King", "Dan Brown"]


@pytest.mark.parametrize("separator", [" ", ",", ";"])
def test_words_in_even_columns_are_still_cut(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "words.csv"
    rows = [separator.join(("red", "small", "round")), separator.join(("blue", "large", "flat"))]
    head = separator.join(("colour", "size", "shape"))
    path.write_text("\n".join([head, *rows * 10]), encoding="utf-8")
    raw = data.read(Data(source="table", options={"path": str(path)}))
    assert list(raw.frame.columns) == ["colour", "size", "shape"]
