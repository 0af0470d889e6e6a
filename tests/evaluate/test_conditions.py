"""Conditions on columns select the rows that a person means, and say what they do not know."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import LaminaError
from builder.evaluate import Columns, Term, is_condition, parse, rows_where, written
from builder.evaluate.columns import of_cells

CELLS = {
    "sex": ["Female", "Male", None, "Female", "Male"],
    "age": [20, 30.5, 40, None, 60],
    "seen": ["2019-12-31", "2020-01-01", "2020-03-05 08:00:00", None, "2021-01-01"],
    "a<b & c": ["x|y", 'say "so"', "and", "<1H OCEAN", "x"],
    "note": ["Late at night", "", "early", "NIGHT", "day"],
    "won": [True, False, True, None, False],
}
COLUMNS = of_cells(CELLS, 5, "target")


def rows(text: str) -> list[int]:
    return np.flatnonzero(rows_where(COLUMNS, parse(text))).tolist()


@pytest.mark.parametrize(
    ("text", "found"),
    [("sex=Female", [0, 3]), ("sex = female", [0, 3]), ("SEX==Female", [0, 3]),
     ("sex!=Female", [1, 4]), ("sex=Female|Male", [0, 1, 3, 4]), ("sex is missing", [2]),
     ("sex is present & age is missing", [3]), ("age>=30.5", [1, 2, 4]), ("age>30.5", [2, 4]),
     ("age<30.5", [0]), ("age≤30.5", [0, 1]), ("age=40", [2]), ("age!=40", [0, 1, 4]),
     ("sex=Male & age<60", [1]), ("seen<2020", [0]), ("seen=2020", [1, 2]), ("seen>2020", [4]),
     ("seen<=2020-03", [0, 1, 2]), ("seen>=2020-03-05", [2, 4]), ("seen=2020-03-05", [2]),
     ('"a<b & c"="x|y"', [0]), ('"a<b & c"="say ""so"""', [1]), ('"a<b & c"="<1H OCEAN"', [3]),
     ("note~night", [0, 3]), ("note~night|day", [0, 3, 4]), ('note="Late at night"', [0]),
     ("note is missing", [1]), ("sex is not missing", [0, 1, 3, 4]), ("age IS  NOT present", [3]),
     ("won=true", [0, 2])],
)  # fmt: skip
def test_a_condition_selects_what_it_says(text, found):
    assert rows(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [("sx=Female", "Did you mean sex"), ("sex=Femal", "Did you mean Female?"),
     ("sex=x", "There is Female, Male."), ("sex>3", "no order"), ("age>old", "such as 60"),
     ("age~3", "contain no text"), ("seen>soon", "2020-03"),
     ("sex", "no condition"), ("sex=", "lacks a value"), ("=3", "lacks its column"),
     ("age>3|4", "several values"), ('sex="Fem', "no counterpart"), ("", "no condition"),
     ("sex=Female &", "no condition"), ("x" * 3000, "at most")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_what_there_is(text, said):
    with pytest.raises(LaminaError) as caught:
        rows(text)
    assert said in f"{caught.value}"


def test_a_text_is_found_by_its_tables_name_and_by_its_inputs():
    texts = [f"text {at} {'long ' * (at % 3)}" for at in range(90)]
    cells = {"text": texts, "label": ["a", "b"] * 45}
    found = of_cells(cells, 90, "label", {"text": "message"})
    assert [one.label for one in found.all] == ["message", "words in message", "label"]
    assert found.find("words in message") is found.find("words in text")
    assert rows_where(found, parse('message~"text 7"')).sum() == 11
    assert rows_where(found, parse('text~"text 7"')).sum() == 11


def test_rows_without_columns_say_so():
    with pytest.raises(LaminaError, match="no columns beside what is predicted"):
        Columns(5, (), "target").find("sex")


words = st.text(max_size=12).filter(str.strip)
terms = st.builds(
    Term, words, st.sampled_from(["=", "!=", "~"]), st.lists(words, min_size=1).map(tuple)
) | st.builds(Term, words, st.just("is"), st.sampled_from([("missing",), ("present",)]))


@given(st.lists(terms, min_size=1, max_size=3))
def test_a_written_condition_is_read_back_as_it_was(found):
    assert parse(written(found)) == tuple(found)


def test_a_name_is_told_from_a_condition():
    assert is_condition("sex=Female")
    assert is_condition("age is missing")
    assert not is_condition("hard ones")
    assert not is_condition('"a=b"')
