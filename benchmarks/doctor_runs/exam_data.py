"""Projects of the set "eleventh": tables of scikit-learn, made-up data, film reviews."""

import csv
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.graph.spec import Graph
from builder.project import Data, Project
from builder.templates.base import Sketch
from doctor_runs.projects import project
from doctor_runs.real import place
from doctor_runs.tables import digits as eight_by_eight

Lines = list[dict[str, Any]]
Change = Callable[[Lines], Lines] | None
Graphs = Callable[[str, int], Graph]


def measured(what: str) -> Lines:
    """A table of scikit-learn's; the target is called y."""
    from sklearn import datasets

    load = {"wine": datasets.load_wine, "cancer": datasets.load_breast_cancer}.get(what)
    found = (load or datasets.load_diabetes)()
    names = [str(name).replace(" ", "_").replace("/", "_") for name in found.feature_names]
    lines = []
    for x, y in zip(found.data, found.target):
        answer = f"{y:.1f}" if load is None else str(found.target_names[y])
        lines.append({**{k: f"{v:.6g}" for k, v in zip(names, x)}, "y": answer})
    return lines


def made(what: str, draw: random.Random, rows: int) -> Lines:
    """Friedman's first function, two half moons, or waves of three forms over 48 steps."""
    return [_ROWS[what](draw) for _ in range(rows)]


def _friedman(draw: random.Random) -> dict[str, Any]:
    x = [draw.random() for _ in range(8)]
    y = 10 * math.sin(math.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]
    return {
        **{f"x{k}": f"{v:.4f}" for k, v in enumerate(x)},
        "y": f"{y + draw.gauss(0, 1):.3f}",
    }


def _moon(draw: random.Random) -> dict[str, Any]:
    upper, angle = draw.random() < 0.5, math.pi * draw.random()
    a, b = math.cos(angle), math.sin(angle)
    a, b = (a, b) if upper else (1 - a, 0.5 - b)
    given = [a + draw.gauss(0, 0.2), b + draw.gauss(0, 0.2), draw.gauss(0, 1)]
    return {**{f"x{k}": f"{v:.4f}" for k, v in enumerate(given)}, "y": "upper" if upper else "down"}


def _wave(draw: random.Random) -> dict[str, Any]:
    form, pace, start = draw.choice(("sine", "square", "saw")), draw.uniform(2, 5), draw.random()
    found: dict[str, Any] = {"label": form}
    for step in range(48):
        turn = (start + pace * step / 48) % 1
        value = {
            "sine": math.sin(2 * math.pi * turn),
            "square": 1.0 if turn < 0.5 else -1.0,
            "saw": 2 * turn - 1,
        }[form]
        found[f"t{step}"] = f"{value + draw.gauss(0, 0.3):.4f}"
    return found


_ROWS = {"numbers-friedman": _friedman, "moons": _moon, "forms": _wave}
TABLES = {"wine": 178, "cancer": 569, "numbers-diabetes": 442}


def lines_of(what: str, n: int, rows: int) -> Lines:
    draw = random.Random(f"{what} {n}")
    if what in TABLES:
        lines = measured(what)
        draw.shuffle(lines)
        return lines[:rows]
    if what != "reviews":
        return made(what, draw, rows)
    with place("text_rt_polarity/rt_polarity.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    draw.shuffle(lines)
    return [{"text": line["text"], "y": line["label"]} for line in lines[:rows]]


def kept(
    folder: Path, what: str, n: int, rows: int, change: Change, note: str, **data: Any
) -> Data:
    path = folder / f"{what}-exam-{n}-{rows}-{note}.csv"
    if not path.exists():
        lines = lines_of(what, n, rows)
        lines = change(lines) if change else lines
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    kind, target = ("series", "label") if what == "forms" else ("table", "y")
    return Data(source=kind, options={"path": str(path)}, target=target, **data)


def dense(
    widths: tuple[int, ...],
    act: str = "ReLU",
    drop: float = 0.0,
    norm: str = "",
    flat: bool = False,
) -> Graphs:
    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        if flat:
            sketch.add("flat", "Flatten")
        for number, units in enumerate(widths, start=1):
            sketch.add(f"dense{number}", "Linear", out_features=units)
            if norm:
                sketch.add(f"norm{number}", norm)
            sketch.add(f"act{number}", act)
            if drop:
                sketch.add(f"drop{number}", "Dropout", p=drop)
        sketch.add("answer", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def pictures_network(name: str, outputs: int) -> Graph:
    """Convolutions of step 2 instead of pooling."""
    sketch = Sketch()
    sketch.add(name, "Input")
    for number, units in enumerate((24, 48), start=1):
        sketch.add(
            f"look{number}", "Conv2d", out_channels=units, kernel_size=3, padding=1, stride=number
        )
        sketch.add(f"norm{number}", "BatchNorm2d")
        sketch.add(f"act{number}", "ReLU")
    sketch.add("pool", "AdaptiveAvgPool2d", output_size=2)
    sketch.add("flat", "Flatten")
    sketch.add("answer", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def plain_pictures(name: str, outputs: int) -> Graph:
    sketch = Sketch()
    sketch.add(name, "Input")
    for number, units in enumerate((16, 32), start=1):
        sketch.add(f"look{number}", "Conv2d", out_channels=units, kernel_size=3, padding=1)
        sketch.add(f"act{number}", "ReLU")
        sketch.add(f"pool{number}", "MaxPool2d", kernel_size=2)
    sketch.add("flat", "Flatten")
    sketch.add("dense1", "Linear", out_features=48)
    sketch.add("act3", "ReLU")
    sketch.add("answer", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def lines_as_words(name: str, outputs: int) -> Graph:
    """A transformer that reads an image line by line."""
    sketch = Sketch()
    sketch.add(name, "Input")
    sketch.add("lines", "Reshape", shape=[8, 8])
    sketch.add("embed", "Linear", out_features=32)
    sketch.add("position", "LearnedPositionalEncoding")
    for number in (1, 2):
        sketch.add(
            f"block{number}", "TransformerEncoderLayer", nhead=4, dim_feedforward=64, dropout=0.1
        )
    sketch.add("mean", "Mean", dim=[1])
    sketch.add("answer", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def gated(kind: str = "GRU", **params: Any) -> Graphs:
    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        sketch.add("turn", "Permute", dims=[0, 2, 1])
        sketch.add("memory", kind, **{"hidden_size": 40, "output": "last", **params})
        sketch.add("answer", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def filters(name: str, outputs: int) -> Graph:
    """Convolutions over a series, and the mean of what they find."""
    sketch = Sketch()
    sketch.add(name, "Input")
    for number, units in enumerate((16, 32), start=1):
        sketch.add(f"look{number}", "Conv1d", out_channels=units, kernel_size=5, padding=2)
        sketch.add(f"act{number}", "ReLU")
    sketch.add("pool", "AdaptiveAvgPool1d", output_size=1)
    sketch.add("flat", "Flatten")
    sketch.add("answer", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def bag(name: str, outputs: int) -> Graph:
    sketch = Sketch()
    sketch.add(name, "Input")
    sketch.add("words", "EmbeddingBag", embedding_dim=24, mode="mean", padding_idx=0)
    sketch.add("dense1", "Linear", out_features=24)
    sketch.add("act1", "ReLU")
    sketch.add("drop1", "Dropout", p=0.5)
    sketch.add("answer", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def _kind(what: str, rows: int, make: Graphs, **usual: Any) -> Callable[..., Project]:
    def build(
        folder: Path,
        n: int,
        *,
        make: Graphs = make,
        change: Change = None,
        note: str = "",
        columns: Any = None,
        **fields: Any,
    ) -> Project:
        data = kept(folder, what, n, rows, change, note, columns=columns or {})
        return project(data, make, **{**usual, "seed": n, **fields})

    return build


wine = _kind(
    "wine", 178, dense((24,)), epochs=60, batch_size=16, optimizer={"name": "Adam", "lr": 5e-3}
)
cancer = _kind(
    "cancer", 569, dense((48, 24)), epochs=25, batch_size=32, optimizer={"name": "Adam", "lr": 1e-3}
)
diabetes = _kind(
    "numbers-diabetes", 442, dense((24,), "Tanh"), epochs=40, batch_size=32,
    optimizer={"name": "AdamW", "lr": 2e-3, "weight_decay": 0.05}, early_stopping={"patience": 5},
)  # fmt: skip
friedman = _kind(
    "numbers-friedman", 1600, dense((64, 64), "GELU"), epochs=25, batch_size=64,
    optimizer={"name": "Adam", "lr": 2e-3},
)  # fmt: skip
moons = _kind(
    "moons", 900, dense((24, 24), "Tanh"), epochs=30, batch_size=32,
    optimizer={"name": "RMSprop", "lr": 3e-3},
)  # fmt: skip
memory = _kind(
    "forms", 700, gated(), epochs=20, batch_size=32, optimizer={"name": "Adam", "lr": 5e-3}
)
filtered = _kind(
    "forms", 700, filters, epochs=20, batch_size=32,
    optimizer={"name": "SGD", "lr": 0.05, "momentum": 0.9},
)  # fmt: skip
reviews = _kind(
    "reviews", 4000, bag, epochs=6, batch_size=32,
    optimizer={"name": "AdamW", "lr": 2e-3, "weight_decay": 0.01}, early_stopping={"patience": 1},
)  # fmt: skip


def pictures(folder: Path, n: int, *, make: Graphs = pictures_network, **fields: Any) -> Project:
    del folder
    sgd = {"name": "SGD", "lr": 0.03, "momentum": 0.9, "nesterov": True}
    usual = {"epochs": 8, "batch_size": 64, "seed": n, "optimizer": sgd}
    return project(eight_by_eight(), make, **{**usual, **fields})


def lines(folder: Path, n: int, *, make: Graphs = lines_as_words, **fields: Any) -> Project:
    adam = {"name": "AdamW", "lr": 2e-3, "weight_decay": 0.01}
    schedule = {"name": "cosine", "warmup": 0.1}
    usual = {"epochs": 10, "batch_size": 64, "seed": n, "optimizer": adam, "schedule": schedule}
    return pictures(folder, n, make=make, **{**usual, **fields})


PLAIN = (
    wine, cancer, diabetes, friedman, moons, pictures, lines, memory, filtered, reviews,
)  # fmt: skip
