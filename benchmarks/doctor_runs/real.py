"""Projects of the set "ninth": published data and the networks that a course begins with.

The data are files of the folder LAMINA_TEST_DATA; none is copied into this repository.
"""

import csv
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.project import Data, Project
from builder.templates.base import Sketch
from doctor_runs.networks import cnn, mlp
from doctor_runs.projects import project
from doctor_runs.tables import digits

Rows = list[dict[str, str]]
ADULT = [
    "age",
    "work",
    "weight",
    "school",
    "years",
    "married",
    "job",
    "family",
    "race",
    "sex",
    "gain",
    "loss",
    "hours",
    "country",
    "y",
]


def place(name: str) -> Path:
    folder = os.environ.get("LAMINA_TEST_DATA")
    if not folder:
        raise LaminaError("The set 'ninth' needs the folder of test data: LAMINA_TEST_DATA.")
    return Path(folder) / name


def read(what: str, seed: int, most: int) -> Rows:
    """Rows of a published table, drawn by a seed; the target is called y."""
    files = {
        "penguins": ("tabular_penguins/penguins.csv", "species"),
        "numbers-housing": ("tabular_california_housing/housing.csv", "median_house_value"),
        "numbers-mpg": ("tabular_auto_mpg/mpg.csv", "mpg"),
        "adult": ("tabular_adult/adult-train.csv", "y"),
        "power": ("ts_class_ItalyPowerDemand/ItalyPowerDemand_TEST.csv", "label"),
        "sms": ("text_sms_spam/sms.tsv", "y"),
    }
    name, target = files[what]
    with place(name).open(newline="", encoding="utf-8") as file:
        if what == "sms":
            lines: Rows = [
                dict(zip(("y", "text"), line.rstrip("\n").split("\t", 1))) for line in file
            ]
        elif what == "adult":
            lines = [dict(zip(ADULT, map(str.strip, row))) for row in csv.reader(file) if row]
        else:
            lines = list(csv.DictReader(file))
    for line in lines:
        line["y"] = f"class {line.pop(target)}" if what == "power" else line.pop(target)
        line.pop("name", None)
    random.Random(f"{what} {seed}").shuffle(lines)
    return lines[:most]


def sheet(
    folder: Path,
    what: str,
    n: int,
    most: int,
    change: Callable[[Rows], Rows] | None = None,
    note: str = "",
    **data: Any,
) -> Data:
    """A table on the disk, changed where a fault asks for it; `note` names the change."""
    path = folder / f"{what}-{n}-{note}.csv"
    if not path.exists():
        lines = read(what, n, most)
        lines = change(lines) if change else lines
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    kind = "series" if what == "power" else "table"
    return Data(source=kind, options={"path": str(path)}, target="y", **data)


def reader(kind: str, *, words: bool = False, turn: bool = False, **params: Any) -> Any:
    """A recurrent layer over the steps of a series or the words of a text."""

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        if words:
            sketch.add("embed", "Embedding", embedding_dim=32, padding_idx=0)
        if turn:
            sketch.add("turn", "Permute", dims=[0, 2, 1])
        sketch.add("reader", kind, **{"hidden_size": 32, "output": "last", **params})
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return make


def pooled_words(name: str, outputs: int) -> Graph:
    sketch = Sketch()
    sketch.add(name, "Input")
    sketch.add("embed", "Embedding", embedding_dim=32, padding_idx=0)
    sketch.add("turn", "Permute", dims=[0, 2, 1])
    sketch.add("conv1", "Conv1d", out_channels=32, kernel_size=3, padding=1)
    sketch.add("act1", "ReLU")
    sketch.add("pool", "AdaptiveMaxPool1d", output_size=1)
    sketch.add("flat", "Flatten")
    sketch.add("fc1", "Linear", out_features=32)
    sketch.add("act2", "ReLU")
    sketch.add("head", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


Graphs = Callable[[str, int], Graph]
Change = Callable[[Rows], Rows] | None


def published(name: str, rows: int, widths: tuple[int, ...], **usual: Any) -> Any:
    """What makes projects of a table: `change` is done to its rows, `make` draws the network."""

    def kind(
        folder: Path,
        n: int,
        change: Change = None,
        note: str = "",
        make: Graphs | None = None,
        columns: Any = None,
        **fields: Any,
    ) -> Project:
        kept = sheet(folder, name, n, rows, change, note, columns=columns or {})
        draw = make or (lambda name, k: mlp(name, k, widths))
        return project(kept, draw, **{**usual, "seed": n, **fields})

    return kind


penguins = published("penguins", 344, (32, 16), epochs=40, batch_size=16)
adult = published("adult", 4000, (64, 32), epochs=8, batch_size=64)
housing = published("numbers-housing", 3000, (64, 64), epochs=15, batch_size=64)
MPG_ADAM = {"name": "Adam", "lr": 3e-3}
mpg = published("numbers-mpg", 398, (32, 32), epochs=40, batch_size=32, optimizer=MPG_ADAM)


def images(folder: Path, n: int, make: Graphs | None = None, **fields: Any) -> Project:
    del folder
    usual = {"epochs": 8, "batch_size": 32, "seed": n, "optimizer": {"name": "Adam", "lr": 1e-3}}
    return project(digits(), make or (lambda name, k: cnn(name, k, (16, 32))), **usual | fields)


def power(folder: Path, n: int, make: Graphs | None = None, **fields: Any) -> Project:
    adam = {"name": "Adam", "lr": 5e-3}
    usual = {"epochs": 20, "batch_size": 32, "seed": n, "optimizer": adam}
    kept = sheet(folder, "power", n, 1029)
    return project(kept, make or reader("LSTM", turn=True), **{**usual, **fields})


def sms(
    folder: Path,
    n: int,
    change: Change = None,
    note: str = "",
    make: Graphs | None = None,
    **fields: Any,
) -> Project:
    usual = {"epochs": 6, "batch_size": 32, "seed": n}
    kept = sheet(folder, "sms", n, 1500, change, note)
    return project(kept, make or pooled_words, **{**usual, **fields})


ALL = (penguins, images, power, housing, sms, adult, mpg)
