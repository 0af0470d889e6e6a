"""The set "eleventh": the issue's twelve symptoms (and two more ways), as somebody put them in who
had read neither the rules nor the sets before. `Case.more["at"]` names the nodes at fault.
"""

import random
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from builder.project import Column
from doctor_runs.cases import Case, Models, Splits, part, turn
from doctor_runs.exam_data import (
    PLAIN,
    Lines,
    cancer,
    dense,
    diabetes,
    filtered,
    friedman,
    gated,
    lines,
    memory,
    moons,
    pictures,
    plain_pictures,
    reviews,
    wine,
)
from doctor_runs.projects import replace_recipe


def first_input(split: dict[str, Tensor]) -> str:
    return next(name for name in split if name not in ("target", "row"))


def no_number(folder: Path, n: int) -> Case:
    """One training row that holds an infinite, huge or missing number."""

    def rows(splits: Splits) -> None:
        train = splits["train"]
        if kind is friedman:
            y = train["target"].clone()
            y[17] = float("nan")
            train["target"] = y
            return
        name = first_input(train)
        x = train[name].clone()
        x[17, ..., 1] = turn(n, float("inf"), 1e38, float("nan"))
        train[name] = x

    kind = turn(n, cancer, memory, friedman, wine, filtered)
    right = ("not_finite", "unscaled_inputs")
    return Case("", "", kind(folder, n), right, rows=rows)


def exploding(folder: Path, n: int) -> Case:
    """A deep stack or a memory whose weights multiply what passes through."""
    deep = dense((40,) * 6, turn(n, "ReLU", "LeakyReLU"))
    recurrent = n % 5 in (1, 3)
    kind = turn(n, friedman, memory, cancer, memory, diabetes)
    sgd = {"name": "SGD", "lr": 0.01, "momentum": 0.9}
    make = gated("RNN", nonlinearity="relu") if recurrent else deep
    made = kind(folder, n, make=make, optimizer=sgd, early_stopping=None)

    def touch(models: Models) -> None:
        for name, weight in models["model"].named_parameters():
            if "weight_hh" in name or (weight.ndim > 1 and not recurrent):
                weight.mul_(6.0)

    right = ("exploding_gradients", "not_finite", "rate_too_high", "dead_relu")
    return Case("", "", made, right[:3], touch)


def vanishing(folder: Path, n: int) -> Case:
    act, small = turn(
        n, ("Sigmoid", 1.0), ("Tanh", 0.15), ("Sigmoid", 1.0), ("Tanh", 0.1), ("ReLU", 0.25)
    )
    kind = turn(n, cancer, friedman, pictures, moons, wine)
    made = kind(folder, n, make=dense((28,) * (9 + n % 3), act, flat=kind is pictures))

    def touch(models: Models) -> None:
        for weight in models["model"].parameters():
            weight.mul_(small)

    more = {"at": tuple(f"dense{k}" for k in range(1, 6))}
    return Case("", "", made, ("vanishing_gradients",), touch, more=more)


def dead(folder: Path, n: int) -> Case:
    """ReLUs that never fire: a bias far below zero, or weights that are all negative."""
    kind, at, make = turn(
        n,
        (cancer, "dense2", dense((48, 24))),
        (pictures, "look2", plain_pictures),
        (filtered, "look2", None),
        (friedman, "dense1", dense((64, 64))),
        (pictures, "look1", plain_pictures),
    )
    made = kind(folder, n, **({"make": make} if make else {}))

    def touch(models: Models) -> None:
        layer = part(models, at)
        if at == "look1":
            layer.weight.copy_(-layer.weight.abs())
            layer.bias.fill_(-5.0)
        else:
            layer.bias.fill_(-15.0)

    act = at.replace("look", "act").replace("dense", "act")
    return Case("", "", made, ("dead_relu",), touch, more={"at": (at, act)})


def saturated(folder: Path, n: int) -> Case:
    """Tanh or Sigmoid at its bounds from the start, by huge weights or by raw columns."""
    kind, act = turn(
        n,
        (moons, "Tanh"),
        (wine, "Tanh"),
        (diabetes, "Sigmoid"),
        (friedman, "Tanh"),
        (cancer, "Sigmoid"),
    )
    raw = kind in (wine, cancer)
    columns: dict[str, Column] = {}
    if kind is wine:
        columns = {k: Column(scale="none") for k in ("proline", "magnesium", "alcalinity_of_ash")}
    if kind is cancer:
        columns = {k: Column(scale="none") for k in ("mean_area", "worst_area", "mean_perimeter")}
    made = kind(folder, n, make=dense((32, 16), act), columns=columns)

    def touch(models: Models) -> None:
        if not raw:
            part(models, "dense1").weight.mul_(80.0)
            part(models, "dense2").weight.mul_(80.0)

    more = {"at": ("act1", "act2", "dense1", "dense2", "table")}
    return Case("", "", made, ("saturated", "unscaled_inputs"), touch, more=more)


def one_layer_apart(folder: Path, n: int) -> Case:
    """The steps of one layer are 500 times longer, or 10,000 times shorter, than of the others."""
    kind, at, factor = turn(
        n,
        (cancer, "dense2", 500.0),
        (friedman, "dense1", 500.0),
        (filtered, "look1", 1e-4),
        (moons, "dense2", 500.0),
        (pictures, "look1", 1e-4),
    )
    sgd = {"name": "SGD", "lr": 0.02, "momentum": 0.9}

    def touch(models: Models) -> None:
        for weight in part(models, at).parameters():
            weight.register_hook(lambda grad: grad * factor)

    fast = ("update_ratio", "rate_too_high", "exploding_gradients", "not_finite")
    slow = ("update_ratio", "frozen", "vanishing_gradients", "rate_too_low")
    made = kind(folder, n, optimizer=sgd)
    return Case("", "", made, fast if factor > 1 else slow, touch, more={"at": (at,)})


def nothing_to_learn(folder: Path, n: int) -> Case:
    """Answers in any order, in training alone or in both; inputs of noise."""
    kind = turn(n, wine, cancer, memory, friedman, pictures)

    def rows(splits: Splits) -> None:
        draw = torch.Generator().manual_seed(n)
        for name, split in splits.items():
            if kind is pictures:
                x = first_input(split)
                split[x] = torch.randint(0, 256, split[x].shape, generator=draw).to(split[x].dtype)
            elif name == "train" or kind is not wine:
                y = split["target"]
                split["target"] = y[torch.randperm(len(y), generator=draw)]

    right = ("no_signal", "no_better", "not_falling", "overfitting", "blank_inputs")
    return Case("", "", kind(folder, n), right, rows=rows)


def too_fast(folder: Path, n: int) -> Case:
    kind, optimizer = turn(
        n,
        (cancer, {"name": "SGD", "lr": 8.0, "momentum": 0.9}),
        (pictures, {"name": "Adam", "lr": 0.5}),
        (lines, {"name": "Adam", "lr": 0.2}),
        (moons, {"name": "RMSprop", "lr": 0.5}),
        (friedman, {"name": "SGD", "lr": 1.0, "momentum": 0.9}),
    )
    right = ("rate_too_high", "not_finite", "exploding_gradients", "update_ratio")
    return Case("", "", kind(folder, n, optimizer=optimizer), right)


def too_slow(folder: Path, n: int) -> Case:
    kind, optimizer = turn(
        n,
        (cancer, {"name": "Adam", "lr": 3e-6}),
        (pictures, {"name": "SGD", "lr": 2e-5}),
        (lines, {"name": "AdamW", "lr": 2e-6}),
        (memory, {"name": "SGD", "lr": 1e-4}),
        (friedman, {"name": "RMSprop", "lr": 1e-6}),
    )
    right = ("rate_too_low", "update_ratio", "not_falling")
    return Case("", "", kind(folder, n, optimizer=optimizer), right)


def few_rows(n: int, few: int, doubt: float = 0.0) -> Callable[[Splits], None]:
    """Leaves the first rows to learn from, a share of their classes wrong."""

    def rows(splits: Splits) -> None:
        train = {name: x[:few].clone() for name, x in splits["train"].items()}
        if doubt:
            draw = torch.Generator().manual_seed(n)
            k = int(splits["train"]["target"].max()) + 1
            wrong = torch.rand(few, generator=draw) < doubt
            train["target"][wrong] = (train["target"][wrong] + 1) % k
        splits["train"] = train

    return rows


def by_heart(folder: Path, n: int) -> Case:
    """Few rows or doubtful answers, a wide network, a hundred rounds."""
    kind, few, doubt = turn(
        n,
        (diabetes, 90, 0.0),
        (cancer, 150, 0.25),
        (friedman, 60, 0.0),
        (memory, 40, 0.0),
        (reviews, 400, 0.0),
    )

    wide = dense((256, 256), "ReLU")
    own = {memory: gated("GRU", hidden_size=96)}
    make = {} if kind is reviews else {"make": own.get(kind, wide)}
    fields = {"epochs": 40 if kind in (reviews, memory) else 100, "batch_size": 16}
    fields |= {"early_stopping": None, "optimizer": {"name": "Adam", "lr": 2e-3}}
    return Case(
        "", "", kind(folder, n, **make, **fields), ("overfitting",), rows=few_rows(n, few, doubt)
    )


def one_class_only(folder: Path, n: int) -> Case:
    """A class that is hardly there, or not at all, or an answer that begins far off."""
    kind = turn(n, moons, reviews, wine, cancer, filtered)
    missing = kind in (wine, filtered)

    def change(given: Lines) -> Lines:
        rare = {"moons": "down", "reviews": "positive", "cancer": "malignant"}[name]
        few = [line for line in given if line["y"] == rare]
        common = [line for line in given if line["y"] != rare]
        both = common + few[: max(12, len(common) // 40)]
        random.Random(n).shuffle(both)
        return both

    def rows(splits: Splits) -> None:
        if missing:
            train = splits["train"]
            stays = train["target"] != 1
            splits["train"] = {k: x[stays].clone() for k, x in train.items()}

    name = turn(n, "moons", "reviews", "wine", "cancer", "filtered")
    slow = {"optimizer": {"name": "SGD", "lr": 0.003}} if not missing else {}
    changed = {} if missing else {"change": change, "note": "rare"}
    made = kind(folder, n, **changed, **slow)
    return Case("", "", made, ("class_collapse", "no_better"), rows=rows)


def told_beforehand(folder: Path, n: int) -> Case:
    """The answer in a column (bent, as a code with mistakes, as the place in the file), or rows of
    training among the held-out ones.
    """
    kind = turn(n, friedman, wine, cancer, pictures, memory)

    def change(given: Lines) -> Lines:
        draw = random.Random(n)
        if kind is cancer:
            given = sorted(given, key=lambda line: line["y"])
            told = [{"id": 1000 + k, **line} for k, line in enumerate(given)]
            draw.shuffle(told)
            return told
        names = sorted({line["y"] for line in given})

        def sign(y: str) -> str:
            if kind is friedman:
                return f"{(float(y) + 10) ** 2 + draw.gauss(0, 2):.2f}"
            return f"lot {names.index(y if draw.random() > 0.03 else draw.choice(names)) * 3 + 2}"

        return [{"lot": sign(line["y"]), **line} for line in given]

    def rows(splits: Splits) -> None:
        if kind in (pictures, memory):
            size = len(splits["validation"]["target"]) * 2 // 3
            for name, x in splits["validation"].items():
                splits["validation"][name] = torch.cat([splits["train"][name][:size], x[size:]])

    changed = {} if kind in (pictures, memory) else {"change": change, "note": "told"}
    return Case("", "", kind(folder, n, **changed), ("leakage",), rows=rows)


def in_order(folder: Path, n: int) -> Case:
    kind = turn(n, pictures, memory, cancer, reviews, friedman)
    more = {"down": 1.0} if n % 2 else {}
    return Case("", "", kind(folder, n), ("not_shuffled",), sorted=True, more=more)


def waiting(folder: Path, n: int) -> Case:
    """Each batch comes a good deal later than the network could take it."""
    kind, slow = turn(
        n, (cancer, 0.02), (pictures, 0.1), (memory, 0.08), (moons, 0.01), (reviews, 0.03)
    )
    made = replace_recipe(kind(folder, n), {"epochs": 4})
    return Case("", "", made, ("starved",), slow=slow)


EXAM: tuple[Callable[[Path, int], Case], ...] = (
    no_number,
    exploding,
    vanishing,
    dead,
    saturated,
    one_layer_apart,
    nothing_to_learn,
    too_fast,
    too_slow,
    by_heart,
    one_class_only,
    told_beforehand,
    in_order,
    waiting,
)


def exam_sound(folder: Path, first: int, count: int) -> list[Case]:
    """Ten projects as one would write them, with a seed, size of batch and habit of their own."""
    found = []
    for n in range(first, first + count):
        made = PLAIN[n % len(PLAIN)](folder, n)
        size = made.recipe.batch_size or 32
        fields = turn(
            n // len(PLAIN),
            {},
            {"batch_size": 2 * size},
            {"schedule": {"name": "cosine"}},
            {"clip_norm": 1.0},
            {"batch_size": size // 2},
            {"early_stopping": {"patience": 4}},
        )
        found.append(Case(f"plain {n}", "sound", replace_recipe(made, fields)))
    return found
