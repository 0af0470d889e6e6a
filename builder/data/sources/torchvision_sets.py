"""The image sets that torchvision names, downloaded when asked for.

No pickle is read: CIFAR comes in the binary form that its authors publish beside the pickled one.
"""

import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data.base import Media, Raw, Source
from builder.data.download import Remote, several
from builder.data.idx import read_idx
from builder.data.options import Option
from builder.errors import LaminaError
from builder.home import room
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

    Arrays = tuple[
        "np.ndarray[Any, Any]", "np.ndarray[Any, Any]"
    ]  # images [N, H, W(, C)] uint8, labels [N]

DIGITS = tuple("0123456789")
CIFAR_BYTES = 32 * 32 * 3


@dataclass(frozen=True)
class ImageSet:
    """One set: its files as published, its classes (read from the files where empty), and how it is
    read."""

    help: str
    files: tuple[Remote, ...]
    classes: tuple[str, ...]
    read: "Callable[[list[Path]], tuple[Arrays, Arrays, tuple[str, ...]]]"


def _idx_files(folders: tuple[str, ...], sums: tuple[str, str, str, str]) -> tuple[Remote, ...]:
    names = [
        f"{part}-{what}-ubyte.gz"
        for part in ("train", "t10k")
        for what in ("images-idx3", "labels-idx1")
    ]
    return tuple(
        Remote(tuple(folder + name for folder in folders), name, md5, 100_000_000)
        for name, md5 in zip(names, sums, strict=True)
    )


def _read_idx(paths: list[Path]) -> "tuple[Arrays, Arrays, tuple[str, ...]]":
    train, train_labels, test, test_labels = (read_idx(path) for path in paths)
    return (train, train_labels), (test, test_labels), ()


def _read_cifar(paths: list[Path]) -> "tuple[Arrays, Arrays, tuple[str, ...]]":
    """The binary distribution: per image one label byte (CIFAR-100: coarse and fine), then 3 ×
    1,024 pixels."""
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(paths[0], "r:gz") as archive:
            for member in archive:
                name = member.name.rsplit("/", 1)[-1]
                if (
                    member.isfile()
                    and member.size < 200_000_000
                    and name.endswith((".bin", ".txt"))
                ):
                    file = archive.extractfile(member)
                    members[name] = file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LaminaError(
            "The archive is damaged.", place=str(paths[0]), remedy="Delete it; it is fetched anew."
        ) from error
    fine = "train.bin" in members
    train = ["train.bin"] if fine else [f"data_batch_{i}.bin" for i in range(1, 6)]
    names = members.get("fine_label_names.txt" if fine else "batches.meta.txt", b"").decode()
    classes = tuple(line.strip() for line in names.splitlines() if line.strip())
    test = "test.bin" if fine else "test_batch.bin"
    return (
        _records(b"".join(members[name] for name in train), 2 if fine else 1),
        _records(members[test], 2 if fine else 1),
        classes,
    )


def _records(content: bytes, labels: int) -> "Arrays":
    import numpy as np

    rows = np.frombuffer(bytearray(content), np.uint8).reshape(-1, labels + CIFAR_BYTES)
    pixels = rows[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), rows[:, labels - 1].astype(np.int64)


def _read_svhn(paths: list[Path]) -> "tuple[Arrays, Arrays, tuple[str, ...]]":
    import numpy as np
    from scipy.io import loadmat  # type: ignore[import-untyped]

    parts: list[Arrays] = []
    for path in paths:
        content = loadmat(path, variable_names=("X", "y"))
        pixels = np.ascontiguousarray(content["X"].transpose(3, 0, 1, 2))
        parts.append(
            (pixels, content["y"].ravel().astype(np.int64) % 10)
        )  # 10 stands for the digit 0
    return parts[0], parts[1], ()


_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_STREET = "http://ufldl.stanford.edu/housenumbers/"

SETS: dict[str, ImageSet] = {
    "MNIST": ImageSet(
        "Handwritten digits, 70,000 gray images of 28 × 28 pixels, 12 MB",
        _idx_files(
            ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
        DIGITS,
        _read_idx,
    ),
    "FashionMNIST": ImageSet(
        "Clothes, 70,000 gray images of 28 × 28 pixels, 31 MB",
        _idx_files(
            ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        _read_idx,
    ),
    "KMNIST": ImageSet(
        "Old Japanese characters, 70,000 gray images of 28 × 28 pixels, 21 MB",
        _idx_files(
            ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            (
                "bdb82020997e1d708af4cf47b453dcf7",
                "e144d726b3acfaa3e44228e80efcd344",
                "5c965bf0a639b31b8f53240b1b52f4d7",
                "7320c461ea6c1c855c0b718fb2a4b134",
            ),
        ),
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        _read_idx,
    ),
    "CIFAR10": ImageSet(
        "Animals and vehicles, 60,000 colour images of 32 × 32 pixels, 10 classes, 170 MB",
        (
            Remote(
                (f"{_TORONTO}cifar-10-binary.tar.gz",),
                "cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
                200_000_000,
            ),
        ),
        (),
        _read_cifar,
    ),
    "CIFAR100": ImageSet(
        "Things of 100 kinds, 60,000 colour images of 32 × 32 pixels, 169 MB",
        (
            Remote(
                (f"{_TORONTO}cifar-100-binary.tar.gz",),
                "cifar-100-binary.tar.gz",
                "03b5dce01913d631647c71ecec9e9cb8",
                200_000_000,
            ),
        ),
        (),
        _read_cifar,
    ),
    "SVHN": ImageSet(
        "House numbers, 99,289 colour images of 32 × 32 pixels, 10 digits, 246 MB",
        (
            Remote(
                (f"{_STREET}train_32x32.mat",),
                "train_32x32.mat",
                "e26dedcc434d2e4c54c9b2d4a06d8373",
                300_000_000,
            ),
            Remote(
                (f"{_STREET}test_32x32.mat",),
                "test_32x32.mat",
                "eb5a983be6a315427106f1b164d9cef3",
                300_000_000,
            ),
        ),
        DIGITS,
        _read_svhn,
    ),
}
"""Addresses and checksums are torchvision's (0.26); CIFAR's are those that its authors give for the
binary version."""


class TorchvisionSets(Source):
    """Well-known image sets, fetched once and kept under LAMINA_HOME/downloads."""

    kind: ClassVar[str] = "torchvision"
    title: ClassVar[str] = "Image sets to download"
    help: ClassVar[str] = "MNIST, Fashion-MNIST, CIFAR and their like; fetched once, then kept."
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "name",
            "choice",
            "Set",
            default="MNIST",
            choices=tuple(SETS),
            help="; ".join(f"{name}: {one.help}" for name, one in SETS.items()),
        ),
    )

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:  # noqa: ARG002
        """None: what a set holds is fixed by its checksums."""
        return ()

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """The whole set, split as published. Raises LaminaError where it cannot be fetched."""
        import numpy as np
        import pandas as pd

        name = options.get("name") or "MNIST"
        if name not in SETS:
            raise LaminaError(
                f"There is no set called {name!r}.",
                place="data.options.name",
                remedy=f"Take one of {', '.join(SETS)}.",
            )
        chosen = SETS[name]
        paths = several(chosen.files, room("downloads") / name, progress)
        progress(f"Reading {name}", 0, 0)
        (train, train_labels), (test, test_labels), named = chosen.read(paths)
        classes = chosen.classes or named
        pixels = np.concatenate([train, test])
        labels = np.concatenate([train_labels, test_labels])
        height, width = pixels.shape[1:3]
        facts = {
            "height": height,
            "width": width,
            "channels": 1 if pixels.ndim == 3 else 3,
            "sizes": {f"{height}×{width}": len(pixels)},
        }
        return Raw(
            frame=pd.DataFrame({"label": [classes[code] for code in labels.tolist()]}),
            media={"image": Media("image", list(pixels), facts)},
            given=np.repeat(np.array([0, 2], np.int8), [len(train), len(test)]),
            target="label",
            classes=classes,
            problem="classification",
            options={"name": name},
        )
