"""Read series from a .ts file (UCR and UEA archives), as the data source of the same name does. The
standard library only."""

import re

PAIR = re.compile(r"\(([^()]*),([^(),]*)\)")
GAPS = ("?", "", "NaN", "nan")


def series(text: str, name: str) -> list[tuple[str, list[list[float]]]]:
    """Each series as its place ("x.ts, line 12") and its channels, of one length; NaN marks a gap.

    Labels at the end of lines are left aside. ValueError with the line that cannot be read.
    """
    head: dict[str, list[str]] = {}
    found: list[tuple[str, list[list[float]]]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line, place = raw.strip(), f"{name}, line {number}"
        if not line or line.startswith(("#", "%")):
            continue
        if line.startswith("@"):
            word, *rest = line[1:].split() or [""]
            head[word.lower()] = rest
        elif "data" not in head:
            raise ValueError(f"{place}: there is a line of data before @data.")
        else:
            found.append((place, _channels(line, head, place)))
    if not found:
        raise ValueError(f"{name} has no series after @data.")
    return found


def _flag(head: dict[str, list[str]], name: str) -> bool:
    return [word.lower() for word in head.get(name, [])[:1]] == ["true"]


def _channels(line: str, head: dict[str, list[str]], place: str) -> list[list[float]]:
    timed = _flag(head, "timestamps")
    channels = _timed(line, place) if timed else line.split(":")
    if _flag(head, "classlabel") or _flag(head, "targetlabel"):
        if len(channels) < 2:
            raise ValueError(f"{place}: the label after the last colon is missing.")
        channels = channels[:-1]
    rows = [[_number(cell.strip(), place) for cell in channel.split(",")] for channel in channels]
    longest = max(len(row) for row in rows)
    return [row + [float("nan")] * (longest - len(row)) for row in rows]


def _timed(line: str, place: str) -> list[str]:
    head, _, label = line.rpartition(":")
    if "(" in label:
        head, label = line, ""
    channels = []
    for channel in re.split(r":(?=\s*\()", head):
        if rest := PAIR.sub("", channel).strip(", \t"):
            raise ValueError(f"{place}: {rest[:40]!r} is no pair of a time and a value.")
        channels.append(",".join(pair[1] for pair in PAIR.findall(channel)))
    return [*channels, label] if label else channels


def _number(cell: str, place: str) -> float:
    if cell in GAPS:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{place}: {cell[:40]!r} is no number.") from None
