"""Fit the preparation of images, texts and series on training rows, and show prepared rows as small
pictures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from builder import wording
from builder.data.base import Fitted, Media
from builder.data.options import Option
from builder.data.runtime import ground, images, png, series
from builder.data.runtime.tokens import Tokens
from builder.data.specs import InputSpec
from builder.data.vocabulary import learn
from builder.errors import LaminaError
from builder.project import Step

STATISTICS_ROWS = 10_000
"""Mean and deviation of pixels and series are taken over at most this many training rows, evenly
spread."""

OPTIONS: Mapping[str, tuple[Option, ...]] = {
    "tokens": (
        Option(
            "level",
            "choice",
            "Tokens",
            "word",
            "What one token is. Words learn fastest; characters need no vocabulary; "
            "byte pairs know every text.",
            choices=("word", "character", "bpe"),
        ),
        Option(
            "lower",
            "bool",
            "Lower case",
            True,
            "Treat 'Film' and 'film' alike: fewer tokens to learn from little text.",
        ),
        Option(
            "punctuation",
            "choice",
            "Punctuation",
            "apart",
            "Tokens of their own, dropped, or kept on the words.",
            choices=("apart", "drop", "keep"),
        ),
        Option(
            "min_count",
            "int",
            "Seen at least",
            2,
            "A token seen once teaches nothing that carries over; it becomes the unknown token.",
            low=1,
            high=1000,
        ),
        Option(
            "size",
            "int",
            "Largest vocabulary",
            20_000,
            "The most frequent tokens are kept (byte pairs: at most 4,000 unless set).",
            low=10,
            high=200_000,
            advanced=True,
        ),
        Option(
            "percentile",
            "float",
            "Length covers",
            99.0,
            "Texts are cut where this share of the training texts ends, in percent.",
            low=50,
            high=100,
            advanced=True,
        ),
        Option(
            "max_length",
            "int",
            "Longest text",
            None,
            "In tokens; guessed from the training texts where empty.",
            low=1,
            high=8192,
            advanced=True,
        ),
    ),
    "series": (
        Option(
            "normalise",
            "choice",
            "Scale",
            "channel",
            "By the training rows' mean and deviation; each series by itself, where only "
            "the shape counts; or not at all.",
            choices=("channel", "series", "none"),
        ),
        Option(
            "length",
            "int",
            "Length",
            None,
            "In steps; the longest training series where empty. Shorter ones are filled up, "
            "longer ones cut.",
            low=1,
            high=100_000,
            advanced=True,
        ),
    ),
    "image": (),
}
"""The settings of the preparation step of each form ({"kind": "tokens", "level": "word"}), for
forms and checks."""


def settings(
    form: str, steps: Sequence[Step], usual: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The form's settings from the project's steps, else as is `usual` for this data, else by
    default. LaminaError for a key or value that cannot be."""
    options = {option.name: option for option in OPTIONS[form]}
    chosen = {name: option.default for name, option in options.items()} | dict(usual or {})
    given = [step.settings() for step in steps if step.kind == form]
    for name, value in (item for part in given for item in part.items()):
        place = f"data.prepare.{form}.{name}"
        if name not in options:
            raise LaminaError(
                "This setting is not known.",
                place=place,
                remedy=f"Known: {', '.join(options)}." if options else "Take it out.",
            )
        if value is not None:
            chosen[name] = _checked(options[name], value, place)
    if form == "tokens" and chosen["level"] == "bpe" and not any("size" in part for part in given):
        chosen["size"] = 4000
    return chosen


def _checked(option: Option, value: Any, place: str) -> Any:
    if option.kind == "choice":
        right = value in option.choices
        wanted = f"one of {', '.join(option.choices)}"
    elif option.kind == "bool":
        right, wanted = isinstance(value, bool), "true or false"
    else:
        numbers = int if option.kind == "int" else int | float
        right = isinstance(value, numbers) and not isinstance(value, bool)
        low = option.low if option.low is not None else float("-inf")
        high = option.high if option.high is not None else float("inf")
        right = right and low <= value <= high
        wanted = f"a number from {wording.number(low)} to {wording.number(high)}"
    if not right:
        raise LaminaError(f"{value!r} is not {wanted}.", place=place, remedy=f"Write {wanted}.")
    return value


def fit(
    name: str, column: str, media: Media, train: Sequence[int], steps: Sequence[Step] = ()
) -> Fitted:
    """Fit one media column for the Input node `name` on the rows `train` (indexes into
    `media.values`).

    Raises LaminaError where the training rows hold nothing to learn from.
    """
    if not len(train):
        raise LaminaError("There are no training rows.", remedy="Give the training split more.")
    chosen = settings(media.form, steps, media.facts.get("settings"))
    if media.form == "image":
        settings("image", steps)
        return _fit_images(name, column, media, train)
    if media.form == "tokens":
        return _fit_tokens(name, column, media, train, chosen)
    return _fit_series(name, column, media, train, chosen)


def _fit_images(name: str, column: str, media: Media, train: Sequence[int]) -> Fitted:
    facts = media.facts
    if "height" in facts:
        size = (int(facts["height"]), int(facts["width"]))
        channels = int(facts["channels"])
    else:
        first = images.pixels(media.values[train[0]])
        size, channels = (first.shape[0], first.shape[1]), 1 if first.shape[2] == 1 else 3
    fitted: dict[str, Any] = {
        "form": "image",
        "column": column,
        "height": size[0],
        "width": size[1],
        "channels": channels,
        "resize": facts.get("resize", "crop"),
        "white": float(facts.get("white", images.WHITE)),
    }
    reader = images.Images(fitted)
    mean, std, borders = _moments(reader, column, media, train)
    fitted |= {"mean": mean, "std": std, "ground": ground.fitted(borders)}
    spec = InputSpec(
        name=name,
        form="image",
        shape=(channels, *size),
        stored="uint8",
        features=("gray",) if channels == 1 else ("red", "green", "blue"),
        origins=(column,) * channels,
        mean=tuple(mean),
        std=tuple(std),
    )
    return Fitted(fitted, spec)


def _moments(
    reader: images.Images, column: str, media: Media, train: Sequence[int]
) -> tuple[list[float], list[float], Tensor]:
    """Mean and deviation per channel after division by 255, and the images' borders [N]."""
    total = torch.zeros(reader.channels, dtype=torch.float64)
    squares = torch.zeros(reader.channels, dtype=torch.float64)
    rows = _spread(train)
    pixels = len(rows) * reader.size[0] * reader.size[1]
    borders = []
    for start in range(0, len(rows), 256):
        x = reader.transform([{column: media.values[row]} for row in rows[start : start + 256]])
        borders.append(ground.brightness(x))
        for channel in range(reader.channels):
            counts = torch.bincount(x[:, channel].flatten().int(), minlength=256).double()
            levels = torch.arange(256, dtype=torch.float64) / 255
            total[channel] += (counts * levels).sum()
            squares[channel] += (counts * levels**2).sum()
    mean = total / pixels
    std = (squares / pixels - mean**2).clamp(min=0).sqrt()
    std = torch.where(std > 1e-4, std, torch.ones_like(std))
    return mean.tolist(), std.tolist(), torch.cat(borders)


def _spread(rows: Sequence[int]) -> list[int]:
    step = max(1, -(-len(rows) // STATISTICS_ROWS))
    return [int(row) for row in rows[::step]]


def _fit_tokens(
    name: str, column: str, media: Media, train: Sequence[int], chosen: dict[str, Any]
) -> Fitted:
    least = media.facts.get("least_length", 0)
    if least and (chosen["max_length"] or 0) < least:
        raise LaminaError(
            f"Pieces of up to {least} tokens would be cut.",
            place="data.prepare.tokens.max_length",
            remedy=f"Leave it empty; {least} is what the data asks for (data.options.context).",
        )
    texts = [_text(media.values[row]) for row in train]
    fitted = {
        "form": "tokens",
        "column": column,
        "cells": list(media.facts.get("cells", ())),
        **learn(texts, {**chosen, "column": column}),
    }
    tokens = Tokens(fitted)
    kind = {"word": "words", "character": "characters", "bpe": "byte pairs"}[tokens.level]
    notes = (
        f"{column!r}: {tokens.cardinality - 2:,} {kind} learnt from the training texts; texts "
        "are cut "
        f"after {tokens.max_length:,}.",
    )
    spec = InputSpec(
        name=name,
        form="tokens",
        shape=(tokens.max_length,),
        stored="int64",
        features=(column,),
        origins=(column,),
        cardinality=tokens.cardinality,
    )
    return Fitted(fitted, spec, notes)


def _text(value: Any) -> str:
    return (
        value if isinstance(value, str) else "" if value is None or value != value else str(value)
    )


def _fit_series(
    name: str, column: str, media: Media, train: Sequence[int], chosen: dict[str, Any]
) -> Fitted:
    first = media.values[train[0]]
    channels = tuple(media.facts.get("channels", ())) or tuple(
        f"channel {i + 1}" for i in range(len(first))
    )
    longest = max(len(media.values[row][0]) for row in train)
    fitted: dict[str, Any] = {
        "form": "series",
        "column": column,
        "cells": list(media.facts.get("cells", ())),
        "channels": list(channels),
        "length": chosen["length"] or longest,
        "normalise": chosen["normalise"],
        "mean": [0.0] * len(channels),
        "std": [1.0] * len(channels),
    }
    if chosen["normalise"] == "channel":
        joined = torch.cat(
            [series.filled(torch.as_tensor(media.values[row])) for row in _spread(train)], dim=1
        ).double()
        std = joined.std(dim=1, unbiased=False)
        fitted["mean"] = joined.mean(dim=1).tolist()
        fitted["std"] = torch.where(std > 1e-12, std, torch.ones_like(std)).tolist()
    spec = InputSpec(
        name=name,
        form="series",
        shape=(len(channels), int(fitted["length"])),
        stored="float32",
        features=channels,
        origins=(column,) * len(channels),
    )
    how = {
        "channel": "scaled by the training rows' mean and deviation",
        "series": "each scaled to mean 0 and deviation 1 by itself",
        "none": "left in their own unit",
    }[chosen["normalise"]]
    return Fitted(fitted, spec, (f"{column!r}: series of {fitted['length']:,} steps, {how}.",))


def thumbnail(x_CHW: Tensor, size: int = 64) -> bytes:
    """A PNG of one stored image (uint8), its longer side `size` pixels; small images are enlarged
    in whole steps."""
    height, width = x_CHW.shape[1:]
    longest = max(height, width)
    if longest <= size:
        times = max(1, size // longest)
        x = x_CHW.repeat_interleave(times, dim=1).repeat_interleave(times, dim=2)
    else:
        scaled = (max(1, round(height * size / longest)), max(1, round(width * size / longest)))
        x = images.fit(x_CHW.permute(1, 2, 0), scaled, x_CHW.shape[0], "stretch")
    return png.encode(x)


def sheet(images_NCHW: Tensor, size: int = 64, columns: int | None = None) -> bytes:
    """A PNG of many stored images (uint8) side by side, in as many lines as columns unless told."""
    count, channels, height, width = images_NCHW.shape
    times = max(1, size // max(height, width))
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    lines = -(-count // columns)
    whole = torch.zeros(columns * lines, channels, height + 1, width + 1, dtype=torch.uint8)
    whole[:count, :, :height, :width] = images_NCHW
    grid = whole.view(lines, columns, channels, height + 1, width + 1).permute(2, 0, 3, 1, 4)
    flat = grid.reshape(channels, lines * (height + 1), columns * (width + 1))
    large = flat.repeat_interleave(times, dim=1).repeat_interleave(times, dim=2)
    return png.encode(large)
