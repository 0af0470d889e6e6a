"""Faults of the sets "fifth" to "seventh", put in where no earlier set has them; and sound runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from builder import data, templates
from builder.project import Column, Project
from doctor_runs.cases import Case, Models, Splits
from doctor_runs.fresh import (
    SHOPS,
    SKEWED,
    SPIKES,
    deep,
    gated,
    images,
    medical,
    residual_cnn,
    series,
    sheet,
    skewed,
    skips,
    spikes,
)
from doctor_runs.projects import project, replace_recipe
from doctor_runs.tables import bundled, digits, waves


def shops(folder: Path, n: int, **recipe: Any) -> Project:
    """Embedding tables beside numbers, on two paths."""
    made = templates.make("wide-and-deep", sheet(folder, SHOPS, n, 900))
    return replace_recipe(made, {"epochs": 15, "seed": n, **recipe})


def any_fresh(folder: Path, n: int, **recipe: Any) -> Project:
    """One kind after another."""
    turn, at = n % 6, n // 6
    if turn in (0, 1):
        return (images, series)[turn](at, **recipe)
    if turn == 2:
        return medical(at, **recipe)
    return (spikes, skewed, shops)[turn - 3](folder, at, **recipe)


def wild_step(folder: Path, n: int) -> Case:
    """Too long steps by other means: plain SGD, a peak of the schedule, the second moment alone."""
    optimizer, more = (
        ({"name": "SGD", "lr": 6.0, "nesterov": True, "momentum": 0.95}, {}),
        ({"name": "AdamW", "lr": 0.8}, {"schedule": {"name": "onecycle"}}),
        ({"name": "RMSprop", "lr": 0.5}, {}),
    )[n % 3]
    made = any_fresh(folder, n, optimizer=optimizer, **more)
    return Case("", "", made, ("rate_too_high", "not_finite", "exploding_gradients"))


def raised_midway(folder: Path, n: int) -> Case:
    """A sound run whose rate somebody raises a thousand times after a third of its steps."""
    return Case("", "", any_fresh(folder, n), ("rate_too_high", "not_finite"), more={"raise": 1e3})


def faint_step(folder: Path, n: int) -> Case:
    """A rate that vanishes: by a schedule that decays at once, or another optimiser."""
    fields: Mapping[str, Any] = (
        {"schedule": {"name": "exponential", "options": {"gamma": 0.001}}},
        {"optimizer": {"name": "Adagrad", "lr": 1e-6}},
        {"optimizer": {"name": "SGD", "lr": 1e-7, "momentum": 0.9}},
    )[n % 3]
    return Case("", "", any_fresh(folder, n, **fields), ("rate_too_low",))


def dead_in_a_block(folder: Path, n: int) -> Case:
    """ReLUs switched off by the normalisation before them, beside a shortcut that still learns."""
    if n % 2:
        kept, make = digits(), residual_cnn()
    else:
        kept, make = sheet(folder, SKEWED, n, 900), skips("ReLU", "BatchNorm1d", 2)
    made = project(kept, make, epochs=8, seed=n, optimizer={"name": "Adam", "lr": 1e-3})

    def touch(models: Models) -> None:
        for name, part in models["model"].named_children():
            if name == "norm1":  # of images right before the ReLU
                part.bias.fill_(-12.0)
            if name == "fc1" and not n % 2:
                part.bias.fill_(-25.0)

    return Case("", "", made, ("dead_relu",), touch)


def fading(folder: Path, n: int) -> Case:
    """Deep plain networks whose weights are too small for a signal to come through."""
    act = ("Tanh", "ReLU", "Softsign")[n % 3]
    kept = (bundled("wine"), bundled("breast_cancer"), sheet(folder, SPIKES, n))[n % 3]
    made = project(kept, deep(9, act), epochs=12, seed=n, optimizer={"name": "SGD", "lr": 0.05})

    def touch(models: Models) -> None:
        for part in models["model"].children():
            if isinstance(part, nn.Linear):
                part.weight.mul_(0.2)

    right = ("vanishing_gradients", "not_falling", "dead_relu")
    return Case("", "", made, right[:2], touch)


def growing(folder: Path, n: int) -> Case:
    """Blocks without normalisation whose second weights are many times too large."""
    kept = (sheet(folder, SPIKES, n), sheet(folder, SKEWED, n, 900), bundled("wine"))[n % 3]
    made = project(
        kept, deep(6, ("GELU", "ReLU", "LeakyReLU")[n % 3]), epochs=10, seed=n,
        optimizer={"name": "SGD", "lr": 0.01},
    )  # fmt: skip

    def touch(models: Models) -> None:
        for part in models["model"].children():
            if isinstance(part, nn.Linear):
                part.weight.mul_(9.0)

    right = ("exploding_gradients", "not_finite", "rate_too_high")
    return Case("", "", made, right, touch)


def driven_flat(folder: Path, n: int) -> Case:
    """Tanh, Sigmoid or Hardtanh held at their ends by the scale of the normalisation before."""
    act = ("Tanh", "Sigmoid", "Hardtanh")[n % 3]
    kept = (sheet(folder, SKEWED, n, 900), digits(), bundled("breast_cancer"))[n % 3]
    kind = residual_cnn(act) if n % 3 == 1 else deep(3, act, 64)
    made = project(kept, kind, epochs=8, seed=n, optimizer={"name": "Adam", "lr": 1e-3})

    def touch(models: Models) -> None:
        for part in models["model"].children():
            if isinstance(part, nn.BatchNorm2d):
                part.weight.fill_(80.0)
            if isinstance(part, nn.Linear) and part is not list(models["model"].children())[-1]:
                part.weight.mul_(60.0)

    return Case("", "", made, ("saturated",), touch)


def broken_number(folder: Path, n: int) -> Case:
    """A missing answer, a weight without bounds, an input beyond single precision."""
    made = (spikes(folder, n), series(n), medical(n))[n % 3]

    def rows(splits: Splits) -> None:
        spoilt = splits["train"]
        if n % 3 == 0:
            target = spoilt["target"].clone()
            target[57 % len(target)] = float("nan")
            spoilt["target"] = target
        if n % 3 == 2:
            name = next(key for key in spoilt if key not in ("target", "row"))
            spoilt[name] = spoilt[name].clone()
            spoilt[name][11, 3] = 3e38

    def touch(models: Models) -> None:
        if n % 3 == 1:
            next(p for p in models["model"].parameters() if p.dim() > 1).mul_(1e30)

    others = ((), ("saturated",), ("unscaled_inputs",))[n % 3]  # gates shut; one huge number
    return Case("", "", made, ("not_finite", *others), touch, rows)


def in_files_order(folder: Path, n: int) -> Case:
    """Rows as they stand in files that somebody sorted: by answer, from the largest down."""
    return Case("", "", any_fresh(folder, n), ("not_shuffled",), sorted=True, more={"down": True})


def bent_answer(folder: Path, n: int) -> Case:
    """The answer in disguise: bent, coded with a few mistakes, or as a range of numbers."""
    kind, more = ((SPIKES, "curved"), (SHOPS, "code"), (SKEWED, "range"))[n % 3]
    kept = sheet(folder, kind, n, 700, more=more)
    name = "mlp-regression" if n % 3 == 0 else "mlp-classification"
    return Case("", "", replace_recipe(templates.make(name, kept), {"seed": n}), ("leakage",))


def one_answer(folder: Path, n: int) -> Case:
    """Always the same class: a rare one never found, or one whose loss counts for nothing."""
    if n % 2:
        kept = sheet(folder, SKEWED, n, 2500, more="hundredth")
        return Case("", "", project(kept, skips(), epochs=12, seed=n), ("class_collapse",))
    made = (images(n), series(n))[n // 2 % 2]
    found = data.specs(made).target
    assert found is not None
    heavy = {found.classes[n % len(found.classes)]: 3000.0}
    return Case("", "", replace_recipe(made, {"class_weights": heavy}), ("class_collapse",))


def hiccups(folder: Path, n: int) -> Case:
    """A feed that takes its time for each third batch."""
    return Case("", "", any_fresh(folder, n, epochs=4), ("starved",), slow=0.35, more={"third": 1})


def learnt_names(folder: Path, n: int) -> Case:
    """An embedding of numbers that occur once, and answers that nothing tells: learnt by heart."""
    if n % 2:
        kept = sheet(folder, SHOPS, n, 180, more="ids", values=300)
        columns = {"shop": Column(type="category")}
        made = templates.make("wide-and-deep", kept.model_copy(update={"columns": columns}))
        fields = {"epochs": 60, "seed": n, "early_stopping": None, "batch_size": 16}
        return Case("", "", replace_recipe(made, fields), ("overfitting", "no_signal"))
    kept = sheet(folder, SPIKES, n, 90)
    made = project(kept, skips(blocks=4), epochs=80, batch_size=8, seed=n)
    return Case("", "", made, ("overfitting",))


def noise_in(folder: Path, n: int) -> Case:
    """Inputs drawn anew that have nothing to do with the answers."""

    def rows(splits: Splits) -> None:
        generator = torch.Generator().manual_seed(n)
        for split in splits.values():
            order = torch.randperm(len(split["target"]), generator=generator)
            for name in split.keys() - {"target", "row"}:
                split[name] = split[name][order]

    right = ("no_signal", "not_falling", "overfitting", "class_collapse")
    return Case("", "", any_fresh(folder, n), right, rows=rows)


def all_alike(folder: Path, n: int) -> Case:
    """Every weight of the inner layers the same small number, not 0."""

    def touch(models: Models) -> None:
        for part in list(models["model"].children())[:-1]:
            for weight in part.parameters():
                if weight.dim() > 1:
                    weight.fill_(0.05)

    made = (medical(n), images(n), skewed(folder, n))[n % 3]
    return Case("", "", made, ("alike_weights",), touch)


def held_still(folder: Path, n: int) -> Case:
    """Frozen as drawn: all but normalisations, the embedding and all dense layers, the memory."""
    made = (images(n), shops(folder, n), series(2 * n))[n % 3]
    still = {
        0: [node.id for node in made.graph.nodes if node.layer == "Conv2d"],
        1: ["embed", "dense1", "dense2"],
        2: ["reader"],
    }[n % 3]
    return Case("", "", replace_recipe(made, {"freeze": still}), ("frozen",))


def inputs_dropped(folder: Path, n: int) -> Case:
    """Nine of ten inputs and units forgotten at each step, in blocks with shortcuts."""
    kept = (sheet(folder, SPIKES, n), sheet(folder, SKEWED, n, 900), bundled("wine"))[n % 3]
    made = project(kept, skips("ReLU", drop=0.93), epochs=20, seed=n)
    return Case("", "", made, ("heavy_dropout",))


def pulled_to_nought(folder: Path, n: int) -> Case:
    """Weight decay by other optimisers that holds the weights at nothing."""
    optimizer = (
        {"name": "SGD", "lr": 0.1, "weight_decay": 0.8},
        {"name": "RMSprop", "lr": 1e-3, "weight_decay": 2.0},
        {"name": "NAdam", "lr": 2e-3, "weight_decay": 30.0, "decoupled_weight_decay": True},
    )[n % 3]
    return Case("", "", any_fresh(folder, n, optimizer=optimizer), ("heavy_decay",))


def half_blank(folder: Path, n: int) -> Case:
    """One of two inputs, or all but the least bit of the only one, is the same in every row."""
    made = (shops(folder, n), series(n), images(n))[n % 3]

    def rows(splits: Splits) -> None:
        for split in splits.values():
            names = sorted(split.keys() - {"target", "row"})
            for name in names[:1] if n % 3 == 0 else names:
                first = split[name][:1]
                split[name] = first.expand_as(split[name]).clone()

    return Case("", "", made, ("blank_inputs",), rows=rows)


def one_of_millions(folder: Path, n: int) -> Case:
    """One column of millions among six of ones; series about ten thousand."""
    if n % 2:
        made = series(n)

        def rows(splits: Splits) -> None:
            for split in splits.values():
                name = next(key for key in split if key not in ("target", "row"))
                split[name] = split[name] * 900 + 12_000

        return Case("", "", made, ("unscaled_inputs",), rows=rows)
    kept = sheet(folder, SPIKES, n, more="one")
    kept = kept.model_copy(update={"columns": {"m6": Column(scale="none")}})
    fields = {"epochs": 20, "seed": n, "optimizer": {"name": "SGD", "lr": 1e-2}}
    right = ("unscaled_inputs", "not_finite")
    return Case("", "", project(kept, skips(norm="BatchNorm1d"), **fields), right[:1])


def one_layer_races(folder: Path, n: int) -> Case:
    """A layer whose own rate is a thousand times the others'."""
    made = any_fresh(folder, n)
    known = [node.id for node in made.graph.nodes if node.layer in ("Linear", "Conv2d", "GRU")]
    place = known[n % max(1, len(known) - 1)]
    right = ("update_ratio", "rate_too_high", "not_finite", "exploding_gradients")
    return Case("", "", replace_recipe(made, {"rates": {place: 2000.0}}), right)


def narrow(folder: Path, n: int) -> Case:
    """One unit through which everything must go, in a network that is wide elsewhere."""
    kept = (digits(), sheet(folder, SHOPS, n, 700))[n % 2]
    kind = deep(2, "ReLU", 64, 1, flat=not n % 2)
    made = project(kept, kind, epochs=30, seed=n, optimizer={"name": "AdamW", "lr": 3e-3})
    return Case("", "", made, ("underfitting", "not_falling"))


FRESH: tuple[Callable[[Path, int], Case], ...] = (
    wild_step,
    raised_midway,
    faint_step,
    dead_in_a_block,
    fading,
    growing,
    driven_flat,
    broken_number,
    in_files_order,
    bent_answer,
    one_answer,
    hiccups,
    learnt_names,
    noise_in,
    all_alike,
    held_still,
    inputs_dropped,
    pulled_to_nought,
    half_blank,
    one_of_millions,
    one_layer_races,
    narrow,
)


def fresh_sound(folder: Path, first: int, count: int) -> list[Case]:
    """Runs that nothing ails, of kinds that earlier sets lack: each names what is new in it."""
    return [_sound(folder, n) for n in range(first, first + count)]


def _sound(folder: Path, n: int) -> Case:
    at = n // 10
    momentum = {"name": "SGD", "lr": 0.03, "momentum": 0.9}
    early = {"early_stopping": {"patience": 5}}
    kinds: tuple[tuple[str, Callable[[], Project]], ...] = (
        ("SGD with momentum", lambda: any_fresh(folder, 1 + 2 * at, optimizer=momentum)),
        ("large batch", lambda: any_fresh(folder, n, batch_size=256, epochs=40, **early)),
        ("high rate", lambda: any_fresh(folder, at, optimizer={"name": "AdamW", "lr": 1e-2})),
        ("noisy labels", lambda: any_fresh(folder, at, **early)),
        ("few rows", lambda: _few(folder, at)),
        ("one-cycle", lambda: any_fresh(folder, n, schedule={"name": "onecycle"})),
        ("regularised", lambda: _regular(folder, at)),
        ("averaged", lambda: any_fresh(folder, n, average={"kind": "ema", "decay": 0.98})),
        ("warm-up", lambda: any_fresh(folder, at, schedule={"name": "cosine", "warmup": 0.2})),
        ("two layers of GRU", lambda: _two(at)),
    )
    name, make = kinds[n % 10]
    return Case(f"{name} {n}", "sound", make(), rows=_mislabel(n) if n % 10 == 3 else None)


def _few(folder: Path, n: int) -> Project:
    """A hundred rows, a network of their size, and a stop in time."""
    kept = (bundled("iris"), sheet(folder, SPIKES, n, 110))[n % 2]
    optimizer = {"name": "AdamW", "lr": 5e-3, "weight_decay": 0.05}
    fields = {"epochs": 60, "batch_size": 16, "seed": n, "early_stopping": {"patience": 6}}
    return project(kept, deep(1, "ReLU", 16), optimizer=optimizer, **fields)


def _regular(folder: Path, n: int) -> Project:
    """Dropout, decay and smoothed labels at once, as books have it."""
    kept = (sheet(folder, SKEWED, n, 900), bundled("wine"), sheet(folder, SPIKES, n))[n % 3]
    optimizer = {"name": "AdamW", "lr": 2e-3, "weight_decay": 0.1}
    fields = {"epochs": 30, "seed": n, "label_smoothing": 0.0 if n % 3 == 2 else 0.1}
    return project(kept, skips("ReLU", drop=0.3), optimizer=optimizer, **fields)


def _two(n: int) -> Project:
    optimizer = {"name": "Adam", "lr": 3e-3}
    return project(
        waves(n), gated(2, both=False), epochs=20, seed=n, optimizer=optimizer, clip_norm=1.0
    )


def _mislabel(n: int) -> Callable[[Splits], None]:
    """One answer of ten is another row's."""

    def rows(splits: Splits) -> None:
        generator = torch.Generator().manual_seed(n)
        for split in splits.values():
            target = split["target"].clone()
            wrong = torch.rand(len(target), generator=generator) < 0.1
            order = torch.randperm(len(target), generator=generator)
            split["target"] = torch.where(wrong, target[order], target)

    return rows
