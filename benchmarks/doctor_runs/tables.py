"""The data of the runs: bundled sets, and tables made up on the disk."""

import csv
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.project import Data

Draw = random.Random


def table(folder: Path, kind: str, seed: int, rows: int, features: int, classes: int) -> Data:
    """A made-up table on the disk: "blobs" and "numbers" to choose on, "rings" and "bumps" held
    out, "checks" and "hills" for the other sets; "leak" adds the answer in another column, "raw"
    leaves columns of the order of ten thousand.
    """
    path = folder / f"{kind}-{seed}-{rows}-{features}-{classes}.csv"
    if not path.exists():
        draw = random.Random(f"{kind} {seed}")
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            header = [f"x{number}" for number in range(features)]
            writer.writerow([*header, *(["code"] if "leak" in kind else []), "y"])
            made = _row_maker(kind, draw, features, classes)
            writer.writerows(made() for _ in range(rows))
    return Data(source="table", options={"path": str(path)}, target="y")


def _row_maker(kind: str, draw: Draw, features: int, classes: int) -> Callable[[], list[Any]]:
    centres = [[draw.gauss(0, 1.3) for _ in range(features)] for _ in range(classes)]
    tilt = [draw.gauss(0, 1) for _ in range(features)]

    def row() -> list[Any]:
        x = [draw.gauss(0, 1) for _ in range(features)]
        leak: list[Any] = []
        y: Any
        if "hills" in kind:
            y = 40 + 9 * math.sin(2 * x[0]) + 5 * x[1] * (x[2] > 0) + draw.gauss(0, 1)
            leak, y = [f"{y / 3 + draw.gauss(0, 0.01):.4f}"], f"{y:.4f}"
        elif "checks" in kind:
            place = ((x[0] * x[1] > 0) + 2 * (x[2] + x[3] > 0)) % classes
            y = f"type {'abcd'[place]}"
            leak = [("north", "south", "east", "west")[place]]
        elif "rare" in kind:
            rare = draw.random() < 0.01
            x = [v + 0.8 * rare for v in x]
            y = "fraud" if rare else "fine"
        elif "numbers" in kind or "bumps" in kind:
            bent = sum(t * (v if "numbers" in kind else abs(v)) for t, v in zip(tilt, x))
            y = 3 * bent + x[0] * x[1] + draw.gauss(0, 0.5)
            leak = [y * 1.8 + 32 + draw.gauss(0, 0.05)]
            y = f"{y:.4f}"
        elif "rings" in kind:
            size = sum(v * v for v in x) ** 0.5 / features**0.5
            place = min(classes - 1, int(classes * max(0.0, min(0.999, (size - 0.55) / 0.9))))
            y, leak = f"ring {place}", [place * 10 + draw.gauss(0, 1)]
        else:
            place = draw.randrange(classes)
            x = [c + v for c, v in zip(centres[place], x)]
            y, leak = f"kind {place}", [place * 7 + draw.gauss(0, 1)]
        if "raw" in kind:
            x = [1e4 * (v + 2) for v in x]
        given = leak[0] if isinstance(leak and leak[0], str) else f"{leak[0] if leak else 0:.4f}"
        return [*(f"{v:.4f}" for v in x), *([given] if "leak" in kind else []), y]

    return row


def digits() -> Data:
    return bundled("digits")


def waves(seed: int) -> Data:
    return made_up("waves", seed)


def any_table(folder: Path, held_out: bool, n: int, *, classes: bool | None = None) -> Data:
    """A table of the pool; classes or numbers, in turns where it is left open."""
    seed = n + (500 if held_out else 0)
    sort = classes if classes is not None else n % 3 != 2
    size, wide = (500, 700, 1000)[n % 3], (8, 12, 20)[n % 3]
    if sort:
        kind, count = ("rings", 2 + n % 2) if held_out else ("blobs", 3 + n % 3)
    else:
        kind, count = ("bumps" if held_out else "numbers"), 1
    return table(folder, kind, seed, size, wide, count)


def bundled(name: str) -> Data:
    """A set of scikit-learn's."""
    return Data(source="sklearn", options={"name": name}, target="target")


def made_up(name: str, seed: int) -> Data:
    """One of the generated sets."""
    return Data(source="generated", options={"name": name, "seed": seed}, target="target")
