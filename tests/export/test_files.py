"""Reading what is to be predicted, and writing what was, with the standard library alone."""

import csv
import io
import json

import numpy as np
import pytest
from torch import nn

from builder.data.runtime import VERSION, Preparation, naming, spreadsheet, tables
from builder.errors import LaminaError
from builder.export.portable import files, output
from builder.export.portable.predictor import Predictor

TABLE = {
    "inputs": {
        "table": {
            "form": "vector",
            "columns": [{"name": "age", "kind": "number"}, {"name": "city", "kind": "category"}],
        }
    }
}
IMAGE = {"inputs": {"image": {"form": "image", "column": "image"}}}
TEXT = {"inputs": {"text": {"form": "tokens", "column": "text"}}}
HEADERLESS = {
    "inputs": {
        "table": {
            "form": "vector",
            "columns": [{"name": "#0", "kind": "number"}, {"name": "#2", "kind": "category"}],
        }
    }
}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_shows_the_columns(tmp_path, separator):
    path = tmp_path / "rows.csv"
    path.write_text(f"age{separator}city\n31{separator}Rome\n", encoding="utf-8")
    assert files.records([str(path)], TABLE) == [{"age": "31", "city": "Rome"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_spreadsheets_are_read(tmp_path, encoding):
    path = tmp_path / "rows.csv"
    path.write_text("age,city\n31,Köln\n", encoding=encoding)
    assert files.records([str(path)], TABLE) == [{"age": "31", "city": "Köln"}]


def test_quoted_cells_keep_separators_and_line_breaks(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('age,city\n31,"Rome,\nItaly"\n', encoding="utf-8")
    assert files.records([str(path)], TABLE)[0]["city"] == "Rome,\nItaly"


def test_a_lacking_column_is_named_with_what_there_is(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("age,town\n31,Rome\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.csv lacks the column 'city'; it has age, town"):
        files.records([str(path)], TABLE)


def test_a_row_with_too_many_cells_is_named(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("age,city\n31,Rome\n32,Rome,Italy\n", encoding="utf-8")
    with pytest.raises(ValueError, match="row 3: it has 3 cells, the first row 2"):
        files.records([str(path)], TABLE)


def test_a_table_without_a_header_is_read_by_position(tmp_path):
    path = tmp_path / "rows.data"
    path.write_text("31, x, Rome\n", encoding="utf-8")
    found = files.records([str(path)], HEADERLESS)
    assert found == [{"#0": "31", "#1": "x", "#2": "Rome"}]


def test_json_and_json_lines_are_read(tmp_path):
    whole, lines = tmp_path / "a.json", tmp_path / "b.jsonl"
    whole.write_text('[{"age": 3, "city": "Rome"}]', encoding="utf-8")
    lines.write_text('{"age": 4, "city": "Bonn"}\n\n', encoding="utf-8")
    found = files.records([str(whole), str(lines)], TABLE)
    assert [record["age"] for record in found] == [3, 4]


def test_broken_json_lines_name_the_line(tmp_path):
    path = tmp_path / "b.jsonl"
    path.write_text('{"age": 4}\n{oops\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"b\.jsonl, line 2"):
        files.records([str(path)], TABLE)


def test_binary_files_are_refused_as_tables(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"PK\0\0\0\0")
    with pytest.raises(ValueError, match="no text"):
        files.records([str(path)], TABLE)


def test_an_image_and_a_folder_of_images_are_found(tmp_path):
    for name in ("b.png", "a.jpg", "notes.md"):
        (tmp_path / name).write_bytes(b"x")
    assert files.records([str(tmp_path)], IMAGE) == [
        {"image": tmp_path / "a.jpg"},
        {"image": tmp_path / "b.png"},
    ]
    assert files.records([str(tmp_path / "b.png")], IMAGE) == [{"image": tmp_path / "b.png"}]


def test_what_is_no_file_is_a_text_only_for_networks_that_read_text():
    assert files.records(["how nice"], TEXT) == [{"text": "how nice"}]
    assert files.records(["x" * 5000], TEXT) == [{"text": "x" * 5000}]
    with pytest.raises(ValueError, match=r"There is no file rows\.csv"):
        files.records(["rows.csv"], TABLE)


def test_each_line_of_a_text_file_is_a_text(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("one\n\ntwo\n", encoding="utf-8")
    assert files.records([str(path)], TEXT) == [{"text": "one"}, {"text": "two"}]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+2", "'=1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-1.5", "-1.5"),
        ("\t=1", "'\t=1"),
        ("plain", "plain"),
        (0.25, 0.25),
    ],
)
def test_no_cell_can_act_as_a_formula(cell, written):
    assert spreadsheet.safe(cell) == written
    assert spreadsheet.plain(written) == cell if isinstance(cell, str) else True


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("-0,95", ",", -0.95), ("+1.234,50", ",", 1234.5), ("-1.234.567", ",", -1234567),
        ("-1,234.5", ".", -1234.5), ("-1'234.5", ".", -1234.5), ("-1\u202f234", ".", -1234),
        ("-12 %", ".", -0.12), ("-$12", ".", -12), ("- 12 €", ".", -12),
        ("-1.234,5 €", ",", -1234.5),
        ("+3.5e-7", ".", 3.5e-7), ("-.5", ".", -0.5), ("-3 lbs", ".", -3),
    ],
)  # fmt: skip
def test_signed_numbers_are_written_as_they_are(cell, decimal, number):
    assert tables.to_number(cell, decimal, "lbs") == number
    assert spreadsheet.safe(cell) == cell


@pytest.mark.parametrize("cell", ["-", "--", "2024-03-01", "01.03.2024", "-1", "12:30"])
def test_dates_and_dashes_are_written_as_they_are(cell):
    assert spreadsheet.safe(cell) == cell


@pytest.mark.parametrize("cell", ["-1+2", "+1*A1", "-A1", "-SUM(A1)", "=-1", "-1-1", "+x", "-2;=1"])
def test_what_begins_like_a_number_may_still_be_a_formula(cell):
    assert spreadsheet.safe(cell) == "'" + cell
    assert spreadsheet.plain("'" + cell) == cell


def test_a_table_with_predictions_is_read_back_as_it_was(tmp_path):
    given = [{"age": "-0,95", "city": city} for city in ("=1+1", "'=1", "'n Dorp", "-", "@x")]
    path = tmp_path / "p.csv"
    path.write_text(
        files.csv_text(files.flat(given, [{"prediction": 1}] * len(given))), encoding="utf-8"
    )
    back = files.records([str(path)], TABLE)
    assert [{name: row[name] for name in ("age", "city")} for row in back] == given


def test_apostrophes_of_foreign_tables_stay(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("age,city\n3,'=x\n", encoding="utf-8")
    assert files.records([str(path)], TABLE)[0]["city"] == "'=x"


def test_headers_cannot_act_as_formulas_either():
    assert files.csv_text([{"=HYPERLINK(1)": 1}]).startswith("'=HYPERLINK(1)\n")


def test_predictions_stand_beside_the_cells_and_overwrite_none():
    lines = files.flat(
        [{"prediction": "old", "age": 3}],
        [{"prediction": "yes", "probabilities": {"no": 0.1, "yes": 0.9}}],
    )
    back = list(csv.DictReader(io.StringIO(files.csv_text(lines))))
    assert back == [
        {
            "prediction": "old",
            "age": "3",
            "prediction_": "yes",
            "probability of no": "0.1",
            "probability of yes": "0.9",
        }
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"rows\.csv is empty"),
        ("age,city\n", "no rows below"),
        ("age#city\n31#Rome\n", "single column, 'age#city'; its cells must be apart by comma"),
    ],
)
def test_files_without_rows_or_columns_say_what_they_lack(tmp_path, text, words):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        files.records([str(path)], TABLE)


def test_rows_know_their_place_and_whether_they_were_short(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("age,city\n31,Rome\n\n32\n", encoding="utf-8")
    first, second = files.records([str(path)], TABLE)
    assert (first.place, first.short) == ("rows.csv, row 2", "")
    assert second == {"age": "32", "city": ""}
    assert (second.place, second.short) == ("rows.csv, row 4", "it has 1 cells, the first row 2")


SERIES = {
    "inputs": {"series": {"form": "series", "column": "series", "channels": ["value"]}},
    "target": {"name": "label"},
}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("0.5,0.5,-2\n1,2,3\n", [[0.5, 0.5, -2.0], [1.0, 2.0, 3.0]]),
        ("1,2,3\n7,8,9\n", [[7.0, 8.0, 9.0]]),
        ("t0,t1,t2\n7,8,9\n", [[7.0, 8.0, 9.0]]),
    ],
    ids=["values", "counted", "named"],
)
def test_a_first_line_of_values_is_a_series_and_names_are_not(tmp_path, text, rows):
    path = tmp_path / "series.csv"
    path.write_text(text)
    assert [one["series"] for one in files.records([str(path)], SERIES)] == rows


def test_series_may_stand_one_per_line_beside_their_target(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("label;t0;t1;t2\na;1;-2.5;\nb;4;5;6e1\n", encoding="utf-8")
    first, second = files.records([str(path)], SERIES)
    assert first["series"][:2] == [1.0, -2.5]
    assert first["series"][2] != first["series"][2]
    assert second == {"series": [4.0, 5.0, 60.0]}
    path.write_text("label,t0,t1\na,1,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"series\.csv, row 2: t1 is 'x', which is no number"):
        files.records([str(path)], SERIES)


TS = {
    "plain": "@problemName x\n@classLabel true a b\n@data\n1,2,?:a\n4,5.5:b\n",
    "channels": "@classLabel false\n@data\n1,2,3:4,5\n-1,0,NaN:1e3,2,3\n",
    "times": "@timeStamps true\n@classLabel true a\n@data\n(0,1.5),(1,2):(0,4),(1,5):a\n",
    "dates": "@TIMESTAMPS True\n@targetLabel true\n@data\n(2020-01-01 00:00:00,1):(a:b,2):3.25\n",
    "times alone": "@timeStamps true\n@data\n(0,1),(1,?):(0,4)\n(0,2):(0,3),(9,4)\n",
    "comments": "# one\n% two\n@data\n\n 1 , 2 \r\n# three\n3,4\n",
    "unequal": "@classLabel true a\n@data\n1,2,3,4:5:a\n6:7,8:a\n",
    "gaps": "@data\n?,,NaN, nan ,1\n-inf,inf,1_0,+.5,2.\n",
    "words": "@\n@missing\n@seriesLength\n@data now\n1\n",
    "twice": "@classLabel false\n@classLabel true a\n@data\n1,2:a\n",
    "spaces": "@classLabel true a\n@data\n1,2 : a \n",
}
BROKEN = {
    "no head": "1,2\n",
    "no data": "@data\n",
    "nothing": "",
    "a word": "@data\n1,2\n1,two\n",
    "no label": "@classLabel true a\n@data\n1,2\n",
    "a label for a number": "@data\n1,2:a\n",
    "pairs where values are": "@data\n(0,1),(1,2)\n",
    "values where pairs are": "@timeStamps true\n@data\n1,2:3\n",
}


@pytest.mark.parametrize("kind", TS)
def test_ts_files_are_read_as_the_data_source_reads_them(kind, tmp_path):
    from builder.data.ts import read_ts

    path = tmp_path / "x.ts"
    path.write_text(TS[kind], encoding="utf-8")
    records = files.records([str(path)], SERIES)
    read = read_ts(TS[kind], "x.ts").series
    assert len(records) == len(read)
    for record, x in zip(records, read, strict=True):
        np.testing.assert_array_equal(np.float32(record["series"]), x)


@pytest.mark.parametrize("kind", BROKEN)
def test_what_the_data_source_refuses_of_ts_files_an_export_refuses_too(kind, tmp_path):
    from builder.data.ts import read_ts

    path = tmp_path / "x.ts"
    path.write_text(BROKEN[kind], encoding="utf-8")
    with pytest.raises(LaminaError):
        read_ts(BROKEN[kind], "x.ts")
    with pytest.raises(ValueError, match=r"x\.ts"):
        files.records([str(path)], SERIES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,2\n@data\n", r"x\.ts, line 1: there is a line of data before @data"),
        ("@data\n", r"x\.ts has no series after @data"),
        ("@data\n1,two\n", r"x\.ts, line 2: 'two' is no number"),
        ("@classLabel true a\n@data\n1,2\n", r"line 3: the label after the last colon is missing"),
    ],
)
def test_a_broken_ts_file_names_its_line(text, words, tmp_path):
    path = tmp_path / "x.ts"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        files.records([str(path)], SERIES)


def test_columns_of_a_table_without_a_header_are_called_by_their_number(tmp_path):
    path = tmp_path / "rows.data"
    path.write_text("31,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lacks column 3; it has column 1, column 2"):
        files.records([str(path)], HEADERLESS)


def test_messages_name_the_columns_of_a_table_without_a_header_by_number_and_leave_cells(tmp_path):
    path = tmp_path / "rows.data"
    path.write_text("31,x,Rome\nold,x,Bonn\n'#7',x,Rome\n", encoding="utf-8")
    settings = {"version": VERSION, "target": {"name": "#3"}, **HEADERLESS}
    number = {"name": "#0", "kind": "number", "fill": 1.0, "shift": 0.0, "scale": 1.0}
    city = {"name": "#2", "kind": "category", "values": ["Rome"]}
    settings["inputs"] = {"table": {"form": "vector", "columns": [number, city]}}
    ready = Predictor(nn.Identity(), Preparation.from_dict(settings), {"inputs": ["table"]})
    records = files.records([str(path)], settings)
    with pytest.raises(ValueError, match=r"Column 1, rows\.data, row 2: 'old' is no number"):
        ready.predict(records[:2])
    with pytest.raises(ValueError, match=r"Column 1, rows\.data, row 3: .*#7.* is no number"):
        ready.predict([records[0], records[2]])
    assert ready.notes(records)[0].startswith("rows.data, row 2: column 3 is 'Bonn'")


def test_a_sentence_about_a_table_without_a_head_counts_its_columns_from_one():
    said = "The column '#0' and #4, of '#9' cells; Column '#1'."
    assert naming.told(said, True) == ("The column 1 and column 5, of column 10 cells; Column 2.")
    assert naming.told(said, False) == said
    assert not naming.numbered(["#0", "age"])
    assert not naming.numbered([])


TRAINED_BY_TABS = {
    "inputs": {"text": {"form": "tokens", "column": "text", "cells": ["#1"]}},
    "target": {"name": "#0"},
    "file": {
        "separator": "\t",
        "quoting": "none",
        "encoding": "utf-8",
        "header": False,
        "skip_rows": 0,
        "width": 2,
    },
}
TEXTS = ["Go until jurong, crazy, really", 'he said "no, thanks', "yes"]


@pytest.mark.parametrize("name", ["few.tsv", "few.csv", "few.txt"])
def test_a_table_without_head_is_read_as_the_training_file_was(tmp_path, name):
    path = tmp_path / name
    path.write_text("".join(f"ham\t{text}\n" for text in TEXTS), encoding="utf-8")
    found = files.records([str(path)], TRAINED_BY_TABS)
    assert [line["#1"] for line in found] == TEXTS
    assert [line["#0"] for line in found] == ["ham"] * 3
    assert not any(line.said for line in found)


def test_rows_that_do_not_fit_so_are_read_by_what_they_show_which_is_said(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("".join(f"ham,{json.dumps(text)}\n" for text in ("a, b", "c")), "utf-8")
    found = files.records([str(path)], TRAINED_BY_TABS)
    assert [line["#1"] for line in found] == ["a, b", "c"]
    ready = Predictor(nn.Identity(), Preparation({"inputs": {}}), {})
    (note,) = ready.notes(found)
    assert note.startswith("few.csv is read with commas between its cells, not with tabs as the")


def test_without_the_target_the_other_columns_keep_their_places(tmp_path):
    path = tmp_path / "few.tsv"
    path.write_text("one, two\nthree\n", encoding="utf-8")
    found = files.records([str(path)], TRAINED_BY_TABS)
    assert found == [{"#1": "one, two"}, {"#1": "three"}]
    assert (
        found[0].said == "Rows have no column 1, the target; their cells are taken as the others."
    )


def test_predictions_of_a_table_without_head_are_read_back(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("#0,#1,prediction\nham,a b,ham\n", encoding="utf-8")
    assert files.records([str(path)], TRAINED_BY_TABS)[0]["#1"] == "a b"


@pytest.mark.parametrize("above", ["", "A title\nof two lines\n"], ids=["none", "some"])
def test_lines_above_a_table_and_its_odd_names_are_read_as_in_training(tmp_path, above):
    how = {"separator": ":", "quoting": "double", "encoding": "cp1252", "skip_rows": 2}
    columns = [{"name": "age", "kind": "number"}, {"name": "the city (2)", "kind": "category"}]
    settings = {"inputs": {"table": {"form": "vector", "columns": columns}}, "file": how}
    path = tmp_path / "rows.csv"
    path.write_text(f"{above}age:the  city:the city\n3:Bonn:Köln\n", encoding="cp1252")
    (found,) = files.records([str(path)], settings)
    assert (found["age"], found["the city (2)"]) == ("3", "Köln")
    assert (found.place, found.said) == (f"rows.csv, row {4 if above else 2}", "")
    path.write_text("age:the  city:the city\n3:Bonn:Köln\n", encoding="utf-8")
    (found,) = files.records([str(path)], settings)
    assert found["the city (2)"] == "Köln"
    assert found.said == "rows.csv is utf-8 text, the training file was cp1252."


def test_a_wide_series_is_cut_and_its_numbers_read_as_in_training(tmp_path):
    path = tmp_path / "series.csv"
    path.write_text("1,5;2,5;3,25;1,0\n", encoding="utf-8")
    settings = {**SERIES, "file": {"separator": ";", "decimal": ","}}
    assert files.records([str(path)], settings)[0]["series"] == [1.5, 2.5, 3.25, 1.0]


def test_a_run_from_before_settings_were_kept_takes_the_separator_that_cuts_evenly(tmp_path):
    path = tmp_path / "few.tsv"
    rows = ["ham\tone, two, three", "spam\tfour", "ham\tfive, six"]
    path.write_text("\n".join(rows), encoding="utf-8")
    old = {key: part for key, part in TRAINED_BY_TABS.items() if key != "file"}
    found = files.records([str(path)], old)
    assert [line["#1"] for line in found] == ["one, two, three", "four", "five, six"]


NAMED = {
    "inputs": {
        "table": {
            "form": "vector",
            "columns": [{"name": "age", "kind": "number"}, {"name": "city", "kind": "category"}],
        }
    },
    "target": {"name": "stays"},
    "file": {
        "separator": ",",
        "header": False,
        "width": 3,
        "renamed": {"#0": "age", "#1": "city", "#2": "stays"},
    },
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("31, Rome, yes\n40, Oslo, no\n", ""),  # as training's file
        ("31, Rome\n40, Oslo\n", "Rows have no stays, the target; their cells are taken as "),
        ("city,age\nRome,31\nOslo,40\n", ""),  # with the names that were given
        ("31;Rome;yes\n40;Oslo;no\n", "rows.csv is read with semicolons between its cells"),
    ],
)
def test_columns_that_were_named_are_found_with_a_header_and_without(tmp_path, text, said):
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    found = files.records([str(path)], NAMED)
    assert [(row["age"], row["city"]) for row in found] == [("31", "Rome"), ("40", "Oslo")]
    assert found[0].said.startswith(said)
    assert bool(found[0].said) == bool(said)


def test_a_header_that_lacks_a_named_column_is_no_row(tmp_path):
    path = tmp_path / "rows.csv"
    four = {**NAMED["file"]["renamed"], "#3": "n"}
    columns = [*NAMED["inputs"]["table"]["columns"], {"name": "n", "kind": "number"}]
    settings = {
        **NAMED,
        "inputs": {"table": {"form": "vector", "columns": columns}},
        "file": {**NAMED["file"], "renamed": four, "width": 4},
    }
    path.write_text("age,n,other\n31,2,3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"lacks the column 'city'; it has age, n, other"):
        files.records([str(path)], settings)


@pytest.mark.parametrize("name", ["rows.csv", "rows.json"])
@pytest.mark.parametrize("columns", [("Age", "City"), ("age", "city")])
def test_renamed_columns_are_found_by_their_old_and_their_new_names(tmp_path, name, columns):
    settings = {**NAMED, "file": {"separator": ",", "renamed": {"Age": "age", "City": "city"}}}
    path = tmp_path / name
    row = dict(zip(columns, ("31", "Rome"), strict=True))
    text = json.dumps([row]) if name.endswith("json") else files.csv_text([row])
    path.write_text(text, encoding="utf-8")
    assert files.records([str(path)], settings) == [{"age": "31", "city": "Rome"}]


def test_what_is_written_is_whole_or_not_there_and_refused_in_a_sentence(tmp_path):
    output.write(str(tmp_path / "p.csv"), b"a\n")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]
    with pytest.raises(ValueError, match=r"The folder .*none does not exist\. Make it"):
        output.write(str(tmp_path / "none" / "p.csv"), b"a")
    with pytest.raises(ValueError, match=r"is a folder\. Name a file in it"):
        output.write(str(tmp_path), b"a")
    with pytest.raises(ValueError, match="cannot be written: File name too long"):
        output.write(str(tmp_path / ("x" * 300)), b"a")
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_link_is_written_through_and_not_replaced(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real.csv")
    output.write(str(tmp_path / "link"), b"a\n")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"a\n"
