"""The set "ninth": faults as somebody chose them who had not looked at the sets before, in networks
that a course begins with, on published data. `Case.more["at"]` names the nodes that are at fault.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from builder.graph.spec import Graph
from builder.project import Column, Project
from doctor_runs.cases import Case, Models, Splits, part, turn
from doctor_runs.networks import cnn, mlp
from doctor_runs.projects import replace_recipe, with_rate
from doctor_runs.real import (
    ALL,
    Rows,
    adult,
    housing,
    images,
    mpg,
    penguins,
    place,
    pooled_words,
    power,
    reader,
    sms,
)


def rate_times_hundred(folder: Path, n: int) -> Case:
    made = with_rate(ALL[n % len(ALL)](folder, n), 100)
    return Case("", "", made, ("rate_too_high", "not_finite", "exploding_gradients"))


def rate_by_thousand(folder: Path, n: int) -> Case:
    made = with_rate(turn(n, housing, sms, images, power)(folder, n), 1e-3)
    return Case("", "", made, ("rate_too_low",))


def sigmoid_tower(folder: Path, n: int) -> Case:
    widths = (32,) * (8, 10, 12)[n % 3]
    kind = turn(n, images, penguins, adult)
    flat = kind is images
    made = kind(folder, n, make=lambda name, k: mlp(name, k, widths, "Sigmoid", flatten=flat))
    return Case("", "", made, ("vanishing_gradients",), more={"at": ("fc1", "fc2", "fc3")})


def born_empty(folder: Path, n: int) -> Case:
    """Every weight and bias is 0, or those of one layer alone."""
    kind, at = turn(n, (penguins, "fc2"), (images, "conv2"), (mpg, ""))

    def touch(models: Models) -> None:
        for name, module in models["model"].named_children():
            if name == at or not at:
                for weight in module.parameters():
                    weight.zero_()

    more = {"at": (at,) if at else ("fc1", "fc2", "head")}
    return Case("", "", kind(folder, n), ("alike_weights",), touch, more=more)


def born_huge(folder: Path, n: int) -> Case:
    """Weights of standard deviation 1 and more throughout, as `randn` gives them."""
    kind, size = turn(n, (images, 1.0), (adult, 5.0), (housing, 3.0))

    def touch(models: Models) -> None:
        generator = torch.Generator().manual_seed(n)
        for weight in models["model"].parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * size)

    right = ("exploding_gradients", "rate_too_high", "not_finite", "saturated")
    return Case("", "", kind(folder, n), right, touch)


def as_measured(folder: Path, n: int) -> Case:
    """Columns in grams, dollars and people, as they stand in the file."""
    kind, names = turn(
        n,
        (penguins, ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]),
        (housing, ["total_rooms", "total_bedrooms", "population", "households", "median_income"]),
        (adult, ["age", "weight", "gain", "loss", "hours"]),
    )
    made = kind(folder, n, columns={name: Column(scale="none") for name in names})
    return Case("", "", made, ("unscaled_inputs",), more={"at": ("table",)})


def any_label(folder: Path, n: int) -> Case:
    def rows(splits: Splits) -> None:
        generator = torch.Generator().manual_seed(n)
        for split in splits.values():
            y = split["target"]
            split["target"] = y[torch.randperm(len(y), generator=generator)]

    right = ("no_signal", "no_better", "overfitting", "not_falling", "class_collapse")
    made = turn(n, images, adult, sms, housing)(folder, n)
    return Case("", "", made, right, rows=rows)


def next_label(folder: Path, n: int) -> Case:
    """The label of every other row of the training split is that of the next class."""

    def rows(splits: Splits) -> None:
        y = splits["train"]["target"].clone()
        y[::2] = (y[::2] + 1) % (int(y.max()) + 1)
        splits["train"]["target"] = y

    right = ("no_signal", "no_better", "overfitting", "not_falling")
    return Case("", "", turn(n, penguins, images, power)(folder, n), right, rows=rows)


def told_by_a_column(folder: Path, n: int) -> Case:
    """The target is a column too: in words, in another unit, as a number."""

    def change(lines: Rows) -> Rows:
        draw = random.Random(n)
        values = sorted({line["y"] for line in lines})

        def told(y: str) -> str:
            if n % 3 == 1:
                return f"{float(y) * 0.92 + draw.gauss(0, 50):.2f}"
            return f"{values.index(y) + 1}" if n % 3 else f"group {'QXZ'[values.index(y)]}"

        return [{"status": told(line["y"]), **line} for line in lines]

    made = turn(n, penguins, housing, adult)(folder, n, change, "told")
    return Case("", "", made, ("leakage",))


def class_by_class(folder: Path, n: int) -> Case:
    made = turn(n, images, penguins, power)(folder, n)
    return Case("", "", made, ("not_shuffled",), sorted=True)


def holes(folder: Path, n: int) -> Case:
    """Numbers that are none in one row of fifty."""

    def rows(splits: Splits) -> None:
        name = next(k for k in splits["train"] if k not in ("target", "row"))
        x = splits["train"][name].clone()
        x[n % 7 :: 50, ..., 0] = float("nan")
        splits["train"][name] = x

    made = turn(n, adult, power, housing)(folder, n)
    return Case("", "", made, ("not_finite",), rows=rows)


def far_below_zero(folder: Path, n: int) -> Case:
    """A bias of -100 before one ReLU."""
    kind, at, act = turn(
        n, (images, "conv2", "act2"), (adult, "fc2", "act2"), (housing, "fc1", "act1")
    )

    def touch(models: Models) -> None:
        part(models, at).bias.fill_(-100.0)

    more = {"at": (at, act)}
    return Case("", "", kind(folder, n), ("dead_relu",), touch, more=more)


def loud_memory(folder: Path, n: int) -> Case:
    """A plain RNN whose recurrent weights are several times too large."""
    words = n % 2 == 1
    kind = sms if words else power
    nonlinearity = ("relu", "tanh")[(n // 2) % 2]
    made = kind(
        folder,
        n,
        make=reader("RNN", words=words, turn=not words, nonlinearity=nonlinearity),
    )

    def touch(models: Models) -> None:
        for name, weight in part(models, "reader").named_parameters():
            if "weight_hh" in name:
                weight.mul_(12.0)

    right = ("exploding_gradients", "not_finite", "rate_too_high", "saturated")
    return Case("", "", made, right, touch, more={"at": ("reader",)})


def crushed(folder: Path, n: int) -> Case:
    made = turn(n, images, adult, mpg)(folder, n)
    optimizer = turn(
        n,
        {"name": "SGD", "lr": 0.05, "weight_decay": 1.0},
        {"name": "AdamW", "lr": 1e-3, "weight_decay": 50.0},
        {"name": "AdamW", "lr": 1e-2, "weight_decay": 10.0},
    )
    made = replace_recipe(made, {"optimizer": optimizer})
    return Case("", "", made, ("heavy_decay",))


def runaway_momentum(folder: Path, n: int) -> Case:
    made = turn(n, images, penguins, housing)(folder, n)
    optimizer = {"name": "SGD", "lr": 0.1, "momentum": 0.999}
    right = ("rate_too_high", "not_finite", "exploding_gradients", "dead_relu")
    return Case("", "", replace_recipe(made, {"optimizer": optimizer}), right)


def one_at_a_time(folder: Path, n: int) -> Case:
    """Batches of one row, with a rate that large batches bear."""
    made = turn(n, penguins, mpg)(folder, n)
    optimizer = {"name": "SGD", "lr": 0.3, "momentum": 0.9}
    fields = {"batch_size": 1, "optimizer": optimizer, "epochs": 6}
    right = ("rate_too_high", "not_finite", "exploding_gradients", "dead_relu", "class_collapse")
    return Case("", "", replace_recipe(made, fields), right)


def nearly_all_dropped(folder: Path, n: int) -> Case:
    kind, flat = turn(n, (adult, False), (images, True), (housing, False))
    made = kind(
        folder,
        n,
        make=lambda name, k: mlp(name, k, (64, 64), flatten=flat, drop=(0.95, 0.97)[n % 2]),
    )
    return Case("", "", made, ("heavy_dropout",), more={"at": ("drop1", "drop2")})


def ends_in(graph: Graph, layer: str, **params: Any) -> Graph:
    """The graph with a layer before its output."""
    from builder.graph import edit

    edge = next(edge for edge in graph.edges if edge.target == "output")
    return edit.insert_on_edge(graph, edge, layer, id="last", params=params)


def softmax_twice(folder: Path, n: int) -> Case:
    def make(name: str, k: int) -> Graph:
        if kind is sms:
            return ends_in(pooled_words(name, k), "Softmax", dim=1)
        inner = cnn(name, k, (16, 32)) if kind is images else mlp(name, k, (64, 32))
        return ends_in(inner, "Softmax", dim=1)

    kind = turn(n, images, adult, sms)
    made = kind(folder, n, make=make)
    return Case("", "", made, ("squashed_output",), more={"at": ("last",)})


def rectified_output(folder: Path, n: int) -> Case:
    """A ReLU behind the head: half of the answers cannot be given."""

    def make(name: str, k: int) -> Graph:
        inner = cnn(name, k, (16, 32)) if kind is images else mlp(name, k, (64, 64))
        return ends_in(inner, "ReLU" if kind is not mpg else "Sigmoid")

    kind = turn(n, housing, images, mpg)
    right = ("squashed_output", "dead_relu")
    return Case("", "", kind(folder, n, make=make), right, more={"at": ("last",)})


def stands_still(folder: Path, n: int) -> Case:
    """All but the last layer are frozen as they were drawn."""
    kind, nodes = turn(
        n, (power, ("reader",)), (images, ("conv1", "conv2")), (sms, ("embed", "conv1", "fc1"))
    )
    made = replace_recipe(kind(folder, n), {"freeze": nodes})
    return Case("", "", made, ("frozen",), more={"at": nodes})


def fifty_rows(folder: Path, n: int) -> Case:
    """A wide network, and fifty rows to learn from."""

    def rows(splits: Splits) -> None:
        splits["train"] = {name: x[:50].clone() for name, x in splits["train"].items()}

    def make(name: str, k: int) -> Graph:
        return mlp(name, k, (512, 512), flatten=kind is images)

    kind = turn(n, adult, mpg, images)
    made = replace_recipe(kind(folder, n, make=make), {"epochs": 60, "batch_size": 16})
    return Case("", "", made, ("overfitting",), rows=rows)


def one_in_a_hundred(folder: Path, n: int) -> Case:
    def change(lines: Rows) -> Rows:
        rare = "spam" if kind is sms else ">50K"
        common = [line for line in lines if line["y"] != rare]
        few = [line for line in lines if line["y"] == rare][: max(8, len(common) // 99)]
        both = common + few
        random.Random(n).shuffle(both)
        return both

    kind = turn(n, adult, sms)
    made = replace_recipe(kind(folder, n, change, "rare"), {"epochs": 8})
    return Case("", "", made, ("class_collapse",))


def slow_reading(folder: Path, n: int) -> Case:
    made = replace_recipe(turn(n, penguins, housing, images)(folder, n), {"epochs": 4})
    return Case("", "", made, ("starved",), slow=0.03)


def clipped_to_nothing(folder: Path, n: int) -> Case:
    """The gradient is cut to a ten-thousandth before SGD sees it."""
    made = turn(n, images, power, housing)(folder, n)
    optimizer = {"name": "SGD", "lr": 0.05, "momentum": 0.9}
    made = replace_recipe(made, {"clip_norm": 1e-4, "optimizer": optimizer})
    return Case("", "", made, ("rate_too_low", "update_ratio"))


def typing_errors(folder: Path, n: int) -> Case:
    """In one row of two hundred the target is ten thousand times too large."""

    def rows(splits: Splits) -> None:
        y = splits["train"]["target"].clone()
        y[n % 9 :: 200] *= 1e4
        splits["train"]["target"] = y

    right = ("outlying_targets", "rate_too_high", "exploding_gradients", "class_collapse")
    return Case("", "", turn(n, housing, mpg)(folder, n), right, rows=rows)


def rows_in_both(folder: Path, n: int) -> Case:
    """Half of the held-out rows are training rows too."""

    def rows(splits: Splits) -> None:
        half = len(splits["validation"]["target"]) // 2
        for name, x in splits["validation"].items():
            splits["validation"][name] = torch.cat([splits["train"][name][:half], x[half:]])

    return Case("", "", turn(n, housing, penguins, images)(folder, n), ("leakage",), rows=rows)


OUTSIDE: tuple[Callable[[Path, int], Case], ...] = (
    rate_times_hundred,
    rate_by_thousand,
    sigmoid_tower,
    born_empty,
    born_huge,
    as_measured,
    any_label,
    next_label,
    told_by_a_column,
    class_by_class,
    holes,
    far_below_zero,
    loud_memory,
    crushed,
    runaway_momentum,
    one_at_a_time,
    nearly_all_dropped,
    softmax_twice,
    rectified_output,
    stands_still,
    fifty_rows,
    one_in_a_hundred,
    slow_reading,
    clipped_to_nothing,
    typing_errors,
    rows_in_both,
)


def outside_sound(folder: Path, first: int, count: int) -> list[Case]:
    """The same data and networks with nothing wrong, under the recipes that people vary."""
    place("")
    return [Case(f"plain {n}", "sound", _varied(folder, n)) for n in range(first, first + count)]


def _varied(folder: Path, n: int) -> Project:
    made = ALL[n % len(ALL)](folder, n)
    at = n // len(ALL)
    rate = made.recipe.optimizer.lr
    fields: dict[str, Any] = turn(
        at,
        {},
        {"early_stopping": {"patience": 5}, "schedule": {"name": "cosine"}},
        {"optimizer": {"name": "SGD", "lr": 10 * rate, "momentum": 0.9}},
        {"clip_norm": 1.0, "schedule": {"name": "onecycle"}},
        {"optimizer": {"name": "AdamW", "lr": 2 * rate, "weight_decay": 0.05}},
        {"batch_size": 2 * (made.recipe.batch_size or 32), "epochs": 2 * made.recipe.epochs},
        {"optimizer": {"name": "Adam", "lr": rate / 2}, "epochs": 2 * made.recipe.epochs},
        {"schedule": {"name": "cosine", "warmup": 0.1}, "average": {"kind": "ema", "decay": 0.99}},
    )
    return replace_recipe(made, fields)
