"""Text tables of any make: separator, encoding, header, quotes and decimals are found out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import data
from builder.data.cells import typed
from builder.data.formats import decimals, delimited
from builder.data.grid import Grid, guess_header, shape
from builder.errors import LaminaError
from builder.project import Data

Write = Callable[..., Data]


def _fate(path: Path) -> str:
    """ "read" with rows, or "refused" in words; whatever else is raised fails the test."""
    try:
        overview = data.inspect(Data(source="table", options={"path": str(path)}))
    except LaminaError as error:
        return "refused" if error.fact and error.place else "refused without words"
    return "read" if overview.rows > 0 else "read nothing"


WORDS = st.text("abcdefgh", min_size=2, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(WORDS, min_size=2, max_size=6, unique=True),
    rows=st.integers(3, 20),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_plain_table_is_read_whatever_its_make(
    tmp_path: Path, names: list[str], rows: int, separator: str, encoding: str, newline: str
) -> None:
    lines = [separator.join(names)]
    lines += [
        separator.join(f"{row}.{place}5" for place in range(len(names))) for row in range(rows)
    ]
    path = tmp_path / "t.txt"
    path.write_bytes(newline.join(lines).encode(encoding))
    raw = data.read(Data(source="table", options={"path": str(path)}))
    assert list(raw.frame.columns) == names
    assert raw.frame.shape == (rows, len(names))
    assert raw.frame.iloc[1, 1] == 1.15
    assert raw.options["separator"] == separator


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("größe,ja\n1,ä\n2,ö\n".encode("cp1252"), "cp1252"),
        ("größe,ja\n1,ä\n2,ö\n".encode(), "utf-8"),
        ("größe,ja\n1,ä\n2,ö\n".encode("utf-16-le"), "utf-16-le"),
        ("größe,ja\n1,ä\n2,ö\n".encode("utf-16-be"), "utf-16-be"),
        ("gr\x81\xf6\xdfe,ja\n1,\xe4\n".encode("latin-1"), "latin-1"),
    ],
)
def test_the_encoding_is_found(table: Write, content: bytes, encoding: str) -> None:
    raw = data.read(table(content))
    assert raw.options["encoding"] == encoding
    assert "ö" in raw.frame.columns[0]


def test_a_wrong_encoding_names_the_line(table: Write) -> None:
    given = table("a,b\n1,2\n3,ä\n".encode("cp1252"), options={"encoding": "utf-8"})
    with pytest.raises(LaminaError, match="not utf-8") as caught:
        data.read(given)
    assert "line 3" in caught.value.place


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["age", "sex"], ["1", "m"], ["2", "f"]], True),
        ([["39", "Private"], ["50", "Private"], ["38", "State"]], False),
        ([["ham", "Go until"], ["ham", "Ok lar"], ["spam", "Free entry"]], False),
        ([["Year", "2000", "2001", "2002"], ["Wood", "5", "6", "9"], ["Tin", "7", "8", "2"]], True),
        ([["1", "2"], ["3", "4"]], False),
        ([["field1", "field2"], ["hello", "goodbye"]], True),
        ([["text", "label"], *[[f"film {i}", "ab"[i % 2]] for i in range(20)]], True),
    ],
)
def test_whether_the_first_row_is_a_header(rows: list[list[str]], header: bool) -> None:
    assert guess_header(rows) is header


def test_without_a_header_columns_are_named_by_position_from_nought(table: Write) -> None:
    raw = data.read(table("1,a\n2,b\n3,a\n"))
    assert list(raw.frame.columns) == ["#0", "#1"]
    assert raw.headerless


def test_what_is_guessed_can_be_overruled(table: Write) -> None:
    given = table("1,a\n2,b\n3,a\n", options={"header": True})
    assert list(data.read(given).frame.columns) == ["1", "a"]
    one = table("a;b,c\n1;2,5\n", options={"separator": ",", "decimal": "."})
    assert list(data.read(one).frame.columns) == ["a;b", "c"]


def test_quotes_in_a_tab_separated_file_are_part_of_the_text() -> None:
    text = 'ham\t"Go now\nspam\tsay "free" entry\nham\tend" of it\n'
    rows, _, quoting = delimited._rows(text, "\t", "auto", "x")
    assert (len(rows), quoting) == (3, "none")
    assert rows[0][1] == '"Go now'


def test_a_quoted_cell_may_hold_separators_and_lines(table: Write) -> None:
    raw = data.read(table('id,text\n1,"a, b\nc ""d"""\n2,e\n3,f\n'))
    assert raw.frame["text"].tolist() == ['a, b\nc "d"', "e", "f"]


def test_lines_are_numbered_as_an_editor_does(table: Write) -> None:
    with pytest.raises(LaminaError) as caught:
        data.read(table('id,text\n1,"a\nb"\n2,"open\n3,f\n'))
    assert caught.value.place.endswith("line 4")


def test_many_rows_of_another_length_are_refused_with_the_first_line(table: Write) -> None:
    text = "a,b,c\n" + "".join("1,2,3,4\n" if i % 3 == 2 else "1,2,3\n" for i in range(60))
    with pytest.raises(LaminaError, match="has 4 cells, the table 3") as caught:
        data.read(table(text))
    assert "line 4" in caught.value.place


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"\x1f\x8b\x08....", "gzip"),
        (b"<?xml version='1.0'?><a/>", "XML"),
        (b"PK\x03\x04 no zip", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no book", "damaged"),
        (b"PAR1 no parquet", "damaged"),
        (b"", "empty"),
    ],
)
def test_another_kind_of_file_is_refused_by_its_kind(
    table: Write, content: bytes, words: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        data.read(table(content))
    assert "table.csv" in caught.value.place
    assert caught.value.remedy


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    assert _fate(path) in ("read", "refused")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(text=st.text('ab1,;\t"\n .-#', max_size=120))
def test_any_table_like_text_is_read_or_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.csv"
    path.write_text(text)
    assert _fate(path) in ("read", "refused")


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ('{"a": 1, "b": {"c": "x"}}\n{"a": 2}\n\n{"b": {"c": "y"}, "d": [1]}\n', 3),
        ('[{"a": 1, "b": {"c": "x"}}, {"a": 2, "d": null}]', 2),
        ('{"rows": [{"a": 1, "b": {"c": "x"}}, {"a": NaN, "d": 1}]}', 2),
        ('{"a": [1, 2, 3], "b.c": ["x", "y", "z"], "d": [1, 2, 3]}', 3),
    ],
)
def test_json_in_its_usual_makes(table: Write, content: str, rows: int) -> None:
    raw = data.read(table(content, name="t.json"))
    assert raw.rows == rows
    assert list(raw.frame.columns) == ["a", "b.c", "d"]
    assert raw.frame["a"][0] == 1


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        ('{"a": 1}\n{"a": \n', "no JSON", "line 2"),
        ('{"a": 1}\n[1]\n', "no object", "line 2"),
        ("[1, 2]", "is no object", ""),
        ("[]", "empty", ""),
        ("3", "no object", "line 1"),
        ("[" * 100_000, "nested too deeply|no JSON", ""),
        ("{", "no JSON", "line 1"),
    ],
)
def test_broken_json_is_refused_with_its_line(
    table: Write, content: str, words: str, line: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        data.read(table(content, name="t.jsonl"))
    assert line in caught.value.place


def test_a_workbook_made_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    with pytest.raises(LaminaError, match="not believable"):
        data.read(Data(source="table", options={"path": str(path)}))


def test_a_sheet_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, "=1+1"])
    book.active.append([2, "x"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    given = Data(source="table", options={"path": str(path), "sheet": "Tabelle"})
    with pytest.raises(LaminaError, match=r"no sheet 'Tabelle'.*'Sheet'"):
        data.read(given)
    raw = data.read(given.model_copy(update={"options": {"path": str(path)}}))
    assert raw.frame["b"].tolist() != [2, "x"], "a formula was evaluated"


@pytest.mark.parametrize(
    ("cells", "kind", "first"),
    [
        (["1", "2", "3"], "int64", 1),
        (["1.5", "", "?"], "float64", 1.5),
        (["1,234", "12", "1,000,000"], "int64", 1234),
        (["$5.50", "$6.00"], "float64", 5.5),
        (["44%", "50%"], "float64", 0.44),
        (["3 kg", "4 kg", "5"], "int64", 3),
        (["007", "012", "100"], "object", "007"),
        (["12345678901234567890", "22345678901234567890"], "object", "12345678901234567890"),
        (["true", "False", ""], "boolean", True),
        (["1e400", "1", "2"], "float64", None),
        (["red", "blue", "red"], "object", "red"),
        (["-", "4", "5", "6"], "float64", None),
    ],
)
def test_types_follow_from_the_cells(cells: list[str], kind: str, first: object) -> None:
    values = typed("x", cells).values
    assert str(values.dtype) == kind
    assert (values[0] == first) if first is not None else values.isna()[0]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["28/01/2021", "03/02/2021"], "2021-01-28"),
        (["01/28/2021", "02/03/2021"], "2021-01-28"),
        (["03/02/2021", "04/02/2021"], "2021-02-03"),
        (["24 October 2011", "1 May 2012"], "2011-10-24"),
        (["2014-07-01 00:30:00", "2014-07-02 01:00:00"], "2014-07-01"),
        (["2021-02-02T00:00:00Z", "2021-02-03T00:00:00+02:00"], "2021-02-02"),
        (["Feb 01, 2021", "Mar 02, 2021"], "2021-02-01"),
        (["2019-03", "2019-04"], "2019-03-01"),
        (["2019/03", "2018/12"], "2019-03-01"),
        (["Mar 2019", "Apr 2019"], "2019-03-01"),
        (["March 2019", "May 2020"], "2019-03-01"),
        (["03/2019", "12/2018"], "2019-03-01"),
        (["Mar-19", "Apr-19"], "2019-03-01"),
        (["Mon, 04 Mar 2019 10:00:00", "Tue, 05 Mar 2019 11:00:00"], "2019-03-04"),
        (["3/4/19 1:05 PM", "3/14/19 1:05 PM"], "2019-03-04"),
    ],
)
def test_dates_are_read_in_their_usual_forms(cells: list[str], expected: str) -> None:
    values = typed("x", cells).values
    assert str(values[0])[:10] == expected


def test_eight_digits_are_a_date_where_the_column_is_called_so() -> None:
    digits = ["20190301", "20190302"]
    assert str(typed("date", digits).values[0])[:10] == "2019-03-01"
    assert typed("amount", digits).values[0] == 20190301


@pytest.mark.parametrize("cells", [["10.2019", "11.2019"], ["2019", "2020"]])
def test_what_may_be_a_number_is_no_month(cells: list[str]) -> None:
    assert typed("x", cells).values.dtype.kind in "if"


def test_a_date_format_may_be_given() -> None:
    values = typed("x", ["03/02/2021", "04/05/2021"], dates="%m/%d/%Y").values
    assert str(values[0])[:10] == "2021-03-02"


def test_decimal_commas_are_found_only_where_they_are() -> None:
    comma = [["39,1", "181,0"], ["18,7", "3750,0"], ["1,5", "2,5"]]
    thousands = [["1,234", "2,345"], ["3,456", "4,567"]]
    assert decimals.guess_decimal(comma, ";") == ","
    assert decimals.guess_decimal(thousands, ";") == "."
    assert decimals.guess_decimal(comma, ",") == "."


SMALL = [1.5, 2.75, 0.1]


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        # points set thousands apart, as the other column's comma tells
        (
            (["3.000", "0.000", "1.250"], ["1,50", "2,75", "0,10"]),
            ([3000, 0, 1250], SMALL),
        ),
        (
            (["3,000", "0,000", "1,250"], ["1.50", "2.75", "0.10"]),
            ([3000, 0, 1250], SMALL),
        ),
        # a point that can set nothing apart is a decimal point in a file of commas too
        (
            (["0.125", "3.000", "1.250"], ["1,50", "2,75", "0,10"]),
            ([0.125, 3, 1.25], SMALL),
        ),
        ((["0.5", "12", "3.125"], ["1,50", "2,75", "0,1"]), ([0.5, 12, 3.125], SMALL)),
        # nothing tells: a point is a decimal point
        ((["3.000", "0.000", "1.250"], ["1", "2", "3"]), ([3, 0, 1.25], [1, 2, 3])),
    ],
    ids=["german", "english", "certain point", "point among whole", "nothing tells"],
)
def test_what_could_be_thousands_is_read_by_the_convention_of_the_file(
    table, columns, read
) -> None:
    lines = [";".join(line) for line in zip(*columns, strict=True)] * 4
    frame = data.read(table("a;b\n" + "\n".join(lines) + "\n")).frame
    assert frame["a"].tolist()[:3] == read[0]
    assert frame["b"].tolist()[:3] == read[1]


def test_titles_above_and_notes_below_are_left_out_and_said() -> None:
    rows = [["Sales of wood", "", ""], ["", "", ""], ["place", "n", "m"]]
    rows += [[f"p{i}", str(i), str(i * 2)] for i in range(8)]
    rows += [["", "", ""], ["Source: office of statistics", "", ""]]
    shaped = shape(Grid(rows, list(range(1, len(rows) + 1))), "x.csv", header=None, skip=None)
    assert shaped.names == ("place", "n", "m")
    assert len(shaped.cells[0]) == 8
    assert shaped.skipped == 2
    assert any("Sales of wood" in note for note in shaped.notes)
    assert any("Source" in note for note in shaped.notes)


def test_a_parquet_table_keeps_its_types(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "number": [1.5, float("inf"), float("nan")],
            "when": pd.to_datetime(["2020-01-01", "2020-01-02", None], utc=True),
            "yes": [True, False, True],
            "word": ["a", None, " b "],
            "some": [[1, 2], [3], []],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    given = Data(source="table", options={"path": str(tmp_path / "t.parquet")})
    raw = data.read(given)
    kinds = {column.name: column.type for column in data.inspect(given).columns}
    assert kinds["when"] == "date"
    assert kinds["yes"] == "boolean"
    assert raw.frame["whole"].dtype == "int64"
    assert raw.frame["number"].isna().tolist() == [False, True, True]
    assert raw.frame["word"].tolist()[2] == "b"
    assert raw.frame["some"].tolist()[0] == "[1, 2]"
    assert {finding.code for finding in raw.findings} == {"infinite"}


def test_two_parquet_files_are_train_and_test(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"x": [3], "y": ["a"]}).to_parquet(tmp_path / "b.parquet")
    options = {"path": str(tmp_path / "a.parquet"), "test_path": str(tmp_path / "b.parquet")}
    raw = data.read(Data(source="table", options=options))
    assert raw.frame["x"].tolist() == [1, 2, 3]
    assert raw.given is not None
    assert raw.given.tolist() == [0, 0, 2]


def test_a_table_larger_than_the_memory_is_refused_in_words(
    table: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.data.paths.SMALL", 1)
    monkeypatch.setattr("builder.data.paths.TIMES", 10**15)
    with pytest.raises(LaminaError, match="of memory"):
        data.read(table("a,b\n1,2\n"))
