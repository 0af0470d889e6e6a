"""Numbers that are written with signs are noticed, read as numbers by one button that says what it
does, and read so in new rows too.
"""

from collections import Counter
from pathlib import Path

import pytest
import torch

from builder import data, project
from builder.data import measures
from builder.data.base import Finding
from builder.data.runtime import Preparation, tables
from builder.errors import LaminaError
from builder.project import Column, Data, Project


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("1,234.5 €", 1234.5),
        ("(1,200)", -1200.0),
        ("1.2e-3", 0.0012),
        ("50 %", 0.5),
        ("$12", 12.0),
        ("\u22125.5", -5.5),
    ],
)
def test_usual_dress_is_read_without_asking(word: str, number: float) -> None:
    assert tables.to_number(word) == pytest.approx(number)


@pytest.mark.parametrize(
    ("words", "written", "unit", "example", "value"),
    [
        (["<0.1", "0.5", "0.7", "1.2", ">100"], "measure", "", "<0.1", 0.1),
        (["<5 mg/L", "7 mg/L", "9 mg/L", "4.5 mg/L"], "measure", "mg/L", "<5 mg/L", 5),
        (["12 °C", "13°C", "-2 °C"], "measure", "°C", "13°C", 13),
        (["12,5 °C", "3,25 °C", "9,1 °C"], "measure", "°C", "9,1 °C", 9.1),
        (["12 km/h", "9 km/h", "1,200 km/h"], "measure", "km/h", "9 km/h", 9),
        (["USD 12", "USD 15", "USD 1,500"], "measure", "USD", "USD 12", 12),
        (["100+", "5", "7", "9"], "measure", "", "100+", 100),
        (["1h 5m", "2h", "45m", "3h 10m"], "duration", "", "3h 10m", 11_400),
        (["3 min", "2 h", "50 s"], "duration", "", "3 min", 180),
        (["01:05:20", "00:12:30", "10:00:00"], "duration", "", "01:05:20", 3920),
        (["5'11\"", "6'0\"", "5'2\""], "feet", "", "5'11\"", 71),
    ],
)
def test_signs_are_noticed(
    words: list[str], written: str, unit: str, example: str, value: float
) -> None:
    found = measures.look(Counter(words * 4))
    assert found is not None
    assert (found.written, found.unit, found.example) == (written, unit, example)
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    "words",
    [
        ["<=50K", ">50K"],
        ["<20", "<30", "<40", "50+"],
        ["Class 1", "Class 2", "Class 3"],
        ["A1", "A2", "A3"],
        ["12:30", "13:45", "01:10"],
        ["10-20", "20-30", "30-40"],
        ["12kg", "800 g", "3 kg", "12 g"],
        ["12 Main St", "14 Oak Ave", "5 High St"],
        ["555-1234", "555-9876", "555-4444"],
        ["S", "M", "L"],
        ["1st", "2nd", "3rd", "4th"],
        ["1.2.3", "1.2.4", "2.0.0"],
    ],
    ids=str,
)
def test_words_that_are_no_amounts_stay_words(words: list[str]) -> None:
    assert measures.look(Counter(words * 4)) is None


def table(folder: Path, **cells: list[str]) -> Data:
    """200 rows; the given columns repeat their cells, quoted."""
    names = list(cells)
    lines = [",".join([*names, "plain", "label"])]
    for row in range(200):
        own = ['"' + cells[name][row % len(cells[name])].replace('"', '""') + '"' for name in names]
        lines.append(",".join([*own, str(row * 7 % 31), "yes" if row % 3 else "no"]))
    path = folder / "signs.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return Data(source="table", options={"path": str(path)}, target="label")


def told(section: Data) -> list[Finding]:
    wanted = ("written_numbers", "mixed_types")
    return [finding for finding in data.inspect(section).findings if finding.code in wanted]


WAITS = ["1h 5m", "2h", "45m", "3h 10m", ""]
LIMITS = ["<0.1", "0.5", "0.7", "1.2", ">100", "0.9", "0.8"]
SPEEDS = ["12 km/h", "9 km/h", "11.5 km/h"]
TALL = ["5'11\"", "6'0\"", "5'2\"", "5'8\""]


def test_each_button_says_what_it_does_and_does_it(tmp_path: Path) -> None:
    section = table(tmp_path, wait=WAITS, dose=LIMITS, tall=TALL, speed=SPEEDS)
    before = data.inspect(section)
    assert before.column("wait").type == "category"
    labels = {finding.columns: finding.remedies[0].label for finding in told(section)}
    assert labels == {
        ("wait",): "Read as seconds: 3h 10m is 11,400",
        ("dose",): "Read as numbers: <0.1 is 0.1",
        ("tall",): "Read as inches: 5'11\" is 71",
        ("speed",): "Take off km/h: 9 km/h is 9",
    }
    for finding in told(section):
        section = data.edit(section, finding.remedies[0].edits)
    after = data.inspect(section)
    assert not told(section)
    numbers = {name: after.column(name).numbers for name in ("wait", "dose", "tall")}
    assert {after.column(name).type for name in numbers} == {"number"}
    assert (numbers["wait"]["min"], numbers["wait"]["max"]) == (2700, 11_400)
    assert (numbers["dose"]["min"], numbers["dose"]["max"]) == (0.1, 100)
    assert numbers["tall"]["max"] == 72
    assert after.column("wait").missing == 40
    assert "wait: durations read as seconds." in after.notes


def test_new_rows_are_read_as_the_training_rows_were(tmp_path: Path) -> None:
    section = table(tmp_path, wait=WAITS, dose=LIMITS, tall=TALL, speed=SPEEDS)
    for finding in told(section):
        section = data.edit(section, finding.remedies[0].edits)
    prepared = data.prepare(Project(data=section))
    kept = Preparation.from_dict(prepared.preparation)
    words = {"wait": "1h 5m", "dose": ">100", "tall": "6'0\"", "speed": "9 km/h", "plain": "3"}
    plain = {"wait": 3900, "dose": 100.0, "tall": 72, "speed": 9, "plain": 3}
    one, two = (kept.transform([record]) for record in (words, plain))
    (name,) = kept.input_names
    assert torch.equal(one[name], two[name])
    raw = prepared.record("train", 0)
    assert torch.equal(kept.transform([raw])[name][0], prepared.tensors("train")[name][0])
    with pytest.raises(ValueError, match=r"'wait'.*'soon'"):
        kept.transform([{**words, "wait": "soon"}])


def test_few_limits_among_numbers_are_gaps_until_taken_as_numbers(tmp_path: Path) -> None:
    cells = ["<0.1", *(f"0.{i}" for i in range(10, 40))]
    section = table(tmp_path, dose=cells)
    assert data.inspect(section).column("dose").missing == 7
    (finding,) = told(section)
    assert "'<0.1'" in finding.sentence
    assert finding.remedies[0].label == "Take <0.1 as 0.1"
    section = data.edit(section, finding.remedies[0].edits)
    after = data.inspect(section)
    assert after.column("dose").missing == 0
    assert after.column("dose").numbers["min"] == pytest.approx(0.1)
    assert not told(section)
    assert "dose: 7 cells with the sign of a limit read as the number beside it." in after.notes
    kept = Preparation.from_dict(data.prepare(Project(data=section)).preparation)
    (name,) = kept.input_names
    rows = [{"dose": word, "plain": 1} for word in ("<0.1", "0.1", ">0.1")]
    x = kept.transform(rows)[name]
    assert torch.equal(x[0], x[1])
    assert torch.equal(x[0], x[2])


def test_what_is_not_written_so_is_missing_and_told(tmp_path: Path) -> None:
    section = table(tmp_path, wait=["1h 5m", "2h", "45m", "3h"] * 6 + ["soon"])
    for finding in told(section):
        section = data.edit(section, finding.remedies[0].edits)
    (left,) = told(section)
    assert "8 cells are not written like the others ('soon')" in left.sentence
    assert not left.remedies
    kept = Preparation.from_dict(data.prepare(Project(data=section)).preparation)
    assert kept.transform([{"wait": "soon", "plain": 1}])


def test_a_column_that_is_not_written_so_at_all_is_refused_with_its_place(tmp_path: Path) -> None:
    section = table(tmp_path, city=["Rome", "Oslo", "Bern"])
    wrong = section.model_copy(update={"columns": {"city": Column(written="duration")}})
    with pytest.raises(LaminaError) as refused:
        data.inspect(wrong)
    assert refused.value.place == "data.columns.city.written"


def test_a_column_that_is_to_stay_words_stays_so(tmp_path: Path) -> None:
    section = table(tmp_path, wait=WAITS)
    words = section.model_copy(update={"columns": {"wait": Column(type="category")}})
    assert not told(words)
    both = section.model_copy(update={"columns": {"wait": Column(type="category", written="feet")}})
    assert data.inspect(both).column("wait").type == "category"


def test_how_a_column_is_written_goes_through_the_project_file(tmp_path: Path) -> None:
    columns = {"wait": Column(written="duration", absent=("45m",))}
    section = table(tmp_path, wait=WAITS).model_copy(update={"columns": columns})
    kept = project.loads(project.dumps(Project(data=section)))
    assert kept.data.columns["wait"].written == "duration"
    assert data.inspect(kept.data).column("wait").missing == 80
