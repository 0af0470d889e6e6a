"""Projects of the sets "fifth" to "seventh": other networks, tables and recipes than all before."""

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
from doctor_runs.tables import bundled, digits, waves

SPIKES, SKEWED, SHOPS, DRIFT = "numbers spikes", "skewed", "shops", "numbers drift"
"""Outliers in what is to be predicted; 8 rows of a class for one of the other; categories of many
values; a series of numbers. A name that begins with "numbers" has a number as its target.
"""


def sheet(
    folder: Path, kind: str, seed: int, rows: int = 600, *, more: str = "", values: int = 30
) -> Data:
    """A made-up table of one of the kinds; `more` adds what a fault needs (see `_spoilt`)."""
    path = folder / f"{kind}-{more}-{seed}-{rows}-{values}.csv"
    if not path.exists():
        draw = random.Random(f"{kind} {more} {seed}")
        lines = [_line(kind, draw, values) for _ in range(rows)]
        if more:
            lines = [_spoilt(more, line, draw, at) for at, line in enumerate(lines)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    return Data(source="table", options={"path": str(path)}, target="y")


def _line(kind: str, draw: random.Random, values: int) -> dict[str, Any]:
    x = [draw.gauss(0, 1) for _ in range(7)]
    line: dict[str, Any] = {f"m{at}": f"{v:.4f}" for at, v in enumerate(x)}
    if kind == SPIKES:
        y = 20 + 4 * x[0] - 3 * x[1] + 2 * x[2] * x[3] + draw.gauss(0, 0.8)
        y += draw.choice((-1, 1)) * draw.uniform(15, 30) * (draw.random() < 0.03)
        return {**line, "y": f"{y:.4f}"}
    if kind == DRIFT:
        y = math.exp(0.4 * x[0] + 0.3 * x[4]) * 100 + draw.gauss(0, 4)
        return {**line, "y": f"{y:.4f}"}
    if kind == SKEWED:
        rare = draw.random() < 1 / 9
        line = {f"m{at}": f"{v + rare * 1.1 * (at < 5):.4f}" for at, v in enumerate(x)}
        return {**line, "y": "broken" if rare else "whole"}
    shop, day = draw.randrange(values), draw.randrange(7)
    score = math.sin(3.1 * shop) + 0.7 * math.cos(day) + 0.8 * x[0] + draw.gauss(0, 0.3)
    extra = {"shop": f"shop {shop}", "day": f"day {day}"}
    return {**line, **extra, "y": "low" if score < -0.4 else "high" if score > 0.5 else "middle"}


def _spoilt(more: str, line: dict[str, Any], draw: random.Random, at: int) -> dict[str, Any]:
    """One row with what a fault needs."""
    y = line["y"]
    if more == "curved":  # the answer bent, beside a little noise
        return {**line, "curve": f"{math.exp(float(y) / 15) + draw.gauss(0, 0.01):.4f}"}
    if more == "code":  # another name of the answer, wrong in one row of fifty
        names = {"low": "C", "middle": "B", "high": "A", "broken": "R2", "whole": "R1"}
        return {**line, "grade": names[y] if draw.random() > 0.02 else draw.choice("ABC")}
    if more == "range":  # a number that only rows of one class exceed
        return {**line, "ticket": f"{(900 if y == 'broken' else 100) + draw.uniform(0, 99):.1f}"}
    if more == "one":  # one column of millions among others
        return {**line, "m6": f"{4e6 + 9e5 * float(line['m6']):.1f}"}
    if more == "ids":  # nobody's number says anything
        return {**line, "shop": f"shop {at}", "y": draw.choice(("low", "middle", "high"))}
    if more == "hundredth":  # nine of ten rare rows gone, and what told them hidden
        rare = y == "broken" and draw.random() < 0.12
        return {f"m{n}": f"{draw.gauss(0.9 * rare, 1):.4f}" for n in range(7)} | {
            "y": "broken" if rare else "whole"
        }
    raise AssertionError(more)


Make = Callable[[str, int], Graph]


def skips(act: str = "GELU", norm: str = "LayerNorm", blocks: int = 3, drop: float = 0.0) -> Make:
    """A dense network whose blocks are added to what came in."""

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        if drop:
            sketch.add("drop0", "Dropout", p=drop)
        last = sketch.add("stem", "Linear", out_features=48)
        for at in range(1, blocks + 1):
            sketch.add(f"norm{at}", norm, last)
            sketch.add(f"fc{at}", "Linear", out_features=48)
            sketch.add(f"act{at}", act)
            if drop:
                sketch.add(f"drop{at}", "Dropout", p=drop)
            inner = sketch.add(f"back{at}", "Linear", out_features=48)
            last = sketch.add(f"sum{at}", "Add", last, inner)
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def residual_cnn(act: str = "ReLU") -> Make:
    """Convolutions with batch normalisation and shortcuts; the mean over the image."""

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        last = sketch.add("stem", "Conv2d", out_channels=24, kernel_size=3, padding=1)
        for at in (1, 2):
            shape = {"out_channels": 24, "kernel_size": 3, "padding": 1, "bias": False}
            sketch.add(f"first{at}", "Conv2d", last, **shape)
            sketch.add(f"norm{at}", "BatchNorm2d")
            sketch.add(f"act{at}", act)
            sketch.add(f"second{at}", "Conv2d", **shape)
            inner = sketch.add(f"close{at}", "BatchNorm2d")
            sketch.add(f"sum{at}", "Add", last, inner)
            last = sketch.add(f"out{at}", act)
        sketch.add("flat", "Flatten")
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def _patched(name: str) -> Sketch:
    """The series of that Input in patches of five steps, each a row."""
    sketch = Sketch()
    sketch.add(name, "Input")
    sketch.add("patches", "Patches", dimension=-1, size=5, step=5)
    sketch.add("turn", "Permute", dims=[0, 2, 1, 3])
    sketch.add("rows", "Flatten", start_dim=2)
    return sketch


def gated(layers: int = 1, both: bool = True) -> Make:
    """A GRU that reads patches of a series, both ways."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _patched(name)
        sketch.add(
            "reader", "GRU", hidden_size=32, num_layers=layers, bidirectional=both, output="last"
        )
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def attends() -> Make:
    """Self-attention over the patches of a series."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _patched(name)
        sketch.add("lift", "Linear", out_features=32)
        sketch.add("place", "LearnedPositionalEncoding")
        for at in (1, 2):
            sketch.add(
                f"encoder{at}", "TransformerEncoderLayer", nhead=4, dim_feedforward=64, dropout=0.1
            )
        sketch.add("mean", "Mean", dim=1)
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def deep(depth: int, act: str, *widths: int, flat: bool = False) -> Make:
    """Plain dense layers, one after another: of 40 units, or of the widths given in turns."""

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        if flat:
            sketch.add("flat", "Flatten")
        for at in range(1, depth + 1):
            width = widths[at % len(widths)] if widths else 40
            sketch.add(f"fc{at}", "Linear", out_features=width)
            sketch.add(f"act{at}", act)
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def images(n: int, **recipe: Any) -> Project:
    fields = {"epochs": 6, "batch_size": 64, "seed": n, "optimizer": {"name": "Adam", "lr": 2e-3}}
    return project(digits(), residual_cnn(("ReLU", "SiLU")[n % 2]), **{**fields, **recipe})


def series(n: int, **recipe: Any) -> Project:
    make = attends() if n % 2 else gated()
    fields = {"epochs": 20, "seed": n, "optimizer": {"name": "AdamW", "lr": 3e-3}}
    return project(waves(n), make, **{**fields, **recipe})


def spikes(folder: Path, n: int, **recipe: Any) -> Project:
    kept = sheet(folder, (SPIKES, DRIFT)[n % 2], n)
    fields = {"epochs": 25, "seed": n, "optimizer": {"name": "NAdam", "lr": 2e-3}}
    return project(kept, skips(), **{**fields, **recipe})


def skewed(folder: Path, n: int, **recipe: Any) -> Project:
    fields = {"epochs": 25, "seed": n, "optimizer": {"name": "RMSprop", "lr": 5e-4}}
    made = skips("ReLU", "BatchNorm1d", 2)
    return project(sheet(folder, SKEWED, n, 900), made, **{**fields, **recipe})


def medical(n: int, **recipe: Any) -> Project:
    kept = bundled(("breast_cancer", "wine")[n % 2])
    optimizer = {"name": "SGD", "lr": 0.02, "momentum": 0.9, "nesterov": True}
    fields = {"epochs": 25, "seed": n, "optimizer": optimizer}
    return project(kept, deep(2, "ELU"), **{**fields, **recipe})
