"""What is read of cells that are written in uncommon ways, and of what is nothing to read."""

import re
from pathlib import Path

import pandas as pd
import pytest

from builder import data
from builder.data.formats import columnar
from builder.data.runtime import tables


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [
        ("(5.50)", ".", -5.5), ("($1,234.50)", ".", -1234.5), ("(1.234,5 €)", ",", -1234.5),
        ("−5", ".", -5), ("−5,5", ",", -5.5), ("(12 %)", ".", -0.12), ("−1.5e3", ".", -1500),
    ],
)  # fmt: skip
def test_what_is_below_zero_may_stand_in_brackets_or_behind_a_true_minus(
    cell: str, decimal: str, number: float
) -> None:
    assert tables.to_number(cell, decimal) == pytest.approx(number)


@pytest.mark.parametrize("cell", ["(a)", "(5", "()", "(-5)", "(5)(6)", "5-6"])
def test_other_brackets_are_no_numbers(cell: str) -> None:
    with pytest.raises(ValueError, match=re.escape(cell)):
        tables.to_number(cell)


@pytest.mark.parametrize(
    ("cell", "kind"), [("({0}.50)", "number"), ("<{0}.1", "text"), ("1{0:040d}", "text")]
)
def test_columns_of_signs_are_no_texts_to_learn_from(cell: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    rows = "".join(f"{cell.format(i)},{'x' if i % 3 else 'y'}\n" for i in range(60))
    path.write_text("v,target\n" + rows)
    found = data.suggest(data.recognise([path]))
    assert found.source == "table"
    assert found.inputs == {}
    assert data.inspect(found).column("v").type == kind


def test_lengths_of_time_are_seconds(tmp_path: Path) -> None:
    frame = pd.DataFrame({"took": pd.to_timedelta([1, None, 2.5], unit="h")})
    frame.to_parquet(tmp_path / "a.parquet")
    cells = columnar.plain(columnar.read(tmp_path / "a.parquet")["took"])
    assert list(pd.Series(cells).dropna()) == [3600.0, 9000.0]
