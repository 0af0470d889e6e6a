"""Workbooks and Parquet files that are predicted: read as the training file was."""

import pandas as pd
import pytest

from builder.errors import LaminaError
from builder.export.predictions import _records

COLUMNS = [{"name": "age", "kind": "number"}, {"name": "grade", "kind": "category"}]
TABLE = {"inputs": {"table": {"form": "vector", "columns": COLUMNS}}, "target": {"name": "stays"}}
HEADED = {**TABLE, "file": {"sheet": "people", "header": True, "skip_rows": 0, "width": 3}}
RENAMED = {"#0": "age", "#1": "grade", "#2": "stays"}
BARE = {**TABLE, "file": {"sheet": "people", "header": False, "width": 3, "renamed": RENAMED}}
FRAME = pd.DataFrame({"age": [31], "grade": ["11th"], "stays": ["yes"]})


def cells(found):
    return [(row["age"], row["grade"]) for row in found]


def book(path, frame=FRAME, header=True, sheet="people"):
    frame.to_excel(path, header=header, index=False, sheet_name=sheet)
    return str(path)


def test_a_header_over_a_single_row_is_a_header(tmp_path):
    found = _records([book(tmp_path / "a.xlsx")], HEADED)
    assert cells(found) == [(31, "11th")]
    assert found[0].place == "a.xlsx, row 2"


def test_words_above_words_are_a_header_as_training_had_one(tmp_path):
    words = pd.DataFrame({"age": ["thirty", "forty"], "grade": ["9th", "11th"]})
    assert cells(_records([book(tmp_path / "a.xlsx", words)], HEADED))[0] == ("thirty", "9th")


@pytest.mark.parametrize("header", [False, True])
def test_a_workbook_without_a_header_is_named_by_place(tmp_path, header):
    found = _records([book(tmp_path / "a.xlsx", header=header)], BARE)
    assert cells(found) == [(31, "11th")]


def test_the_target_may_be_left_out(tmp_path):
    path = book(tmp_path / "a.xlsx", FRAME.drop(columns="stays"), header=False)
    found = _records([path], BARE)
    assert cells(found) == [(31, "11th")]
    assert found[0].said.startswith("Rows have no stays, the target")


def test_the_sheet_is_the_one_that_was_trained_on(tmp_path):
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.concat([FRAME.assign(age=99)] * 5).to_excel(writer, sheet_name="others", index=False)
        FRAME.to_excel(writer, sheet_name="people", index=False)
    assert cells(_records([str(path)], HEADED)) == [(31, "11th")]
    other = {**HEADED, "file": {**HEADED["file"], "sheet": "gone"}}
    found = _records([str(path)], other)
    assert [age for age, _ in cells(found)] == [99] * 5
    assert found[0].said == "Sheet 'others' was taken, of 'others', 'people'."


@pytest.mark.parametrize("settings", [HEADED, BARE])
def test_a_workbook_that_lacks_a_column_is_refused_with_what_it_has(tmp_path, settings):
    path = book(tmp_path / "a.xlsx", FRAME.rename(columns={"grade": "class"}))
    with pytest.raises(ValueError, match=r"a\.xlsx lacks the column 'grade'; it has age, class"):
        _records([path], settings)


def test_parquet_is_found_by_old_and_new_names(tmp_path):
    settings = {**TABLE, "file": {"renamed": {"Age": "age"}}}
    for place, name in enumerate(("Age", "age")):
        path = tmp_path / f"{place}.parquet"
        FRAME.rename(columns={"age": name}).to_parquet(path)
        assert cells(_records([str(path)], settings)) == [(31, "11th")]


def test_a_damaged_workbook_is_called_by_its_own_name(tmp_path):
    path = tmp_path / "bad.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(LaminaError) as refused:
        _records([str(path)], HEADED)
    assert refused.value.place == "bad.xlsx"
