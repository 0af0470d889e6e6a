"""The task contract holds for more than the tasks there are: a GAN, a detector and a policy train
by the same loop.

The stubs here are whole tasks in a few lines; the engine gains no line that names them.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import builder.train
from builder import tasks
from builder.data.options import Option
from builder.data.specs import TargetSpec
from builder.project import Recipe, TaskChoice
from builder.tasks.base import Batch, Context, Feed, Losses, Phase, Rows, Sample, Task
from builder.train import checkpoint, fit
from builder.train.plan import Epoch, Event, Finished, Health, Plan, Snapshot, Steps

CLASSES = TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(20, 20))
NUMBER = TargetSpec(name="y", kind="number", mean=3.0, std=2.0)


class _Stub(Task):
    kind = "stub"
    title = "Stub"
    help = "For the contract."
    views = ()
    measures = "number"

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        del context
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...] | None:
        return None

    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        return None

    def validation(self) -> Phase | None:
        return None

    def metrics(self) -> tuple[str, ...]:
        return ()

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return dict(outputs)

    def sampling(self) -> tuple[Option, ...]:
        return ()

    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample | None:
        return None

    def details(self) -> dict[str, Any]:
        return {}


class Gan(_Stub):
    """Two graphs in turn: the critic on real and made rows, then the maker through the critic."""

    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase("critic", ("critic",), self._critic),
            Phase("maker", ("maker",), self._maker),
        )

    def _noise(self, batch: Batch, generator: torch.Generator) -> Tensor:
        return torch.randn(len(batch["real"]), 2, generator=generator)

    def _critic(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        made = models["maker"](self._noise(batch, generator)).detach()
        real, false = models["critic"](batch["real"]), models["critic"](made)
        loss = F.softplus(-real).mean() + F.softplus(false).mean()
        return Losses(loss, {})

    def _maker(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        made = models["maker"](self._noise(batch, generator))
        return Losses(F.softplus(-models["critic"](made)).mean(), {"made": made})


class Detector(_Stub):
    """Padded boxes with a mask; several outputs of one graph."""

    def phases(self) -> tuple[Phase, ...]:
        return (Phase("train", ("model",), self._loss),)

    def validation(self) -> Phase | None:
        return Phase("validation", (), self._loss)

    def _loss(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        outputs = tasks.apply(models["model"], batch)
        assert not isinstance(outputs, Tensor)
        mask_BN = batch["mask_boxes"].float()
        off_BN = (outputs["boxes"] - batch["boxes"]).abs().mean(-1)
        loss = (off_BN * mask_BN).sum() / mask_BN.sum()
        scores = F.binary_cross_entropy_with_logits(outputs["scores"], mask_BN)
        return Losses(loss + scores, outputs)


class Walk(Feed):
    """An environment with a state: rows depend on what was played before."""

    def __init__(self) -> None:
        self.place = torch.zeros(4)
        self.generator = torch.Generator().manual_seed(5)

    @property
    def steps(self) -> int:
        return 6

    @property
    def rows(self) -> int:
        return 24

    def begin(self, epoch: int) -> None:
        """Nothing to draw."""

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        with torch.no_grad():
            move = models["model"](self.place[:, None]).argmax(1) - 1
        noise = torch.randn(4, generator=self.generator) * 0.1
        before, self.place = self.place, self.place + move + noise
        return {"place": before[:, None], "action": move + 1, "reward": -self.place.abs()}

    def state(self) -> dict[str, Tensor]:
        return {"place": self.place, "generator": self.generator.get_state()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        self.place = state["place"].clone()
        self.generator.set_state(state["generator"])


class Policy(_Stub):
    """Rewards from an environment of its own; no data set at all."""

    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        return Walk()

    def phases(self) -> tuple[Phase, ...]:
        return (Phase("train", ("model",), self._loss),)

    def _loss(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        log_p = models["model"](batch["place"]).log_softmax(1)
        chosen = log_p.gather(1, batch["action"][:, None])[:, 0]
        return Losses(-(chosen * batch["reward"]).mean(), {"log_p": log_p})


class Boxes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(6, 8)
        self.boxes = nn.Linear(8, 3 * 4)
        self.scores = nn.Linear(8, 3)

    def forward(self, scene: Tensor) -> dict[str, Tensor]:
        hidden = self.trunk(scene).relu()
        return {"boxes": self.boxes(hidden).view(-1, 3, 4), "scores": self.scores(hidden)}


class Place(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 3)

    def forward(self, place: Tensor) -> Tensor:
        return self.head(place)


class Two(nn.Module):
    def __init__(self, out: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(2, 8)
        self.head = nn.Linear(8, out)

    def forward(self, real: Tensor) -> Tensor:
        return self.head(self.hidden(real).relu())


def made(kind: type[Task], target: TargetSpec | None = None, **recipe: Any) -> Plan:
    """A plan of a stub with data of its shape."""
    settings = {"epochs": 3, "batch_size": 8, "threads": 1, "device": "cpu", **recipe}
    rows = torch.Generator().manual_seed(1)
    torch.manual_seed(0)
    models: dict[str, nn.Module] = {"model": Place()}
    data: dict[str, dict[str, Tensor]] = {}
    if kind is Gan:
        models = {"critic": Two(1), "maker": Two(2)}
        data = {"train": {"real": torch.randn(40, 2, generator=rows)}}
    elif kind is Detector:
        models = {"model": Boxes()}
        mask = torch.rand(40, 3, generator=rows) > 0.4
        mask[:, 0] = True
        boxes = torch.rand(40, 3, 4, generator=rows)
        parts = {"scene": torch.randn(40, 6, generator=rows), "boxes": boxes, "mask_boxes": mask}
        data = {"train": parts, "validation": {name: x[:9] for name, x in parts.items()}}
    checked = Recipe.model_validate(settings)
    context = Context(TaskChoice(kind="stub"), checked, {}, target, tuple(models))
    return Plan(checked, kind(context), models, data, flush_every=0.0, health_every=1e-9)


STUBS = [Gan, Detector, Policy]


def all_of(plan: Plan) -> list[Event]:
    return list(fit(plan))


@pytest.mark.parametrize("kind", STUBS)
class TestAnyTask:
    """What the engine promises to whatever task it is given."""

    def test_trains_every_graph_and_tells_each_phase(self, kind: type[Task]) -> None:
        plan = made(kind)
        before = {
            name: [weight.clone() for weight in model.parameters()]
            for name, model in plan.models.items()
        }
        events = all_of(plan)
        for name, model in plan.models.items():
            moved = [not torch.equal(a, b) for a, b in zip(before[name], model.parameters())]
            assert all(moved), name
        columns = events[0].columns  # type: ignore[union-attr]
        phases = plan.task.phases()
        assert len(columns) == 6 + (len(phases) if len(phases) > 1 else 0)
        values = [event.values for event in events if isinstance(event, Steps)]
        assert all(value.shape[1] == len(columns) for value in values)
        assert isinstance(events[-1], Finished)

    def test_goes_on_bit_for_bit(self, kind: type[Task], tmp_path: Path) -> None:
        whole = made(kind)
        all_of(whole)
        interrupted = made(kind)
        object.__setattr__(interrupted, "save_every", 0.0)
        for event in fit(interrupted):
            if isinstance(event, Snapshot) and event.saved.tensors and event.saved.step >= 8:
                checkpoint.write_saved(tmp_path, event.saved, ("last",), "best")
                break
        resumed = made(kind)
        object.__setattr__(resumed, "resume", checkpoint.load(tmp_path))
        all_of(resumed)
        for name, model in whole.models.items():
            for left, right in zip(model.parameters(), resumed.models[name].parameters()):
                assert torch.equal(left, right)

    def test_is_probed_node_by_node(self, kind: type[Task]) -> None:
        plan = made(kind)
        health = [event for event in all_of(plan) if isinstance(event, Health)]
        nodes = {row["node"] for row in health[-1].rows}
        several = len(plan.models) > 1
        for name, model in plan.models.items():
            for child, _ in model.named_children():
                assert (f"{name}/{child}" if several else child) in nodes

    def test_has_a_loss_in_every_epoch_row(self, kind: type[Task]) -> None:
        epochs = [event.figures for event in all_of(made(kind)) if isinstance(event, Epoch)]
        assert [row["epoch"] for row in epochs] == [1, 2, 3]
        assert all("train_loss" in row for row in epochs)
        assert all(("validation_loss" in row) == (kind is Detector) for row in epochs)


def test_a_phase_updates_its_own_graphs_only() -> None:
    plan = made(Gan, optimizers={"maker": {"name": "SGD", "lr": 1e-30}})
    before = [weight.clone() for weight in plan.models["maker"].parameters()]
    all_of(plan)
    after = list(plan.models["maker"].parameters())
    assert all(torch.equal(left, right) for left, right in zip(before, after))


def test_the_engine_names_no_task() -> None:
    folder = Path(builder.train.__file__).parent
    kinds = set(tasks.kinds()) | {task.__name__ for task in tasks.kinds().values()}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in kinds, path
            if isinstance(node, ast.Name):
                assert node.id not in kinds, path
