"""Lamina's engine against a tuned hand loop: the same model, data, batch size and thread,
interleaved in one process.

The hand loop is what an expert writes after tuning: resident tensors ready for the model, index
batching, fused Adam, channels_last for convolutions where the engine uses it, accuracy gathered on
the device. Run on an idle machine:

OMP_NUM_THREADS=1 python benchmarks/engine_overhead.py

Prints process CPU seconds per epoch (medians) and the ratio hand / engine; 1.00 is equal, more is
faster than by hand.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.train import fit
from builder.train.plan import Plan

CLASSES = TargetSpec(name="digit", kind="class", classes=tuple("0123456789"), counts=(1000,) * 10)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.relu1 = nn.Linear(784, 256), nn.ReLU()
        self.fc2, self.relu2 = nn.Linear(256, 128), nn.ReLU()
        self.head = nn.Linear(128, 10)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.relu2(self.fc2(self.relu1(self.fc1(image.flatten(1))))))


class Cnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu1, self.pool1 = (
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.conv2, self.relu2, self.pool2 = (
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Linear(32 * 49, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(image)))
        return self.head(self.pool2(self.relu2(self.conv2(x))).flatten(1))


def data(rows: int) -> tuple[Tensor, Tensor]:
    """Rows that look like MNIST's, stored as bytes."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (rows, 1, 28, 28), dtype=torch.uint8, generator=generator)
    return x, torch.randint(10, (rows,), generator=generator)


def to_model(x: Tensor) -> Tensor:
    """What the preparation does to an image."""
    return (x.float() / 255 - 0.13) / 0.3


def hand(
    kind: Callable[[], nn.Module], x: Tensor, y: Tensor, batch: int, epochs: int, last: bool
) -> None:
    """The tuned loop."""
    torch.manual_seed(0)
    model = kind()
    x = to_model(x)
    if last:
        model = model.to(memory_format=torch.channels_last)
        x = x.permute(0, 2, 3, 1).contiguous()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        right, total = torch.zeros((), dtype=torch.int64), torch.zeros(())
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            x_B, y_B = x.index_select(0, chosen), y.index_select(0, chosen)
            logits = model(x_B.permute(0, 3, 1, 2) if last else x_B)
            loss = F.cross_entropy(logits, y_B)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            right += (logits.detach().argmax(1) == y_B).sum()
            total += loss.detach()


def engine(
    kind: Callable[[], nn.Module], x: Tensor, y: Tensor, batch: int, epochs: int, last: bool
) -> None:
    """Lamina's loop with curves, metrics and node health as in any run."""
    del last
    recipe = Recipe.model_validate(
        {
            "epochs": epochs,
            "batch_size": batch,
            "threads": 1,
            "device": "cpu",
            "optimizer": {"name": "Adam"},
        }
    )
    spec = InputSpec(name="image", form="image", shape=(1, 28, 28), stored="uint8")
    choice = TaskChoice(metrics=("accuracy",))
    task = tasks.make(tasks.Context(choice, recipe, {"image": spec}, CLASSES))
    torch.manual_seed(0)
    plan = Plan(
        recipe=recipe,
        task=task,
        models={"model": kind()},
        data={"train": {"image": x, "target": y}},
        target=CLASSES,
        prepare={"image": to_model},
    )
    for _ in fit(plan):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'workload':<24}{'hand s/epoch':>14}{'engine s/epoch':>16}{'hand / engine':>15}")
    for name, kind, rows, last in (
        ("MLP 784-256-128-10 b64", Mlp, given.rows, False),
        ("CNN 28×28 b64", Cnn, given.rows // 4, True),
    ):
        x, y = data(rows)
        times: dict[str, list[float]] = {"hand": [], "engine": []}
        for turn in range(given.rounds + 1):
            for who, loop in (("hand", hand), ("engine", engine)):
                began = time.process_time()
                loop(kind, x, y, 64, given.epochs, last)
                if turn:  # the first round warms up
                    times[who].append((time.process_time() - began) / given.epochs)
        ratios = [h / e for h, e in zip(times["hand"], times["engine"])]
        by_hand, ours = statistics.median(times["hand"]), statistics.median(times["engine"])
        print(f"{name:<24}{by_hand:>14.3f}{ours:>16.3f}{statistics.median(ratios):>15.2f}")


if __name__ == "__main__":
    main()
