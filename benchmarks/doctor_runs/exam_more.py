"""The set "twelfth": the symptoms of "eleventh" put in by other means, written down after its rules
were mended and before any of these ran.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from doctor_runs.cases import Case, Models, Splits, part, turn
from doctor_runs.exam import few_rows, first_input
from doctor_runs.exam_data import (
    Lines,
    cancer,
    dense,
    diabetes,
    filtered,
    friedman,
    lines,
    memory,
    moons,
    pictures,
    plain_pictures,
    reviews,
    wine,
)


def overflow(folder: Path, n: int) -> Case:
    """Steps that end in NaN, or answers that hold an infinity."""

    def rows(splits: Splits) -> None:
        if kind is diabetes:
            y = splits["train"]["target"].clone()
            y[3] = float("inf")
            splits["train"]["target"] = y

    kind = turn(n, friedman, diabetes, plain, memory, wine)
    sgd = {"name": "SGD", "lr": 90.0, "momentum": 0.9}
    fields = {} if kind is diabetes else {"optimizer": sgd}
    right = ("not_finite", "rate_too_high", "exploding_gradients")
    return Case("", "", kind(folder, n, **fields), right, rows=rows)


def plain(folder: Path, n: int, **fields: Any) -> Any:
    return pictures(folder, n, **{"make": plain_pictures, **fields})


def growing(folder: Path, n: int) -> Case:
    """Gradients that grow from layer to layer, within what floats can hold."""
    kind = turn(n, cancer, moons, friedman, wine, pictures)
    widths = (32,) * (5, 8)[n % 2]
    made = kind(folder, n, make=dense(widths, "LeakyReLU", flat=kind is pictures))

    def touch(models: Models) -> None:
        for weight in models["model"].parameters():
            if weight.ndim > 1:
                weight.mul_((4.5, 3.5)[n % 2])

    right = ("exploding_gradients", "not_finite", "rate_too_high")
    return Case("", "", made, right, touch)


def fading(folder: Path, n: int) -> Case:
    """Flat activations of other names, or first layers that pass next to nothing on."""
    act = turn(n, "Softsign", "Hardsigmoid", "Sigmoid", "GELU", "Tanh")
    kind = turn(n, wine, cancer, moons, friedman, pictures)
    made = kind(folder, n, make=dense((24,) * (8 + n % 2), act, flat=kind is pictures))

    def touch(models: Models) -> None:
        if act in ("Softsign", "GELU", "Tanh"):
            for weight in models["model"].parameters():
                weight.mul_(0.12)

    more = {"at": tuple(f"dense{k}" for k in range(1, 6))}
    return Case("", "", made, ("vanishing_gradients",), touch, more=more)


def killed(folder: Path, n: int) -> Case:
    """Nearly all units of a hidden layer are dead, or all of several."""
    kind, at, make = turn(
        n,
        (moons, ("dense1", "dense2"), dense((24, 24))),
        (cancer, ("dense1",), dense((64, 32))),
        (plain, ("dense1",), plain_pictures),
        (filtered, ("look1", "look2"), None),
        (friedman, ("dense2",), dense((64, 64))),
    )
    made = kind(folder, n, **({"make": make} if make else {}))

    def touch(models: Models) -> None:
        for name in at:
            bias = part(models, name).bias
            bias[: (len(bias) * 15) // 16] = -30.0
            if len(at) > 1 or n % 5 == 4:
                bias.fill_(-30.0)

    acts = {"dense1": "act3"} if kind is plain else {}
    places = (*at, *(acts.get(a, a.replace("look", "act").replace("dense", "act")) for a in at))
    return Case("", "", made, ("dead_relu",), touch, more={"at": places})


def at_its_bounds(folder: Path, n: int) -> Case:
    """Biases that hold an activation at a bound; gates that are held open or shut."""
    kind, act = turn(
        n,
        (cancer, "Sigmoid"),
        (memory, ""),
        (friedman, "Hardtanh"),
        (wine, "Tanh"),
        (moons, "Softsign"),
    )
    fields = {} if kind is memory else {"make": dense((24, 24), act)}

    def touch(models: Models) -> None:
        draw = torch.Generator().manual_seed(n)
        for name, weight in models["model"].named_parameters():
            if name.startswith(("memory.bias_ih", "dense1.bias", "dense2.bias")):
                side = torch.randint(0, 2, weight.shape, generator=draw) * 2.0 - 1
                weight.copy_(side * 200)

    more = {"at": ("memory", "act1", "act2", "dense1", "dense2")}
    return Case("", "", kind(folder, n, **fields), ("saturated",), touch, more=more)


def out_of_step(folder: Path, n: int) -> Case:
    """One layer's weights are 1,000 times too large for its steps, or 1,000 times too small."""
    kind, at, factor = turn(
        n,
        (cancer, "dense1", 2000.0),
        (lines, "embed", 1e-4),
        (filtered, "look2", 1e-4),
        (moons, "dense2", 1e-4),
        (reviews, "dense1", 2000.0),
    )

    def touch(models: Models) -> None:
        part(models, at).weight.mul_(factor)

    big = ("update_ratio", "saturated", "exploding_gradients", "rate_too_high", "not_finite")
    small = ("update_ratio", "vanishing_gradients", "rate_too_high")
    return Case("", "", kind(folder, n), big if factor > 1 else small, touch, more={"at": (at,)})


def never_falls(folder: Path, n: int) -> Case:
    """Nothing may move, or nothing arrives."""
    kind = turn(n, cancer, pictures, memory, friedman, reviews)

    def rows(splits: Splits) -> None:
        for split in splits.values() if kind in (cancer, pictures, reviews) else ():
            name = first_input(split)
            split[name] = torch.zeros_like(split[name])

    def touch(models: Models) -> None:
        for weight in models["model"].parameters():
            weight.requires_grad_(False)
        part(models, "answer").bias.requires_grad_(True)

    stuck = kind in (memory, friedman)
    right = ("not_falling", "blank_inputs", "frozen", "no_better", "class_collapse")
    return Case("", "", kind(folder, n), right, touch if stuck else None, rows=rows)


def leaping(folder: Path, n: int) -> Case:
    kind, optimizer = turn(
        n,
        (memory, {"name": "Adam", "lr": 0.5}),
        (reviews, {"name": "AdamW", "lr": 1.0}),
        (plain, {"name": "SGD", "lr": 1.5, "momentum": 0.9}),
        (diabetes, {"name": "Adam", "lr": 1.0}),
        (wine, {"name": "SGD", "lr": 20.0}),
    )
    right = ("rate_too_high", "not_finite", "exploding_gradients", "update_ratio")
    return Case("", "", kind(folder, n, optimizer=optimizer), right)


def creeping(folder: Path, n: int) -> Case:
    kind, optimizer = turn(
        n,
        (moons, {"name": "RMSprop", "lr": 5e-7}),
        (wine, {"name": "SGD", "lr": 1e-5, "momentum": 0.9}),
        (diabetes, {"name": "AdamW", "lr": 1e-6}),
        (filtered, {"name": "Adam", "lr": 2e-6}),
        (reviews, {"name": "SGD", "lr": 1e-5}),
    )
    right = ("rate_too_low", "update_ratio", "not_falling")
    return Case("", "", kind(folder, n, optimizer=optimizer), right)


def memorised(folder: Path, n: int) -> Case:
    """A third of the labels wrong, or next to no rows, for long."""
    kind, few, doubt = turn(
        n,
        (moons, 60, 0.3),
        (wine, 40, 0.35),
        (pictures, 60, 0.3),
        (filtered, 60, 0.35),
        (diabetes, 60, 0),
    )

    flat = kind is pictures
    make = {} if kind is filtered else {"make": dense((256, 128), "ReLU", flat=flat)}
    adam = {"name": "Adam", "lr": 2e-3}
    fields = {"epochs": 150, "batch_size": 16, "early_stopping": None, "optimizer": adam}
    return Case(
        "", "", kind(folder, n, **make, **fields), ("overfitting",), rows=few_rows(n, few, doubt)
    )


def same_answer(folder: Path, n: int) -> Case:
    """The last bias shouts one class, or the classes are 50 to 1 and hard to tell."""
    kind = turn(n, pictures, reviews, memory, wine, moons)
    rare = kind in (reviews, moons)

    def change(given: Lines) -> Lines:
        name = given[0]["y"]
        few = [line for line in given if line["y"] == name]
        both = [line for line in given if line["y"] != name] + few[: max(12, len(given) // 100)]
        random.Random(n).shuffle(both)
        return both

    def touch(models: Models) -> None:
        if not rare:
            part(models, "answer").bias[0] = 40.0

    adam = {} if rare else {"optimizer": {"name": "Adam", "lr": 1e-3}}
    changed = {"change": change, "note": "few"} if rare else {}
    right = ("class_collapse", "no_better")
    return Case("", "", kind(folder, n, **changed, **adam), right, touch)


def known_before(folder: Path, n: int) -> Case:
    """Rows that stand in the file two or three times; the answer in several columns."""
    kind = turn(n, cancer, friedman, moons, wine, diabetes)
    twice = n % 5 in (0, 1, 2)

    def change(given: Lines) -> Lines:
        draw = random.Random(n)
        if twice:
            both = given + given
            draw.shuffle(both)
            return both
        names = sorted({line["y"] for line in given})

        def sign(y: str) -> tuple[str, str]:
            if kind is diabetes:
                return f"{float(y) * 1.1 + draw.gauss(0, 3):.1f}", "high" if float(
                    y
                ) > 150 else "low"
            return f"{names.index(y) + draw.gauss(0, 0.1):.3f}", "ABC"[names.index(y)]

        return [
            {**dict(zip(("dose", "ward"), sign(line["y"]), strict=True)), **line} for line in given
        ]

    return Case("", "", kind(folder, n, change=change, note="known"), ("leakage",))


def one_after_the_other(folder: Path, n: int) -> Case:
    """Rows in order in the file are no matter; here the feed brings them so."""
    kind = turn(n, lines, wine, filtered, diabetes, moons)
    return Case("", "", kind(folder, n), ("not_shuffled",), sorted=True)


def halting(folder: Path, n: int) -> Case:
    kind, slow = turn(
        n, (wine, 0.012), (lines, 0.15), (filtered, 0.04), (friedman, 0.02), (pictures, 0.12)
    )
    more = {"third": 1.0} if n % 5 == 2 else {}
    fields = {"epochs": 6}
    return Case("", "", kind(folder, n, **fields), ("starved",), slow=slow, more=more)


MORE: tuple[Callable[[Path, int], Case], ...] = (
    overflow,
    growing,
    fading,
    killed,
    at_its_bounds,
    out_of_step,
    never_falls,
    leaping,
    creeping,
    memorised,
    same_answer,
    known_before,
    one_after_the_other,
    halting,
)
