"""Values that stand for nothing known: noticed, and gaps in training and in new rows alike."""

from pathlib import Path

import numpy as np
import pytest
import torch

from builder import data, project
from builder.data.base import Finding
from builder.data.runtime import Preparation
from builder.errors import LaminaError
from builder.project import Column, Data, Project, TaskChoice


def table(folder: Path, code: str = "-999", odd: str = "") -> Data:
    """200 rows in whose temperatures every tenth is the code; one wind is `odd`, if given."""
    x = np.random.default_rng(0)
    lines = ["temp,wind,place,sales"]
    for row in range(200):
        temp = code if row % 10 == 0 else f"{x.normal(15, 6):.1f}"
        wind = odd if odd and row == 57 else f"{x.uniform(0, 20):.2f}"
        lines.append(f"{temp},{wind},{'NSEWX'[row % 5]},{x.normal():.3f}")
    path = folder / "weather.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return Data(source="table", options={"path": str(path)}, target="sales")


def found(section: Data) -> dict[str, Finding]:
    return {finding.code: finding for finding in data.inspect(section).findings}


def test_a_code_and_a_mistake_are_told_and_mended_by_their_button(tmp_path: Path) -> None:
    section = table(tmp_path, odd="1e9")
    findings = found(section)
    assert "-999 again and again" in findings["gap_code"].sentence
    assert "1000000000" in findings["far_off"].sentence
    for code in ("gap_code", "far_off"):
        section = data.edit(section, findings[code].remedies[0].edits)
    assert section.columns["temp"].absent == ("-999",)
    assert not {"gap_code", "far_off"} & set(found(section))
    overview = data.inspect(section)
    assert overview.column("temp").missing == 20
    assert overview.column("wind").numbers["max"] < 21


@pytest.mark.parametrize(
    "cells",
    [
        [f"{value}" for value in np.random.default_rng(1).lognormal(3, 1, 300).round(2)],
        [f"{value}" for value in np.arange(300) * 7 % 100],
        ["0"] * 280 + ["5000", "6000", "7000", "8000"] * 5,
        [f"{value}" for value in np.random.default_rng(2).integers(-1, 40, 300)],
    ],
    ids=["incomes", "up to 99", "mostly nought", "from -1 on"],
)
def test_what_numbers_are_like_is_no_mistake(tmp_path: Path, cells: list[str]) -> None:
    lines = [f"{cell},{place % 2}" for place, cell in enumerate(cells)]
    path = tmp_path / "plain.csv"
    path.write_text("\n".join(["x,label", *lines]), encoding="utf-8")
    section = Data(source="table", options={"path": str(path)}, target="label")
    assert not {"gap_code", "far_off"} & set(found(section))


def test_new_rows_have_the_same_gaps_as_training(tmp_path: Path) -> None:
    section = table(tmp_path)
    section = section.model_copy(
        update={"columns": {"temp": Column(absent=("-999",)), "place": Column(absent=("X",))}}
    )
    made = Project(name="weather", data=section, task=TaskChoice(kind="regression"))
    prepared = data.prepare(made)
    runtime = Preparation.from_dict(prepared.preparation)
    rows = [
        {"temp": cell, "wind": 3.0, "place": place}
        for cell, place in ((None, None), (-999, "X"), ("-999.0", " X"), (14.5, "N"))
    ]
    name = next(iter(prepared.spec.inputs))
    gap, number, text, known = runtime.transform(rows)[name]
    assert torch.equal(gap, number)
    assert torch.equal(gap, text)
    assert not torch.equal(gap, known)
    assert torch.isfinite(known).all()


def test_a_word_among_numbers_may_stand_for_nothing_known(tmp_path: Path) -> None:
    section = table(tmp_path, code="broken")
    section = section.model_copy(
        update={"columns": {"temp": Column(type="number", absent=("broken",))}}
    )
    prepared = data.prepare(Project(name="w", data=section, task=TaskChoice(kind="regression")))
    runtime = Preparation.from_dict(prepared.preparation)
    rows = [{"temp": cell, "wind": 3.0, "place": "N"} for cell in (None, "broken", 1.5)]
    gap, word, known = runtime.transform(rows)[next(iter(prepared.spec.inputs))]
    assert torch.equal(gap, word)
    assert not torch.equal(gap, known)


def test_a_date_and_a_yes_may_stand_for_nothing_known_too(tmp_path: Path) -> None:
    days = [f"2024-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(99)]
    lines = [f"{day},{row % 2}" for row, day in enumerate([*days, "1900-01-01"])]
    path = tmp_path / "days.csv"
    path.write_text("\n".join(["day,label", *lines]), encoding="utf-8")
    columns = {"day": Column(absent=("1900-01-01",))}
    section = Data(source="table", options={"path": str(path)}, target="label", columns=columns)
    assert data.inspect(section).column("day").missing == 1


def test_a_value_that_the_column_cannot_hold_is_refused_with_its_place(tmp_path: Path) -> None:
    section = table(tmp_path).model_copy(update={"columns": {"wind": Column(absent=("calm",))}})
    with pytest.raises(LaminaError, match="no value like 'calm'") as refused:
        data.inspect(section)
    assert refused.value.place == "data.columns.wind.absent"


def test_what_is_absent_goes_through_the_project_file(tmp_path: Path) -> None:
    section = table(tmp_path).model_copy(update={"columns": {"temp": Column(absent=("-999",))}})
    path = tmp_path / "weather.lamina.json"
    project.save(Project(name="weather", data=section), path)
    assert project.load(path).data.columns["temp"].absent == ("-999",)
