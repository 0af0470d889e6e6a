"""The six workloads: a network, rows that look like the real ones, and a batch size.

Everybody trains with loss and accuracy of the training rows, and after each epoch of held-out rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Workload:
    """What every contender trains: `x` [rows, *shape] in stored form, `y` int64 class codes."""

    name: str
    model: Callable[[], nn.Module]
    form: str
    shape: tuple[int, ...]
    stored: str  # "uint8" images, "float32" numbers, "int64" tokens
    rows: int
    batch: int
    classes: int = 10

    @property
    def channels_last(self) -> bool:
        """Whether an expert would hold the images with their channels last."""
        return self.form == "image" and len(self.shape) == 3 and self.name != "mlp"

    def data(self) -> tuple[Tensor, Tensor]:
        """The same training rows for everybody."""
        return self._draw(self.rows, 0)

    def held_out(self) -> tuple[Tensor, Tensor]:
        """An eighth as many rows, looked at after each epoch."""
        return self._draw(self.rows // 8, 1)

    def _draw(self, rows: int, seed: int) -> tuple[Tensor, Tensor]:
        random = torch.Generator().manual_seed(seed)
        size = (rows, *self.shape)
        if self.stored == "uint8":
            x = torch.randint(0, 256, size, dtype=torch.uint8, generator=random)
        elif self.stored == "int64":
            x = torch.randint(0, 1000, size, generator=random)
        else:
            x = torch.randn(size, generator=random)
        return x, torch.randint(self.classes, (rows,), generator=random)

    def ready(self, x: Tensor) -> Tensor:
        """From stored form to what the network takes."""
        return (x.float() / 255 - 0.5) / 0.3 if self.stored == "uint8" else x


class Mlp(nn.Module):
    """784-256-128-10."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1, self.relu1 = nn.Linear(784, 256), nn.ReLU()
        self.dense2, self.relu2 = nn.Linear(256, 128), nn.ReLU()
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu2(self.dense2(self.relu1(self.dense1(x.flatten(1))))))


class Table(nn.Module):
    """30-128-64-2."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1, self.relu1 = nn.Linear(30, 128), nn.ReLU()
        self.dense2, self.relu2 = nn.Linear(128, 64), nn.ReLU()
        self.head = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu2(self.dense2(self.relu1(self.dense1(x)))))


class Cnn(nn.Module):
    """Two convolutions of 32 and 64 channels, each pooled, and a dense head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()
        self.conv2, self.relu2 = nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.dense, self.relu3 = nn.Linear(64 * 49, 128), nn.ReLU()
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu1(self.conv1(x)))
        x = self.pool(self.relu2(self.conv2(x)))
        return self.head(self.relu3(self.dense(x.flatten(1))))


class Block(nn.Module):
    """Two convolutions with a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.norm1, self.relu1 = nn.BatchNorm2d(after), nn.ReLU()
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(after), nn.ReLU()
        self.short = nn.Conv2d(before, after, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        return self.relu2(y + self.short(x))


class ResNet8(nn.Module):
    """Three residual blocks of 32, 64 and 128 channels on 32×32×3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1, bias=False)
        self.norm, self.relu = nn.BatchNorm2d(32), nn.ReLU()
        self.blocks = nn.Sequential(Block(32, 32, 1), Block(32, 64, 2), Block(64, 128, 2))
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.relu(self.norm(self.conv(x))))
        return self.head(x.mean((2, 3)))


class Lstm(nn.Module):
    """128 units over 128 steps of 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 128, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x.transpose(1, 2))[0][:, -1])


class Transformer(nn.Module):
    """Two encoder layers, 128 wide, four heads, over 128 tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(1000, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 256, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(x)).mean(1))


HELD_OUT_BATCH = 256
"""Held-out rows at once."""

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("mlp", Mlp, "image", (1, 28, 28), "uint8", 12_800, 64),
        Workload("table", Table, "vector", (30,), "float32", 100_000, 256, classes=2),
        Workload("cnn", Cnn, "image", (1, 28, 28), "uint8", 2_560, 64),
        Workload("resnet", ResNet8, "image", (3, 32, 32), "uint8", 640, 64),
        Workload("lstm", Lstm, "series", (8, 128), "float32", 1_280, 64),
        Workload("transformer", Transformer, "tokens", (128,), "int64", 640, 32),
    )
}
