"""A table with a column of texts: the column is found, the rest stays a table."""

from pathlib import Path
from typing import Any

import pytest

from builder.data.sources.text import TextColumn
from builder.errors import LaminaError

ROWS = [
    ("ham", "are you coming home for dinner"),
    ("spam", "win a prize now, call this number"),
    ("ham", 'she said "no way" and left'),
    ("spam", "free entry to the weekly draw"),
]


def write(path: Path, header: str = "") -> Path:
    path.write_text(header + "".join(f"{label}\t{text}\n" for label, text in ROWS))
    return path


def read(path: Path, **options: Any) -> Any:
    return TextColumn().read({"path": str(path), **options})


@pytest.mark.parametrize("header", ["", "kind\tmessage\n"])
def test_the_column_with_the_longest_texts_is_the_text(tmp_path: Path, header: str) -> None:
    raw = read(write(tmp_path / "x.tsv", header))
    column, target = ("message", "kind") if header else ("#1", "#0")
    assert raw.options["column"] == column
    assert raw.target == target
    assert list(raw.frame.columns) == [target]
    assert raw.media["text"].values[0] == ROWS[0][1]
    assert raw.media["text"].facts["cells"] == [column]


def test_another_column_can_be_named_by_name_or_place(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", "kind\tmessage\n")
    for name in ("kind", "#0"):
        assert read(path, column=name).media["text"].values == [label for label, _ in ROWS]
    with pytest.raises(LaminaError, match="no column 'body'"):
        read(path, column="body")


def test_a_table_without_texts_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(LaminaError, match="No column holds texts"):
        read(tmp_path / "x.csv")


def test_a_test_file_gives_the_test_split(tmp_path: Path) -> None:
    first = write(tmp_path / "x.tsv", "kind\tmessage\n")
    second = write(tmp_path / "y.tsv", "kind\tmessage\n")
    assert read(first, test_path=str(second)).given.tolist() == [0] * 4 + [2] * 4


def test_the_shared_messages_are_all_read_in_spite_of_their_quotes(test_data: Path) -> None:
    raw = read(test_data / "text_sms_spam" / "sms.tsv")
    assert raw.frame["#0"].value_counts().to_dict() == {"ham": 4827, "spam": 747}
