"""Merged cells of a workbook: each row has the value that the eye sees beside it, and that is
said.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from builder import data
from builder.data.formats import excel
from builder.project import Data


def book(folder: Path, rows: Sequence[Sequence[Any]], *merged: str) -> Data:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    path = folder / "merged.xlsx"
    made.save(path)
    return Data(source="table", options={"path": str(path)})


def records(section: Data) -> list[dict[str, Any]]:
    return data.read(section).frame.to_dict("records")


def notes(section: Data) -> list[str]:
    return [note for note in data.read(section).notes if "merged" in note]


HEAD = ["city", "year", "sales"]


def test_a_cell_merged_over_rows_fills_each_of_them(tmp_path: Path) -> None:
    rows = [
        HEAD,
        ["Rome", 2020, 1.5],
        [None, 2021, 2.5],
        [None, 2022, 3],
        ["Oslo", 2020, 4],
        ["Oslo", 2021, 5],
    ]
    section = book(tmp_path, rows, "A2:A4")
    assert [row["city"] for row in records(section)] == ["Rome"] * 3 + ["Oslo"] * 2
    assert notes(section) == ["A merged cell was taken apart: each row has its value (A2:A4)."]


def test_cells_merged_over_columns_beside_others_fill_both(tmp_path: Path) -> None:
    rows = [["who", "q1", "q2", "q3"], ["a", 1, 2, 3], ["b", 7, None, 9], ["c", 4, 5, 6]]
    section = book(tmp_path, rows, "B3:C3")
    assert records(section)[1] == {"who": "b", "q1": 7, "q2": 7, "q3": 9}


def test_titles_and_footnotes_stay_single(tmp_path: Path) -> None:
    rows = [
        ["Sales of the year"],
        HEAD,
        *([c, 2020 + i, i * 1.5] for i, c in enumerate("abcdefgh")),
        ["Source: us"],
    ]
    section = book(tmp_path, rows, "A1:C1", "A11:C11")
    plain = book(tmp_path, rows)
    assert list(data.read(section).frame.columns) == HEAD
    assert data.read(section).frame.equals(data.read(plain).frame)
    assert not notes(section)


def test_many_areas_are_told_in_one_sentence(tmp_path: Path) -> None:
    rows = [HEAD]
    for place in range(6):
        rows += [[f"city {place}", 2020, place], [None, 2021, place + 0.5]]
    section = book(tmp_path, rows, *(f"A{2 * n}:A{2 * n + 1}" for n in range(1, 7)))
    assert records(section)[11]["city"] == "city 5"
    assert notes(section) == [
        "6 merged cells were taken apart: each of their rows has their value "
        "(A2:A3, A4:A5, A6:A7 …)."
    ]


def test_an_area_that_is_larger_than_the_table_ends_with_it(tmp_path: Path) -> None:
    rows = [HEAD, ["Rome", 2020, 1.5], [None, 2021, 2.5], [None, 2022, 3.5]]
    section = book(tmp_path, rows, "A2:A1000000")
    assert [row["city"] for row in records(section)] == ["Rome"] * 3


class Slow:
    """A file that gives a few bytes at a time."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at, self.chance = content, 0, random.Random(0)

    def read(self, _: int) -> bytes:
        size = self.chance.randrange(1, 500)
        piece = self.content[self.at : self.at + size]
        self.at += size
        return piece


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_areas_are_found_wherever_the_file_is_cut(prefix: str) -> None:
    names = [f"A{n}:C{n + 1}" for n in range(1, 400, 2)]
    content = "<a/>".join(f'<{prefix}mergeCell ref="{name}"/>' for name in names).encode()
    found: dict[tuple[bytes, ...], None] = {}
    excel._scan(Slow(content), found)  # type: ignore[arg-type]
    assert [b"".join(parts).decode() for parts in found] == [n.replace(":", "") for n in names]


@pytest.mark.parametrize(
    ("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_are_called_as_excel_calls_them(number: int, letters: str) -> None:
    assert excel._letters(number) == letters
    assert excel._number(letters.encode()) == number
