"""The reference tables come in as their own papers describe them, by themselves."""

from pathlib import Path

import pytest

from builder import data
from builder.project import Data, Project, TaskChoice


def _adult(folder: Path) -> Data:
    return Data(
        source="table",
        options={
            "path": str(folder / "tabular_adult/adult-train.csv"),
            "test_path": str(folder / "tabular_adult/adult-test.csv"),
        },
        target="#14",
    )


def test_adult_needs_no_help(test_data: Path) -> None:
    prepared = data.prepare(Project(data=_adult(test_data)))
    sizes = prepared.spec.sizes
    assert sizes["test"] == 16281
    assert sizes["train"] + sizes["validation"] == 32561
    assert prepared.spec.target is not None
    assert prepared.spec.target.classes == ("<=50K", ">50K")
    notes = " ".join(prepared.spec.notes)
    assert "trailing dot" in notes
    assert '"?" means missing' in notes
    assert "keeps its split" in notes
    assert "space" in notes
    assert "#1=(missing)" in prepared.spec.inputs["table"].features


def test_adult_may_be_pooled_when_asked(test_data: Path) -> None:
    given = _adult(test_data)
    pooled = given.model_copy(update={"split": given.split.model_copy(update={"kind": "random"})})
    assert data.inspect(pooled).sizes["test"] == round(48842 * 0.15)


def test_sms_spam_has_all_its_rows(test_data: Path) -> None:
    given = Data(source="table", options={"path": str(test_data / "text_sms_spam/sms.tsv")})
    overview = data.inspect(given)
    assert overview.rows == 5574
    assert overview.balance == (("ham", 4827), ("spam", 747))
    assert overview.options["quoting"] == "none"
    assert "duplicates_across_splits" in {finding.code for finding in overview.findings}
    assert data.suggest(given).inputs["text"].columns == ("#1",)


@pytest.mark.parametrize(
    ("name", "target", "problem", "rows"),
    [
        ("tabular_titanic/titanic.csv", "Survived", "classification", 891),
        ("tabular_penguins/penguins.csv", "species", "classification", 344),
        ("tabular_auto_mpg/mpg.csv", "mpg", "regression", 398),
        ("tabular_california_housing/housing.csv", "median_house_value", "regression", 20640),
        ("images_digits_csv/digits.csv", "digit", "classification", 1797),
    ],
)
def test_target_and_problem_are_guessed(
    name: str, target: str, problem: str, rows: int, test_data: Path
) -> None:
    overview = data.inspect(Data(source="table", options={"path": str(test_data / name)}))
    assert (overview.target, overview.problem, overview.rows) == (target, problem, rows)
    assert not [finding for finding in overview.findings if finding.code == "leakage"]


def test_titanic_leaves_out_what_names_a_person(test_data: Path) -> None:
    given = Data(source="table", options={"path": str(test_data / "tabular_titanic/titanic.csv")})
    roles = {column.name: column.role for column in data.inspect(given).columns}
    assert {n for n, role in roles.items() if role == "ignore"} == {
        "PassengerId",
        "Name",
        "Ticket",
        "Cabin",
    }
    prepared = data.prepare(Project(data=given))
    assert "Age is missing" in prepared.spec.inputs["table"].features


def test_dates_become_numbers(test_data: Path) -> None:
    given = Data(
        source="table",
        options={"path": str(test_data / "ts_nab_nyc_taxi/nyc_taxi.csv")},
        split={"kind": "time", "time": "timestamp"},
        columns={"timestamp": {"role": "feature"}},
    )
    prepared = data.prepare(Project(data=given, task=TaskChoice(kind="regression")))
    features = prepared.spec.inputs["table"].features
    assert features == ("timestamp.hour", "timestamp.weekday", "timestamp.month", "timestamp.year")
    last = [prepared.record("train", prepared.spec.sizes["train"] - 1), prepared.record("test", 0)]
    assert last[0]["timestamp"] < last[1]["timestamp"]
