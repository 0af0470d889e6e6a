"""Images in class folders: a folder or a zip, with or without train/, val/ and test/."""

import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data.archives import Entry, Tree, is_zip, open_tree
from builder.data.base import Finding, Media, Option, Progress, Raw, Source, silent
from builder.data.folders import Layout, layout
from builder.data.paths import locate
from builder.errors import LaminaError
from builder.home import room

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = frozenset(
    [".bmp", ".dib", ".gif", ".ico", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp", ".avif"]
)
LARGEST_MIXED = 64
LARGEST_EQUAL = 224
SMALLEST = 8
LOOKED_AT = 2000


class ImageFolders(Source):
    """One folder of images per class; the folder's name is the class."""

    kind: ClassVar[str] = "images"
    title: ClassVar[str] = "Images in folders"
    help: ClassVar[str] = (
        "A folder or zip with one folder of images per class; train/ and test/ are kept as they are."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "Folder or zip", folder=True, suffixes=(".zip",)),
        Option("height", "int", "Height", help="In pixels. The images' usual height, at most 64 where sizes differ.", low=1, high=1024),
        Option("width", "int", "Width", help="In pixels. The images' usual width, at most 64 where sizes differ.", low=1, high=1024),
        Option("channels", "choice", "Colours", "auto", choices=("auto", "1", "3"), help="1 is gray, 3 is red, green and blue."),
        Option("resize", "choice", "Fitting", "crop", choices=("crop", "pad", "stretch"), help="Keep the shape and cut the edges, keep it and add black bars, or stretch."),
        Option("white", "float", "White level", help="The value that counts as white in images of 16 bits; guessed from the brightest.", low=1, high=4294967295, advanced=True),
    )  # fmt: skip

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits folders and zips that hold images in folders."""
        if not path.is_dir() and not is_zip(path):
            return f"{path.name} is neither a folder nor a zip file."
        try:
            with open_tree(path) as tree:
                if any(entry.path == "[Content_Types].xml" for entry in tree.entries):
                    return f"{path.name} is an office document."
                if any(entry.suffix in SUFFIXES for entry in tree.entries):
                    return None
        except LaminaError as error:
            return str(error)
        return f"{path.name} holds no images."

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The folder or the zip."""
        return (locate(options.get("path"), "data.options.path"),)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All images decoded to one size, one after the other; unreadable ones are skipped and named."""
        import pandas as pd

        (path,) = self.files(options)
        with open_tree(path) as tree, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn about odd metadata; the pixels count
            found = layout(tree, SUFFIXES, "images")
            look = _look(tree, found.entries, progress)
            chosen = _chosen(options, look)
            decoded = _decode(tree, found, chosen, progress)
        kept = decoded.kept
        labels = [found.labels[i] for i in kept]
        present = set(labels)
        if len(present) < 2:
            raise LaminaError(
                f"Only images of the class {labels[0]!r} can be read ({decoded.skipped[0]}); "
                "a network needs two classes to tell apart.",
                place=tree.place,
                remedy="Replace the unreadable files.",
            )
        media = Media(
            "image", decoded.pixels, {**chosen, "sizes": look.sizes, "looked_at": look.seen}
        )
        return Raw(
            frame=pd.DataFrame({"label": labels}),
            media={"image": media},
            given=_given(found, kept),
            target="label",
            classes=tuple(name for name in found.classes if name in present),
            problem="classification",
            options={key: chosen[key] for key in ("height", "width", "resize", "white")}
            | {"channels": str(chosen["channels"])},
            notes=_notes(look, chosen, found, tree, len(decoded.skipped)),
            findings=_findings(decoded, len(found.entries), found, present),
        )


@dataclass(frozen=True)
class _Look:
    """What a glance at the heads of the images told."""

    seen: int  # how many could be looked at
    sizes: dict[str, int]  # "32×48" (height × width) → how many of them, the most frequent first
    common: tuple[int, int]
    share: float  # of the images that have the common size
    short: int  # the median of the shorter sides
    colour: bool
    brightest: float  # of deep images; 0 where there are none


def _look(tree: Tree, entries: Sequence[Entry], progress: Progress) -> _Look:
    """Sizes and colours of up to `LOOKED_AT` images, evenly spread; deep images are decoded for their range."""
    import io

    from PIL import Image, UnidentifiedImageError

    from builder.data.runtime.images import DEEP, pixels

    step = max(1, -(-len(entries) // LOOKED_AT))
    sizes: Counter[tuple[int, int]] = Counter()
    colours = 0
    brightest = 0.0
    chosen = entries[::step]
    for done, entry in enumerate(chosen):
        if done % 200 == 0:
            progress("Looking at the images", done, len(chosen))
        try:
            content = tree.read(entry)
            with Image.open(io.BytesIO(content)) as image:
                width, height = image.size
                turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                mode = image.mode
            if mode in DEEP:
                deep = pixels(content)
                brightest = max(brightest, 0.0 if deep.is_floating_point() else float(deep.max()))
        except (
            LaminaError,
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
        ):
            continue  # decoding names it
        sizes[(width, height) if turned else (height, width)] += 1
        colours += mode not in (*DEEP, "1", "L", "LA", "La")
    seen = sum(sizes.values())
    common, count = sizes.most_common(1)[0] if sizes else ((LARGEST_MIXED, LARGEST_MIXED), 0)
    shorts = sorted(min(size) for size in sizes.elements())
    return _Look(
        seen=seen,
        sizes={f"{height}×{width}": n for (height, width), n in sizes.most_common(6)},
        common=common,
        share=count / max(seen, 1),
        short=shorts[len(shorts) // 2] if shorts else LARGEST_MIXED,
        colour=colours * 100 > seen,
        brightest=brightest,
    )


def _chosen(options: Mapping[str, Any], look: _Look) -> dict[str, Any]:
    """Size, channels, fitting and white level: as asked for, else guessed."""
    if look.share > 0.5:
        largest = LARGEST_EQUAL if look.share == 1 else LARGEST_MIXED
        ratio = min(1.0, largest / max(look.common))
        size = tuple(max(SMALLEST, round(side * ratio)) for side in look.common)
    else:
        size = (max(SMALLEST, min(LARGEST_MIXED, look.short)),) * 2
    channels = options.get("channels") or "auto"
    return {
        "height": _number(options, "height", 1024) or size[0],
        "width": _number(options, "width", 1024) or size[1],
        "channels": int(channels) if str(channels) in ("1", "3") else 3 if look.colour else 1,
        "resize": _resize(options),
        "white": float(_number(options, "white", 2**32) or _white(look.brightest)),
    }


def _number(options: Mapping[str, Any], name: str, most: int) -> int | None:
    value = options.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= most:
        raise LaminaError(
            f"{value!r} is no number from 1 to {most}.",
            place=f"data.options.{name}",
            remedy="Correct it.",
        )
    return int(value)


def _resize(options: Mapping[str, Any]) -> str:
    value = options.get("resize") or "crop"
    if value not in ("crop", "pad", "stretch"):
        raise LaminaError(
            f"{value!r} is no way to fit images.",
            place="data.options.resize",
            remedy="Take crop, pad or stretch.",
        )
    return str(value)


def _white(brightest: float) -> int:
    """The full range of the number of bits that the brightest pixel needs, so 12-bit images are not nearly black."""
    if not brightest:
        return 65535
    return int(2 ** max(8, int(brightest).bit_length()) - 1)


@dataclass(frozen=True)
class _Decoded:
    pixels: "_Frames"
    kept: list[int]
    skipped: list[str]


class _Frames(Sequence["np.ndarray[Any, Any]"]):
    """Images [H, W, C] uint8 on disk, mapped; each access gives a copy of one."""

    def __init__(self, mapped: "np.ndarray[Any, Any]") -> None:
        self._mapped = mapped

    def __len__(self) -> int:
        return len(self._mapped)

    def __getitem__(self, index: Any) -> Any:
        import numpy as np

        return np.array(self._mapped[index])


def _decode(tree: Tree, found: Layout, chosen: Mapping[str, Any], progress: Progress) -> _Decoded:
    """Every image, fitted, written to a nameless file that goes when it is no longer used: memory stays small."""
    import numpy as np

    shape = (chosen["height"], chosen["width"], chosen["channels"])
    kept: list[int] = []
    skipped: list[str] = []
    try:
        with tempfile.TemporaryFile(dir=room("scratch")) as file:
            for index, result in enumerate(_each(tree, found.entries, chosen)):
                if index % 100 == 0:
                    progress("Reading the images", index, len(found.entries))
                if isinstance(result, str):
                    skipped.append(result)
                else:
                    file.write(result)
                    kept.append(index)
            file.flush()
            progress("Reading the images", len(found.entries), len(found.entries))
            if not kept:
                raise LaminaError(
                    f"None of the {len(found.entries):,} images can be read; the first: {skipped[0]}.",
                    place=tree.place,
                    remedy="Save them as PNG or JPEG.",
                )
            mapped = np.memmap(file, dtype=np.uint8, mode="r", shape=(len(kept), *shape))
    except OSError as error:
        raise LaminaError(
            f"The images cannot be kept on disk: {error.strerror}.",
            place=str(room("scratch")),
            remedy="Free some space, or choose a smaller height and width.",
        ) from error
    return _Decoded(_Frames(mapped), kept, skipped)


def _each(tree: Tree, entries: Sequence[Entry], chosen: Mapping[str, Any]) -> Iterator[bytes | str]:
    """The bytes [H, W, C] of each image, or a sentence why it cannot be read."""
    from builder.data.runtime.images import Images

    reader = Images({"column": "image", **chosen})
    for entry in entries:
        try:
            yield reader.one(tree.read(entry)).permute(1, 2, 0).contiguous().numpy().tobytes()
        except ValueError as error:  # LaminaError too
            reason = error.fact if isinstance(error, LaminaError) else str(error)
            yield f"{entry.path} ({reason.rstrip('.')})"


def _given(found: Layout, kept: Sequence[int]) -> "np.ndarray[Any, Any] | None":
    import numpy as np

    if found.splits is None:
        return None
    return np.array([found.splits[i] for i in kept], dtype=np.int8)


def _notes(
    look: _Look, chosen: Mapping[str, Any], found: Layout, tree: Tree, skipped: int
) -> tuple[str, ...]:
    size = f"{chosen['height']}×{chosen['width']}"
    notes = [*found.left_out, *(f"Left out: {path}." for path in tree.left_out[:3])]
    if list(look.sizes) != [size]:
        how = {"crop": "cut to shape", "pad": "filled up with black", "stretch": "stretched"}
        several = (
            "of several sizes" if len(look.sizes) > 1 else f"of {next(iter(look.sizes), size)}"
        )
        notes.append(f"The images, {several}, were scaled to {size} and {how[chosen['resize']]}.")
    if skipped:
        notes.append(f"{skipped:,} images that cannot be read were left out.")
    if look.brightest:
        notes.append(f"In images of 16 bits, {chosen['white']:,.0f} counts as white.")
    return tuple(notes)


def _findings(
    decoded: _Decoded, total: int, found: Layout, present: set[str]
) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if decoded.skipped:
        count = len(decoded.skipped)
        more = f" and {count - 5} more" if count > 5 else ""
        findings.append(
            Finding(
                "unreadable_images",
                "warning",
                f"{count} of {total:,} images cannot be read and {'was' if count == 1 else 'were'} left out",
                f"{'; '.join(decoded.skipped[:5])}{more}.",
            )
        )
    gone = [name for name in found.classes if name not in present]
    if gone:
        findings.append(
            Finding(
                "empty_class",
                "warning",
                f"{len(gone)} {'class has' if len(gone) == 1 else 'classes have'} no readable image",
                f"Left out: {', '.join(gone[:10])}.",
            )
        )
    return tuple(findings)
