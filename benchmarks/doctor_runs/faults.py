"""Runs with a fault put in, of the first pools: one function per kind of fault."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from builder import data
from builder.project import Project
from doctor_runs.cases import Case
from doctor_runs.networks import WIDTHS, mlp
from doctor_runs.projects import any_project, project, replace_recipe, with_rate
from doctor_runs.tables import any_table, digits, table

MATRICES = (nn.Linear, nn.Conv1d, nn.Conv2d)


def rate_times_1000(folder: Path, held_out: bool, n: int) -> Case:
    right = ("rate_too_high", "not_finite")
    made = with_rate(any_project(folder, held_out, n), 1000)
    return Case("", "", made, right)


def rate_over_1000(folder: Path, held_out: bool, n: int) -> Case:
    return Case("", "", with_rate(any_project(folder, held_out, n), 1e-3), ("rate_too_low",))


def sorted_labels(folder: Path, held_out: bool, n: int) -> Case:
    return Case("", "", any_project(folder, held_out, n), ("not_shuffled",), sorted=True)


def dead_relu(folder: Path, held_out: bool, n: int) -> Case:
    """A bias of -10 at one layer that a ReLU follows."""

    def touch(models: dict[str, nn.Module]) -> None:
        weighted = [m for m in models["model"].children() if isinstance(m, MATRICES)]
        bias = weighted[n % max(1, len(weighted) - 1)].bias
        assert isinstance(bias, Tensor)
        bias.fill_(-10.0)

    return Case("", "", any_project(folder, held_out, n), ("dead_relu",), touch=touch)


def deep_sigmoid(folder: Path, held_out: bool, n: int) -> Case:
    deep = (6, 7, 8)[n % 3] + held_out
    act = "Sigmoid"
    kept = digits() if n % 2 else any_table(folder, held_out, n, classes=True)
    widths = ((32, 48)[held_out],) * deep
    made = project(
        kept,
        lambda name, k: mlp(name, k, widths, act, flatten=kept.source == "sklearn"),
        epochs=20,
        seed=n,
    )
    return Case("", "", made, ("vanishing_gradients",))


def saturated(folder: Path, held_out: bool, n: int) -> Case:
    """Tanh or Sigmoid behind weights that are thirty times too large."""
    kept = digits() if n % 2 else any_table(folder, held_out, n, classes=True)
    act = ("Tanh", "Sigmoid")[n // 2 % 2]
    widths = WIDTHS[held_out][n % 3]
    made = project(
        kept, lambda name, k: mlp(name, k, widths, act, flatten=kept.source == "sklearn"), seed=n
    )

    def touch(models: dict[str, nn.Module]) -> None:
        for part in [m for m in models["model"].children() if isinstance(m, MATRICES)][:-1]:
            part.weight.mul_(30.0 if n % 2 == 0 else 60.0)

    return Case("", "", made, ("saturated",), touch=touch)


def leak_column(folder: Path, held_out: bool, n: int) -> Case:
    kind = ("rings" if held_out else "blobs") if n % 3 else ("bumps" if held_out else "numbers")
    kept = table(folder, f"{kind} leak", n + 50 * held_out, 800, (8, 14)[n % 2], 3 + n % 2)
    widths = WIDTHS[held_out][n % 3]
    return Case("", "", project(kept, lambda name, k: mlp(name, k, widths)), ("leakage",))


def nan_in_a_row(folder: Path, held_out: bool, n: int) -> Case:
    def rows(splits: dict[str, dict[str, Tensor]]) -> None:
        name = next(key for key in splits["train"] if key != "target")
        spoilt = splits["train"][name].clone()
        spoilt[(37 + n) % len(spoilt), n % spoilt.shape[1]] = float("nan")
        splits["train"][name] = spoilt

    turn = n if n % 4 not in (0,) else n + 1
    return Case("", "", any_project(folder, held_out, turn), ("not_finite",), rows=rows)


def too_small(folder: Path, held_out: bool, n: int) -> Case:
    """One hidden unit for ten classes or bent tables."""
    kind = "rings" if held_out else "blobs"
    kept = digits() if n % 2 else table(folder, kind, n + 500 * held_out, 700, 12, 6)
    made = project(
        kept,
        lambda name, k: mlp(name, k, (1, 32 if held_out else 16), flatten=bool(n % 2)),
        epochs=20 if n % 2 else 60,
        optimizer={"name": "AdamW", "lr": 5e-3},
        seed=n,
    )
    return Case("", "", made, ("underfitting", "not_falling"))


def by_heart(folder: Path, held_out: bool, n: int) -> Case:
    """A hundred rows or so with noise, a wide network, no regularisation."""
    classes = n % 2 == 0
    kind = ("rings" if held_out else "blobs") if classes else ("bumps" if held_out else "numbers")
    kept = table(folder, f"{kind} few", n + 80 * held_out, 120 + 20 * (n % 3), 30, 3)
    made = project(
        kept,
        lambda name, k: mlp(name, k, (256, 256) if held_out else (300, 200)),
        epochs=80,
        optimizer={"name": "Adam", "lr": 2e-3},
        batch_size=16,
        seed=n,
    )

    def rows(splits: dict[str, dict[str, Tensor]]) -> None:
        """A part of the answers is wrong, as in life."""
        generator = torch.Generator().manual_seed(n)
        for name in ("train", "validation"):
            target = splits[name]["target"].clone()
            wrong = torch.rand(len(target), generator=generator) < 0.4
            order = torch.randperm(len(target), generator=generator)
            splits[name]["target"] = torch.where(wrong, target[order], target)

    return Case("", "", made, ("overfitting",), rows=rows)


def collapse(folder: Path, held_out: bool, n: int) -> Case:
    """A head of zeros, and one class that counts a thousand times."""
    kept = digits() if n % 2 else any_table(folder, held_out, n, classes=True)
    spec = data.specs(Project(data=kept))
    assert spec.target is not None
    heavy = spec.target.classes[n % len(spec.target.classes)]
    widths = WIDTHS[held_out][n % 3]
    made = project(
        kept,
        lambda name, k: mlp(name, k, widths, flatten=bool(n % 2)),
        class_weights={heavy: 1000.0},
        epochs=8,
        seed=n,
    )

    def touch(models: dict[str, nn.Module]) -> None:
        head = list(models["model"].children())[-1]
        for weight in head.parameters():
            weight.zero_()

    return Case("", "", made, ("class_collapse",), touch=touch)


def slow_feed(folder: Path, held_out: bool, n: int) -> Case:
    made = replace_recipe(any_project(folder, held_out, n), {"epochs": 6})
    return Case("", "", made, ("starved",), slow=(0.02, 0.03, 0.015)[n % 3])


def exploding(folder: Path, held_out: bool, n: int) -> Case:
    """Weights some times too large in every layer of a deep network."""
    kept = digits() if n % 2 else any_table(folder, held_out, n)
    widths = ((64,) * 5, (48,) * 6)[held_out]
    made = project(
        kept,
        lambda name, k: mlp(name, k, widths, flatten=kept.source == "sklearn"),
        optimizer={"name": "AdamW", "lr": 1e-4},
        seed=n,
        epochs=8,
    )

    def touch(models: dict[str, nn.Module]) -> None:
        for part in models["model"].children():
            if isinstance(part, MATRICES):
                part.weight.mul_(6.0 + n % 3)

    return Case("", "", made, ("exploding_gradients",), touch=touch)


def blank_inputs(folder: Path, held_out: bool, n: int) -> Case:
    """Inputs that are all 0: a path that is wrong, a column that was not read."""
    made = any_project(folder, held_out, n if n % 4 != 3 else n + 1)
    made = replace_recipe(made, {"epochs": 8})

    def rows(splits: dict[str, dict[str, Tensor]]) -> None:
        for name in splits:
            inputs = next(key for key in splits[name] if key != "target")
            splits[name][inputs] = torch.zeros_like(splits[name][inputs])

    return Case("", "", made, ("not_falling", "class_collapse"), rows=rows)


def doubled_rows(folder: Path, held_out: bool, n: int) -> Case:
    """Half of the held-out rows stand in the training rows as well."""

    def rows(splits: dict[str, dict[str, Tensor]]) -> None:
        few = len(splits["validation"]["target"]) // 2
        for name, x in splits["validation"].items():
            splits["validation"][name] = torch.cat([splits["train"][name][:few], x[few:]])

    return Case("", "", any_project(folder, held_out, n), ("leakage",), rows=rows)


FAULTS: tuple[Callable[[Path, bool, int], Case], ...] = (
    rate_times_1000,
    rate_over_1000,
    sorted_labels,
    dead_relu,
    deep_sigmoid,
    saturated,
    leak_column,
    nan_in_a_row,
    too_small,
    by_heart,
    collapse,
    slow_feed,
    exploding,
    blank_inputs,
    doubled_rows,
)
