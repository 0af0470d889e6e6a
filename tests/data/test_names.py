"""Columns called as a person wishes: what is refused, what follows, and what leaves no trace."""

from pathlib import Path

import pytest

from builder import data
from builder.data import names
from builder.data.runtime import naming
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.project import Binding, Column, Data, Project, Split, Step

NAMES = ["age", "city", "visits", "stays"]


def rows(header: str = "", count: int = 120) -> str:
    lines = [header] * bool(header)
    lines += [
        f"{20 + i * 7 % 50},{'ABC'[i % 3]},{i % 9},{'yes' if i % 3 == 0 else 'no'}"
        for i in range(count)
    ]
    return "\n".join(lines) + "\n"


@pytest.fixture
def bare(tmp_path: Path) -> Data:
    path = tmp_path / "bare.csv"
    path.write_text(rows())
    return Data(source="table", options={"path": str(path), "header": False})


@pytest.fixture
def headed(tmp_path: Path) -> Data:
    path = tmp_path / "headed.csv"
    path.write_text(rows("Age,City,N,target"))
    return Data(source="table", options={"path": str(path)})


def told(given: Data, wanted: object) -> Data:
    return given.model_copy(update={"options": {**given.options, "names": wanted}})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("age, city,visits", ["age", "city", "visits"]),
        ("age;city of birth", ["age", "city of birth"]),
        ("age\tcity, or town", ["age", "city, or town"]),
        ("age city", ["age", "city"]),
        ('"age, in years", city', ["age, in years", "city"]),
        ("age\n city \n\nvisits,\n", ["age", "city", "visits"]),
        ("age, city,\nvisits", ["age", "city", "visits"]),
        ("age: continuous.\ncity: A, B\nn: 1.", ["age", "city", "n"]),
        ("| a comment\n>50K, <=50K.\n\nage: continuous.\nn: 1.\npay", ["age", "n", "pay"]),
        ("| a comment\n>50K, <=50K.\n\nage: continuous.\nn: 1.", ["age", "n", "class"]),
        ("a, b.\nclass: a, b.\nage: continuous.", ["class", "age"]),
        ("age: continuous.\ncity: A, B\nn\nvisits\nstays", ["age", "city", "n", "visits", "stays"]),
        ("age:continuous\nsex:\nn", ["age", "sex", "n"]),
        ("age: years lived\ncity: where\nratio a:b", ["age", "city", "ratio a:b"]),
        ("ratio a:b\nns:age\nxml:lang", ["ratio a:b", "ns:age", "xml:lang"]),
        ("ratio: height by width\nage\nn", ["ratio: height by width", "age", "n"]),
        (
            "ratio: height by width\nage: continuous.\nn\ny",
            ["ratio: height by width", "age", "n", "y"],
        ),
        ('["a,b", "c"]', ["a,b", "c"]),
        ('{"#0": "age"}', {"#0": "age"}),
        ("age", ["age"]),
        ("", []),
    ],
)
def test_names_are_read_as_they_are_typed_or_pasted(text: str, wanted: object) -> None:
    assert names.parse(text) == wanted


@pytest.mark.parametrize(
    "given",
    [
        ["age", "city"],
        ["one"],
        ["two words", "b"],
        ["a,b", "c"],
        ['say "x"', "b"],
        ["a: b", "c: d"],
        ["a: b, c", "d."],
        ["x, y.", "n:", "z"],
        ["a,", "b,c"],
    ],
)
def test_names_are_written_so_that_they_are_read_again(given: list[str]) -> None:
    assert names.parse(names.written(given)) == given


def test_the_list_of_names_of_a_public_data_set_names_its_target_too(test_data: Path) -> None:
    text = (test_data / "tabular_adult" / "adult.names").read_text()
    found = names.parse(text)
    assert found[:2] == ["age", "workclass"]
    assert found[-2:] == ["native-country", "class"]
    assert names.parse(f"{text}\n\nincome") == [*found[:-1], "income"]
    assert len(found) == 15


def test_a_wrong_count_says_which_names_were_read(bare: Data) -> None:
    with pytest.raises(LaminaError) as refused:
        data.read(told(bare, ["age", "city"]))
    assert refused.value.remedy.endswith("These were read: age, city.")
    with pytest.raises(LaminaError) as refused:
        data.read(told(bare, [f"c{i}" for i in range(99)]))
    assert refused.value.remedy.endswith("c27, c28, …, c98.")


@pytest.mark.parametrize(
    ("wanted", "fact", "remedy"),
    [
        (["age", "city"], "There are 2 names for 4 columns.", "Add 2"),
        ([*NAMES, "more"], "There are 5 names for 4 columns.", "Take 1 out."),
        (
            ["age", "city", "age", "y"],
            "Two columns would be called 'age': the 1st and the 3rd.",
            "",
        ),
        (["age", " ", "n", "y"], "The name of the 2nd column is empty.", "Write a name"),
        (["age", "#0", "n", "y"], "A column cannot be called '#0'", "letter"),
        (["x" * 201, "b", "n", "y"], "201 characters, more than 200", "shorter"),
        ([1, 2, 3, 4], "These are no names.", "age, sex"),
        ("age", "These are no names.", "age, sex"),
        ({"#9": "age"}, "The file has no column '#9'", "column 1, column 2"),
    ],
)
def test_names_that_cannot_be_are_refused(
    bare: Data, wanted: object, fact: str, remedy: str
) -> None:
    with pytest.raises(LaminaError) as refused:
        data.read(told(bare, wanted))
    assert fact in refused.value.fact
    assert remedy in refused.value.remedy
    assert refused.value.place == "data.options.names"


def test_a_table_without_a_header_is_called_as_named_and_has_names_then(bare: Data) -> None:
    found = data.inspect(told(bare, NAMES))
    assert [view.name for view in found.columns] == NAMES
    assert not found.headerless
    assert found.options["header"] is False
    assert found.named == {"#0": "age", "#1": "city", "#2": "visits", "#3": "stays"}


def test_columns_left_unnamed_beside_named_ones_keep_what_people_call_them(bare: Data) -> None:
    found = data.inspect(told(bare, {"#1": "city"}))
    assert [view.name for view in found.columns] == ["column 1", "city", "column 3", "column 4"]


def test_names_by_what_a_header_says_hold_where_the_columns_stand_otherwise(
    headed: Data, tmp_path: Path
) -> None:
    renamed = data.rename(headed, {"City": "town"})
    assert renamed.options["names"] == {"City": "town"}
    other = tmp_path / "other.csv"
    other.write_text("City,target,Age,N\n" + "A,yes,3,4\nB,no,5,6\n" * 20)
    moved = renamed.model_copy(update={"options": {**renamed.options, "path": str(other)}})
    assert set(data.read(moved).frame["town"]) == {"A", "B"}


def test_a_test_file_is_joined_by_its_own_header_and_called_along(
    headed: Data, tmp_path: Path
) -> None:
    test = tmp_path / "test.csv"
    test.write_text("target,City,Age,N\nyes,Z,3,4\n")
    options = {**headed.options, "test_path": str(test)}
    renamed = data.rename(headed.model_copy(update={"options": options}), {"City": "town"})
    assert data.read(renamed).frame["town"].iloc[-1] == "Z"


def test_whatever_names_a_column_follows_it(bare: Data) -> None:
    full = bare.model_copy(
        update={
            "target": "#3",
            "columns": {"#0": Column(scale="minmax"), "#2": Column(role="group")},
            "split": Split(kind="group", group="#2"),
            "prepare": (Step.model_validate({"kind": "relabel", "column": "#1", "values": {}}),),
            "inputs": {"table": Binding(columns=("#0", "#1"))},
        }
    )
    found = data.rename(full, NAMES)
    assert found.target == "stays"
    assert found.columns == {"age": Column(scale="minmax"), "visits": Column(role="group")}
    assert found.split.group == "visits"
    assert found.prepare[0].settings()["column"] == "city"
    assert found.inputs["table"].columns == ("age", "city")
    again = data.rename(found, {"city": "town"})
    assert again.prepare[0].settings()["column"] == "town"
    assert again.options["names"] == ["age", "town", "visits", "stays"]
    assert data.rename(again, []) == full


def test_renamed_back_the_same_data_is_prepared_already(bare: Data) -> None:
    before = Project(data=bare.model_copy(update={"target": "#3"}))
    key = data.prepare(before).spec.key
    renamed = data.rename(before.data, NAMES)
    other = data.prepare(before.model_copy(update={"data": renamed}))
    assert other.spec.key != key
    assert other.spec.target is not None
    assert other.spec.target.name == "stays"
    assert other.preparation["file"]["renamed"]["#0"] == "age"
    back = data.rename(renamed, ["column 1", "column 2", "column 3", "column 4"])
    assert data.prepare(before.model_copy(update={"data": back})).spec.key == key


def test_a_name_that_sounds_like_a_target_changes_no_target(bare: Data) -> None:
    assert data.inspect(bare).target == "#3"
    found = data.rename(bare, ["y", "city", "visits", "stays"])
    assert data.inspect(found).target == "stays"


def test_what_names_no_column_is_left_as_it_is(bare: Data) -> None:
    odd = bare.model_copy(update={"target": "nothing"})
    assert data.rename(odd, NAMES).target == "nothing"
    with pytest.raises(LaminaError, match="no column 'zebra'"):
        data.rename(bare, {"zebra": "horse"})


def test_columns_of_bundled_sets_have_their_names_from_there() -> None:
    with pytest.raises(LaminaError, match="names from its source"):
        data.rename(Data(source="sklearn", options={"name": "iris"}), ["a"])


def test_the_column_of_texts_is_named_with_the_others(tmp_path: Path) -> None:
    path = tmp_path / "sms.tsv"
    lines = [f"{'spam' if i % 2 else 'ham'}\tthe message number {i} says hello" for i in range(60)]
    path.write_text("\n".join(lines) + "\n")
    given = Data(source="text", options={"path": str(path), "header": False, "column": "#1"})
    found = data.rename(given, ["kind", "message"])
    assert found.options["column"] == "message"
    raw = data.read(found)
    assert list(raw.frame.columns) == ["kind"]
    assert raw.media["text"].facts["cells"] == ["message"]


def test_windows_are_cut_from_columns_as_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("".join(f"{i % 13},{i % 7}.5\n" for i in range(200)))
    given = Data(source="windows", options={"path": str(path), "target": "#1", "length": 5})
    found = data.rename(given, ["load", "heat"])
    assert found.options["target"] == "heat"
    assert data.read(found).media["series"].facts["channels"] == ["load", "heat"]


def test_repeated_names_that_were_replaced_are_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(rows("a,a,n,target"))
    given = Data(source="table", options={"path": str(path)})
    assert "repeated_names" in {one.code for one in data.inspect(given).findings}
    found = data.inspect(data.rename(given, ["age", "city", "n", "target"]))
    assert "repeated_names" not in {one.code for one in found.findings}


def test_a_network_learns_the_same_whatever_its_columns_are_called(bare: Data) -> None:
    plain = Project(data=bare.model_copy(update={"target": "#3"}), graphs={"model": Graph()})
    called = plain.model_copy(update={"data": data.rename(plain.data, NAMES)})
    one, other = (data.prepare(it).tensors("train") for it in (plain, called))
    assert all(bool((one[name] == other[name]).all()) for name in one)


def test_a_text_is_called_as_its_table_does_and_a_table_without_a_header_stays_one() -> None:
    text = {"form": "tokens", "column": "text", "cells": ["message"]}
    assert naming.texts({"inputs": {"text": text}}) == {"text": "message"}
    assert naming.texts({"inputs": {"text": {**text, "cells": []}}}) == {}
    bare = {"inputs": {"text": {**text, "cells": ["#1"]}}, "target": {"name": "#0"}}
    assert naming.headless(bare)
