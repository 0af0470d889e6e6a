"""What every task of the folder promises, on small data of a kind that it fits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder import metrics, tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.tasks.base import Batch, Context, Task
from builder.train import checkpoint, fit
from builder.train.plan import Epoch, Plan, Snapshot

CLASSES = TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(20, 20))
NUMBER = TargetSpec(name="y", kind="number", mean=3.0, std=2.0)
TABLE = InputSpec(name="table", form="vector", shape=(3,), stored="float32")
TEXT = InputSpec(name="text", form="tokens", shape=(6,), stored="int64", cardinality=9)
IMAGE = InputSpec(
    name="image", form="image", shape=(1, 8, 8), stored="uint8", mean=(0.5,), std=(0.25,)
)
TOKENS = {
    "version": 1,
    "inputs": {
        "text": {
            "form": "tokens",
            "column": "text",
            "level": "character",
            "lower": False,
            "vocabulary": list("abcdef\n"),
            "max_length": 6,
        }
    },
}
FREE = {"generator": {"noise": (4,)}, "discriminator": {}}
PAIR = ("generator", "discriminator")
DATA: tuple[dict[str, Any], ...] = (
    {"inputs": {"table": TABLE}, "target": CLASSES},
    {"inputs": {"table": TABLE}, "target": NUMBER},
    {"inputs": {"text": TEXT}, "target": None, "preparation": TOKENS},
    {"inputs": {"image": IMAGE}, "target": CLASSES, "graphs": PAIR, "free": FREE},
)
"""Contexts of each kind of data; a task takes the first that it fits."""


class Net(nn.Module):
    """A linear layer from whatever comes in to whatever is wanted."""

    def __init__(self, into: tuple[int, ...], out: tuple[int, ...]) -> None:
        super().__init__()
        self.out = out
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(torch.Size(into).numel(), torch.Size(out).numel())

    def run(self, x: Tensor) -> Tensor:
        full = nn.functional.pad(x.float().flatten(1), (0, self.head.in_features))
        flat = full[:, : self.head.in_features]
        return self.head(self.drop(flat)).view(-1, *self.out)


class TableNet(Net):
    def forward(self, table: Tensor) -> Tensor:
        return self.run(table)


class TextNet(Net):
    def forward(self, text: Tensor) -> Tensor:
        return self.run(text)


class ImageNet(Net):
    def forward(self, image: Tensor) -> Tensor:
        return self.run(image)


class NoiseNet(Net):
    def forward(self, noise: Tensor) -> Tensor:
        return self.run(noise).tanh()


NETS = {"table": TableNet, "text": TextNet, "image": ImageNet, "noise": NoiseNet}
RECIPE = Recipe(epochs=3, batch_size=8, threads=1, device="cpu")


def context(kind: str, given: Mapping[str, Any]) -> Context:
    return Context(choice=TaskChoice(kind=kind), recipe=RECIPE, **given)


def fitting(kind: str) -> Task:
    """The task on data that it fits."""
    for given in DATA:
        if tasks.get(kind).unfit(context(kind, given)) is None:
            return tasks.make(context(kind, given))
    raise AssertionError(f"no data here fits {kind}; add some")


def networks(task: Task) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    found: dict[str, nn.Module] = {}
    for graph in task.context.graphs:
        shapes = {name: item.shape for name, item in task.context.inputs.items()}
        name, shape = next(iter({**shapes, **task.context.free.get(graph, {})}.items()))
        for noise, free in task.context.free.get(graph, {}).items():
            name, shape = noise, free
        found[graph] = NETS[name](shape, task.output_shape(graph) or (1,))
    return found


def rows(task: Task, count: int, seed: int) -> dict[str, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    found: dict[str, Tensor] = {}
    for name, item in task.context.inputs.items():
        size = (count, *item.shape)
        if item.form == "vector":
            found[name] = torch.randn(size, generator=chance)
        else:
            low, high = (2, item.cardinality) if item.form == "tokens" else (0, 256)
            drawn = torch.randint(low, high, size, generator=chance)
            found[name] = drawn if item.form == "tokens" else drawn.to(torch.uint8)
    target = task.context.target
    if target is not None:
        codes = torch.arange(count) % 2
        found["target"] = codes if target.kind == "class" else codes.float() * 4 + 1
    return found


def plan(task: Task) -> Plan:
    data = {"train": rows(task, 40, 1), "validation": rows(task, 9, 2)}
    prepare = {
        name: _standard for name, item in task.context.inputs.items() if item.form == "image"
    }
    return Plan(
        RECIPE,
        task,
        networks(task),
        data,
        target=task.context.target,
        prepare=prepare,
        flush_every=0.0,
        save_every=0.0,
        health_every=1e-9,
    )


def _standard(x: Tensor) -> Tensor:
    return (x.float() / 255 - 0.5) / 0.25


def batches(task: Task, split: str) -> list[Batch]:
    """The first batches of a split as the loop would see them."""
    data = {"train": rows(task, 40, 1), "validation": rows(task, 9, 2)}
    feed = task.feed(split, data, torch.device("cpu"))
    if feed is None:
        found = {name: _standard(x) if x.ndim == 4 else x for name, x in data[split].items()}
        return [found]
    feed.begin(1)
    return [feed.batch(step, {}) for step in range(min(3, feed.steps))]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges are kept under LAMINA_HOME; two steps make one that is good enough to be looked at."""
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    monkeypatch.setattr("builder.tasks.judge.STEPS", 2)


@pytest.mark.parametrize("kind", sorted(tasks.kinds()))
class TestEveryTask:
    """One class that holds all of them."""

    def test_says_in_a_sentence_why_it_does_not_fit(self, kind: str) -> None:
        given = (*DATA, {"inputs": {"table": TABLE}, "target": None})
        reasons = [tasks.get(kind).unfit(context(kind, one)) for one in given]
        assert any(reasons)
        for reason in filter(None, reasons):
            assert reason.endswith(".")
            assert len(reason.split(". ")) >= 2, "the fact and the remedy"

    def test_losses_are_finite_scalars_whose_outputs_its_metrics_can_judge(self, kind: str) -> None:
        task = fitting(kind)
        models = networks(task)
        judged = 0
        for phase, split in [(p, "train") for p in task.phases()] + [
            (task.validation(), "validation")
        ]:
            assert phase is not None
            assert set(phase.graphs) <= set(models)
            for batch in batches(task, split):
                losses = phase.loss(models, batch, torch.Generator().manual_seed(3))
                assert losses.loss.shape == ()
                assert torch.isfinite(losses.loss)
                if losses.outputs:
                    said = task.predict({name: x.detach() for name, x in losses.outputs.items()})
                    figures = metrics.compute(
                        task.metrics(), said, batch.get("target"), task.context.target
                    )
                    judged += len(figures)
        assert judged or not task.metrics(), "validation gives what its metrics need"

    def test_watches_metrics_of_its_own_kind(self, kind: str) -> None:
        task = fitting(kind)
        metrics.check(task.metrics(), task.measures)
        assert task.metrics() or "rows" not in task.views, "rows are judged by more than the loss"

    def test_every_phase_gives_its_graphs_gradients(self, kind: str) -> None:
        task = fitting(kind)
        models = networks(task)
        batch = batches(task, "train")[0]
        for phase in task.phases():
            weights = [w for graph in phase.graphs for w in models[graph].parameters()]
            loss = phase.loss(models, batch, torch.Generator().manual_seed(3)).loss
            assert all(bool(g.any()) for g in torch.autograd.grad(loss, weights))

    def test_feeds_give_the_same_batches_again(self, kind: str) -> None:
        for split in ("train", "validation"):
            for one, other in zip(batches(fitting(kind), split), batches(fitting(kind), split)):
                assert all(torch.equal(one[name], other[name]) for name in one)

    def test_goes_on_bit_for_bit_after_a_kill(self, kind: str, tmp_path: Path) -> None:
        whole = plan(fitting(kind))
        told = [event.figures for event in fit(whole) if isinstance(event, Epoch)]
        interrupted = plan(fitting(kind))
        for event in fit(interrupted):
            if isinstance(event, Snapshot) and event.saved.tensors and event.saved.step >= 7:
                checkpoint.write_saved(tmp_path, event.saved, ("last",), "best")
                break
        resumed = plan(fitting(kind))
        object.__setattr__(resumed, "resume", checkpoint.load(tmp_path))
        again = [event.figures for event in fit(resumed) if isinstance(event, Epoch)]
        for name, model in whole.models.items():
            for key, left in model.state_dict().items():
                assert torch.equal(left, resumed.models[name].state_dict()[key]), key
        assert _untimed(again[-1]) == _untimed(told[-1])

    def test_makes_the_same_for_the_same_seed_and_touches_nothing(self, kind: str) -> None:
        task = fitting(kind)
        assert bool(task.sampling()) == ("samples" in task.views)
        models = networks(task)
        before, state = {n: m.training for n, m in models.items()}, torch.get_rng_state()
        few = {o.name: 5 for o in task.sampling() if o.name in ("length", "count")}
        one, same = (tasks.sample(task, models, few, seed=4) for _ in range(2))
        assert torch.equal(state, torch.get_rng_state())
        assert before == {n: m.training for n, m in models.items()}
        if "samples" not in task.views:
            assert one is None
            return
        assert one is not None
        assert same is not None
        assert dict(one.values) == dict(same.values)
        for name, x in one.tensors.items():
            assert x.dtype == torch.uint8
            assert torch.equal(x, same.tensors[name])

    def test_has_words_for_people(self, kind: str) -> None:
        task = tasks.get(kind)
        assert task.title
        assert task.help.endswith((".", "?"))
        for option in fitting(kind).sampling():
            assert option.title
            assert option.help.endswith(".")


def _untimed(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if name != "time"}
