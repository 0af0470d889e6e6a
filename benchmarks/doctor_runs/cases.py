"""One run of the doctor's benchmark, and the plan that a worker would make of it."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from builder import compile as compiler
from builder import data, tasks, train
from builder.data.augment import for_inputs
from builder.data.specs import InputSpec, TargetSpec
from builder.project import LARGEST_RATE, Project, Recipe, TaskChoice
from builder.runs.execute import stored_to_model
from builder.train import doctor, feeds
from builder.train.plan import Plan
from doctor_runs.networks import mlp

Models = dict[str, nn.Module]
Splits = dict[str, dict[str, Tensor]]


@dataclass(frozen=True)
class Case:
    """One run: a project, what is put into its models, data or feed, and the codes that name it."""

    name: str
    kind: str  # "sound" or the fault
    project: Project
    right: tuple[str, ...] = ()  # the symptom's code, then others that name the same fault
    touch: Callable[[Models], None] | None = None
    rows: Callable[[Splits], None] | None = None
    sorted: bool = False
    slow: float = 0.0  # seconds that each batch takes beyond its own
    more: Mapping[str, Any] = field(default_factory=dict)  # raise, down, third, …: see below


def turn(n: int, *kinds: Any) -> Any:
    """The n-th of the kinds, round and round."""
    return kinds[n % len(kinds)]


def part(models: Models, name: str) -> Any:
    """A layer of the model by its node's name."""
    return getattr(models["model"], name)


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
    )
    if "augment" in case.more:
        plan = replace(plan, augment=_slow_change(case.slow))
    if "raise" in case.more:
        steps = recipe.epochs * max(1, len(rows["train"]["target"]) // (recipe.batch_size or 1))
        change = {"order": "set", "lr": min(LARGEST_RATE, recipe.optimizer.lr * case.more["raise"])}
        plan = replace(plan, replay={1 + steps // 3: [change]})
    return replace(plan, doctor=doctor.watch(plan, project.graphs))


def _slow_change(seconds: float) -> Callable[..., Any]:
    """A change to each batch that changes nothing and takes its time."""

    def change(batch: Mapping[str, Tensor], generator: torch.Generator) -> Mapping[str, Tensor]:
        del generator
        time.sleep(seconds)
        return batch

    return change


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
        target, down = feed.source.tensors["target"], "down" in case.more
        feed.order = target.argsort(stable=True, descending=down)
        if "block" in case.more:  # whole batches of like answers, in any order
            parts = list(feed.order.split(case.project.recipe.batch_size or 32))
            random.Random(epoch).shuffle(parts)
            feed.order = torch.cat(parts)

    def slow_rows(feed: feeds.RowFeed, step: int, models: Mapping[str, nn.Module]) -> Any:
        if "third" not in case.more or step % 3 == 0:
            time.sleep(case.slow)
        return batch(feed, step, models)

    if case.sorted:
        feeds.RowFeed.begin = sorted_rows  # type: ignore[method-assign]
    if case.slow and "augment" not in case.more:
        feeds.RowFeed.batch = slow_rows  # type: ignore[method-assign]
    try:
        yield
    finally:
        feeds.RowFeed.begin, feeds.RowFeed.batch = begin, batch  # type: ignore[method-assign]
