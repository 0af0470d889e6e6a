"""IDX files are paired by their names, and damaged ones are told plainly."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.data.idx import read_idx
from builder.data.sources.idx import Idx
from builder.errors import LaminaError


def idx(array: np.ndarray[Any, Any], code: int = 8) -> bytes:
    big = array.astype(array.dtype.newbyteorder(">"))
    return (
        bytes([0, 0, code, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + big.tobytes()
    )


def write_pair(folder: Path, part: str, rows: int, packed: bool = True, side: int = 4) -> Path:
    pixels = np.arange(rows * side * side, dtype=np.uint8).reshape(rows, side, side)
    labels = (np.arange(rows) % 3).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    ending, pack = (".gz", gzip.compress) if packed else ("", bytes)
    images = folder / f"{part}-images-idx3-ubyte{ending}"
    images.write_bytes(pack(idx(pixels)))
    (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(idx(labels)))
    return images


def read(path: Path, **options: Any) -> Any:
    return Idx().read({"path": str(path), **options})


@pytest.mark.parametrize(
    ("dtype", "code"), [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)]
)
def test_every_type_of_the_format_is_read(tmp_path: Path, dtype: str, code: int) -> None:
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    (tmp_path / "x").write_bytes(idx(array, code))
    assert np.array_equal(read_idx(tmp_path / "x"), array)


@pytest.mark.parametrize("packed", [True, False])
def test_labels_are_found_beside_the_images(tmp_path: Path, packed: bool) -> None:
    raw = read(write_pair(tmp_path, "t10k", 6, packed))
    assert raw.frame["label"].tolist() == ["0", "1", "2", "0", "1", "2"]
    assert raw.given is None
    assert raw.media["image"].values[1].tolist() == np.arange(16, 32).reshape(4, 4).tolist()


def test_a_train_and_a_test_pair_keep_their_split_whichever_was_chosen(tmp_path: Path) -> None:
    train, test = write_pair(tmp_path, "train", 6), write_pair(tmp_path, "t10k", 3)
    for path in (train, test, tmp_path):
        assert read(path).given.tolist() == [0] * 6 + [2] * 3


def test_labels_elsewhere_can_be_named(tmp_path: Path) -> None:
    images = write_pair(tmp_path, "t10k", 3)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").rename(tmp_path / "answers.gz")
    with pytest.raises(LaminaError, match=r"looked for beside it as t10k-labels-idx1-ubyte\.gz"):
        read(images)
    assert read(images, labels=str(tmp_path / "answers.gz")).rows == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no IDX file"),
        (b"\x89PNG....", "no IDX file"),
        (b"\0\0\x08\x03\0\0", "cut short"),
        (idx(np.zeros((9, 4, 4), np.uint8))[:-5], "cut short"),
        (gzip.compress(idx(np.zeros((9, 4, 4), np.uint8)), mtime=0)[:-9], "cut short"),
        (b"\x1f\x8bnot gzip at all", "cut short or damaged"),
        (idx(np.zeros((2, 4, 4), np.uint8)) + b"x", "more bytes than its head says"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "more than fit into memory"),
        (idx(np.zeros((2, 4), np.uint8)), "not images"),
        (idx(np.zeros((5, 4, 4), np.uint8)), "5 images but 9 labels"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    images = write_pair(tmp_path, "t10k", 9)
    images.write_bytes(content)
    with pytest.raises(LaminaError, match=sentence) as caught:
        read(images)
    assert "t10k-images" in caught.value.place


def test_colour_images_of_four_axes_are_read_channels_last(tmp_path: Path) -> None:
    images = write_pair(tmp_path, "t10k", 2)
    images.write_bytes(gzip.compress(idx(np.zeros((2, 3, 5, 6), np.uint8))))
    assert read(images).media["image"].values[0].shape == (5, 6, 3)


def test_a_folder_without_idx_files_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="no IDX file of images"):
        read(tmp_path)


def test_the_shared_mnist_subset_is_whole(test_data: Path) -> None:
    raw = read(test_data / "images_mnist_10k_idx")
    assert raw.rows == 10_000
    assert raw.classes == tuple("0123456789")
    assert raw.frame["label"].value_counts().min() == 892
