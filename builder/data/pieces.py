"""One long text as rows: pieces that follow each other, shared out by position, so that nothing
leaks.
"""

import re
from bisect import bisect_left
from itertools import accumulate
from typing import Any

from builder import wording
from builder.data.base import Media, Raw
from builder.data.options import Option
from builder.errors import LaminaError

WORD = re.compile(r"\s*\S+|\s+$")
MOST_BYTES = 100_000_000

CONTEXT = Option(
    "context",
    "int",
    "Context",
    64,
    "How many tokens a model sees at once. More remembers longer, and costs more.",
    low=8,
    high=1024,
)
VALIDATION, ENOUGH = 0.05, 10_000
"""Validation takes this share of a text, but of a long one no more than so many characters: they
tell which epoch is the best, and what stands right before the test part is better learnt from.
"""
SHARES = (
    Option(
        "validation",
        "float",
        "Validation share",
        help="This part of the text, right before the test part, tells when to stop. "
        f"By itself {VALIDATION:.0%}, and at most {ENOUGH:,} characters.".replace("%", " %"),
        low=0,
        high=0.5,
        advanced=True,
    ),
    Option(
        "test",
        "float",
        "Test share",
        0.1,
        "The last part of the text, which nothing learns from.",
        low=0,
        high=0.5,
        advanced=True,
    ),
)


def cut(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` UTF-8 bytes, cut before white space where that is
    possible; joined they are the text.

    No kind of token is shorter than a byte, so a piece never has more than `most` tokens.
    """
    pieces: list[str] = []
    part: list[str] = []
    size = 0
    for match in WORD.finditer(text):
        word = match[0]
        length = len(word.encode("utf-8", errors="replace"))
        if size + length > most and part:
            pieces.append("".join(part))
            part, size = [], 0
        if length > most:
            step = most if length == len(word) else max(1, most // 4)
            pieces += [word[at : at + step] for at in range(0, len(word), step)]
        else:
            part.append(word)
            size += length
    if part:
        pieces.append("".join(part))
    return pieces


def number(options: Any, option: Option, usual: float) -> float:
    """An option's value, or the usual one where none is given. Raises LaminaError where it is out
    of range.
    """
    value = options.get(option.name)
    if value is None:
        return usual
    low, high = option.low or 0, option.high or 0
    whole = option.kind == "int"
    right = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not right or not low <= value <= high:
        raise LaminaError(
            f"{value!r} is not a {'whole ' * whole}number from "
            f"{wording.number(low)} to {wording.number(high)}.",
            place=f"data.options.{option.name}",
            remedy=f"By itself it is {wording.number(usual)}.",
        )
    return float(value)


def raw(text: str, options: Any, place: str, notes: tuple[str, ...] = ()) -> Raw:
    """The rows of a long text. Raises LaminaError where it is too short to be shared out."""
    import numpy as np
    import pandas as pd

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    context = int(number(options, CONTEXT, CONTEXT.default))
    usual = (min(VALIDATION, ENOUGH / max(1, len(text))), SHARES[1].default)
    validation, test = (
        number(options, option, share) for option, share in zip(SHARES, usual, strict=True)
    )
    pieces = cut(text, context)
    if len(text) < 20 * context:
        raise LaminaError(
            f"The text has {len(text):,} characters, too few for a context of {context}.",
            place=place,
            remedy=f"Bring at least {20 * context:,} characters, or make the context shorter.",
        )
    if not text.strip() or len(set(text)) < 2:
        raise LaminaError(
            "The text is one and the same character, or nothing but white space, from beginning to "
            "end: there is nothing to learn.",
            place=place,
            remedy="Bring a text with words.",
        )
    ends = list(accumulate(map(len, pieces)))
    given = np.zeros(len(pieces), np.int8)
    first_test = bisect_left(ends, len(text) * (1 - test)) if test else len(pieces)
    start = bisect_left(ends, len(text) * (1 - test - validation)) if validation else first_test
    given[start:first_test] = 1
    given[first_test:] = 2
    facts = {
        "ordered": True,
        "whole": True,
        "characters": len(text),
        "least_length": context,
        "settings": {"level": "character", "lower": False, "min_count": 1, "max_length": context},
    }
    return Raw(
        frame=pd.DataFrame(index=range(len(pieces))),
        media={"text": Media("tokens", pieces, facts)},
        given=given,
        options={"context": context, "validation": validation, "test": test},
        notes=(
            *notes,
            f"{len(text):,} characters of text, in {len(pieces):,} pieces that follow each other.",
        ),
    )
