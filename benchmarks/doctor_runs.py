"""Runs for benchmarks/doctor.py: sound ones, and ones with a known fault put in.

Each is drawn from a pool of data and networks by its number; the pools "choose" (on which the
doctor's limits were chosen) and "held-out" share no network, no made-up table and no seed.
"""

import csv
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from builder import compile as compiler
from builder import data, tasks, templates, train
from builder.data.augment import for_inputs
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Data, Project, Recipe, TaskChoice
from builder.runs.execute import stored_to_model
from builder.templates.base import Sketch
from builder.train import doctor, feeds
from builder.train.plan import Plan

Draw = random.Random
HEALTH_EVERY, HEALTH_SHARE = 0.1, 0.1
"""Seconds between probes and their share of the time: these runs take a second or two, so they are
looked at more often than the runs of people (2 s, 1 %).
"""
SETS = ("choose", "held-out")
FIRST = {"choose": 0, "held-out": 100}
"""The number of the first run of each kind: it gives seed, shape and recipe."""


@dataclass(frozen=True)
class Case:
    """One run: a project, what is put into its models, data or feed, and the codes that name it."""

    name: str
    kind: str  # "sound" or the fault
    project: Project
    right: tuple[str, ...] = ()  # the symptom's code, then others that name the same fault
    touch: Callable[[dict[str, nn.Module]], None] | None = None
    rows: Callable[[dict[str, dict[str, Tensor]]], None] | None = None
    sorted: bool = False
    slow: float = 0.0  # seconds that each batch takes beyond its own
    more: Mapping[str, Any] = field(default_factory=dict)


def plan_of(case: Case) -> Plan:
    """The plan that a worker would make, in this process, with the fault put in."""
    project = case.project
    prepared = data.prepare(project)
    spec = prepared.spec
    source = compiler.generate(project.graphs, spec.inputs, project.modules)
    recipe = project.recipe.model_copy(update={"device": "cpu", "threads": 1})
    recipe = train.resolve(recipe, spec).recipe
    torch.manual_seed(recipe.seed)
    models = {name: compiler.build(source.text, name) for name in project.graphs}
    if case.touch is not None:
        with torch.no_grad():
            case.touch(models)
    rows = {split: dict(prepared.tensors(split)) for split in ("train", "validation")}
    if case.rows is not None:
        case.rows(rows)
    context = tasks.context(project, spec, prepared.preparation)
    plan = Plan(
        recipe=recipe,
        task=tasks.make(context),
        models=models,
        data=rows,
        target=spec.target,
        prepare=stored_to_model(prepared),
        augment=for_inputs(project.data.augment, spec.inputs),
        health_every=HEALTH_EVERY,
        health_share=HEALTH_SHARE,
    )
    return replace(plan, doctor=doctor.watch(plan, project.graphs))


def cost_plan(widths: tuple[int, ...], batch: int) -> Plan:
    """A network on made-up digits with everything watched as it is by default."""
    generator = torch.Generator().manual_seed(0)
    target = TargetSpec(name="y", kind="class", classes=tuple("0123456789"), counts=(600,) * 10)
    centres = torch.randn(10, 784, generator=generator)

    def rows(count: int) -> dict[str, Tensor]:
        y = torch.arange(count) % 10
        return {"image": centres[y] + 3 * torch.randn(count, 784, generator=generator), "target": y}

    graph = mlp("image", 10, widths)
    spec = {"image": InputSpec(name="image", form="vector", shape=(784,), stored="float32")}
    recipe = Recipe(epochs=40, batch_size=batch, device="cpu", threads=1)
    model = compiler.build(compiler.generate({"model": graph}, spec).text)
    choice = TaskChoice(kind="classification")
    plan = Plan(
        recipe=recipe,
        task=tasks.make(tasks.Context(choice, recipe, spec, target)),
        models={"model": model},
        data={"train": rows(6_000), "validation": rows(600)},
        target=target,
    )
    return replace(plan, doctor=doctor.watch(plan, {"model": graph}))


@contextmanager
def feed_of(case: Case) -> Iterator[None]:
    """The order of the rows and the time that they take, while the run lasts."""
    begin, batch = feeds.RowFeed.begin, feeds.RowFeed.batch

    def sorted_rows(feed: feeds.RowFeed, epoch: int) -> None:
        begin(feed, epoch)
        feed.order = feed.source.tensors["target"].argsort(stable=True)

    def slow_rows(feed: feeds.RowFeed, step: int, models: Mapping[str, nn.Module]) -> Any:
        time.sleep(case.slow)
        return batch(feed, step, models)

    if case.sorted:
        feeds.RowFeed.begin = sorted_rows  # type: ignore[method-assign]
    if case.slow:
        feeds.RowFeed.batch = slow_rows  # type: ignore[method-assign]
    try:
        yield
    finally:
        feeds.RowFeed.begin, feeds.RowFeed.batch = begin, batch  # type: ignore[method-assign]


# Data


def table(folder: Path, kind: str, seed: int, rows: int, features: int, classes: int) -> Data:
    """A made-up table on the disk: "blobs" and "numbers" to choose on, "rings" and "bumps" held
    out; "leak" adds the answer in another column.
    """
    path = folder / f"{kind}-{seed}-{rows}-{features}-{classes}.csv"
    if not path.exists():
        draw = random.Random(f"{kind} {seed}")
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            header = [f"x{number}" for number in range(features)]
            writer.writerow([*header, *(["code"] if "leak" in kind else []), "y"])
            made = _row_maker(kind, draw, features, classes)
            writer.writerows(made() for _ in range(rows))
    return Data(source="table", options={"path": str(path)}, target="y")


def _row_maker(kind: str, draw: Draw, features: int, classes: int) -> Callable[[], list[Any]]:
    centres = [[draw.gauss(0, 1.3) for _ in range(features)] for _ in range(classes)]
    tilt = [draw.gauss(0, 1) for _ in range(features)]

    def row() -> list[Any]:
        x = [draw.gauss(0, 1) for _ in range(features)]
        leak: list[Any] = []
        if "numbers" in kind or "bumps" in kind:
            bent = sum(t * (v if "numbers" in kind else abs(v)) for t, v in zip(tilt, x))
            y: Any = 3 * bent + x[0] * x[1] + draw.gauss(0, 0.5)
            leak = [y * 1.8 + 32 + draw.gauss(0, 0.05)]
            y = f"{y:.4f}"
        elif "rings" in kind:
            size = sum(v * v for v in x) ** 0.5 / features**0.5
            place = min(classes - 1, int(classes * max(0.0, min(0.999, (size - 0.55) / 0.9))))
            y, leak = f"ring {place}", [place * 10 + draw.gauss(0, 1)]
        else:
            place = draw.randrange(classes)
            x = [c + v for c, v in zip(centres[place], x)]
            y, leak = f"kind {place}", [place * 7 + draw.gauss(0, 1)]
        return [*(f"{v:.4f}" for v in x), *([f"{leak[0]:.4f}"] if "leak" in kind else []), y]

    return row


def digits() -> Data:
    return Data(source="sklearn", options={"name": "digits"}, target="target")


def waves(seed: int) -> Data:
    return Data(source="generated", options={"name": "waves", "seed": seed}, target="target")


def any_table(folder: Path, held_out: bool, n: int, *, classes: bool | None = None) -> Data:
    """A table of the pool; classes or numbers, in turns where it is left open."""
    seed = n + (500 if held_out else 0)
    sort = classes if classes is not None else n % 3 != 2
    size, wide = (500, 700, 1000)[n % 3], (8, 12, 20)[n % 3]
    if sort:
        kind, count = ("rings", 2 + n % 2) if held_out else ("blobs", 3 + n % 3)
    else:
        kind, count = ("bumps" if held_out else "numbers"), 1
    return table(folder, kind, seed, size, wide, count)


# Networks

WIDTHS = {False: ((64, 32), (128,), (96, 96)), True: ((48, 48), (160, 40), (80,))}
CHANNELS = {False: ((8, 16), (12, 12)), True: ((10, 20), (16, 8))}


def mlp(
    name: str,
    outputs: int,
    widths: tuple[int, ...],
    act: str = "ReLU",
    *,
    flatten: bool = False,
    norm: bool = False,
    drop: float = 0.0,
) -> Any:
    sketch = Sketch()
    sketch.add(name, "Input")
    if flatten:
        sketch.add("flat", "Flatten")
    for number, units in enumerate(widths, start=1):
        sketch.add(f"fc{number}", "Linear", out_features=units)
        if norm:
            sketch.add(f"norm{number}", "BatchNorm1d")
        sketch.add(f"act{number}", act)
        if drop:
            sketch.add(f"drop{number}", "Dropout", p=drop)
    sketch.add("head", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def cnn(
    name: str, outputs: int, channels: tuple[int, ...], act: str = "ReLU", axes: int = 2
) -> Any:
    sketch = Sketch()
    sketch.add(name, "Input")
    for number, units in enumerate(channels, start=1):
        sketch.add(f"conv{number}", f"Conv{axes}d", out_channels=units, kernel_size=3, padding=1)
        sketch.add(f"act{number}", act)
        if number == 1:
            sketch.add("pool1", f"MaxPool{axes}d", kernel_size=2)
    sketch.add("flat", "Flatten")
    sketch.add("head", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def project(kept: Data, make: Callable[[str, int], Any], **recipe: Any) -> Project:
    """A project on that data; `make(input, outputs)` gives the graph."""
    stem = Path(str(kept.options.get("path", ""))).stem
    kind = "regression" if stem.startswith(("numbers", "bumps")) else "classification"
    spec = data.specs(Project(data=kept, task=TaskChoice(kind=kind)))
    target = spec.target
    assert target is not None
    name = next(iter(spec.inputs))
    outputs = len(target.classes) if target.kind == "class" else 1
    settings = {"epochs": 12, "batch_size": 32, **recipe}
    return Project(
        data=kept,
        graphs={"model": make(name, outputs)},
        task=TaskChoice(kind=kind),
        recipe=Recipe.model_validate(settings),
    )


def any_project(folder: Path, held_out: bool, n: int, drop: float = 0.0, **recipe: Any) -> Project:
    """Digits, tables and series in turns, with a network of the pool."""
    widths = WIDTHS[held_out][n % 3]
    channels = CHANNELS[held_out][n % 2]
    optimizer = (
        {"name": "AdamW", "lr": 2e-3},
        {"name": "Adam", "lr": 1e-3},
        {"name": "SGD", "lr": 0.05, "momentum": 0.9},
    )[n % 3 if not held_out else (n + 1) % 3]
    settings = {"optimizer": optimizer, "seed": n + 100 * held_out, **recipe}
    turn = n % 4
    if turn == 0:
        return project(
            digits(),
            lambda name, k: cnn(name, k, channels) if n % 8 else mlp(name, k, widths, flatten=True),
            **{"epochs": 8, **settings},
        )
    if turn == 3:
        return project(
            waves(n + 100 * held_out),
            lambda name, k: cnn(name, k, channels, axes=1),
            **{"epochs": 30, **settings},
        )
    kept = any_table(folder, held_out, n)
    return project(
        kept, lambda name, k: mlp(name, k, widths, drop=drop), **{"epochs": 40, **settings}
    )


def replace_recipe(project: Project, fields: Mapping[str, Any]) -> Project:
    raw = project.recipe.model_dump(mode="json") | dict(fields)
    return project.model_copy(update={"recipe": Recipe.model_validate(raw)})


def with_rate(project: Project, factor: float) -> Project:
    """The project with its learning rate times a factor."""
    raw = project.recipe.optimizer.model_dump(mode="json")
    return replace_recipe(project, {"optimizer": {**raw, "lr": raw["lr"] * factor}})


# Faults: one function per kind, (folder, held out, number) → Case


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


MATRICES = (nn.Linear, nn.Conv1d, nn.Conv2d)
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


def faulty(folder: Path, which: str, each: int) -> list[Case]:
    """`each` runs of every kind of fault."""
    found = []
    for make in FAULTS:
        for n in range(FIRST[which], FIRST[which] + each):
            case = make(folder, which == "held-out", n)
            found.append(replace(case, name=f"{make.__name__} {n}", kind=make.__name__))
    return found


# Sound runs

SHORTER = {"cnn": 8, "cnn-residual": 6, "cnn-text": 4, "transformer-text": 6, "lstm-series": 25}
"""Epochs for the templates that take long; the others run as they come."""


def sound(folder: Path, which: str, count: int) -> list[Case]:
    """All templates on their own data and on others that they fit, then networks of the pool."""
    held_out = which == "held-out"
    found = []
    for name, template in templates.templates().items():
        if not {"classification", "regression"} & set(template.tasks):
            continue  # no blind guess to beat, no held-out answers: the doctor only watches nodes
        made = templates.make(name)
        seed = 11 if held_out else 0
        fields: dict[str, Any] = {"seed": seed}
        if name in SHORTER:
            fields["epochs"] = SHORTER[name]
        split = made.data.split.model_copy(update={"seed": seed})
        made = made.model_copy(update={"data": made.data.model_copy(update={"split": split})})
        found.append(Case(f"template {name}", "sound", replace_recipe(made, fields)))
    others = ("diabetes", "iris") if held_out else ("wine", "breast_cancer")
    for other in others:
        name = "mlp-regression" if other == "diabetes" else "mlp-classification"
        kept = Data(source="sklearn", options={"name": other}, target="target")
        found.append(Case(f"{name} on {other}", "sound", templates.make(name, kept)))
    for n in range(FIRST[which], FIRST[which] + count - len(found)):
        found.append(Case(f"pool {n}", "sound", any_sound(folder, held_out, n)))
    return found


def any_sound(folder: Path, held_out: bool, n: int) -> Project:
    """A network of the pool, with dropout and early stopping as is usual, under many recipes."""
    schedule = ("constant", "cosine", "onecycle", "step", "plateau")[n % 5]
    fields: dict[str, Any] = {"schedule": {"name": schedule}, "batch_size": (16, 32, 64)[n % 3]}
    if n % 4 == 1:
        fields["clip_norm"] = 1.0
    fields["early_stopping"] = {"patience": (3, 5)[n % 2]}
    return replace_recipe(any_project(folder, held_out, n + 20, drop=0.2), fields)
