"""The overview: guesses, figures and findings with remedies that help."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from builder import data
from builder.data.base import Finding
from builder.data.overview import SEVERITY, all_checks
from builder.errors import LaminaError
from builder.project import Column, Data, Project, Split

Write = Callable[..., Data]


def _codes(given: Data) -> dict[str, Finding]:
    return {finding.code: finding for finding in data.inspect(given).findings}


def _table(columns: dict[str, list[object]]) -> str:
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


def _noise(rows: int, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).normal(size=rows).round(4).tolist()


def test_the_overview_is_plain_json(table: Write) -> None:
    for given in (
        Data(source="sklearn", options={"name": "digits"}),
        table("a,when,b\n1,2020-01-01,x\n2,2020-01-02,\n,2020-01-05,y\n"),
    ):
        text = json.dumps(data.inspect(given).to_dict(), allow_nan=False)
        assert json.loads(text)["rows"] > 0


def test_columns_show_their_spread_and_their_commonest_values(table: Write) -> None:
    text = _table({"x": _noise(200), "colour": ["red", "blue"] * 100, "y": ["a", "b"] * 100})
    overview = data.inspect(table(text))
    x = overview.column("x")
    assert sum(x.counts) == 200
    assert len(x.edges) == len(x.counts) + 1
    assert x.numbers["min"] <= x.numbers["median"] <= x.numbers["max"]
    assert dict(overview.column("colour").top) == {"red": 100, "blue": 100}
    assert overview.balance == (("a", 100), ("b", 100))
    assert overview.sizes == {"train": 140, "validation": 30, "test": 30}
    assert len(overview.preview) == 100


def test_the_worst_finding_comes_first(table: Write) -> None:
    text = _table({"id": list(range(60)), "x": [1.0] * 60, "y": ["only"] * 60})
    severities = [SEVERITY[f.severity] for f in data.inspect(table(text, target="y")).findings]
    assert severities == sorted(severities)
    assert severities[0] == 0


def test_a_column_that_tells_the_class_is_found(table: Write) -> None:
    y = ["yes" if v > 0 else "no" for v in _noise(100)]
    text = _table({"x": _noise(100, 1), "paid": [{"yes": 7, "no": 3}[v] for v in y], "y": y})
    finding = _codes(table(text, target="y"))["leakage"]
    assert finding.columns == ("paid",)
    mended = data.edit(table(text, target="y"), finding.remedies[0].edits)
    assert "leakage" not in _codes(mended)


def test_a_number_that_parts_the_classes_is_found(table: Write) -> None:
    x = _noise(100)
    text = _table({"z": _noise(100, 1), "score": x, "y": ["b" if v > 0 else "a" for v in x]})
    assert _codes(table(text, target="y"))["leakage"].columns == ("score",)


def test_a_number_that_is_the_target_in_another_unit_is_found(table: Write) -> None:
    x = _noise(100)
    text = _table({"z": _noise(100, 1), "euro": [v * 3 + 1 for v in x], "y": x})
    assert _codes(table(text, target="y"))["leakage"].columns == ("euro",)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_or_difference_of_two_others_is_found(table: Write, sign: int) -> None:
    a, b = _noise(100), _noise(100, 1)
    y = [round(p + sign * q, 8) for p, q in zip(a, b, strict=True)]
    text = _table({"a": a, "z": _noise(100, 2), "b": b, "y": y})
    finding = _codes(table(text, target="y"))["leakage"]
    assert set(finding.columns) == {"a", "b"}
    assert len(finding.remedies) == 2


def test_a_weighted_sum_of_three_is_found(table: Write) -> None:
    a, b, c = _noise(200), _noise(200, 1), _noise(200, 2)
    y = [2 * p - 3 * q + r for p, q, r in zip(a, b, c, strict=True)]
    text = _table({"a": a, "b": b, "c": c, "z": _noise(200, 3), "y": y})
    assert set(_codes(table(text, target="y"))["leakage"].columns) == {"a", "b", "c"}


def test_honest_columns_are_not_accused(table: Write) -> None:
    x = _noise(200)
    y = [p + 0.3 * q for p, q in zip(x, _noise(200, 1), strict=True)]
    assert "leakage" not in _codes(table(_table({"x": x, "z": _noise(200, 2), "y": y}), target="y"))
    for name in ("iris", "wine", "breast_cancer", "diabetes"):
        assert "leakage" not in _codes(Data(source="sklearn", options={"name": name}))


def test_the_same_row_in_training_and_test_is_found_and_mended(table: Write) -> None:
    text = _table({"id": list(range(120)), "x": _noise(40) * 3, "y": ["a", "b"] * 60})
    given = table(text, target="y")
    finding = _codes(given)["duplicates_across_splits"]
    mended = data.edit(given, finding.remedies[0].edits)
    assert "duplicates_across_splits" not in _codes(mended)
    assert sum(data.inspect(mended).sizes.values()) == 40


def test_useless_columns_are_left_out_and_said(table: Write) -> None:
    columns: dict[str, list[object]] = {
        "row": list(range(100)),
        "same": ["x"] * 100,
        "none": [""] * 100,
        "rare": ["", "", *[""] * 97, "5"],
        "name": [f"person {i} of town" for i in range(100)],
        "x": list(_noise(100)),
        "y": ["a", "b"] * 50,
    }
    given = table(_table(columns))
    found = _codes(given)
    assert {"identifier", "constant_column", "empty_column", "free_text"} <= set(found)
    assert found["nearly_empty_column"].columns == ("rare",)
    roles = {column.name: column.role for column in data.inspect(given).columns}
    assert [name for name, role in roles.items() if role == "feature"] == ["rare", "x"]
    back = data.edit(given, found["identifier"].remedies[0].edits)
    assert data.inspect(back).column("row").role == "feature"


def test_a_year_is_no_identifier(table: Write) -> None:
    text = _table({"Year": list(range(1980, 2020)), "y": _noise(40)})
    assert data.inspect(table(text, target="y")).column("Year").role == "feature"


def test_a_column_that_comes_twice_is_found(table: Write) -> None:
    x = _noise(80)
    finding = _codes(table(_table({"x": x, "again": x, "y": ["a", "b"] * 40})))["copied_column"]
    assert finding.columns == ("again",)


def test_skewed_and_rare_classes_are_found(table: Write) -> None:
    text = _table({"x": _noise(200), "y": ["common"] * 195 + ["rare"] * 5})
    found = _codes(table(text))
    assert found["skewed_classes"].severity == "warning"
    assert "rare" in found["rare_classes"].sentence


def test_a_class_of_nearly_all_rows_is_not_said_to_be_of_all(table: Write) -> None:
    found = _codes(table(_table({"x": _noise(200), "y": ["x"] * 199 + ["y"]})))
    sentence = found["skewed_classes"].sentence
    assert "makes up 99.5 % of the rows: guessing it always is 99.5 % accurate." in sentence


def test_dates_offer_a_split_by_time(table: Write) -> None:
    text = _table({"when": [f"2021-01-{1 + i % 28:02d}" for i in range(90)], "y": _noise(90)})
    given = table(text, target="y")
    mended = data.edit(given, _codes(given)["dates"].remedies[0].edits)
    assert mended.split.kind == "time"
    assert data.inspect(mended).sizes["train"] > 0


def test_names_with_dots_can_be_edited(table: Write) -> None:
    given = table("a.b,y\n1,x\n2,z\n3,x\n")
    mended = data.edit(given, {"columns": {"a.b": {"role": "ignore"}}, "options": {"header": True}})
    assert mended.columns["a.b"].role == "ignore"
    assert mended.options["path"] == given.options["path"]
    assert data.edit(mended, {"columns": {"a.b": None}}).columns == {}


def test_suggest_fills_in_the_target_and_the_split(table: Write) -> None:
    given = table(_table({"x": _noise(60), "survived": ["0", "1"] * 30, "z": _noise(60, 1)}))
    assert data.suggest(given).target == "survived"
    assert data.suggest(given.model_copy(update={"target": "z"})).target == "z"


def test_a_target_that_is_not_there_is_an_error_finding(table: Write) -> None:
    first = data.inspect(table("a,b\n1,x\n2,y\n3,x\n", target="c")).findings[0]
    assert (first.code, first.severity) == ("no_target", "error")


def test_asking_again_is_answered_from_memory(table: Write) -> None:
    given = table("a,b\n1,x\n2,y\n3,x\n")
    assert data.inspect(given) is data.inspect(given)


def test_every_check_leaves_odd_tables_alone(table: Write) -> None:
    """No check trips over one row, one column, only gaps, or only text."""
    assert len(all_checks()) >= 9
    for text in ("a,b\n1,\n", "a\n1\n2\n3\n", "a,b\n,\n,x\n", "t,u\nhello you,so\nand me,no\n"):
        assert data.inspect(table(text)).rows > 0


def test_every_remedy_gives_valid_data(table: Write) -> None:
    columns: dict[str, list[object]] = {
        "id": list(range(60)),
        "name": [f"some text {i}" for i in range(60)],
        "sex": ["M", "F", "male", "female", "Male", "FEMALE"] * 10,
        "when": ["2020-01-02"] * 30 + ["2021-05-06"] * 30,
        "gap": ["", *_noise(59)],
        "y": ["a", "b"] * 30,
    }
    given = table(_table(columns))
    remedies = [r for finding in data.inspect(given).findings for r in finding.remedies]
    assert len(remedies) >= 5
    for remedy in remedies:
        assert data.inspect(data.edit(given, remedy.edits)).rows == 60


@pytest.mark.parametrize(("rows", "share"), [(4_999, 0.15), (5_000, 0.1)])
def test_new_data_of_many_rows_gets_smaller_shares_and_what_was_decided_stays(
    tmp_path: Path, rows: int, share: float
) -> None:
    path = tmp_path / "many.csv"
    path.write_text("a,y\n" + "\n".join(f"{row},{row % 2}" for row in range(rows)) + "\n")
    given = Data(source="table", options={"path": str(path)})
    assert data.share_out(given).split.test == share
    decided = given.model_copy(update={"split": Split(seed=3)})
    assert data.share_out(decided) == decided
    assert data.suggest(given).split == given.split


def test_columns_without_a_head_are_called_by_their_number_in_words(table: Write) -> None:
    rows = "".join(f"{i % 7},same,{'yes' if i % 2 else 'no'},{i}\n" for i in range(60))
    given = table(rows, target="#2")
    overview = data.inspect(given)
    assert overview.headerless
    said = " ".join(finding.sentence for finding in overview.findings)
    assert "column 2" in said
    assert "#" not in said
    assert {name for f in overview.findings for name in f.columns} >= {"#1"}
    notes = " ".join(data.prepare(Project(data=given)).spec.notes)
    assert "column 2" in notes
    assert "#" not in notes


def test_a_head_that_looks_like_a_number_is_left_alone(table: Write) -> None:
    rows = "#0,b\n" + "".join(f"same,{'yes' if i % 2 else 'no'}\n" for i in range(60))
    overview = data.inspect(table(rows, target="b"))
    assert any("'#0'" in finding.sentence for finding in overview.findings)


def notes(folder: Path) -> Data:
    """A table with a target of 0 and 1, and free text."""
    words = [
        "a",
        "long",
        "or",
        "a",
        "short",
        "note",
        "on",
        "the",
        "film",
        "with",
        "some",
        "words",
        "more",
    ]
    rows = [f"{i * 7 % 5},{' '.join(words[: 2 + i % 10])} {i},{i % 2}" for i in range(120)]
    path = folder / "notes.csv"
    path.write_text("age,note,passed\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return Data(source="table", options={"path": str(path)}, target="passed")


def test_a_target_of_noughts_and_ones_is_no_number_until_a_person_says_so(tmp_path: Path) -> None:
    found = data.inspect(notes(tmp_path))
    assert (found.problem, found.column("passed").type) == ("classification", "boolean")
    assert found.column("passed").top == (("0", 60), ("1", 60))
    asked = notes(tmp_path).model_copy(update={"columns": {"passed": Column(type="number")}})
    found = data.inspect(asked)
    assert (found.problem, found.column("passed").type) == ("regression", "number")


def test_free_text_is_told_by_its_words(tmp_path: Path) -> None:
    note = data.inspect(notes(tmp_path)).column("note")
    assert (note.type, note.unit, note.top) == ("text", "words", ())
    assert (note.numbers["min"], note.numbers["max"]) == (3.0, 12.0)
    assert sum(note.counts) == 120
    assert note.examples[0] == "a long 0"


def test_a_column_of_measures_called_class_is_not_taken_for_the_target(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{i * 37.5},{i % 3},{'mf'[i % 2]}" for i in range(80)]
    path.write_text("class,b,sex\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert data.inspect(data.recognise([path])).target == "sex"


@pytest.mark.parametrize(
    ("head", "row", "target", "words"),
    [
        ("id,t", "{i},{x}", "t", "left out: 'id' (it numbers the rows"),
        ("a,t", "5,{x}", "t", "left out: 'a' (it has the same value"),
        ("a,t", "{j},", "t", "The target 't' is empty in every row"),
    ],
)
def test_what_cannot_be_learnt_from_is_said_by_column(
    head: str, row: str, target: str, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    lines = [row.format(i=i, j=i % 3, x="ab"[i % 2]) for i in range(40)]
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    asked = Data(source="table", options={"path": str(path)}, target=target)
    with pytest.raises(LaminaError) as caught:
        data.prepare(Project(data=asked))
    assert words in str(caught.value)
    assert caught.value.remedy


def test_three_rows_with_an_answer_are_the_least(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("a,t\n1,x\n2,\n3,y\n", encoding="utf-8")
    asked = Data(source="table", options={"path": str(path)}, target="t")
    with pytest.raises(LaminaError, match=r"few\.csv: The data has 3 rows, only 2 of them with"):
        data.prepare(Project(data=asked))
