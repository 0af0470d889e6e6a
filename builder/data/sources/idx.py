"""MNIST's format: an IDX file of images with its labels beside it, plain or .gz."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data.base import Media, Raw, Source
from builder.data.idx import read_idx
from builder.data.options import Option
from builder.data.paths import locate
from builder.errors import LaminaError
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

NAME = re.compile(
    r"(?P<head>.*?)(?P<part>train|t10k|test)(?P<mid>.*?)images(?P<tail>.*)", re.IGNORECASE
)


class Idx(Source):
    """Images and labels in IDX files, as MNIST comes."""

    kind: ClassVar[str] = "idx"
    title: ClassVar[str] = "IDX files (MNIST)"
    help: ClassVar[str] = (
        "train-images-idx3-ubyte.gz and its like; labels and the test pair are found beside it."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "path",
            "path",
            "Images file or folder",
            folder=True,
            suffixes=(".gz", ".idx", ".idx3-ubyte"),
        ),
        Option(
            "labels",
            "path",
            "Labels file",
            help="Only where it does not lie beside the images under the standard name.",
            suffixes=(".gz", ".idx", ".idx1-ubyte"),
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits IDX image files, and folders that hold some."""
        if path.is_dir():
            return None if _image_files(path) else f"{path.name} holds no IDX file of images."
        named = "images" in path.name.lower() and "idx" in path.name.lower()
        return None if named else f"{path.name} is not named as IDX image files are."

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """Images and labels of every pair, train first. Raises LaminaError where one is missing."""
        return tuple(path for _, images, labels in _pairs(options) for path in (images, labels))

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All pairs. A train and a test pair keep that split."""
        import numpy as np
        import pandas as pd

        pairs = _pairs(options)
        codes = [code for code, _, _ in pairs]
        parts = []
        for done, (_, images, labels) in enumerate(pairs):
            progress(f"Reading {images.name}", done, len(pairs))
            parts.append(_pair(images, labels))
        shapes = {pixels.shape[1:] for pixels, _ in parts}
        if len(shapes) > 1:
            raise LaminaError(
                "The images of the train and the test file differ in size.",
                place=pairs[0][1].name,
                remedy="Give files that belong together.",
            )
        pixels = np.concatenate([part for part, _ in parts]) if len(parts) > 1 else parts[0][0]
        target = np.concatenate([part for _, part in parts])
        classes = tuple(str(label) for label in sorted(set(target.tolist())))
        height, width = pixels.shape[1:3]
        channels = 1 if pixels.ndim == 3 else pixels.shape[3]
        facts = {
            "height": height,
            "width": width,
            "channels": channels,
            "sizes": {f"{height}×{width}": len(pixels)},
        }
        given = np.repeat(np.array(codes, np.int8), [len(part) for part, _ in parts])
        return Raw(
            frame=pd.DataFrame({"label": [str(label) for label in target.tolist()]}),
            media={"image": Media("image", list(pixels), facts)},
            given=given if len(set(codes)) > 1 else None,
            target="label",
            classes=classes,
            problem="classification",
            notes=tuple(
                f"Labels of {images.name} are in {labels.name}." for _, images, labels in pairs
            ),
        )


def _image_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and "images" in path.name.lower() and "idx" in path.name.lower()
    ]


def _pairs(options: Mapping[str, Any]) -> list[tuple[int, Path, Path]]:
    """(split code, images, labels), train first; the pair of the same family beside the chosen file
    comes along."""
    path = locate(options.get("path"), "data.options.path")
    if path.is_dir():
        chosen = _image_files(path)
        if not chosen:
            raise LaminaError(
                "The folder holds no IDX file of images (…images-idx3-ubyte.gz).",
                place=str(path),
                remedy="Give the folder that has them, or the file itself.",
            )
        chosen = _family(chosen[0])
    elif options.get("labels"):
        return [(0, path, locate(options["labels"], "data.options.labels"))]
    else:
        chosen = _family(path)
    pairs = []
    for images in chosen:
        match = NAME.fullmatch(images.name)
        code = 2 if match and match["part"].lower() != "train" else 0
        pairs.append((code, images, _labels_beside(images)))
    return sorted(pairs)


def _family(path: Path) -> list[Path]:
    """The file and, beside it, the test file of a train file or the train file of a test file."""
    match = NAME.fullmatch(path.name)
    if match is None:
        return [path]
    others = ("t10k", "test") if match["part"].lower() == "train" else ("train",)
    for other in others:
        for ending in _endings(f"{match['head']}{other}{match['mid']}images{match['tail']}"):
            if (path.parent / ending).is_file():
                return [path, path.parent / ending]
    return [path]


def _labels_beside(images: Path) -> Path:
    wanted = re.sub("images", "labels", images.name, flags=re.IGNORECASE)
    wanted = re.sub(r"idx[34]", "idx1", wanted)
    for name in _endings(wanted):
        if (images.parent / name).is_file() and name != images.name:
            return images.parent / name
    raise LaminaError(
        f"The labels of {images.name} were looked for beside it as {wanted}, and are not there.",
        place=str(images.parent),
        remedy="Put the labels file there, or name it in the option labels.",
    )


def _endings(name: str) -> tuple[str, str]:
    return (name, name.removesuffix(".gz")) if name.endswith(".gz") else (name, f"{name}.gz")


def _pair(images: Path, labels: Path) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    import numpy as np

    pixels, target = read_idx(images), read_idx(labels)
    if pixels.ndim not in (3, 4) or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise LaminaError(
            f"It holds {'×'.join(map(str, pixels.shape))} values of type {pixels.dtype}, "
            "not images (count × height × width bytes).",
            place=images.name,
            remedy="Give the images file; the labels are found by themselves.",
        )
    if target.ndim != 1 or target.dtype.kind not in "iu":
        raise LaminaError(
            "It holds no list of class numbers.", place=labels.name, remedy="Give the labels file."
        )
    if len(pixels) != len(target):
        raise LaminaError(
            f"There are {len(pixels):,} images but {len(target):,} labels.",
            place=f"{images.name}, {labels.name}",
            remedy="Give files that belong together.",
        )
    if pixels.ndim == 4 and pixels.shape[3] not in (1, 3) and pixels.shape[1] in (1, 3):
        pixels = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
    if pixels.ndim == 4 and pixels.shape[3] not in (1, 3):
        raise LaminaError(
            f"The images have {pixels.shape[3]} channels; 1 or 3 can be read.", place=images.name
        )
    return pixels, target
