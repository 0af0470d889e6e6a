"""Data of the set "thirteenth", made up here: tables of 100 to 20,000 rows, series, images as
files, sentences; and a project of each with a usual network and recipe.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from builder import data
from builder.graph.spec import Graph
from builder.project import Data, Project, Recipe, TaskChoice
from doctor_runs import stranger_nets as nets

Table = dict[str, Any]
"""Column → its values, of equal length; the answer is "y"."""
Change = Callable[[Table, np.random.Generator], Table]
Graphs = Callable[[str, int], Graph]


def _named(x: Any) -> Table:
    return {f"v{k}": x[:, k] for k in range(x.shape[1])}


def spirals(draw: np.random.Generator, rows: int) -> Table:
    """Three arms, two numbers."""
    arm = draw.integers(0, 3, rows)
    far = np.sqrt(draw.uniform(0.02, 1, rows))
    angle = 4 * far + arm * 2.094 + draw.normal(0, 0.15, rows)
    both = np.stack([far * np.cos(angle), far * np.sin(angle)], 1)
    return {**_named(both), "y": np.array(["left", "mid", "right"])[arm]}


def credit(draw: np.random.Generator, rows: int) -> Table:
    """Numbers and categories, one answer in seven is "default"."""
    income, debt = draw.lognormal(8, 0.5, rows), draw.gamma(2, 900, rows)
    age, work = draw.integers(18, 80, rows), draw.choice(["none", "part", "full", "own"], rows)
    home = draw.choice(["rent", "owner", "family"], rows, p=[0.5, 0.3, 0.2])
    worth = -3.6 + 2.2 * (work == "none") + 2.5 * debt / income - 0.02 * (age - 40)
    bad = worth + 0.8 * (home == "rent") + draw.logistic(0, 0.4, rows) > -0.5
    return {
        "income": income.round(), "debt": debt.round(), "age": age, "work": work, "home": home,
        "since": draw.integers(1, 120, rows), "y": np.where(bad, "default", "repaid"),
    }  # fmt: skip


def orchard(draw: np.random.Generator, rows: int) -> Table:
    """Five sorts by the largest of five quadratic forms of sixteen numbers."""
    fixed = np.random.default_rng(7)
    x = draw.normal(0, 1, (rows, 16))
    forms = fixed.normal(0, 1, (5, 16, 16)) / 8
    slopes = fixed.normal(0, 1, (16, 5))
    score = np.einsum("ni,kij,nj->nk", x, forms, x) + x @ slopes
    names = np.array(["apple", "cherry", "fig", "pear", "plum"])
    return {**_named(x), "y": names[score.argmax(1)]}


def pendulum(draw: np.random.Generator, rows: int) -> Table:
    """An energy in micro-units, of the order of millions, of five measured numbers."""
    long, heavy, angle = (
        draw.uniform(0.2, 2, rows),
        draw.uniform(0.1, 3, rows),
        draw.normal(size=rows),
    )
    speed, drag = draw.normal(0, 1.5, rows), draw.uniform(0, 1, rows)
    energy = 9.81 * heavy * long * (1 - np.cos(angle)) + heavy * (long * speed) ** 2 / 2
    energy = energy * (1 - 0.3 * drag) + draw.normal(0, 0.3, rows)
    return {
        "long": long, "heavy": heavy, "angle": angle, "speed": speed, "drag": drag,
        "y": (1e6 * energy).round(),
    }  # fmt: skip


def bikes(draw: np.random.Generator, rows: int) -> Table:
    """Bicycles hired in an hour: waves of the day, weather, week days."""
    hour, warm = draw.integers(0, 24, rows), draw.normal(14, 8, rows)
    rain, day = draw.exponential(0.5, rows), draw.choice(list("mtwhfau"), rows)
    free = np.isin(day, ["a", "u"])
    wave = np.where(free, np.exp(-((hour - 14) ** 2) / 18), np.exp(-((hour - 8) ** 2) / 4))
    rush = wave + ~free * np.exp(-((hour - 17.5) ** 2) / 6)
    hired = 400 * rush * np.clip(0.3 + warm / 25, 0.05, 1.5) * np.exp(-rain)
    return {
        "hour": hour, "warm": warm, "rain": rain, "day": day,
        "y": draw.poisson(hired + 5),
    }  # fmt: skip


def petals(draw: np.random.Generator, rows: int) -> Table:
    """Three clouds that overlap a little, in six numbers."""
    kind = draw.integers(0, 3, rows)
    centres = np.random.default_rng(3).normal(0, 1.6, (3, 6))
    names = np.array(["agave", "begonia", "clivia"])
    return {**_named(centres[kind] + draw.normal(0, 1, (rows, 6))), "y": names[kind]}


def doubtful(draw: np.random.Generator, rows: int) -> Table:
    """Two answers by a bent border; a fourth of them are wrong by nature."""
    x = draw.normal(0, 1, (rows, 10))
    yes = (x[:, 0] + x[:, 1] ** 2 - x[:, 2] > 0.7) ^ (draw.random(rows) < 0.25)
    return {**_named(x), "y": np.where(yes, "yes", "no")}


def letters(draw: np.random.Generator, rows: int) -> Table:
    """Twenty classes of twelve numbers, as of an optical reader."""
    kind = draw.integers(0, 20, rows)
    centres = np.random.default_rng(5).normal(0, 1.5, (20, 12))
    names = np.array([f"sign {chr(97 + k)}" for k in range(20)])
    return {**_named(centres[kind] + draw.normal(0, 1, (rows, 12))), "y": names[kind]}


def prices(draw: np.random.Generator, rows: int) -> Table:
    """A price with a heavy tail, of eight numbers of which three are nearly constant."""
    x = draw.normal(0, 1, (rows, 8))
    x[:, 5:] = np.where(draw.random((rows, 3)) < 0.03, 1.0, 0.0)
    worth = 0.6 * x[:, 0] + 0.5 * np.abs(x[:, 1]) + 0.4 * x[:, 2] * x[:, 3] + 0.5 * x[:, 5]
    return {**_named(x), "y": np.exp(worth + draw.normal(0, 0.2, rows) + 5).round(2)}


def chirps(draw: np.random.Generator, rows: int) -> Table:
    """Series of 72 steps: a tone that rises, one that falls, knocks, or noise with a memory."""
    kind, at = draw.integers(0, 4, rows), np.linspace(0, 1, 72)
    start, found = draw.uniform(0, 6.28, rows), np.zeros((rows, 72))
    for k in range(rows):
        pace = 2 + 8 * at if kind[k] == 0 else 10 - 8 * at
        found[k] = np.sin(start[k] + 2 * np.pi * np.cumsum(pace) / 72)
        if kind[k] == 2:
            found[k] = 3 * (draw.random(72) < 0.06)
        if kind[k] == 3:
            found[k] = np.convolve(draw.normal(0, 1, 72), 0.8 ** np.arange(12), "same")
    found += draw.normal(0, 0.3, (rows, 72))
    names = np.array(["rising", "falling", "knocks", "hum"])
    return {"label": names[kind], **{f"t{k}": found[:, k].round(4) for k in range(72)}}


def decays(draw: np.random.Generator, rows: int) -> Table:
    """Series of 40 steps that ring and fade; the answer is how fast."""
    fade, pace = draw.uniform(1, 6, rows), draw.uniform(2, 6, rows)
    at = np.linspace(0, 1, 40)
    found = np.exp(-fade[:, None] * at) * np.cos(6.28 * pace[:, None] * at + 1)
    found += draw.normal(0, 0.05, (rows, 40))
    return {"label": fade.round(3), **{f"t{k}": found[:, k].round(4) for k in range(40)}}


WORDS = {
    "kitchen": (
        "pan",
        "oven",
        "salt",
        "butter",
        "onion",
        "stew",
        "roast",
        "boil",
        "knife",
        "sugar",
    ),
    "garden": ("soil", "seed", "rose", "spade", "worm", "compost", "hedge", "bulb", "lawn", "bee"),
    "harbour": (
        "ship",
        "rope",
        "crane",
        "tide",
        "pilot",
        "anchor",
        "cargo",
        "dock",
        "gull",
        "mast",
    ),
}
PLAIN_WORDS = (
    "the", "a", "and", "then", "with", "we", "saw", "that", "over", "near", "some", "old", "new",
    "very", "day", "man", "came", "went", "put", "by", "for", "while", "again", "under", "quite",
)  # fmt: skip


def notes(draw: np.random.Generator, rows: int) -> Table:
    """Sentences of 6 to 18 words, of which three or four belong to a subject, one to another."""
    subjects, texts, told = list(WORDS), [], []
    for _ in range(rows):
        own, other = draw.choice(3, 2, replace=False)
        words = list(draw.choice(PLAIN_WORDS, draw.integers(4, 14)))
        words += list(draw.choice(WORDS[subjects[own]], draw.integers(2, 4)))
        words += list(draw.choice(WORDS[subjects[other]], 1))
        draw.shuffle(words)
        texts.append(" ".join(words))
        told.append(subjects[own])
    return {"text": texts, "y": told}


MAKERS: dict[str, Callable[[np.random.Generator, int], Table]] = {
    f.__name__: f
    for f in (
        spirals, credit, orchard, pendulum, bikes, petals, doubtful, letters, prices, chirps,
        decays, notes,
    )
}  # fmt: skip
NUMBERS = ("pendulum", "bikes", "prices", "decays")


def written(folder: Path, what: str, n: int, rows: int, change: Change | None, note: str) -> Data:
    """The data as a file, and how it is read; the runs of a set share it."""
    path = folder / f"stranger-{what}-{n // 100}-{rows}-{note}.csv"
    if not path.exists():
        draw = np.random.default_rng([n // 100, rows, sum(map(ord, what))])
        table = MAKERS[what](draw, rows)
        table = change(table, draw) if change else table
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(list(table))
            writer.writerows(zip(*(np.asarray(values) for values in table.values()), strict=True))
    if what in ("chirps", "decays"):
        return Data(source="series", options={"path": str(path)}, target="label")
    options = {"path": str(path)}
    if what == "notes":
        return Data(source="text", options={**options, "column": "text"}, target="y")
    return Data(source="table", options=options, target="y")


def _shape(draw: np.random.Generator, kind: str, size: int) -> Any:
    """A bright form on a dim ground, uint8 [size, size]."""
    y, x = np.mgrid[0:size, 0:size]
    middle, reach = draw.uniform(size * 0.35, size * 0.65, 2), draw.uniform(0.22, 0.34) * size
    dy, dx = y - middle[0], x - middle[1]
    inside = {
        "ring": np.abs(np.hypot(dx, dy) - reach) < 1.2,
        "box": np.maximum(np.abs(dx), np.abs(dy)) < reach,
        "cross": (np.minimum(np.abs(dx), np.abs(dy)) < 1.3) & (np.hypot(dx, dy) < reach * 1.3),
        "stripes": np.sin(x * 1.6 + draw.uniform(0, 6)) > 0.2,
    }[kind]
    light = draw.uniform(20, 90) + inside * draw.uniform(60, 130) + draw.normal(0, 18, x.shape)
    return np.clip(light, 0, 255).astype(np.uint8)


def shapes(folder: Path, n: int, rows: int, size: int = 14) -> Data:
    """Four forms as files in folders."""
    from PIL import Image

    place = folder / f"stranger-shapes-{n // 100}-{rows}-{size}"
    if not place.exists():
        draw = np.random.default_rng([n // 100, rows, size])
        for k in range(rows):
            kind = ("ring", "box", "cross", "stripes")[k % 4]
            (place / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(_shape(draw, kind, size)).save(place / kind / f"{k:05}.png")
    return Data(source="images", options={"path": str(place)}, target="label")


def made(
    what: str, make: Graphs, folder: Path, n: int, rows: int, *, change: Change | None = None,
    note: str = "", columns: Any = None, task: Any = None, **recipe: Any,
) -> Project:  # fmt: skip
    """A project of that data and network; `recipe` is as a project file has it."""
    if what == "shapes":
        kept = shapes(folder, n, rows)
    else:
        kept = written(folder, what, n, rows, change, note)
    kept = kept.model_copy(update={"columns": columns or {}})
    choice = TaskChoice.model_validate(
        {"kind": "regression" if what in NUMBERS else "classification", **(task or {})}
    )
    spec = data.specs(Project(data=kept, task=choice))
    target = spec.target
    assert target is not None
    outputs = len(target.classes) if target.kind == "class" else 1
    settings = {"epochs": 12, "batch_size": 32, "seed": n, **recipe}
    return Project(
        data=kept,
        graphs={"model": make(next(iter(spec.inputs)), outputs)},
        task=choice,
        recipe=Recipe.model_validate(settings),
    )


def usual(what: str, make: Graphs, rows: int, lr: float, name: str = "Adam", **given: Any) -> Any:
    """What makes a project of that data: (folder, n, **changes) -> Project."""
    settled = {"optimizer": {"name": name, "lr": lr}, **given}

    def build(folder: Path, n: int, make: Graphs = make, rows: int = rows, **more: Any) -> Project:
        return made(what, make, folder, n, rows, **{**settled, **more})

    return build


SPIRALS = usual("spirals", nets.tower(3, 32), 600, 3e-3, epochs=25)
CREDIT = usual("credit", nets.fork(), 2_000, 2e-3, "AdamW", epochs=10, batch_size=64)
ORCHARD = usual("orchard", nets.tower(2, 64, "GELU"), 4_000, 2e-3, epochs=8, batch_size=128)
PENDULUM = usual("pendulum", nets.ladder(3, 32, "SiLU"), 1_200, 2e-3, epochs=14, batch_size=64)
BIKES = usual("bikes", nets.tower(2, 64, "SiLU"), 20_000, 5e-3, epochs=3, batch_size=256)
PETALS = usual("petals", nets.tower(1, 16, "Tanh"), 150, 5e-3, epochs=40, batch_size=8)
LETTERS = usual("letters", nets.tower(1, 64, "Sigmoid"), 3_000, 5e-3, epochs=6, batch_size=64)
PRICES = usual("prices", nets.tower(2, 32, "ELU"), 1_200, 1e-3, "RMSprop", epochs=15)
FILTERS = usual("chirps", nets.eyes((12, 24), axes=1), 500, 5e-3, epochs=10)
RECALL = usual("chirps", nets.memory("GRU"), 500, 1e-2, epochs=8, batch_size=64)
GLANCE = usual("chirps", nets.glance(), 500, 1e-3, "AdamW", epochs=8)
DECAYS = usual("decays", nets.memory("LSTM"), 600, 5e-3, epochs=10)
NOTES = usual("notes", nets.reader("Mean"), 1_000, 3e-3, epochs=8)
SHAPES = usual("shapes", nets.eyes((8, 16), norm="GroupNorm"), 600, 3e-3, epochs=6)
