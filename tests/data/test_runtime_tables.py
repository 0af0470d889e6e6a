"""The runtime alone: what an exported folder does with raw records."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import builder.data.runtime
from builder.data.runtime import Preparation, tables

AGE = {"kind": "number", "fill": 30.0, "flag": True, "shift": 30.0, "scale": 10.0}
ALONE = {"kind": "boolean", "fill": 0.0, "flag": False, "shift": 0.0, "scale": 1.0}
PREPARATION = {
    "version": 1,
    "inputs": {
        "table": {
            "form": "vector",
            "columns": [
                {"name": "age", **AGE},
                {"name": "sex", "kind": "category", "values": ["f", "m"], "other": True},
                {"name": "alone", **ALONE},
            ],
        }
    },
    "target": {"name": "y", "kind": "class", "classes": ["no", "yes"]},
}


def _row(**cells: object) -> list[float]:
    record = {"age": 30, "sex": "f", "alone": True, **cells}
    return Preparation.from_dict(PREPARATION).transform([record])["table"][0].tolist()


def test_words_and_numbers_give_the_same() -> None:
    assert _row(age=40) == _row(age="40") == _row(age=" 40.0 ") == [1, 0, 1, 0, 0, 1]


@pytest.mark.parametrize("gap", [None, "", "?", "NA", float("nan"), "null", float("inf"), "1e39"])
def test_a_gap_is_filled_and_flagged(gap: object) -> None:
    assert _row(age=gap)[:2] == [0, 1]


@pytest.mark.parametrize("unseen", ["x", None, "", "F "])
def test_the_unseen_is_one_category(unseen: object) -> None:
    assert _row(sex=unseen)[2:5] == [0, 0, 1]


@pytest.mark.parametrize(("word", "value"), [("yes", 1), ("False", 0), (1, 1), ("0", 0), ("", 0)])
def test_yes_and_no_in_words(word: object, value: int) -> None:
    assert _row(alone=word)[5] == value


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="Record 1 has no column 'sex'"):
        Preparation.from_dict(PREPARATION).transform([{"age": 1, "alone": 0}])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"age": "old"}, "Column 'age', record 1: 'old' is no number"),
        ({"alone": "perhaps"}, "Column 'alone', record 1: 'perhaps' is no yes or no"),
        ({"age": [1]}, "Column 'age'"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(cells: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _row(**cells)


def test_no_records_give_no_rows() -> None:
    assert Preparation.from_dict(PREPARATION).transform([])["table"].shape == (0, 6)


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        Preparation.from_dict({**PREPARATION, "version": 99})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", 1234.5),
        ("$12", 12),
        ("-$12.50", -12.5),
        ("44 %", 0.44),
        ("€ 3", 3),
        ("1e3", 1000),
    ],
)
def test_dressed_numbers(text: str, number: float) -> None:
    assert tables.to_number(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["1,23", "12 kg", "1.2.3", "a", "1_000", "--1", "0x10"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        tables.to_number(text)


def test_a_decimal_comma() -> None:
    assert tables.to_number("1.234,5", ",") == 1234.5
    assert tables.to_number("1.234", ",") == 1234
    assert tables.to_number("1.5", ",") == 1.5
    assert tables.to_number("3 kg", ".", "kg") == 3


def test_the_files_work_copied_elsewhere_with_torch_alone(tmp_path: Path) -> None:
    """As in an export: no builder, no pandas, no numpy needed by the code."""
    folder = Path(builder.data.runtime.__file__).parent
    shutil.copytree(folder, tmp_path / "out" / "prep", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import sys; sys.modules['pandas'] = sys.modules['sklearn'] = sys.modules['builder'] = "
        "None\n"
        "from out.prep import Preparation\n"
        f"preparation = Preparation.from_dict({PREPARATION!r})\n"
        "x = preparation.batch([{'age': 40, 'sex': 'm', 'alone': 'no'}])\n"
        "print(x['table'].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.stdout.strip() == "[[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]]", done.stderr


def test_the_runtime_imports_torch_and_the_standard_library_only() -> None:
    import ast

    allowed = {*sys.stdlib_module_names, "torch", "PIL", ""}
    for file in Path(builder.data.runtime.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = ["" if node.level else str(node.module)]
            assert {name.partition(".")[0] for name in names} <= allowed, file.name
    assert importlib.util.find_spec("torch") is not None
