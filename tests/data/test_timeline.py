"""Which tables are split by time at first sight, and which are not."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from builder import data
from builder.project import Data, Project, Split, TaskChoice

Write = Callable[..., Data]
START = datetime(2024, 1, 1)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=400).round(4).tolist()


def _table(columns: dict[str, Sequence[object]]) -> str:
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


def _hours(rows: int, step: timedelta = timedelta(hours=1)) -> list[datetime]:
    return [START + n * step for n in range(rows)]


SHUFFLED = RNG.permutation(200).tolist()
IRREGULAR = np.cumsum(RNG.exponential(1000, 200)).round().astype(int).tolist()
BIRTHS = [START - timedelta(days=int(days)) for days in RNG.permutation(20_000)[:200]]
ORDERS = [START + timedelta(days=n // 9) for n in range(200)]

AXES = {
    "hourly": {"when": _hours(200)},
    "hourly with clocks set back": {"when": [*_hours(100), *_hours(200)[99:199]]},
    "shuffled but even": {"when": [_hours(200)[n] for n in SHUFFLED]},
    "newest first": {"when": _hours(200)[::-1]},
    "sorted, uneven": {"when": [START + timedelta(seconds=n) for n in IRREGULAR]},
    "days": {"Datum": [f"{day:%d.%m.%Y}" for day in _hours(200, timedelta(days=1))]},
    "months": {"Month": [f"{1950 + n // 12}-{1 + n % 12:02d}" for n in range(200)]},
    "years": {"Year": list(range(1800, 2000))},
}
PLAIN = {
    "birth dates": {"born_on": BIRTHS},
    "sorted birth dates": {"birthday": sorted(BIRTHS)},
    "any dates in any order": {"visited": BIRTHS},
    "orders with repeats": {"ordered": ORDERS},
    "a date with gaps": {"when": ["" if n == 7 else day for n, day in enumerate(_hours(200))]},
    "model years": {"model_year": [1970 + n % 13 for n in range(200)]},
    "numbers that rise": {"time": [n / 7 for n in range(200)]},
    "several devices": {"when": sorted(_hours(50) * 4)},
}


@pytest.mark.parametrize("name", sorted(AXES))
def test_rows_that_follow_each_other_in_time_are_split_by_time(name: str, table: Write) -> None:
    columns = AXES[name]
    text = _table({**columns, "x": NOISE[:200], "load": NOISE[200:]})
    given = data.share_out(table(text, target="load"))
    assert (given.split.kind, given.split.time) == ("time", next(iter(columns)))
    prepared = data.prepare(Project(data=given, task=TaskChoice(kind="regression")))
    when = next(iter(columns))
    last = max(prepared.record("train", n)[when] for n in range(prepared.spec.sizes["train"]))
    assert last <= prepared.record("test", 0)[when]
    assert [item.code for item in data.inspect(given).findings if item.code == "time_split"]


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_dates_that_are_plain_features_leave_the_split_random(name: str, table: Write) -> None:
    text = _table({**PLAIN[name], "x": NOISE[:200], "load": NOISE[200:]})
    given = data.share_out(table(text, target="load"))
    assert given.split == Split()
    assert "time_split" not in {item.code for item in data.inspect(given).findings}


def test_the_remedy_leads_back_to_a_random_split(table: Write) -> None:
    given = data.share_out(
        table(_table({"when": _hours(200), "x": NOISE[:200], "load": NOISE[200:]}), target="load")
    )
    (found,) = [item for item in data.inspect(given).findings if item.code == "time_split"]
    back = data.edit(given, found.remedies[0].edits)
    assert (back.split.kind, back.split.time) == ("random", None)
    assert data.share_out(back) == back, "what a person decided stays"
    assert data.inspect(back).column("when").role == "feature"
    told = data.edit(given, found.remedies[1].edits)
    assert data.inspect(told).column("when").role == "feature"
    assert told.split == given.split


def test_a_series_of_one_column_keeps_the_time_as_its_input_and_names_the_windows(
    table: Write,
) -> None:
    given = data.share_out(table(_table({"time": _hours(300), "load": NOISE[:300]})))
    (found,) = [item for item in data.inspect(given).findings if item.code == "time_split"]
    assert found.severity == "warning"
    assert "--source windows" in found.sentence
    prepared = data.prepare(Project(data=data.suggest(given), task=TaskChoice(kind="regression")))
    assert set(prepared.spec.inputs["table"].origins) == {"time"}


def test_classes_that_come_late_keep_the_split_by_class(table: Write) -> None:
    late = ["a", "b"] * 80 + ["c"] * 40
    even = ["a", "b", "c", "a"] * 50
    for labels, kind in ((late, "stratified"), (even, "time")):
        text = _table({"when": _hours(200), "x": NOISE[:200], "label": labels})
        assert data.share_out(table(text, target="label")).split.kind == kind


def test_many_rows_keep_a_tenth_for_each_and_are_split_by_time(table: Write) -> None:
    text = _table({"when": _hours(6000, timedelta(minutes=5)), "load": (NOISE * 15)})
    split = data.share_out(table(text)).split
    assert (split.kind, split.validation, split.test) == ("time", 0.1, 0.1)


@pytest.mark.parametrize(
    ("path", "time"),
    [
        ("tabular_titanic/titanic.csv", None),
        ("tabular_adult/adult-train.csv", None),
        ("tabular_penguins/penguins.csv", None),
        ("tabular_california_housing/housing.csv", None),
        ("tabular_auto_mpg/mpg.csv", None),
        ("ts_etth1/ETTh1.csv", "date"),
        ("ts_airline_passengers/airline-passengers.csv", "Month"),
        ("ts_nab_nyc_taxi/nyc_taxi.csv", "timestamp"),
    ],
)
def test_real_tables_are_split_by_time_where_they_are_series(
    path: str, time: str | None, test_data: Path
) -> None:
    given = data.share_out(Data(source="table", options={"path": str(test_data / path)}))
    assert given.split.time == time
    assert given.split.kind == ("time" if time else "stratified")
