"""Windows follow the time, never cross a border, and carry the right answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.data.sources.windows import Windows
from builder.errors import LaminaError


def table(path: Path, rows: int = 100, step: str = "h", shuffle: bool = False) -> Path:
    import pandas as pd

    times = pd.date_range("2024-01-01", periods=rows, freq=step)
    frame = pd.DataFrame({"when": times, "a": range(rows), "b": np.arange(rows) * 10.5})
    frame["state"] = np.where(frame["a"] % 20 < 10, "low", "high")
    if shuffle:
        frame = frame.sample(frac=1, random_state=0)
    frame.to_csv(path, index=False)
    return path


def read(path: Path, **options: Any) -> Any:
    return Windows().read({"path": str(path), **options})


def test_a_forecast_looks_so_many_rows_ahead(tmp_path: Path) -> None:
    raw = read(table(tmp_path / "x.csv"), target="a", length=8, horizon=3)
    for window, answer in zip(raw.media["series"].values, raw.frame["a"], strict=True):
        assert window.shape == (2, 8)
        assert answer == window[0, -1] + 3
    assert raw.problem == "regression"


def test_no_row_of_a_window_or_its_answer_belongs_to_two_splits(tmp_path: Path) -> None:
    raw = read(table(tmp_path / "x.csv"), target="a", length=8, horizon=3)
    seen: list[set[int]] = [set(), set(), set()]
    for window, answer, code in zip(
        raw.media["series"].values, raw.frame["a"], raw.given, strict=True
    ):
        seen[code] |= {*window[0].astype(int).tolist(), int(answer)}
    assert all(seen)
    assert max(seen[0]) < min(seen[1])
    assert max(seen[1]) < min(seen[2])


def test_rows_out_of_order_are_put_in_order_of_time(tmp_path: Path) -> None:
    straight = read(table(tmp_path / "x.csv"), length=5)
    mixed = read(table(tmp_path / "y.csv", shuffle=True), length=5)
    assert straight.frame.equals(mixed.frame)
    assert np.array_equal(straight.media["series"].values[7], mixed.media["series"].values[7])


def test_a_label_is_that_of_the_windows_last_row(tmp_path: Path) -> None:
    raw = read(table(tmp_path / "x.csv"), label="state", length=4, columns="a")
    assert raw.problem == "classification"
    for window, label in zip(raw.media["series"].values, raw.frame["state"], strict=True):
        assert label == ("low" if window[0, -1] % 20 < 10 else "high")


def test_no_window_crosses_from_one_group_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    rows = [
        f"{device},{i},{i + (1000 if device == 'q' else 0)}" for i in range(60) for device in "pq"
    ]
    path.write_text("device,tick,value\n" + "\n".join(rows) + "\n")
    raw = read(path, group="device", time="tick", target="value", length=5)
    for window in raw.media["series"].values:
        assert np.ptp(window) == 4
    assert {0, 1, 2} == set(raw.given.tolist())


def test_the_stride_steps_over_rows_and_is_chosen_for_long_tables(tmp_path: Path) -> None:
    assert read(table(tmp_path / "x.csv"), length=5, stride=10).rows < 12
    long = read(
        table(tmp_path / "y.csv", rows=60_000, step="min"), length=10, columns="a", target="a"
    )
    assert long.options["stride"] == 3
    assert long.rows <= 20_000


def test_months_are_even_and_holes_are_not(tmp_path: Path) -> None:
    assert not read(table(tmp_path / "x.csv", step="MS"), length=5).findings
    lines = table(tmp_path / "y.csv").read_text().splitlines(keepends=True)
    (tmp_path / "y.csv").write_text("".join(lines[:30] + lines[50:]))
    assert [finding.code for finding in read(tmp_path / "y.csv", length=5).findings] == [
        "uneven_time"
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "c"}, "no column 'c'"),
        ({"target": "state"}, "holds no numbers, so it cannot be forecast"),
        ({"columns": "a, state"}, "'state' does not exist or holds no numbers"),
        ({"length": 99}, "leave fewer than three"),
        ({"length": 1}, "no whole number from 2 on"),
        ({"length": 20, "test": 0.1}, "No window of 20 rows fits into the time of"),
        ({"validation": 0.5, "test": 0.5}, "take 100%"),
        ({"test": 2}, "no share"),
    ],
)
def test_what_cannot_be_cut_is_said_in_a_sentence(
    tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(LaminaError, match=sentence) as caught:
        read(table(tmp_path / "x.csv"), **options)
    assert caught.value.remedy


def test_the_shared_transformer_table_is_cut_by_the_hour(test_data: Path) -> None:
    raw = read(test_data / "ts_etth1" / "ETTh1.csv", length=96, horizon=24)
    assert raw.options["target"] == "OT"
    assert raw.media["series"].values[0].shape == (7, 96)
    assert raw.rows == 17420 - 96 - 24 + 1 - 2 * (96 + 24 - 1)
