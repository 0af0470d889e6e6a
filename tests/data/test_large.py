"""Large text tables are read in blocks, into the same columns as small ones."""

from pathlib import Path

import numpy as np
import pytest

from builder.data.base import Raw
from builder.data.formats import large
from builder.data.sources.table import Table
from builder.errors import LaminaError

REGULAR = {
    "plain": "a,b,c\n1,x,2.5\n2,y,?\n3,,1e3\n",
    "gaps and inf": "a,b\n1,\n,inf\nNA,2\n4,1e400\n",
    "codes": "zip,n,t\n01234,1,0\n00550,22,0\n90210,3,1\n",
    "long digits": "card,n\n12345678901234567,1\n12345678901234568,2\n",
    "dressed": 'price,share,name\n"$1,200",44 %,a\n"$900",50 %,b\n"$1,500",1 %,a\n',
    "dates": "when,v\n2019-03-01,1\n2019-04-01,2\n,3\n",
    "months": "month,v\n2019-03,1\n2019-04,2\n2019-05,3\n",
    "dates of digits": "date,v\n20190301,1\n20190302,2\n20190303,3\n",
    "yes and no": "ok,v\ntrue,1\nFalse,2\nTRUE,3\n",
    "quoted lines": 'text,v\n"one\ntwo, three",1\n"say ""no"" now",2\nplain,3\n',
    "no gaps": "a,b\n1,x\n2,y\n",
    "blank rows": "a,b\n1,2\n,\n\n3,4\n",
    "semicolons": "a;b\n1,5;x\n2,5;y\n3,5;x\n",
    "crlf": "a,b\r\n1,x\r\n2,y\r\n",
    "bom": "\ufeffa,b\n1,x\n2,y\n",
    "no head": "1,2,yes\n3,4,no\n5,6,yes\n",
    "words and numbers": "a,b\n1,x\ntwo,y\n3,x\nfour,y\n",
    "unit": "w,v\n3 lbs,1\n4 lbs,2\n5 lbs,3\n",
    "umlaut": "größe,v\nklein,1\ngroß,2\n",
    "last line open": "a,b\n1,2\n3,4",
}
ODD = {
    "long row": "a,b\n1,2\n3,4,5\n",
    "short row": "a,b,c\n1,2,3\n4,5\n",
    "unclosed": 'a,b\n1,2\n"3,4\n',
    "nul": "a,b\n1,2\n3,\0\n",
    "quote after a space": 'a, b\n1, "x, y"\n2, "z"\n',
    "quoted tabs": 'a\tb\n"1\t2\n3\t4\n',
    "old ends of lines": "a,b\r1,2\r3,4\r",
    "titles": "A long title of this table\n\na,b,c\n1,2,3\n4,5,6\n",
    "repeated names": "a,a\n1,2\n3,4\n",
}


def read(path: Path) -> Raw | str:
    try:
        return Table().read({"path": str(path)})
    except LaminaError as error:
        return str(error)


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Raw | str, Raw | str]:
    """What the small reader and the large one make of the file."""
    plain = read(path)
    monkeypatch.setattr(large, "BIG", 0)
    return plain, read(path)


def assert_same(one: Raw | str, other: Raw | str) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert list(one.frame.columns) == list(other.frame.columns)
    for name in one.frame.columns:
        a, b = one.frame[name], other.frame[name]
        assert a.dtype == b.dtype, name
        assert a.isna().tolist() == b.isna().tolist(), name
        assert a.dropna().tolist() == b.dropna().tolist(), name
    assert (one.reading, one.findings) == (other.reading, other.findings)
    assert (one.headerless, dict(one.options)) == (other.headerless, dict(other.options))


@pytest.mark.parametrize("name", [*REGULAR, *ODD])
def test_a_large_table_is_read_as_a_small_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes({**REGULAR, **ODD}[name].encode())
    assert_same(*both(path, monkeypatch))


@pytest.mark.parametrize("name", REGULAR)
def test_a_regular_table_needs_no_string_for_each_cell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(REGULAR[name].encode())
    monkeypatch.setattr(large, "BIG", 0)
    found = large.read(path, {})
    assert found is not None
    assert all(isinstance(column, large.Words) for column in found[0].cells)


def test_latin_letters_are_read_in_blocks_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("größe,v\nklein,1\ngroß,2\n".encode("cp1252"))
    assert_same(*both(path, monkeypatch))


def test_every_messy_table_is_the_same_either_way(
    test_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((test_data / "messy_tables").glob("*/*.?sv"))
    plain = [read(path) for path in files]
    monkeypatch.setattr(large, "BIG", 0)
    for path, before in zip(files, plain, strict=True):
        assert_same(before, read(path))


def test_a_test_file_beside_it_is_laid_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "BIG", 0)
    (tmp_path / "a.csv").write_text("x,y\n1,a\n2,b\n")
    (tmp_path / "b.csv").write_text("x,y\n3,a\n4,b.\n")
    options = {"path": str(tmp_path / "a.csv"), "test_path": str(tmp_path / "b.csv")}
    raw = Table().read(options)
    assert raw.frame["x"].tolist() == [1, 2, 3, 4]
    assert raw.frame["y"].tolist() == ["a", "b", "a", "b"]
    assert raw.given is not None
    assert np.array_equal(raw.given, [0, 0, 2, 2])


def test_more_than_the_memory_holds_is_refused_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "BIG", 0)
    monkeypatch.setattr(large, "MAX_BYTES", 10)
    (tmp_path / "a.csv").write_text("x,y\n1,a\n2,b\n")
    with pytest.raises(LaminaError, match="GB of memory") as caught:
        Table().read({"path": str(tmp_path / "a.csv")})
    assert caught.value.place == "a.csv"
    assert caught.value.remedy
