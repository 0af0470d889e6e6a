"""What size, colours and range a set of images has, from a glance at some of them."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.data.archives import Entry, Tree
from builder.data.base import Progress
from builder.data.runtime.images import DEEP, pixels
from builder.errors import LaminaError

LARGEST_MIXED = 64
LARGEST_EQUAL = 224
SMALLEST = 8
LOOKED_AT = 2000


@dataclass(frozen=True)
class Look:
    """What a glance at the heads of the images told."""

    seen: int  # how many could be looked at
    sizes: dict[str, int]  # "32×48" (height × width) → how many of them, the most frequent first
    common: tuple[int, int]
    share: float  # of the images that have the common size
    short: int  # the median of the shorter sides
    colour: bool
    brightest: float  # of deep images; 0 where there are none


def glance(tree: Tree, entries: Sequence[Entry], progress: Progress) -> Look:
    """Sizes and colours of up to `LOOKED_AT` images, evenly spread; deep images are decoded for
    their range."""
    from PIL import Image, UnidentifiedImageError

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
    return Look(
        seen=seen,
        sizes={f"{height}×{width}": n for (height, width), n in sizes.most_common(6)},
        common=common,
        share=count / max(seen, 1),
        short=shorts[len(shorts) // 2] if shorts else LARGEST_MIXED,
        colour=colours * 100 > seen,
        brightest=brightest,
    )


def choose(options: Mapping[str, Any], seen: Look) -> dict[str, Any]:
    """Size, channels, fitting and white level: as asked for, else guessed."""
    if seen.share > 0.5:
        largest = LARGEST_EQUAL if seen.share == 1 else LARGEST_MIXED
        ratio = min(1.0, largest / max(seen.common))
        size = tuple(max(SMALLEST, round(side * ratio)) for side in seen.common)
    else:
        size = (max(SMALLEST, min(LARGEST_MIXED, seen.short)),) * 2
    channels = options.get("channels") or "auto"
    return {
        "height": _number(options, "height", 1024) or size[0],
        "width": _number(options, "width", 1024) or size[1],
        "channels": int(channels) if str(channels) in ("1", "3") else 3 if seen.colour else 1,
        "resize": _resize(options),
        "white": float(_number(options, "white", 2**32) or _white(seen.brightest)),
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
    """The full range of the number of bits that the brightest pixel needs, so 12-bit images are not
    nearly black."""
    if not brightest:
        return 65535
    return int(2 ** max(8, int(brightest).bit_length()) - 1)
