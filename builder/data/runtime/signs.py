"""Numbers that are written with signs: below and above a limit, with a unit, as a duration, in feet
and inches. The standard library only."""

import re

SECONDS = {
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), 604_800.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std"), 3600.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek"), 1.0),
    "ms": 0.001,
}
PIECE = r"(\d+(?:[.,]\d+)?)\s*([a-z]+)\.?"
PIECES = re.compile(rf"{PIECE}(?:\s*(?:,|and)?\s*{PIECE})*", re.I)
CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:[.,]\d+)?)")
FEET = re.compile(
    r"(\d+)\s*(?:['\u2032\u2019]|ft\.?)\s*(?:(\d+(?:\.\d+)?)\s*(?:[\"\u2033\u201d]|''|in\.?)?)?",
    re.I,
)
LIMIT = re.compile(r"(?:<=|>=|[<>\u2264\u2265~\u2248])\s*(?=\S)")


def seconds(text: str) -> float:
    """A duration in seconds: "1h 5m" is 3900, "0:01:30" is 90. Raises ValueError for other words.

    A number without its unit is none: nobody says which it has.
    """
    clock = CLOCK.fullmatch(text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))
    if not PIECES.fullmatch(text):
        raise ValueError(text)
    total, last = 0.0, float("inf")
    for amount, unit in re.findall(PIECE, text, re.I):
        size = SECONDS.get(unit.lower())
        if size is None or size >= last:  # from the largest to the smallest, each once
            raise ValueError(text)
        total, last = total + float(amount.replace(",", ".")) * size, size
    return total


def inches(text: str) -> float:
    """Feet and inches in inches: 5'11" is 71. Raises ValueError for other words."""
    match = FEET.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * 12 + float(match[2] or 0)


def bare(text: str, unit: str) -> str:
    """The number alone, as it is written, without the sign of a limit ("<0.1", "100+") and without
    the unit before or behind it."""
    text = LIMIT.sub("", text, count=1) if LIMIT.match(text) else text
    if unit and text.endswith(unit):
        text = text[: -len(unit)]
    elif unit and text.startswith(unit):
        text = text[len(unit) :]
    text = text.strip()
    return text[:-1].rstrip() if text.endswith("+") else text
