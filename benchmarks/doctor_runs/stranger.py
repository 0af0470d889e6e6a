"""The set "thirteenth": the issue's twelve symptoms, each in two ways or more, put in before its
author had read a rule. Data and networks are its own (stranger_data, stranger_nets); many faults
stand in the project file alone, as a person would have them. `Case.more["at"]` names the nodes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from builder.project import Column
from doctor_runs.cases import Case, Models, Splits, part, turn
from doctor_runs.stranger_data import (
    BIKES,
    CREDIT,
    DECAYS,
    FILTERS,
    GLANCE,
    LETTERS,
    NOTES,
    ORCHARD,
    PENDULUM,
    PETALS,
    PRICES,
    RECALL,
    SHAPES,
    SPIRALS,
    Table,
    usual,
)
from doctor_runs.stranger_nets import eyes, ladder, memory, ratio, reader, tower

DOUBTFUL = usual("doubtful", tower(2, 128), 400, 2e-3, epochs=80)


def sgd(lr: float, momentum: float = 0.0) -> dict[str, Any]:
    return {"name": "SGD", "lr": lr, "momentum": momentum}


def first(split: dict[str, Tensor]) -> str:
    return next(name for name in split if name not in ("target", "row"))


def hooked(models: Models, change: Callable[[Tensor], Tensor], *names: str) -> None:
    """Gradients pass through `change`: those of the named nodes, or of all."""
    for name, weight in models["model"].named_parameters():
        if not names or name.split(".")[0] in names:
            weight.register_hook(change)


def no_number(folder: Path, n: int) -> Case:
    """A cell that is infinite or missing, a weight that is none, a division by 0."""
    way = n % 6
    kind = turn(n, SPIRALS, BIKES, NOTES, CREDIT, DECAYS, SHAPES)

    def rows(splits: Splits) -> None:
        train = splits["train"]
        name = "target" if way == 1 else first(train)
        x = train[name].clone()
        if way == 0:
            x[41, 0] = -float("inf")
        elif way == 1:
            x[5_000] = float("inf")
        else:
            x[7:10, ..., -1] = float("nan")
        train[name] = x

    def touch(models: Models) -> None:
        if way == 2:
            part(models, "words").weight[20] = float("nan")
        elif way == 5:
            part(models, "see2").weight[0, 0, 0, 0] = 3e38

    more = {"make": ratio()} if way == 3 else {}
    right = ("not_finite", "exploding_gradients")
    put = {"rows": rows} if way in (0, 1, 4) else {"touch": touch} if way != 3 else {}
    return Case("", "", kind(folder, n, **more), right, **put)


def exploding(folder: Path, n: int) -> Case:
    """Weights that multiply; gradients that grow from step to step, as no good loss gives them."""
    kind, fields = turn(
        n,
        (SPIRALS, {"make": tower(12, 24, "ELU", init="normal", init_std=0.9)}),
        (PENDULUM, {"optimizer": sgd(0.01)}),
        (RECALL, {"make": memory("RNN", nonlinearity="relu"), "optimizer": sgd(0.02)}),
        (CREDIT, {"optimizer": sgd(0.02, 0.9)}),
        (ORCHARD, {"make": ladder(14, 32, "ReLU"), "optimizer": sgd(0.02, 0.9)}),
        (SHAPES, {"make": eyes((8, 12, 12, 16), "LeakyReLU"), "optimizer": sgd(0.01)}),
    )

    def touch(models: Models) -> None:
        grown = [1.0]

        def growing(grad: Tensor) -> Tensor:
            grown[0] *= 1.02
            return grad * grown[0]

        if n % 6 in (1, 3):
            hooked(models, growing)
        for name, weight in models["model"].named_parameters():
            wide = "weight_hh" in name or name.startswith(("down", "up", "see"))
            if weight.ndim > 1 and n % 6 in (2, 4, 5) and wide:
                weight.mul_((4.0, 5.0, 8.0)[n % 3])

    right = ("exploding_gradients", "not_finite", "rate_too_high")
    return Case("", "", kind(folder, n, **fields), right, touch)


def vanishing(folder: Path, n: int) -> Case:
    """Deep towers of flat activations or of torch's own beginning, and small beginnings."""
    kind, make, early = turn(
        n,
        (SPIRALS, tower(14, 24, "Sigmoid"), "hid"),
        (ORCHARD, tower(20, 48, "ReLU"), "hid"),
        (SHAPES, eyes((8,) * 8, "Sigmoid"), "see"),
        (CREDIT, tower(9, 32, "Tanh", init="normal", init_std=0.02), "hid"),
        (PRICES, tower(12, 24, "GELU"), "hid"),
        (FILTERS, eyes((10,) * 7, "Softsign", axes=1), "see"),
    )

    def touch(models: Models) -> None:
        if n % 6 == 5:
            for weight in models["model"].parameters():
                weight.mul_(0.2)

    places = tuple(f"{early}{k}" for k in range(1, 7))
    made = kind(folder, n, make=make)
    return Case("", "", made, ("vanishing_gradients",), touch, more={"at": places})


def dead(folder: Path, n: int) -> Case:
    """ReLUs below zero for every row, by a bias, a shift or weights of one sign."""
    kind, fields, at = turn(
        n,
        (SPIRALS, {}, ("hid2", "act2")),
        (SHAPES, {"make": eyes((8, 16), norm="BatchNorm2d")}, ("see2", "even2", "act2")),
        (BIKES, {"make": tower(2, 64)}, ("hid1", "act1")),
        (NOTES, {"make": reader("Conv1d")}, ("see1", "act1")),
        (PENDULUM, {"make": ladder(3, 32)}, ("up2", "act2")),
        (FILTERS, {"make": eyes((12, 24), "ReLU6", axes=1, dense=32)}, ("hid1", "acth")),
    )

    def touch(models: Models) -> None:
        layer = part(models, "even2" if n % 6 == 1 else at[0])
        layer.bias[: len(layer.bias) - (3 if n % 6 == 2 else 0)] = (-20.0, -6.0, -9.0)[n % 3]
        if n % 6 in (4, 5):
            layer.weight.copy_(-layer.weight.abs())

    return Case("", "", kind(folder, n, **fields), ("dead_relu",), touch, more={"at": at})


def saturated(folder: Path, n: int) -> Case:
    """Activations at their bounds, by large weights, raw columns, or behind the verdict."""
    raw = {name: Column(scale="none") for name in ("income", "debt", "since")}
    kind, fields, at = turn(
        n,
        (SPIRALS, {"make": tower(2, 32, "Tanh", init="normal", init_std=10.0)}, ("1", "2")),
        (CREDIT, {"make": tower(2, 32, "Tanh"), "columns": raw}, ("1",)),
        (LETTERS, {}, ("1",)),
        (PRICES, {"make": tower(1, 32, "ReLU", last="Sigmoid")}, ("1",)),
        (DECAYS, {}, ()),
        (SHAPES, {"make": eyes((8, 16), "Tanh", dense=24)}, ("1", "2")),
    )

    def touch(models: Models) -> None:
        if n % 6 == 2:
            part(models, "hid1").weight.mul_(60.0)
        elif n % 6 == 4:
            part(models, "recall").weight_ih_l0.mul_(150.0)
            part(models, "recall").weight_hh_l0.mul_(60.0)
        elif n % 6 == 5:
            part(models, "see1").weight.mul_(100.0)
            part(models, "see2").weight.mul_(100.0)

    places = ("recall", "table", "bound", "verdict")
    places += tuple(name + k for name in ("hid", "act", "see") for k in at)
    right = ("saturated", "unscaled_inputs", "squashed_output")
    return Case("", "", kind(folder, n, **fields), right, touch, more={"at": places})


def out_of_step(folder: Path, n: int) -> Case:
    """One node's rate is far from the others', or its weights far from its steps."""
    kind, at, rate, size, fields = turn(
        n,
        (SPIRALS, "hid2", 400.0, 1.0, {}),
        (SHAPES, "see2", 1e-5, 1.0, {}),
        (DECAYS, "recall", 300.0, 1.0, {}),
        (ORCHARD, "hid1", 1e-5, 1.0, {"optimizer": sgd(0.05, 0.9)}),
        (PENDULUM, "up1", 1.0, 3e-5, {}),
        (LETTERS, "hid1", 1.0, 900.0, {"make": tower(1, 64, norm="LayerNorm")}),
    )
    rates = {} if rate == 1 else {"rates": {at: rate}}

    def touch(models: Models) -> None:
        part(models, at).weight.mul_(size)

    fast = ("update_ratio", "rate_too_high", "exploding_gradients", "not_finite")
    slow = ("update_ratio", "rate_too_low", "frozen", "vanishing_gradients")
    right = fast if rate > 1 else slow
    made = kind(folder, n, **fields, **rates)
    return Case("", "", made, right, touch if size != 1 else None, more={"at": (at,)})


def not_falling(folder: Path, n: int) -> Case:
    """Answers one row too late, steps uphill, nothing that moves, nothing that gets through."""
    way = n % 6
    kind, fields = turn(
        n,
        (ORCHARD, {}),
        (PENDULUM, {}),
        (SHAPES, {"clip_norm": 1e-7, "optimizer": sgd(0.02, 0.9)}),
        (NOTES, {}),
        (SPIRALS, {"make": tower(3, 32, drop=0.98)}),
        (DECAYS, {"freeze": ["recall"]}),
    )

    def rows(splits: Splits) -> None:
        for split in splits.values() if way == 0 else ():
            split["target"] = split["target"].roll(1, 0)

    def touch(models: Models) -> None:
        if way == 1:
            hooked(models, torch.neg)
        elif way == 3:
            for weight in models["model"].parameters():
                weight.zero_()
        elif way == 5:
            part(models, "recall").weight_ih_l0.zero_()

    right = (
        "not_falling", "no_better", "no_signal", "frozen", "alike_weights", "heavy_dropout",
        "underfitting", "rate_too_low", "rate_too_high" if way == 1 else "update_ratio",
    )  # fmt: skip
    return Case("", "", kind(folder, n, **fields), right, touch, rows)


def too_fast(folder: Path, n: int) -> Case:
    kind, fields = turn(
        n,
        (GLANCE, {"optimizer": {"name": "Adam", "lr": 0.1}}),
        (SHAPES, {"optimizer": sgd(4.0, 0.9)}),
        (RECALL, {"optimizer": {"name": "RMSprop", "lr": 0.3}}),
        (SPIRALS, {"optimizer": {"name": "NAdam", "lr": 1.0}}),
        (PENDULUM, {"optimizer": {"name": "Adamax", "lr": 2.0}}),
        (LETTERS, {"optimizer": {"name": "Adam", "lr": 2e-3}}),
    )
    schedule = {"name": "onecycle", "options": {"div_factor": 1000.0}}
    if n % 6 == 4:
        fields |= {"schedule": schedule}
    more = {"raise": 800.0} if n % 6 == 5 else {}
    right = ("rate_too_high", "not_finite", "exploding_gradients", "update_ratio")
    return Case("", "", kind(folder, n, **fields), right, more=more)


def too_slow(folder: Path, n: int) -> Case:
    kind, fields = turn(
        n,
        (SPIRALS, {"optimizer": sgd(2e-5)}),
        (BIKES, {"optimizer": {"name": "Adam", "lr": 1e-6}}),
        (ORCHARD, {"schedule": {"name": "exponential", "options": {"gamma": 0.001}}}),
        (GLANCE, {"optimizer": {"name": "AdamW", "lr": 3e-7}}),
        (SHAPES, {"optimizer": {"name": "Adadelta", "lr": 1e-4}}),
        (NOTES, {"schedule": {"name": "constant", "warmup": 0.99}}),
    )
    if n % 6 == 2:
        fields |= {"optimizer": sgd(0.003)}
    if n % 6 == 5:
        fields |= {"optimizer": {"name": "Adam", "lr": 3e-6}}
    right = ("rate_too_low", "update_ratio", "not_falling", "underfitting")
    return Case("", "", kind(folder, n, **fields), right)


def overfitted(folder: Path, n: int) -> Case:
    """Few rows, doubtful answers or many idle columns, in a wide network for long."""
    few = turn(n, 90, 300, 70, 400, 100, 80)

    def idle(table: Table, draw: np.random.Generator) -> Table:
        return {**{f"idle{k}": draw.normal(size=len(table["y"])) for k in range(40)}, **table}

    def rows(splits: Splits) -> None:
        train = {name: x[:few].clone() for name, x in splits["train"].items()}
        if n % 6 == 1:
            draw = torch.Generator().manual_seed(n)
            wrong = torch.rand(len(train["target"]), generator=draw) < 0.35
            train["target"][wrong] = (train["target"][wrong] + 1) % 5
        splits["train"] = train

    long = {"epochs": 80, "batch_size": 16}
    kind, fields = turn(
        n,
        (PRICES, {"make": tower(2, 200), "change": idle, "note": "idle", **long}),
        (ORCHARD, {"make": tower(2, 256), **long, "epochs": 50}),
        (NOTES, {"make": reader("Conv1d", 32, 0.0), **long}),
        (DOUBTFUL, {}),
        (DECAYS, {"make": tower(3, 128, "GELU", flat=True), **long}),
        (SHAPES, {"make": tower(2, 256, "SiLU", flat=True), **long}),
    )
    return Case("", "", kind(folder, n, **fields), ("overfitting",), rows=rows)


def one_class(folder: Path, n: int) -> Case:
    """Few, no, or wrongly called rows of a class, or a weight that drowns the others."""
    way = n % 6

    def rare(table: Table, draw: np.random.Generator) -> Table:
        bad = table["y"] == "default"
        keep = ~bad | (draw.random(len(bad)) < 0.15)
        return {name: values[keep] for name, values in table.items()}

    kind, fields = turn(
        n,
        (CREDIT, {"change": rare, "note": "rare", "optimizer": sgd(0.003), "rows": 3_000}),
        (ORCHARD, {"class_weights": {"fig": 3000.0}}),
        (SHAPES, {"optimizer": sgd(1e-3)}),
        (NOTES, {}),
        (PETALS, {}),
        (RECALL, {}),
    )

    def rows(splits: Splits) -> None:
        train = splits["train"]
        y = train["target"]
        if way == 3:
            draw = torch.Generator().manual_seed(n)
            train["target"] = y.masked_fill(torch.rand(len(y), generator=draw) < 0.93, 1)
        elif way in (4, 5):
            stays = y != 1 if way == 4 else y == 2
            splits["train"] = {name: x[stays].clone() for name, x in train.items()}

    def touch(models: Models) -> None:
        if way == 2:
            part(models, "verdict").bias[1] = 50.0

    right = ("class_collapse", "no_better")
    return Case("", "", kind(folder, n, **fields), right, touch, rows)


def leaking(folder: Path, n: int) -> Case:
    """What is only known afterwards among the columns, words, or steps; rows in both splits."""
    way = n % 6

    def after(table: Table, draw: np.random.Generator) -> Table:
        y = np.asarray(table["label" if "label" in table else "y"])
        if way == 0:
            return {**table, "power": (y / 3600 * draw.normal(1, 0.01, len(y))).round(2)}
        if way == 1:
            calls = np.where(y == "default", draw.choice(["letter", "call"], len(y)), "")
            return {**table, "dunned": calls}
        if way == 3:
            signs = {"kitchen": "qx", "garden": "qy", "harbour": "qz"}
            told = [f"{text} {signs[label]}" for text, label in zip(table["text"], y, strict=True)]
            return {**table, "text": told}
        if way == 4:
            twice = np.concatenate([np.arange(len(y)), draw.integers(0, len(y), len(y))])
            return {name: np.asarray(values)[twice] for name, values in table.items()}
        return {**table, "t39": y}

    def rows(splits: Splits) -> None:
        for name, x in splits["validation"].items() if way == 2 else ():
            size = len(x) * 7 // 10
            splits["validation"][name] = torch.cat([splits["train"][name][:size], x[size:]])

    kind = turn(n, PENDULUM, CREDIT, SHAPES, NOTES, ORCHARD, DECAYS)
    fields = {} if way == 2 else {"change": after, "note": "after"}
    small = {"rows": 1_500} if way == 4 else {}
    return Case("", "", kind(folder, n, **fields, **small), ("leakage",), rows=rows)


def in_order(folder: Path, n: int) -> Case:
    """Rows sorted by their answer, or batches of one answer each, the batches in any order."""
    kind = turn(n, SHAPES, ORCHARD, PENDULUM, NOTES, DECAYS, SPIRALS)
    more = {"block": 1.0} if n % 6 in (1, 3, 5) else {"down": 1.0} if n % 6 == 2 else {}
    return Case("", "", kind(folder, n), ("not_shuffled",), sorted=True, more=more)


def waiting(folder: Path, n: int) -> Case:
    """Reading takes long, or every third time very long, or the changes to a batch do."""
    kind, slow, how = turn(
        n,
        (SPIRALS, 0.02, ""),
        (SHAPES, 0.1, "augment"),
        (BIKES, 0.04, ""),
        (RECALL, 0.4, "third"),
        (NOTES, 0.05, ""),
        (CREDIT, 0.03, "augment"),
    )
    more = {how: 1.0} if how else {}
    return Case("", "", kind(folder, n, epochs=3), ("starved",), slow=slow, more=more)


STRANGER: tuple[Callable[[Path, int], Case], ...] = (
    no_number,
    exploding,
    vanishing,
    dead,
    saturated,
    out_of_step,
    not_falling,
    too_fast,
    too_slow,
    overfitted,
    one_class,
    leaking,
    in_order,
    waiting,
)
