"""Series come from wide tables and .ts files, keep their split, and become tensors of one
length."""

import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from builder import data
from builder.data.base import Media
from builder.data.media import fit
from builder.data.runtime.series import Series, filled, series
from builder.data.sources.series import SeriesFiles
from builder.data.ts import read_ts
from builder.errors import LaminaError
from builder.project import Data, Step

HEAD = "# a comment\n@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n"


def read(path: Path, **options: Any) -> Any:
    return SeriesFiles().read({"path": str(path), **options})


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# --- .ts ---


def test_a_ts_file_gives_channels_gaps_and_labels() -> None:
    found = read_ts(HEAD + "1,2,?:4,5,6:a\n1,2:3,4:b\n", "x.ts")
    assert found.labels == ["a", "b"]
    assert found.classes == ("a", "b")
    assert [one.shape for one in found.series] == [(2, 3), (2, 2)]
    assert math.isnan(found.series[0][0, 2])


def test_time_stamps_are_passed_over_and_numbers_may_be_labels() -> None:
    head = "@timeStamps true\n@targetLabel true\n@data\n"
    found = read_ts(
        head + "(2020-01-01 00:00:00,1.5),(2020-01-01 01:00:00,2):(0,7),(1,8):3.25\n", "x.ts"
    )
    assert found.numeric
    assert found.labels == ["3.25"]
    assert found.series[0].tolist() == [[1.5, 2.0], [7.0, 8.0]]


@pytest.mark.parametrize(
    ("text", "place", "fact"),
    [
        ("1,2:a\n", "line 1", "before @data"),
        (HEAD + "1,x:a\n", "line 6", "'x' is no number"),
        (HEAD + "1,2:3,4:a\n1,2:b\n", "line 7", "has 1 channels, those before have 2"),
        (HEAD + "1,2\n", "line 6", "label at the end of the line is missing"),
        (HEAD + "1,2:c\n", "series 1", "'c' is not among"),
        (HEAD, "x.ts", "no series"),
        ("@\n", "x.ts", "no series"),
    ],
)
def test_a_broken_ts_file_names_its_line(text: str, place: str, fact: str) -> None:
    with pytest.raises(LaminaError, match=fact) as caught:
        read_ts(text, "x.ts")
    assert place in caught.value.place


# --- the source ---


def test_train_and_test_side_by_side_keep_their_split_whichever_was_chosen(tmp_path: Path) -> None:
    train = write(tmp_path / "X_TRAIN.ts", HEAD + "1,2,3:a\n4,5,6:b\n")
    test = write(tmp_path / "X_TEST.ts", HEAD + "7,8,9:b\n")
    for path in (train, test, tmp_path):
        raw = read(path)
        assert raw.given.tolist() == [0, 0, 2]
        assert raw.frame["label"].tolist() == ["a", "b", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "label,t0,t1,t2\n1,0.5,0.6,0.7\n2,1.5,1.6,1.7\n",
        "1,0.5,0.6,0.7\n2,1.5,1.6,1.7\n",
        "0.5\t0.6\t0.7\tone\n1.5\t1.6\t1.7\ttwo\n",
    ],
)
def test_the_label_of_a_wide_table_is_found(tmp_path: Path, text: str) -> None:
    raw = read(write(tmp_path / "x.csv", text))
    assert raw.frame[raw.target].tolist() in (["1", "2"], ["one", "two"])
    assert np.allclose(raw.media["series"].values[1], [[1.5, 1.6, 1.7]])


def test_the_label_column_can_be_named_and_gaps_at_the_end_shorten_a_series(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "a,b,c,kind\n1.5,2,,7\n3.5,4,5,8\n")
    raw = read(path, label="kind")
    assert [one.shape for one in raw.media["series"].values] == [(1, 2), (1, 3)]
    assert any("2 to 3 steps" in note for note in raw.notes)
    with pytest.raises(LaminaError, match="no column 'x'"):
        read(path, label="x")


def test_labels_with_fractions_are_numbers_to_predict(tmp_path: Path) -> None:
    raw = read(write(tmp_path / "x.csv", "a,b,target\n1,2,0.5\n3,4,0.75\n"))
    assert raw.problem == "regression"
    assert raw.frame["target"].tolist() == [0.5, 0.75]


def test_a_table_without_a_label_or_without_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="not clear which column holds the label"):
        read(write(tmp_path / "x.csv", "a,b\n1.5,2.5\n3.5,4.5\n"))
    with pytest.raises(LaminaError, match="1 numbers beside the label"):
        read(write(tmp_path / "y.csv", "label,b\n1,2.5\n2,4.5\n"))


@pytest.mark.parametrize(("name", "expected"), [("GunPoint", 0.913), ("ItalyPowerDemand", 0.955)])
@pytest.mark.parametrize("kind", ["ts", "csv"])
def test_nearest_neighbour_on_the_shared_sets_is_as_published(
    test_data: Path, name: str, expected: float, kind: str
) -> None:
    raw = read(test_data / f"ts_class_{name}" / f"{name}_TRAIN.{kind}")
    train = np.flatnonzero(raw.given == 0).tolist()
    none = Step.model_validate({"kind": "series", "normalise": "none"})
    fitted = fit("series", "series", raw.media["series"], train, [none])
    x = Series(fitted.settings).transform([{"series": one} for one in raw.media["series"].values])
    y = np.array(raw.frame["label"].tolist())
    nearest = torch.cdist(
        x[len(train) :].flatten(1).double(), x[: len(train)].flatten(1).double()
    ).argmin(1)
    assert round(float((y[len(train) :] == y[nearest.numpy()]).mean()), 3) == expected


# --- the runtime ---


def test_a_series_may_be_a_list_an_array_json_or_a_mapping() -> None:
    values: list[Any] = [
        [[1, 2], [3, 4]],
        np.array([[1, 2], [3, 4]]),
        "[[1,2],[3,4]]",
        {"a": [1, 2], "b": ["3", 4]},
    ]
    for value in values:
        assert series(value, 2).tolist() == [[1, 2], [3, 4]]
    assert series([1, None, "?"], 1).isnan().tolist() == [[False, True, True]]


@pytest.mark.parametrize(
    "value", ["hello", [1, "x"], [[1, 2], [3]], 7, None, [], [[1, 2], [3, 4], [5, 6]]]
)
def test_what_is_no_series_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        series(value, 2)


def test_gaps_are_filled_on_the_line_between_their_neighbours() -> None:
    nan = math.nan
    x = torch.tensor([[nan, 1.0, nan, nan, 4.0, nan], [nan] * 6])
    assert filled(x).tolist() == [[1.0, 1.0, 2.0, 3.0, 4.0, 4.0], [0.0] * 6]


def test_channels_are_scaled_by_the_training_rows_alone() -> None:
    values = [np.array([[0.0, 2.0]]), np.array([[4.0, 6.0]]), np.array([[1000.0, 1000.0]])]
    fitted = fit("series", "series", Media("series", values), [0, 1])
    assert fitted.settings["mean"] == [3.0]
    x = Series(fitted.settings).transform([{"series": [3.0, 3.0]}])
    assert x.tolist() == [[[0.0, 0.0]]]


def test_each_series_by_itself_has_mean_0_and_deviation_1() -> None:
    step = Step.model_validate({"kind": "series", "normalise": "series"})
    fitted = fit("series", "series", Media("series", [np.array([[1.0, 2.0, 3.0]])]), [0], [step])
    x = Series(fitted.settings).transform([{"series": [10, 20, 60]}, {"series": [5, 5, 5]}])
    assert torch.allclose(x.mean(dim=2), torch.zeros(2, 1), atol=1e-6)
    assert torch.allclose(x.std(dim=2, unbiased=False).flatten(), torch.tensor([1.0, 0.0]))


def test_shorter_series_are_filled_up_longer_ones_cut_and_rows_restored() -> None:
    fitted = fit("series", "series", Media("series", [np.array([[1.0, 2.0, 3.0]])] * 2), [0, 1])
    form = Series(json.loads(json.dumps(fitted.settings)))
    x = form.transform([{"series": [1.0]}, {"series": [1.0, 2.0, 3.0, 4.0]}])
    assert x.shape == (2, 1, 3)
    assert x[0, 0, 1:].tolist() == [0.0, 0.0]
    assert np.allclose(form.restore(x[1])["channel 1"], [1.0, 2.0, 3.0])


def test_a_record_of_a_wide_table_gives_its_series_by_its_cells() -> None:
    facts = {"cells": ["t0", "t1"], "channels": ["value"]}
    fitted = fit("series", "series", Media("series", [np.array([[1.0, 3.0]])], facts), [0])
    form = Series(fitted.settings)
    assert torch.equal(form.transform([{"t0": "1", "t1": 3}]), form.transform([{"series": [1, 3]}]))
    with pytest.raises(ValueError, match="Record 1, 'series': it is missing"):
        form.transform([{"t0": 1}])


def test_a_zipped_pair_is_read_with_its_split_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    head = "@problemName Two\n@classLabel true a b\n@data\n"
    path = tmp_path / "Two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Two/Two_TRAIN.ts", head + "1,2,3:a\n3,2,1:b\n1,2,4:a\n")
        archive.writestr("Two/Two_TEST.ts", head + "1,1,3:a\n3,1,1:b\n")
        archive.writestr("Two/Two_TRAIN.arff", "@relation two")
        archive.writestr("Two/Two.png", b"a picture of it")
        archive.writestr("Two/README.txt", "About the set")
    given = data.recognise([path])
    assert given.source == "series"
    raw = data.read(given)
    assert raw.frame["label"].tolist() == ["a", "b", "a", "a", "b"]
    assert raw.given is not None
    assert raw.given.tolist() == [0, 0, 0, 2, 2]
    assert list((tmp_path / "aside").iterdir()) == []


def test_a_zipped_table_of_series_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "Set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Set_TRAIN.tsv", "1\t.1\t.2\t.3\n2\t.3\t.2\t.1\n1\t.1\t.2\t.4\n")
        archive.writestr("Set_TEST.tsv", "2\t.3\t.3\t.1\n1\t.2\t.2\t.4\n")
    raw = data.read(data.recognise([path]))
    assert raw.frame[raw.target].tolist() == ["1", "2", "1", "2", "1"]
    assert raw.media["series"].values[0].shape == (1, 3)


def test_a_zip_that_points_outside_is_no_series(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../x_TRAIN.ts", "@data\n1,2:a\n")
    with pytest.raises(LaminaError, match="outside its own folder"):
        data.read(Data(source="series", options={"path": str(path)}))
