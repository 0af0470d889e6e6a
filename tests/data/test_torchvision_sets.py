"""Sets to download arrive checked and whole, or a sentence says why not, within seconds."""

import gzip
import hashlib
import io
import struct
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builder.data import download
from builder.data.download import Remote, fetch
from builder.data.sources import torchvision_sets
from builder.data.sources.torchvision_sets import SETS, ImageSet, TorchvisionSets
from builder.errors import LaminaError


def remote(source: Path, **changes: Any) -> Remote:
    facts = {
        "urls": (source.as_uri(),),
        "name": source.name,
        "md5": hashlib.md5(source.read_bytes()).hexdigest(),
    }
    return Remote(**{**facts, **changes})


def published(folder: Path, name: str, content: bytes) -> Remote:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return remote(folder / name)


def test_a_file_is_fetched_once_with_progress_and_then_kept(tmp_path: Path) -> None:
    one = published(tmp_path / "web", "x.bin", b"x" * 200_000)
    told: list[tuple[str, int, int]] = []
    path = fetch(one, tmp_path / "here", lambda *news: told.append(news))
    assert path.read_bytes() == b"x" * 200_000
    assert told[-1] == ("Downloading x.bin", 200_000, 200_000)
    (tmp_path / "web" / "x.bin").unlink()
    assert fetch(one, tmp_path / "here") == path


def test_a_file_that_was_put_there_damaged_is_fetched_anew(tmp_path: Path) -> None:
    one = published(tmp_path / "web", "x.bin", b"right")
    (tmp_path / "x.bin").write_bytes(b"wrong")
    assert fetch(one, tmp_path).read_bytes() == b"right"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"md5": "0" * 32}, "checksum differs"), ({"most_bytes": 3}, "larger than it should be")],
)
def test_a_changed_or_oversized_file_is_refused_and_nothing_is_kept(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    source = tmp_path / "x.bin"
    source.write_bytes(b"hello")
    with pytest.raises(LaminaError, match=sentence):
        fetch(remote(source, **changes), tmp_path / "here")
    assert list((tmp_path / "here").iterdir()) == []


def test_the_next_address_is_tried_and_the_failure_says_where_to_put_the_file(
    tmp_path: Path,
) -> None:
    one = published(tmp_path / "web", "x.bin", b"hello")
    gone = (tmp_path / "gone").as_uri()
    fetch(Remote((gone, *one.urls), one.name, one.md5), tmp_path / "here")
    with pytest.raises(LaminaError, match=r"put the file into .*there yourself") as caught:
        fetch(Remote((gone,), one.name, one.md5), tmp_path / "there")
    assert caught.value.code == "offline"


def test_a_server_that_never_answers_is_given_up_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: time.sleep(60))
    begin = time.monotonic()
    with pytest.raises(LaminaError, match="could not be downloaded: no answer within"):
        fetch(Remote(("http://127.0.0.1/x",), "x", "0"), tmp_path)
    assert time.monotonic() - begin < 20


def idx(array: np.ndarray[Any, Any]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def test_an_idx_set_keeps_its_split_and_class_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [
        np.full((3, 28, 28), 7, np.uint8),
        np.array([0, 1, 2], np.uint8),
        np.full((1, 28, 28), 9, np.uint8),
        np.array([9], np.uint8),
    ]
    names = [file.name for file in SETS["FashionMNIST"].files]
    files = tuple(
        published(tmp_path / "web", name, idx(part))
        for name, part in zip(names, parts, strict=True)
    )
    clothes = SETS["FashionMNIST"]
    monkeypatch.setitem(
        SETS, "FashionMNIST", ImageSet(clothes.help, files, clothes.classes, clothes.read)
    )
    raw = TorchvisionSets().read({"name": "FashionMNIST"})
    assert raw.frame["label"].tolist() == ["T-shirt/top", "Trouser", "Pullover", "Ankle boot"]
    assert raw.given.tolist() == [0, 0, 0, 2]
    assert raw.media["image"].values[3].max() == 9


@pytest.mark.parametrize("fine", [False, True])
def test_cifar_is_read_from_its_binary_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fine: bool
) -> None:
    def record(label: int) -> bytes:
        return (b"\x03" if fine else b"") + bytes([label]) + bytes([label]) * 1024 + bytes(2048)

    train = ["train.bin"] if fine else [f"data_batch_{i}.bin" for i in range(1, 6)]
    members = {name: record(0) for name in train} | {
        "test.bin" if fine else "test_batch.bin": record(1)
    }
    members["fine_label_names.txt" if fine else "batches.meta.txt"] = b"airplane\nautomobile\n\n"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"cifar/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    name = "CIFAR100" if fine else "CIFAR10"
    file = published(tmp_path / "web", SETS[name].files[0].name, packed.getvalue())
    monkeypatch.setitem(SETS, name, ImageSet("", (file,), (), SETS[name].read))
    raw = TorchvisionSets().read({"name": name})
    assert raw.frame["label"].tolist() == ["airplane"] * len(train) + ["automobile"]
    assert raw.media["image"].values[-1][0, 0].tolist() == [1, 0, 0]
    assert raw.given.tolist() == [0] * len(train) + [2]


def test_a_set_that_is_not_known_is_named() -> None:
    with pytest.raises(LaminaError, match="no set called 'ImageNet'"):
        TorchvisionSets().read({"name": "ImageNet"})


@pytest.mark.slow
def test_the_addresses_and_checksums_are_torchvisions_own() -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        theirs = getattr(datasets, name)
        assert [(one.name, one.md5) for one in SETS[name].files] == list(theirs.resources)
        assert SETS[name].files[0].urls[0].startswith(theirs.mirrors[0])
    for one, split in zip(SETS["SVHN"].files, ("train", "test"), strict=True):
        assert [one.urls[0], one.name, one.md5] == datasets.SVHN.split_list[split]
    assert torchvision_sets.SETS["FashionMNIST"].classes == tuple(datasets.FashionMNIST.classes)
