"""Media columns are fitted on training rows alone, and prepared rows come back as a person knows
them."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from builder.data import prepare
from builder.data.base import Media
from builder.data.media import fit, settings, thumbnail
from builder.data.runtime.images import Images
from builder.errors import LaminaError
from builder.project import Project, Step, loads


def project(source: str, options: dict[str, Any], form: str, **data: Any) -> Project:
    node = {"id": form, "layer": "Input", "params": {}}
    document = {
        "lamina": 1,
        "name": "x",
        "data": {"source": source, "options": options, **data},
        "graphs": {"model": {"nodes": [node], "edges": []}},
    }
    return loads(json.dumps(document))


def test_mean_and_deviation_of_pixels_are_those_of_the_training_rows() -> None:
    x = np.random.default_rng(0).integers(0, 256, (10, 6, 5, 3), dtype=np.uint8)
    fitted = fit("image", "image", Media("image", list(x)), range(7))
    expected = x[:7].astype(np.float64) / 255
    assert np.allclose(fitted.spec.mean, expected.mean(axis=(0, 1, 2)))
    assert np.allclose(fitted.spec.std, expected.std(axis=(0, 1, 2)))
    assert fitted.spec.shape == (3, 6, 5)
    ready = Images(fitted.settings).to_model(torch.tensor(x[:7]).permute(0, 3, 1, 2))
    assert abs(float(ready.mean())) < 1e-5


def test_images_that_are_all_black_do_not_divide_by_nought() -> None:
    fitted = fit("image", "image", Media("image", [np.zeros((4, 4), np.uint8)] * 3), range(3))
    assert fitted.spec.std == (1.0,)


def test_words_of_other_splits_stay_unknown() -> None:
    media = Media("tokens", ["good film"] * 2 + ["awful film"] * 2)
    fitted = fit("text", "text", media, [0, 1])
    assert fitted.settings["vocabulary"] == ["film", "good"]
    assert fitted.spec.cardinality == 4
    assert fitted.spec.shape == (2,)
    assert "learnt from the training texts" in fitted.notes[0]


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"kind": "tokens", "level": "syllable"}, "data.prepare.tokens.level"),
        ({"kind": "tokens", "lower": "yes"}, "data.prepare.tokens.lower"),
        ({"kind": "tokens", "min_count": 0}, "data.prepare.tokens.min_count"),
        ({"kind": "tokens", "speed": 1}, "data.prepare.tokens.speed"),
    ],
)
def test_wrong_settings_are_named_with_their_place(step: dict[str, Any], place: str) -> None:
    with pytest.raises(LaminaError) as caught:
        settings("tokens", [Step.model_validate(step)])
    assert caught.value.place == place


def test_steps_of_other_forms_do_not_matter_and_byte_pairs_have_a_size_of_their_own() -> None:
    steps = [Step.model_validate({"kind": "series", "normalise": "none"})]
    assert settings("tokens", steps) == settings("tokens", [])
    assert (
        settings("tokens", [Step.model_validate({"kind": "tokens", "level": "bpe"})])["size"]
        == 4000
    )


def test_no_training_rows_is_said_and_not_a_crash() -> None:
    with pytest.raises(LaminaError, match="no training rows"):
        fit("text", "text", Media("tokens", ["a"]), [])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1, 8, 8), (64, 64)), ((3, 30, 60), (60, 30)), ((3, 200, 100), (32, 64))],
)
def test_a_thumbnail_is_a_png_with_its_longer_side_as_asked(
    shape: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    image = Image.open(io.BytesIO(thumbnail(torch.full(shape, 200, dtype=torch.uint8))))
    assert image.size == expected
    assert image.getextrema() in ((200, 200), ((200, 200),) * 3)


def test_an_image_project_is_prepared_and_its_rows_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "x" / label).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 256, (8, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "x" / label / f"{i}.png")
    prepared = prepare(project("images", {"path": str(tmp_path / "x")}, "image"))
    assert prepared.spec.inputs["image"].shape == (3, 8, 9)
    assert prepared.spec.target is not None
    assert prepared.spec.target.classes == ("cat", "dog")
    stored = prepared.tensors("train")["image"]
    record = prepared.record("train", 0)
    assert np.array_equal(
        np.asarray(Image.open(io.BytesIO(record["image"]))), stored[0].permute(1, 2, 0).numpy()
    )
    assert Image.open(io.BytesIO(prepared.thumbnail("train", 0))).size == (63, 56)
    again = prepared.runtime.transform([record])["image"][0]
    assert torch.equal(again, stored[0])


def test_a_text_project_is_prepared_and_its_rows_come_back(tmp_path: Path) -> None:
    lines = [
        f"{'good' if i % 2 else 'bad'} film number {i % 5} indeed,{'pos' if i % 2 else 'neg'}"
        for i in range(40)
    ]
    (tmp_path / "x.csv").write_text("review,mood\n" + "\n".join(lines) + "\n")
    prepared = prepare(project("text", {"path": str(tmp_path / "x.csv")}, "text"))
    spec = prepared.spec.inputs["text"]
    assert (spec.form, spec.stored, spec.shape) == ("tokens", "int64", (5,))
    record = prepared.record("test", 0)
    assert record["text"].endswith("indeed")
    assert record["mood"] in ("pos", "neg")
    row = prepared.runtime.transform([{"review": record["text"]}])["text"][0]
    assert torch.equal(row, prepared.tensors("test")["text"][0])


def test_a_series_project_is_prepared_and_its_rows_come_back(tmp_path: Path) -> None:
    rows = [f"{i % 2},{i}.5,{i + 1},{i + 2}" for i in range(40)]
    (tmp_path / "x.csv").write_text("label,t0,t1,t2\n" + "\n".join(rows) + "\n")
    prepared = prepare(project("series", {"path": str(tmp_path / "x.csv")}, "series"))
    assert prepared.spec.inputs["series"].shape == (1, 3)
    record = prepared.record("test", 0)
    (values,) = record["series"].values()
    assert values[2] == pytest.approx(values[1] + 1, abs=1e-4)
    again = prepared.runtime.transform([record])["series"][0]
    assert torch.allclose(again, prepared.tensors("test")["series"][0], atol=1e-5)


def test_windows_keep_their_split_by_time_when_prepared(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("value\n" + "\n".join(str(i) for i in range(100)) + "\n")
    base = project(
        "windows", {"path": str(tmp_path / "x.csv"), "length": 5, "target": "value"}, "series"
    )
    regression = base.model_copy(
        update={"task": base.task.model_copy(update={"kind": "regression"})}
    )
    prepared = prepare(regression)
    last = [prepared.tensors(split)["target"].max() for split in ("train", "validation")]
    first = [prepared.tensors(split)["target"].min() for split in ("validation", "test")]
    assert last[0] < first[0]
    assert last[1] < first[1]


def test_the_shared_cifar_subset_is_prepared_as_it_comes(test_data: Path) -> None:
    path = test_data / "images_cifar10_subset" / "cifar10_subset.zip"
    prepared = prepare(project("images", {"path": str(path)}, "image"))
    assert prepared.spec.inputs["image"].shape == (3, 32, 32)
    assert prepared.spec.sizes == {"train": 8500, "validation": 1500, "test": 2000}


def test_a_text_beside_other_columns_is_the_input_unless_the_graph_asks_for_them(
    tmp_path: Path,
) -> None:
    lines = [
        f"a {'good' if i % 2 else 'bad'} film,{i % 7},{'pos' if i % 2 else 'neg'}"
        for i in range(40)
    ]
    (tmp_path / "x.csv").write_text("review,stars,mood\n" + "\n".join(lines) + "\n")
    options = {"path": str(tmp_path / "x.csv")}
    bare = project("text", options, "text", target="mood")
    no_graph = bare.model_copy(
        update={"graphs": {"model": bare.graph.model_copy(update={"nodes": ()})}}
    )
    assert [spec.form for spec in prepare(no_graph).spec.inputs.values()] == ["tokens"]
    both = project(
        "text", options, "text", target="mood", inputs={"text": {}, "table": {"columns": "numbers"}}
    )
    nodes = [{"id": name, "layer": "Input"} for name in ("text", "table")]
    graph = loads(json.dumps({"lamina": 1, "graphs": {"model": {"nodes": nodes}}})).graph
    prepared = prepare(both.model_copy(update={"graphs": {"model": graph}}))
    assert {name: spec.form for name, spec in prepared.spec.inputs.items()} == {
        "text": "tokens",
        "table": "vector",
    }
