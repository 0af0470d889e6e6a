"""Sound runs of the set "thirteenth": thirty ways of work, the awkward ones among them, twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from builder import compile as compiler
from builder import data
from builder.project import Project
from builder.runs.execute import stored_to_model
from doctor_runs.cases import Case, Models
from doctor_runs.projects import replace_recipe
from doctor_runs.stranger import sgd
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
    usual,
)
from doctor_runs.stranger_nets import eyes, fork, ladder, memory, reader, tower

DOUBTFUL = usual("doubtful", tower(1, 16), 1_500, 2e-3, epochs=8)
PATIENT = {"early_stopping": {"patience": 3}}
BALANCED = {"class_weights": "balanced"}
COSINE = {"schedule": {"name": "cosine", "warmup": 0.1}}
CYCLE = {"schedule": {"name": "onecycle"}}


def adamw(lr: float, decay: float) -> dict[str, Any]:
    return {"name": "AdamW", "lr": lr, "weight_decay": decay}


PLAIN: tuple[tuple[Callable[..., Project], dict[str, Any]], ...] = (
    (DOUBTFUL, {}),
    (PETALS, {"rows": 110, "epochs": 30, **PATIENT}),
    (CREDIT, BALANCED),
    (CREDIT, {"make": tower(2, 32), **PATIENT}),
    (SHAPES, {"make": eyes((12, 24), dense=64, drop=0.6), "epochs": 10}),
    (ORCHARD, {"optimizer": adamw(2e-3, 0.1), "make": tower(2, 48, "ReLU", drop=0.3)}),
    (GLANCE, COSINE),
    (SHAPES, {"optimizer": sgd(0.1, 0.9), **CYCLE, "epochs": 8}),
    (PENDULUM, {"make": tower(2, 32, "SiLU")}),
    (PENDULUM, {"task": {"loss": "HuberLoss"}, "make": tower(3, 32, "GELU")}),
    (LETTERS, {}),
    (RECALL, {"make": memory("LSTM", bidirectional=True)}),
    (SPIRALS, {"make": ladder(8, 32), "optimizer": {"name": "Adam", "lr": 1e-3}}),
    (ORCHARD, {"make": ladder(12, 32, "SiLU"), "optimizer": sgd(0.02, 0.9), "clip_norm": 1.0}),
    (ORCHARD, {"make": tower(1, 64), "optimizer": sgd(0.1)}),
    (PETALS, {"make": tower(0, 1), "rows": 200, "optimizer": sgd(0.05), "epochs": 20}),
    (PRICES, {}),
    (PRICES, {"make": tower(3, 32, "SELU", drop=0.05), "optimizer": sgd(0.01, 0.9), **PATIENT}),
    (NOTES, {"make": reader("LSTM"), "clip_norm": 1.0}),
    (NOTES, {"make": reader("Conv1d", drop=0.5)}),
    (DECAYS, {"make": memory("GRU", num_layers=2)}),
    (DECAYS, {"make": eyes((12, 24), "ELU", axes=1), "optimizer": {"name": "NAdam", "lr": 3e-3}}),
    (BIKES, {"batch_size": 512, "epochs": 4}),
    (LETTERS, {"make": tower(8, 48, "ELU", norm="LayerNorm"), "optimizer": adamw(1e-3, 0.01)}),
    (SHAPES, {"label_smoothing": 0.1, "mix": {"kind": "mixup", "alpha": 0.2}}),
    (SPIRALS, {"make": fork("Softplus"), "average": {"kind": "ema", "decay": 0.98}, "epochs": 30}),
    (FILTERS, {"make": eyes((12, 24), "PReLU", norm="BatchNorm1d", axes=1), "batch_size": 16}),
    (FILTERS, {"make": eyes((16, 16), "Mish", axes=1, pool="Avg"), "accumulate": 2}),
    (LETTERS, {"make": tower(2, 64, "Tanh"), "optimizer": {"name": "Adagrad", "lr": 0.03}}),
)


def tuned(folder: Path, n: int) -> Case:
    """The first layers are taken over from a network that has learnt, and stay."""
    make = tower(2, 48, "ReLU")
    made = ORCHARD(folder, n, make=make)
    optimizer = {"name": "Adam", "lr": 3e-3}
    fields = {"freeze": ["hid1"], "start_from": str(folder / "taken.safetensors"), "epochs": 5}

    def touch(models: Models) -> None:
        prepared = data.prepare(made)
        rows = prepared.tensors("train")
        name = next(iter(prepared.spec.inputs))
        source = compiler.generate(made.graphs, prepared.spec.inputs, made.modules)
        model = compiler.build(source.text, "model")
        change = stored_to_model(prepared).get(name)
        x, y = rows[name][:1_500], rows["target"][:1_500]
        x = change(x) if change else x
        with torch.enable_grad():
            steps = torch.optim.Adam(model.parameters(), 0.005)
            for _ in range(150):
                steps.zero_grad()
                F.cross_entropy(model(x), y).backward()
                steps.step()
        models["model"].load_state_dict(model.state_dict())

    taken = ORCHARD(folder, n, make=make, optimizer=optimizer, **fields)
    return Case("", "", taken, touch=touch)


def stranger_sound(folder: Path, first: int, count: int) -> list[Case]:
    """All ways in turn; the second round with another size of batch."""
    found = []
    for n in range(first, first + count):
        which, again = (n - first) % 30, (n - first) // 30
        name = f"plain {n} ({which})"
        if which == 29:
            case = tuned(folder, n)
        else:
            kind, fields = PLAIN[which]
            case = Case("", "", kind(folder, n, **fields))
        if again % 2:
            size = case.project.recipe.batch_size or 32
            other = {"batch_size": 2 * size if which % 2 or size < 16 else size // 2}
            case = replace(case, project=replace_recipe(case.project, other))
        found.append(Case(name, "sound", case.project, touch=case.touch))
    return found
