"""Images in class folders: a folder or a zip, with or without train/, val/ and test/."""

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from builder.data.archives import Entry, Tree, is_zip, open_tree
from builder.data.base import Finding, Media, Raw, Source
from builder.data.folders import Layout, layout
from builder.data.glance import Look, choose, glance
from builder.data.options import Option
from builder.data.paths import locate
from builder.errors import LaminaError
from builder.home import room
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = frozenset(
    (
        ".bmp", ".dib", ".gif", ".ico", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pcx",
        ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp", ".avif",
    )
)  # fmt: skip


class ImageFolders(Source):
    """One folder of images per class; the folder's name is the class."""

    kind: ClassVar[str] = "images"
    title: ClassVar[str] = "Images in folders"
    help: ClassVar[str] = (
        "A folder or zip with one folder of images per class; train/ and test/ are kept as they "
        "are."
    )
    params: ClassVar[tuple[Option, ...]] = (
        Option("path", "path", "Folder or zip", folder=True, suffixes=(".zip",)),
        Option(
            "height",
            "int",
            "Height",
            help="In pixels. The images' usual height, at most 64 where sizes differ.",
            low=1,
            high=1024,
        ),
        Option(
            "width",
            "int",
            "Width",
            help="In pixels. The images' usual width, at most 64 where sizes differ.",
            low=1,
            high=1024,
        ),
        Option(
            "channels",
            "choice",
            "Colours",
            "auto",
            choices=("auto", "1", "3"),
            help="1 is gray, 3 is red, green and blue.",
        ),
        Option(
            "resize",
            "choice",
            "Fitting",
            "crop",
            choices=("crop", "pad", "stretch"),
            help="Keep the shape and cut the edges, keep it and add black bars, or stretch.",
        ),
        Option(
            "white",
            "float",
            "White level",
            help="The value that counts as white in images of 16 bits; guessed from the brightest.",
            low=1,
            high=4294967295,
            advanced=True,
        ),
    )

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Fits folders and zips that hold images; a refused zip too, since `read` says why."""
        if not path.is_dir() and not is_zip(path) and path.suffix.lower() != ".zip":
            return f"{path.name} is neither a folder nor a zip file."
        try:
            with open_tree(path) as tree:
                if any(entry.path == "[Content_Types].xml" for entry in tree.entries):
                    return f"{path.name} is an office document."
                if any(entry.suffix in SUFFIXES for entry in tree.entries):
                    return None
        except LaminaError as error:
            return None if path.suffix.lower() == ".zip" else str(error)
        return f"{path.name} holds no images."

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The folder or the zip."""
        return (locate(options.get("path"), "data.options.path"),)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All images decoded to one size, one after the other; unreadable ones are skipped and
        named."""
        import pandas as pd

        (path,) = self.files(options)
        with open_tree(path) as tree, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn about odd metadata; the pixels count
            found = layout(tree, SUFFIXES, "images")
            look = glance(tree, found.entries, progress)
            chosen = choose(options, look)
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
    """Every image, fitted, written to a nameless file that goes when it is no longer used: memory
    stays small."""
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
                    f"None of the {len(found.entries):,} images can be read; the first: "
                    f"{skipped[0]}.",
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
    look: Look, chosen: Mapping[str, Any], found: Layout, tree: Tree, skipped: int
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
                f"{count} of {total:,} images cannot be read and "
                f"{'was' if count == 1 else 'were'} left out",
                f"{'; '.join(decoded.skipped[:5])}{more}.",
            )
        )
    gone = [name for name in found.classes if name not in present]
    if gone:
        findings.append(
            Finding(
                "empty_class",
                "warning",
                f"{len(gone)} {'class has' if len(gone) == 1 else 'classes have'} no readable "
                "image",
                f"Left out: {', '.join(gone[:10])}.",
            )
        )
    return tuple(findings)
