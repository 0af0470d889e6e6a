"""What size, colours and range a set of images has, from a glance at some of them."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.data.archives import Entry, Tree
from builder.data.runtime.images import DEEP, pixels
from builder.errors import LaminaError
from builder.progress import Progress

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
    height, width = _size(_number(options, "height", 1024), _number(options, "width", 1024), seen)
    channels = _one_of(options, "channels", ("auto", "1", "3"))
    return {
        "height": height,
        "width": width,
        "channels": (3 if seen.colour else 1) if channels == "auto" else int(channels),
        "resize": _one_of(options, "resize", ("crop", "pad", "stretch")),
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
            remedy=f"Write a number from 1 to {most}.",
        )
    return int(value)


def _size(height: int | None, width: int | None, seen: Look) -> tuple[int, int]:
    """Height and width as asked for; where one is, the other follows in the usual proportion."""
    usual = seen.common if seen.share > 0.5 else (seen.short, seen.short)
    if height or width:
        ratio = height / usual[0] if height else (width or 1) / usual[1]
    else:
        largest = LARGEST_EQUAL if seen.share == 1 else LARGEST_MIXED
        ratio = min(1.0, largest / max(usual))
    guessed = [min(1024, max(SMALLEST, round(side * ratio))) for side in usual]
    return height or guessed[0], width or guessed[1]


def _one_of(options: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = str(options.get(name) or choices[0])
    if value not in choices:
        raise LaminaError(
            f"{value!r} is none of {', '.join(choices)}.",
            place=f"data.options.{name}",
            remedy="Choose one of them.",
        )
    return value


def _white(brightest: float) -> int:
    """The full range of the number of bits that the brightest pixel needs, so 12-bit images are not
    nearly black."""
    if not brightest:
        return 65535
    return int(2 ** max(8, int(brightest).bit_length()) - 1)
