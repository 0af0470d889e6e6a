"""Preparation: fitted on training rows only, done once, the same for training and for
prediction."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from builder import data, workspace
from builder.data import store
from builder.data.runtime import Preparation
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.project import Data, Project, TaskChoice

Write = Callable[..., Data]


def _mixed(rows: int = 200, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    lines = ["size,colour,sold,when,label"]
    for row in range(rows):
        size = "" if row % 17 == 3 else f"{rng.normal(5, 2):.3f}"
        colour = ["red", "green", "blue", ""][row % 4]
        moment = f"2024-0{1 + row % 9}-1{row % 10} 0{row % 10}:30"
        lines.append(f"{size},{colour},{row % 2 == 0},{moment},{'yes' if row % 3 else 'no'}")
    return "\n".join(lines) + "\n"


def test_digits_come_as_images_and_iris_as_a_table() -> None:
    digits = data.prepare(Project(data=Data(source="sklearn", options={"name": "digits"})))
    assert digits.spec.inputs["image"].shape == (1, 8, 8)
    assert digits.tensors("train")["image"].dtype == torch.uint8
    assert sum(digits.spec.sizes.values()) == 1797
    iris = data.prepare(Project(data=Data(source="sklearn", options={"name": "iris"})))
    assert iris.spec.inputs["table"].shape == (4,)
    assert iris.spec.target is not None
    assert iris.spec.target.classes == ("setosa", "versicolor", "virginica")


def test_every_feature_has_a_name_and_its_column(table: Write) -> None:
    spec = data.specs(Project(data=table(_mixed(), target="label")))
    vector = spec.inputs["table"]
    assert vector.features == (
        "size",
        "size is missing",
        "colour=blue",
        "colour=green",
        "colour=red",
        "colour=(missing)",
        "sold",
        "when.hour",
        "when.weekday",
        "when.month",
        "when.year",
    )
    assert vector.origins[:3] == ("size", "size", "colour")
    assert vector.shape == (11,)


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
def test_fitting_looks_at_training_rows_only(table: Write, scale: str) -> None:
    """Wild values in rows that are not trained on change nothing about the training tensors."""
    text = _mixed()
    parts: dict[str, Any] = {"target": "label", "columns": {"size": {"scale": scale}}}
    first = data.prepare(Project(data=table(text, **parts)))
    lines = text.splitlines()
    outside = {
        json.dumps(first.record(split, row), sort_keys=True)
        for split in ("validation", "test")
        for row in range(first.spec.sizes[split])
    }
    raw = data.read(table(text, **parts)).frame
    inside = {
        json.dumps(first.record("train", row), sort_keys=True)
        for row in range(first.spec.sizes["train"])
    }
    assert len(inside) + len(outside) == 200
    changed = lines[:1]
    for row, line in enumerate(lines[1:]):
        cells = line.split(",")
        record = {
            "size": None if np.isnan(raw["size"][row]) else raw["size"][row],
            "colour": cells[1] or None,
            "sold": cells[2] == "True",
            "when": str(raw["when"][row]),
            "label": cells[4],
        }
        if json.dumps(record, sort_keys=True) in outside:
            cells[0], cells[1] = "1e6", "violet"
        changed.append(",".join(cells))
    assert sum("violet" in line for line in changed) == 60
    second = data.prepare(Project(data=table("\n".join(changed) + "\n", **parts)))
    assert first.spec.key != second.spec.key
    assert torch.equal(first.tensors("train")["table"], second.tensors("train")["table"])
    assert first.preparation == second.preparation


def test_numbers_are_standardised_and_gaps_become_the_median(table: Write) -> None:
    prepared = data.prepare(Project(data=table(_mixed(), target="label")))
    x = prepared.tensors("train")["table"]
    assert float(x[:, 0].mean()) == pytest.approx(0, abs=1e-5)
    assert float(x[:, 0].std(correction=0)) == pytest.approx(1, abs=1e-5)
    gaps = x[:, 1] == 1
    assert 0 < int(gaps.sum()) < 20
    assert len(x[gaps, 0].unique()) == 1


def test_what_is_stored_is_what_the_runtime_gives_for_the_records(table: Write) -> None:
    prepared = data.prepare(Project(data=table(_mixed(), target="label")))
    for split in ("train", "validation", "test"):
        rows = range(prepared.spec.sizes[split])
        records = [prepared.record(split, row) for row in rows]
        again = Preparation.from_dict(json.loads(json.dumps(prepared.preparation)))
        assert torch.equal(again.transform(records)["table"], prepared.tensors(split)["table"])
        words = [{k: "" if v is None else str(v) for k, v in r.items()} for r in records]
        assert torch.equal(again.transform(words)["table"], prepared.tensors(split)["table"])


def test_wide_and_deep_gets_two_inputs(table: Write) -> None:
    inputs = {
        "wide": {"columns": "all", "form": "vector"},
        "deep_codes": {"form": "codes"},
        "numbers": {"columns": "numbers", "form": "vector"},
        "chosen": {"columns": ["#1", "size"]},
    }
    prepared = data.prepare(Project(data=table(_mixed(), target="label", inputs=inputs)))
    specs = prepared.spec.inputs
    assert specs["wide"].shape == (11,)
    assert specs["deep_codes"].features == ("colour",)
    assert specs["deep_codes"].cardinality == 5  # unseen, three colours, missing
    assert specs["numbers"].origins == ("size", "size", "sold", *["when"] * 4)
    assert specs["chosen"].origins == (*["colour"] * 4, "size", "size")
    codes = prepared.tensors("train")["deep_codes"]
    assert codes.dtype == torch.int64
    assert 0 <= int(codes.min()) <= int(codes.max()) < specs["deep_codes"].cardinality


def test_codes_of_several_columns_do_not_overlap(table: Write) -> None:
    text = "a,b,y\n" + "".join(f"{'uv'[i % 2]},{'xyz'[i % 3]},{i % 2}\n" for i in range(60))
    given = table(text, target="y", inputs={"codes": {"form": "codes"}})
    prepared = data.prepare(Project(data=given))
    codes = prepared.tensors("train")["codes"]
    assert int(codes[:, 0].max()) < int(codes[:, 1].min())
    unseen = prepared.runtime.transform([{"a": "new", "b": "new"}])["codes"]
    assert unseen.tolist() == [[0, 3]]


def test_input_nodes_of_the_graph_name_the_inputs(table: Write) -> None:
    graph = Graph.model_validate({"nodes": [{"id": "x", "layer": "Input"}], "edges": []})
    spec = data.specs(Project(data=table(_mixed(), target="label"), graphs={"model": graph}))
    assert list(spec.inputs) == ["x"]


def test_free_text_alone_is_read_as_text(table: Write) -> None:
    words = ["good", "bad", "fine", "poor"]
    text = "review,label\n" + "".join(
        f"{words[i % 4]} film number {i} seen by person {i * 7},{i % 2}\n" for i in range(120)
    )
    spec = data.specs(Project(data=table(text, target="label")))
    assert spec.inputs["text"].form == "tokens"


def test_rows_with_gaps_may_be_left_out(table: Write) -> None:
    parts = {"target": "label", "columns": {"size": {"missing": "drop_rows"}}}
    prepared = data.prepare(Project(data=table(_mixed(), **parts)))
    assert sum(prepared.spec.sizes.values()) == 200 - len(range(3, 200, 17))
    assert any("rows without size" in note for note in prepared.spec.notes)


@pytest.mark.parametrize(("missing", "expected"), [("zero", 0.0), ("mean", 30.0), ("median", 20.0)])
def test_gaps_are_filled_as_asked(table: Write, missing: str, expected: float) -> None:
    cells = ["10", "20", "60", "", "10", "20", "60"] * 12
    text = "x,y\n" + "".join(f"{cell},{i % 2}\n" for i, cell in enumerate(cells))
    column = {"missing": missing, "scale": "none", "flag_missing": False}
    parts = {"target": "y", "columns": {"x": column}, "split": {"validation": 0, "test": 0}}
    x = data.prepare(Project(data=table(text, **parts))).tensors("train")["table"]
    assert x.shape == (84, 1)
    assert float(x[3]) == pytest.approx(expected)


def test_log_only_where_asked(table: Write) -> None:
    text = "x,y\n" + "".join(f"{10 ** (i % 6)},{i % 2}\n" for i in range(60))
    column = {"log": True, "scale": "none"}
    parts = {"target": "y", "columns": {"x": column}, "split": {"validation": 0, "test": 0}}
    x = data.prepare(Project(data=table(text, **parts))).tensors("train")["table"]
    assert float(x[2]) == pytest.approx(np.log1p(100), rel=1e-6)


def test_regression_keeps_the_unit_and_notes_mean_and_spread(table: Write) -> None:
    text = "x,price\n" + "".join(f"{i},{i * 10.5}\n" for i in range(100))
    given = table(text, target="price", columns={"x": {"role": "feature"}})
    prepared = data.prepare(Project(data=given, task=TaskChoice(kind="regression")))
    y = prepared.tensors("train")["target"]
    target = prepared.spec.target
    assert target is not None
    assert y.dtype == torch.float32
    assert target.mean == pytest.approx(float(y.mean()), rel=1e-5)
    assert target.std == pytest.approx(float(y.std(correction=0)), rel=1e-5)


def test_a_second_preparation_opens_the_first(table: Write) -> None:
    given = Project(data=table(_mixed(), target="label"))
    first = data.prepare(given)
    written = (first.folder / "spec.json").stat()
    asked: list[str] = []
    assert data.prepare(given, lambda what, *_: asked.append(what)).folder == first.folder
    assert (first.folder / "spec.json").stat().st_ino == written.st_ino
    assert asked == []
    assert data.open_prepared(first.spec.key).spec == first.spec


def test_a_changed_file_is_noticed_named_and_prepared_anew(table: Write) -> None:
    given = table(_mixed(), target="label")
    first = data.prepare(Project(data=given))
    assert first.changed() == []
    table(_mixed(seed=1), target="label")
    assert first.changed() == [given.options["path"]]
    second = data.prepare(Project(data=given))
    assert second.spec.key != first.spec.key
    assert (
        second.spec.notes[0] == f"{given.options['path']} has changed since it was last prepared."
    )
    assert not any("has changed" in note for note in first.spec.notes)


def test_writing_into_tensors_changes_no_file(table: Write) -> None:
    given = Project(data=table(_mixed(), target="label"))
    data.prepare(given).tensors("train")["table"].zero_()
    assert float(data.prepare(given).tensors("train")["table"].abs().sum()) > 0


def test_ctrl_c_in_the_middle_leaves_nothing(table: Write, lamina_home: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "Preparing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.prepare(Project(data=table(_mixed(), target="label")), stop)
    assert [p for p in (lamina_home / "prepared").iterdir() if p.name != ".digests"] == []


def test_a_full_disk_is_told_in_words_and_leaves_nothing(
    table: Write, lamina_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("builder.data.store.write_json", full)
    with pytest.raises(LaminaError, match="disk is full"):
        data.prepare(Project(data=table(_mixed(), target="label")))
    assert [p for p in (lamina_home / "prepared").iterdir() if p.name != ".digests"] == []


def test_several_preparers_at_once_agree(table: Write, lamina_home: Path) -> None:
    given = Project(data=table(_mixed(), target="label"))
    data.read(given.data)
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(data.prepare(given).folder))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert len(set(results)) == 1
    kept = [p.name for p in (lamina_home / "prepared").iterdir() if p.name != ".digests"]
    assert kept == [results[0].name]


def test_the_least_recently_used_goes_first_when_the_cap_is_reached(
    table: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    keys = []
    for seed in range(3):
        split = {"seed": seed}
        prepared = data.prepare(Project(data=table(_mixed(), target="label", split=split)))
        os.utime(prepared.folder, (seed + 1, seed + 1))
        keys.append(prepared.spec.key)
    data.open_prepared(keys[0])
    one = store.size(prepared.folder)
    store.clean_up(cap=2 * one + one // 2)
    assert [folder.name for folder, _, _ in store.folders()] == [keys[2], keys[0]]
    with pytest.raises(LaminaError, match="not there any more"):
        data.open_prepared(keys[1])


def test_what_a_run_holds_is_not_cleaned_up(table: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = data.prepare(Project(data=table(_mixed(), target="label")))
    data.hold(prepared.spec.key, "20260101-run")
    assert store.clean_up(cap=0) == 0
    assert workspace.clean_up("prepared") == 0
    assert len(data.open_prepared(prepared.spec.key).tensors("train")["target"])
    monkeypatch.setattr(store, "HELD", -1.0)  # whoever held it has not been heard of for too long
    assert not store.held(prepared.folder)
    monkeypatch.setattr(store, "HELD", 1e9)
    data.release("20260101-run")
    assert store.clean_up(cap=0) > 0
    with pytest.raises(LaminaError, match="not there any more"):
        data.open_prepared(prepared.spec.key)


def test_holding_what_is_gone_does_nothing(lamina_home: Path) -> None:
    data.hold("0123456789", "some-run")
    data.release("some-run")
    assert not (lamina_home / "prepared" / "0123456789").exists()


def test_what_a_killed_process_left_is_swept_away(lamina_home: Path, table: Write) -> None:
    left = lamina_home / "prepared" / ".abc.999999999.xyz"
    left.mkdir(parents=True)
    (left / "train.x.bin").write_bytes(b"0" * 100)
    data.prepare(Project(data=table(_mixed(), target="label")))
    assert not left.exists()


def test_a_damaged_folder_is_told_in_words(table: Write) -> None:
    prepared = data.prepare(Project(data=table(_mixed(), target="label")))
    (prepared.folder / "train.table.bin").write_bytes(b"123")
    with pytest.raises(LaminaError, match="damaged"):
        data.open_prepared(prepared.spec.key).tensors("train")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"target": "nothing"}, "no column 'nothing'"),
        ({"target": "#9"}, "#0 to #4"),
        ({"target": "label", "columns": {"colur": {"role": "ignore"}}}, "'colour'"),
        ({"target": "label", "split": {"kind": "group"}}, "needs a column"),
        ({"target": "label", "split": {"kind": "time", "time": "colour"}}, "cannot order"),
        ({"target": "label", "inputs": {"x": {"columns": ["label"]}}}, "takes the target"),
        ({"target": "label", "inputs": {"x": {"form": "image"}}}, "wants image"),
        ({"target": "label", "columns": {"colour": {"type": "number"}}}, "No cell can be read"),
        ({"target": "label", "prepare": [{"kind": "magic"}]}, "no preparation step"),
        ({"target": "label", "prepare": [{"kind": "relabel"}]}, "needs a column and values"),
        ({"target": "size"}, "too many for classes"),
        (
            {"target": "label", "prepare": [{"kind": "drop_duplicates", "keep": 1}]},
            "no setting 'keep'",
        ),
        (
            {
                "target": "label",
                "prepare": [{"kind": "relabel", "column": "colour", "values": {}, "to": 1}],
            },
            "no setting 'to'",
        ),
        ({"target": "label", "prepare": [{"kind": "image"}]}, "No input is of the form image"),
        ({"target": "label", "prepare": [{"kind": "tokens"}]}, "there is vector"),
        ({"target": "label", "prepare": [{"kind": "series"}]}, "No input is of the form series"),
    ],
)
def test_a_mistake_in_the_project_names_its_place(
    table: Write, parts: dict[str, Any], words: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        data.prepare(Project(data=table(_mixed(), **parts)))
    assert caught.value.place.startswith("data")


def test_a_step_on_images_takes_no_settings() -> None:
    steps = [{"kind": "image", "size": 32}]
    given = Data.model_validate(
        {"source": "sklearn", "options": {"name": "digits"}, "prepare": steps}
    )
    with pytest.raises(LaminaError, match="not known") as caught:
        data.prepare(Project(data=given))
    assert caught.value.place == "data.prepare.image.size"


def test_words_cannot_be_regressed(table: Write) -> None:
    given = table(_mixed(), target="colour")
    with pytest.raises(LaminaError, match="holds words"):
        data.prepare(Project(data=given, task=TaskChoice(kind="regression")))


def test_a_split_by_group_keeps_groups_whole(table: Write) -> None:
    text = "who,x,y\n" + "".join(f"p{i % 12},{i * 0.37 % 1:.3f},{i % 2}\n" for i in range(240))
    split = {"kind": "group", "group": "who"}
    prepared = data.prepare(Project(data=table(text, target="y", split=split)))
    people = {
        name: {prepared.record(name, row)["who"] for row in range(size)}
        for name, size in prepared.spec.sizes.items()
    }
    assert not people["train"] & people["test"]
    assert not people["train"] & people["validation"]
    assert prepared.spec.inputs["table"].origins == ("x",)


def test_repeated_rows_are_kept_once_when_asked(table: Write) -> None:
    text = "x,y\n" + "".join(f"{i % 40 * 1.5},{i % 2}\n" for i in range(80))
    step = [{"kind": "drop_duplicates"}]
    prepared = data.prepare(Project(data=table(text, target="y", prepare=step)))
    assert sum(prepared.spec.sizes.values()) == 40


def test_train_and_test_may_be_two_files(table: Write, tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("y,x,more\nb.,1,0\na.,2,0\n")
    text = "x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(40))
    options = {"test_path": str(tmp_path / "test.csv")}
    columns = {"x": {"role": "feature"}}
    given = table(text, target="y", options=options, columns=columns)
    prepared = data.prepare(Project(data=given))
    assert prepared.spec.sizes == {"train": 34, "validation": 6, "test": 2}
    assert prepared.record("test", 0) == {"x": 1, "y": "b"}
    assert any("'more'" in note for note in prepared.spec.notes)


def test_a_test_file_without_the_target_is_refused_with_its_name(
    table: Write, tmp_path: Path
) -> None:
    (tmp_path / "test.csv").write_text("x\n1\n2\n")
    given = table("x,y\n1,a\n2,b\n3,a\n", options={"test_path": str(tmp_path / "test.csv")})
    with pytest.raises(LaminaError, match="lacks the column 'y'") as caught:
        data.prepare(Project(data=given))
    assert caught.value.place == "test.csv"


def test_a_row_that_does_not_exist_is_refused(table: Write) -> None:
    prepared = data.prepare(Project(data=table(_mixed(), target="label")))
    with pytest.raises(LaminaError, match="no row"):
        prepared.record("test", 10_000)
    with pytest.raises(LaminaError, match="no split"):
        prepared.tensors("tests")


def test_a_thumbnail_is_a_png_of_the_asked_size() -> None:
    from io import BytesIO

    from PIL import Image

    digits = data.prepare(Project(data=Data(source="sklearn", options={"name": "digits"})))
    with Image.open(BytesIO(digits.thumbnail("test", 0, 64))) as image:
        assert image.size == (64, 64)
        assert image.format == "PNG"
    assert digits.record("test", 0)["image"][:4] == b"\x89PNG"
