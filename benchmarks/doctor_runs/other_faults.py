"""Faults of the sets "third" and "fourth": one function per kind, (folder, number) → Case."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from builder.graph import edit
from builder.project import Column, Project
from doctor_runs.cases import Case, Splits
from doctor_runs.networks import mlp
from doctor_runs.others import (
    KINDS,
    any_other,
    customers,
    measured,
    numbers,
    ready,
    recurrent,
    residual,
    steps_read,
    texts,
)
from doctor_runs.projects import project, replace_recipe, with_rate
from doctor_runs.tables import bundled, digits, table

PLAIN = (residual, measured, numbers, customers)
TABLES = (measured, numbers, customers)


def hundredfold_rate(folder: Path, n: int) -> Case:
    made = with_rate(any_other(folder, n, KINDS), 100)
    made = replace_recipe(made, {"schedule": {"name": "constant"}, "clip_norm": None})
    return Case("", "", made, ("rate_too_high", "not_finite", "exploding_gradients"))


def tiny_rate(folder: Path, n: int) -> Case:
    return Case("", "", with_rate(any_other(folder, n, KINDS), 1e-4), ("rate_too_low",))


def all_relu_dead(folder: Path, n: int) -> Case:
    """Biases of -10 wherever weights are followed by others."""

    def touch(models: dict[str, nn.Module]) -> None:
        parts = [m for m in models["model"].children() if getattr(m, "bias", None) is not None]
        for part in parts[:-1]:
            assert isinstance(part.bias, Tensor)
            part.bias.fill_(-10.0)

    return Case("", "", any_other(folder, n, (residual, measured, numbers)), ("dead_relu",), touch)


def ten_sigmoids(folder: Path, n: int) -> Case:
    del folder
    kept = (bundled("wine"), digits(), bundled("diabetes"), bundled("breast_cancer"))[n % 4]
    widths = ((24, 40)[n % 2],) * 10
    flat = kept.options["name"] == "digits"
    made = project(
        kept,
        lambda name, k: mlp(name, k, widths, "Sigmoid", flatten=flat),
        epochs=15,
        seed=n,
    )
    return Case("", "", made, ("vanishing_gradients",))


def raw_features(folder: Path, n: int) -> Case:
    """Columns of the order of ten thousand that nothing scales."""
    kind = ("hills raw", "checks raw", "blobs raw")[n % 3]
    kept = table(folder, kind, n, 700, 8, 4)
    columns = {f"x{at}": Column(scale="none") for at in range(8)}
    name = "mlp-regression" if n % 3 == 0 else "mlp-classification"
    made = ready(name, kept.model_copy(update={"columns": columns}), n)
    return Case("", "", made, ("unscaled_inputs",))


def shuffled_labels(folder: Path, n: int) -> Case:
    def rows(splits: Splits) -> None:
        generator = torch.Generator().manual_seed(n)
        for split in splits.values():
            order = torch.randperm(len(split["target"]), generator=generator)
            split["target"] = split["target"][order]

    right = ("no_signal", "not_falling", "overfitting", "class_collapse")
    return Case("", "", any_other(folder, n, KINDS), right, rows=rows)


def rare_class(folder: Path, n: int) -> Case:
    """99 rows of one class for one of the other."""
    kept = table(folder, "rare", n, 3000, (4, 6)[n % 2], 2)
    made = replace_recipe(ready("mlp-classification", kept, n), {"epochs": 12})
    return Case("", "", made, ("class_collapse",))


def sorted_rows(folder: Path, n: int) -> Case:
    return Case("", "", any_other(folder, n, KINDS), ("not_shuffled",), sorted=True)


def answer_as_feature(folder: Path, n: int) -> Case:
    """The answer as a category, as a number, or in two columns at once."""
    kept = table(folder, ("checks leak", "hills leak", "rings leak")[n % 3], n, 900, 8, 3 + n % 2)
    name = "mlp-regression" if n % 3 == 1 else "mlp-classification"
    return Case("", "", ready(name, kept, n), ("leakage",))


def bad_cell(folder: Path, n: int) -> Case:
    def rows(splits: Splits) -> None:
        floats = [k for k, x in splits["train"].items() if x.is_floating_point() and k != "target"]
        spoilt = splits["train"][floats[-1]].clone()
        value = (float("nan"), float("inf"))[n % 2]
        spoilt[(91 + n) % len(spoilt), n % spoilt.shape[1]] = value
        splits["train"][floats[-1]] = spoilt

    made = any_other(folder, n, (recurrent, customers, numbers, measured))
    return Case("", "", made, ("not_finite",), rows=rows)


def exploding_memory(folder: Path, n: int) -> Case:
    """A recurrent network whose memory multiplies."""
    del folder
    bend = {"nonlinearity": "relu"} if n % 2 else {}
    made = steps_read(n, "RNN" if n % 3 else "LSTM", **(bend if n % 3 else {}))

    def touch(models: dict[str, nn.Module]) -> None:
        for name, weight in models["model"].named_parameters():
            if "weight_hh" in name:
                weight.mul_(3.0 if bend and n % 3 else 12.0)

    right = ("exploding_gradients", "not_finite", "rate_too_high")
    return Case("", "", made, right, touch)


def slow_rows(folder: Path, n: int) -> Case:
    made = replace_recipe(any_other(folder, n, KINDS), {"epochs": 3})
    return Case("", "", made, ("starved",), slow=(0.1, 0.15)[n % 2])


def zero_weights(folder: Path, n: int) -> Case:
    def touch(models: dict[str, nn.Module]) -> None:
        for weight in models["model"].parameters():
            weight.zero_()

    return Case("", "", any_other(folder, n, KINDS), ("alike_weights",), touch)


def much_dropout(folder: Path, n: int) -> Case:
    made = any_other(folder, n, (texts, customers, numbers, measured))
    return Case("", "", with_dropout(made, 0.95), ("heavy_dropout",))


def huge_decay(folder: Path, n: int) -> Case:
    made = any_other(folder, n, KINDS)
    name = ("AdamW", "Adam", "SGD")[n % 3]
    arguments: Mapping[str, Any] = {
        "AdamW": {"lr": 1e-3, "weight_decay": 50.0},
        "Adam": {"lr": 1e-3, "weight_decay": 1.0},
        "SGD": {"lr": 0.02, "weight_decay": 1.0, "momentum": 0.9},
    }[name]
    fields = {"optimizer": {"name": name, **arguments}, "schedule": {"name": "constant"}}
    return Case("", "", replace_recipe(made, fields), ("heavy_decay",))


def frozen_body(folder: Path, n: int) -> Case:
    """All that has weights but the last stands as it was drawn."""
    made = any_other(folder, n, (recurrent, residual, texts))
    known = [node.id for node in made.graph.nodes if node.layer in WEIGHTED]
    return Case("", "", replace_recipe(made, {"freeze": known[:-1]}), ("frozen",))


WEIGHTED = (
    *("Linear", "Conv1d", "Conv2d", "LSTM", "GRU", "RNN", "Embedding", "TransformerEncoderLayer"),
    *("BatchNorm1d", "BatchNorm2d", "LayerNorm", "LearnedPositionalEncoding", "EmbeddingBag"),
)


def with_dropout(made: Project, share: float) -> Project:
    """The project with that share in all its dropouts."""
    graph = made.graph
    for node in graph.nodes:
        if node.layer.startswith("Dropout"):
            graph = edit.apply(graph, "set_params", {"id": node.id, "params": {"p": share}})
    return made.model_copy(update={"graphs": {"model": graph}})


def blank(folder: Path, n: int) -> Case:
    """Inputs that are the same in every row."""

    def rows(splits: Splits) -> None:
        for split in splits.values():
            for name in split.keys() - {"target"}:
                split[name] = torch.zeros_like(split[name]) + (n % 2)

    return Case("", "", any_other(folder, n, KINDS), ("blank_inputs",), rows=rows)


FAULTS: tuple[Callable[[Path, int], Case], ...] = (
    hundredfold_rate,
    tiny_rate,
    all_relu_dead,
    ten_sigmoids,
    raw_features,
    shuffled_labels,
    rare_class,
    sorted_rows,
    answer_as_feature,
    bad_cell,
    exploding_memory,
    slow_rows,
    zero_weights,
    much_dropout,
    huge_decay,
    frozen_body,
    blank,
)
