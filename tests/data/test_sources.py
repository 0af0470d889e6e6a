"""Every source keeps the promises of its contract."""

import random
from pathlib import Path

import pytest

from builder import data
from builder.data.base import Source
from builder.errors import LaminaError
from builder.project import Data

SOURCES = list(data.catalogue().items())


@pytest.mark.parametrize(("kind", "source"), SOURCES)
def test_a_source_declares_itself(kind: str, source: Source) -> None:
    assert source.kind == kind
    assert source.title
    assert source.help.endswith(".")
    names = [option.name for option in source.params]
    assert len(names) == len(set(names))
    for option in source.params:
        assert option.title
        assert option.default is None or option.kind != "choice" or option.default in option.choices


@pytest.mark.parametrize(("kind", "source"), SOURCES)
def test_a_source_refuses_a_path_that_is_not_there(kind: str, source: Source) -> None:
    paths = [option.name for option in source.params if option.kind == "path"]
    if "path" not in paths:
        assert source.files({}) == () or kind
        return
    for options in ({}, {"path": "/no/such/file.csv"}, {"path": ""}):
        with pytest.raises(LaminaError) as caught:
            data.read(Data(source=kind, options=options))
        assert caught.value.fact


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast_cancer", "diabetes"])
def test_bundled_sets_are_whole_without_a_network(name: str) -> None:
    raw = data.read(Data(source="sklearn", options={"name": name}))
    assert raw.target == "target"
    assert raw.problem == ("regression" if name == "diabetes" else "classification")
    assert not raw.frame.isna().any().any()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Data(), "no data yet"),
        (Data(source="nothing"), "no data source called 'nothing'"),
        (Data(source="sklearn", options={"nme": "iris"}), "no option 'nme'"),
        (Data(source="sklearn", options={"name": "mnist"}), "no set called 'mnist'"),
        (Data(source="sklearn", options={"name": "iris", "form": "image"}), "not images"),
    ],
)
def test_a_mistake_in_the_options_is_told(given: Data, words: str) -> None:
    with pytest.raises(LaminaError, match=words):
        data.read(given)


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="folder"):
        data.read(Data(source="table", options={"path": str(tmp_path)}))


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.csv", "x,y\n1,a\n2,b\n3,a\n", "table"),
        ("a.tsv", "x\ty\n1\ta\n2\tb\n3\ta\n", "table"),
        (
            "sms.tsv",
            "".join(f"{'ab'[i % 2]}\tmessage number {i} to you\n" for i in range(200)),
            "text",
        ),
    ],
)
def test_a_file_is_recognised_by_what_is_in_it(
    name: str, text: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    assert data.recognise([tmp_path / name]).source == kind


def _people(rows: int) -> str:
    lines = (
        f"{20 + n % 50},{'fm'[n % 2]},{n % 7},{['no', 'yes'][n % 3 == 0]}" for n in range(rows)
    )
    return "\n".join(("age,sex,hours,income", *lines)) + "\n"


def _waves(rows: int, names: bool = True) -> str:
    lines = ["label," + ",".join(f"t{n}" for n in range(20))] if names else []
    for n in range(rows):
        cells = (f"{abs((n + t) % 20 - 10) / 7:.2f}" for t in range(20))
        lines.append(f"{n % 2}," + ",".join(cells))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", ["adult-{}.csv", "adult_{}.csv", "{}.csv"])
def test_a_table_and_its_test_part_are_a_table_whether_as_folder_or_one_by_one(
    name: str, tmp_path: Path
) -> None:
    train, test = tmp_path / name.format("train"), tmp_path / name.format("test")
    train.write_text(_people(60))
    test.write_text(_people(20))
    for found in (data.recognise([tmp_path]), data.recognise([train, test])):
        assert found.source == "table"
        assert found.options == {"path": str(train), "test_path": str(test)}
        assert data.inspect(data.suggest(found)).sizes["test"] == 20
    assert data.recognise([train]).source == "table"
    test.unlink()
    assert data.recognise([tmp_path]).options == {"path": str(train)}


@pytest.mark.parametrize("names", [True, False])
def test_wide_numbers_and_their_test_part_stay_series(names: bool, tmp_path: Path) -> None:
    for part, rows in (("TRAIN", 30), ("TEST", 10)):
        (tmp_path / f"Set_{part}.csv").write_text(_waves(rows, names))
    assert data.recognise([tmp_path]).source == "series"
    assert data.recognise([tmp_path / "Set_TRAIN.csv"]).source == "series"
    assert data.inspect(data.recognise([tmp_path])).sizes["test"] == 10


@pytest.mark.parametrize("names", [True, False])
def test_a_wide_table_of_numbers_that_only_count_may_be_series(names: bool, tmp_path: Path) -> None:
    path = tmp_path / "shapes.csv"
    path.write_text(_waves(40, names))
    found = data.recognise([path])
    assert found.source == "table"
    told = {one.code: one.sentence for one in data.inspect(data.suggest(found)).findings}
    assert "20 columns of numbers have no names of their own" in told["like_series"]
    draw = random.Random(0)
    rows = (",".join([str(n % 2), *(f"{draw.random():.3f}" for _ in range(20))]) for n in range(40))
    path.write_text("\n".join(["label," + ",".join(f"t{n}" for n in range(20)), *rows]))
    overview = data.inspect(data.suggest(data.recognise([path])))
    assert "like_series" not in {one.code for one in overview.findings}


def test_a_table_that_is_read_as_series_says_which_columns_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(_people(30))
    chosen = Data(source="series", options={"path": str(path), "label": "income"})
    (finding,) = [one for one in data.inspect(chosen).findings if one.code == "columns_left_out"]
    assert finding.severity == "warning"
    assert "sex" in finding.sentence


def test_a_file_that_was_dropped_with_the_data_and_is_not_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    upload = tmp_path / "uploads" / "abc"
    upload.mkdir(parents=True)
    (upload / "people.csv").write_text(_people(30))
    chosen = Data(source="table", options={"path": str(upload / "people.csv")})
    assert "unused_files" not in {one.code for one in data.inspect(chosen).findings}
    (upload / "more.csv").write_text(_people(31))
    more = chosen.model_copy(update={"target": "income"})
    told = {one.code: one.sentence for one in data.inspect(more).findings}
    assert told["unused_files"].startswith("'more.csv' is not read: the data is 'people.csv' alone")


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(b"MZ")
    with pytest.raises(LaminaError, match=r"does not know what to make of a\.exe"):
        data.recognise([tmp_path / "a.exe"])


def test_the_example_of_the_docs_works(tmp_path: Path) -> None:
    page = Path(data.__file__).parents[2] / "docs" / "add-a-source.md"
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    scope: dict[str, object] = {"__name__": "log"}
    exec(compile(code, "log.py", "exec"), scope)
    source = scope["Log"]()  # type: ignore[operator]
    path = tmp_path / "a.log"
    path.write_text("1 2 a\n3 4 b\n")
    assert source.unfit(path) is None
    assert source.read({"path": str(path)}).frame.shape == (2, 3)
    path.write_text("1 2 a\n3\n")
    with pytest.raises(LaminaError, match=r"a\.log, line 2"):
        source.read({"path": str(path)})
