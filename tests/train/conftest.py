"""Small plans of hand-written models and made-up rows, without the data and compile packages."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.train.plan import Plan


class Mlp(nn.Module):
    def __init__(self, features: int = 4, classes: int = 3) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, 16)
        self.norm1 = nn.BatchNorm1d(16)
        self.relu1 = nn.ReLU()
        self.drop1 = nn.Dropout(0.2)
        self.head = nn.Linear(16, classes)

    def forward(self, table: Tensor) -> Tensor:
        return self.head(self.drop1(self.relu1(self.norm1(self.fc1(table)))))


class Cnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(4)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)  # its weights lie otherwise in channels_last
        self.flat = nn.Flatten()
        self.drop1 = nn.Dropout(0.3)
        self.head = nn.Linear(4 * 36, 3)

    def forward(self, image: Tensor) -> Tensor:
        maps = self.conv2(self.relu1(self.norm1(self.conv1(image))))
        return self.head(self.drop1(self.flat(maps)))


class Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, 8, batch_first=True)
        self.drop1 = nn.Dropout(0.1)
        self.head = nn.Linear(8, 3)

    def forward(self, series: Tensor) -> Tensor:
        return self.head(self.drop1(self.lstm(series.transpose(1, 2))[0][:, -1]))


SHAPES = {"table": (4,), "image": (1, 6, 6), "series": (2, 5)}
MODELS: dict[str, Callable[[], nn.Module]] = {"table": Mlp, "image": Cnn, "series": Lstm}
CLASSES = TargetSpec(name="y", kind="class", classes=("a", "b", "c"), counts=(30, 30, 30))


def rows(kind: str, count: int, seed: int) -> dict[str, Tensor]:
    """Three well separated classes."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.arange(count) % 3
    centres = torch.randn(3, *SHAPES[kind], generator=torch.Generator().manual_seed(99)) * 3
    noise = torch.randn(count, *SHAPES[kind], generator=generator)
    values = centres[target] + noise
    if kind == "image":
        values = (values * 20 + 128).clamp(0, 255).to(torch.uint8)
    return {kind: values, "target": target}


def shift(batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """A random augmentation."""
    move = int(torch.randint(-1, 2, (1,), generator=generator))
    return {**batch, "image": batch["image"].roll(move, dims=3)}


@pytest.fixture
def make_plan() -> Callable[..., Plan]:
    def make(kind: str = "table", *, seed: int = 0, train: int = 90, **parts: Any) -> Plan:
        settings = {
            "epochs": 4,
            "batch_size": 16,
            "threads": 1,
            "device": "cpu",
            "seed": seed,
            **parts.pop("recipe", {}),
        }
        recipe = Recipe.model_validate(settings)
        form = {"table": "vector", "image": "image", "series": "series"}[kind]
        stored = "uint8" if kind == "image" else "float32"
        spec = InputSpec(name=kind, form=form, shape=SHAPES[kind], stored=stored)
        context = tasks.Context(TaskChoice(), recipe, {kind: spec}, CLASSES)
        torch.manual_seed(seed)
        defaults: dict[str, Any] = {
            "recipe": recipe,
            "task": tasks.make(context),
            "models": {"model": MODELS[kind]()},
            "data": {"train": rows(kind, train, 1), "validation": rows(kind, 30, 2)},
            "target": CLASSES,
            "prepare": {"image": lambda x: x.float().div(255).sub(0.5)} if kind == "image" else {},
            "flush_every": 0.0,
            "health_every": 0.0,
        }
        return Plan(**{**defaults, **parts})

    return make
