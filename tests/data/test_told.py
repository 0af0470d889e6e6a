"""What is taken back is said in a few words."""

import pytest

from builder.data.told import told
from builder.project import Binding, Column, Data, Split, Step

BASE = Data(source="table", options={"path": "a.csv"}, target="y")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"columns": {"age": Column(type="category")}}, "type of age: category"),
        ({"columns": {"age": Column(role="ignore")}}, "role of age: ignore"),
        ({"columns": {"age": Column(missing="own_category")}}, "gaps of age: own category"),
        ({"columns": {"age": Column(absent=("-999",))}}, "values of age that mean not known"),
        ({"columns": {"age": Column(written="duration")}}, "signs of age: duration"),
        ({"columns": {"#2": Column(log=True)}}, "logarithm of column 3"),
        (
            {"columns": {"a": Column(role="ignore"), "b": Column(role="ignore")}},
            "role of a: ignore, and 1 more",
        ),
        ({"target": "x", "columns": {"x": Column()}}, "target: x"),
        (
            {
                "columns": {"who": Column(role="group")},
                "split": Split(kind="group", group="who"),
            },
            "role of who: group",
        ),
        ({"split": Split(seed=2)}, "seed of the split"),
        ({"split": Split(test=0.3)}, "shares of the split"),
        ({"split": Split(kind="time", time="day")}, "split: by day"),
        ({"split": Split(kind="random")}, "split: at random"),
        ({"options": {"path": "a.csv", "header": False}}, "how it is read: "),
        ({"options": {"path": "a.csv", "names": {"a": "b"}}}, "names of columns"),
        ({"options": {"path": "b.csv"}}, "other data"),
        ({"augment": (Step(kind="flip"),)}, "augmentation: flip"),
        ({"prepare": (Step(kind="tokens"),)}, "preparation of texts"),
        ({"inputs": {"in": Binding(form="codes")}}, "inputs of the network"),
    ],
)
def test_a_change_is_told_in_a_few_words(changes: dict[str, object], words: str) -> None:
    said = told(BASE, BASE.model_copy(update=changes), headerless="#2" in str(changes))
    assert said.startswith(words) if words.endswith(": ") else said == words


def test_the_first_data_is_called_the_data() -> None:
    assert told(Data(), BASE) == "the data"
