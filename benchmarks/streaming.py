"""Training on data larger than the memory it may take: streamed from the memory map against held
resident, the same network, rows and batches.

A worker process trains on a set of 6 GB (written in full, not sparse)
while it is watched: it must stay below 2 GB of anonymous memory. The resident twin trains on the
first GB of the same rows. Both are warmed up, then timed in turns.

    OMP_NUM_THREADS=1 python benchmarks/streaming.py [--gigabytes 6] [--steps 400] [--rounds 3]
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from math import inf
from operator import truediv
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.train import feeds, fit
from builder.train.plan import Plan, Steps

CLASSES = TargetSpec(name="kind", kind="class", classes=tuple("0123456789"), counts=(1000,) * 10)
HELD_GB = 2.0
RESIDENT_GB = 1.0


class Cnn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu1 = nn.Conv2d(3, 16, 3, padding=1, stride=2), nn.ReLU()
        self.conv2, self.relu2 = nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.ReLU()
        self.head = nn.Linear(32 * 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu2(self.conv2(self.relu1(self.conv1(x))))
        return self.head(x.flatten(1))


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense1, self.relu1 = nn.Linear(30, 128), nn.ReLU()
        self.dense2, self.relu2 = nn.Linear(128, 64), nn.ReLU()
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu2(self.dense2(self.relu1(self.dense1(x)))))


WORKLOADS = {
    "images": (Cnn, (3, 32, 32), "uint8", 64, "image"),
    "table": (Mlp, (30,), "float32", 256, "vector"),
}


def write(path: Path, rows: int, shape: tuple[int, ...], dtype: str) -> None:
    """Random rows, written in full."""
    random = np.random.default_rng(0)
    block = max(1, (64 << 20) // (int(np.prod(shape)) * np.dtype(dtype).itemsize))
    with path.open("wb") as file:
        for start in range(0, rows, block):
            size = (min(block, rows - start), *shape)
            if dtype == "uint8":
                file.write(random.integers(0, 256, size, dtype=np.uint8).tobytes())
            else:
                file.write(random.standard_normal(size, dtype=np.float32).tobytes())


def work(workload: str, path: Path, rows: int, steps: int) -> None:
    """In the worker: train, print the samples per second of wall and of CPU time after warm-up."""
    kind, shape, dtype, batch, form = WORKLOADS[workload]
    torch.set_num_threads(1)
    feeds.RESIDENT_BYTES = 4 << 30  # as on a machine with 8 GB free
    count = rows * int(np.prod(shape))
    x = torch.from_file(str(path), shared=False, size=count, dtype=getattr(torch, dtype))
    recipe = Recipe.model_validate(
        {"epochs": 1000, "batch_size": batch, "threads": 1, "device": "cpu"}
    )
    spec = InputSpec.model_validate({"name": "x", "form": form, "shape": shape, "stored": dtype})
    task = tasks.make(tasks.Context(TaskChoice(), recipe, {"x": spec}, CLASSES))
    prepare = {"x": lambda x: (x.float() / 255 - 0.5) / 0.3} if form == "image" else {}
    plan = Plan(
        recipe=recipe,
        task=task,
        models={"model": kind()},
        data={"train": {"x": x.view(rows, *shape), "target": torch.randint(10, (rows,))}},
        target=CLASSES,
        prepare=prepare,
    )
    began, clock, first = 0.0, 0.0, 0
    for event in fit(plan):
        if isinstance(event, Steps):
            if not began and event.step >= steps // 4:
                began, clock, first = time.process_time(), time.perf_counter(), event.step
            elif began and event.step - first >= steps:
                done = (event.step - first) * batch
                wall, cpu = time.perf_counter() - clock, time.process_time() - began
                print(f"rates {done / wall} {done / cpu}", flush=True)
                return


def watched(
    workload: str, path: Path, rows: int, steps: int, limit: float
) -> tuple[float, float, float]:
    """A worker's rows per second of wall and of CPU time; its peak of anonymous memory in GB."""
    worker = subprocess.Popen(
        [sys.executable, __file__, "--work", workload, str(path), str(rows), str(steps)],
        stdout=subprocess.PIPE,
        text=True,
    )
    peak = 0.0
    status = Path(f"/proc/{worker.pid}/status")
    while worker.poll() is None:
        found = re.search(r"RssAnon:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        peak = max(peak, int(found[1]) / (1 << 20) if found else 0.0)
        if peak > limit:
            worker.kill()
            sys.exit(f"The worker took {peak:.2f} GB of its own memory; {limit} GB are allowed.")
        time.sleep(0.05)
    assert worker.stdout is not None
    said = worker.stdout.read()
    if worker.returncode or not said.startswith("rates "):
        sys.exit(f"The worker failed: {said}")
    _, wall, cpu = said.split()
    return float(wall), float(cpu), peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        workload, path, rows, steps = given.work
        work(workload, Path(path), int(rows), int(steps))
        return
    print("| workload | streamed, rows/s | resident, rows/s | ratio | by CPU | own memory, GB |")
    print("|---|---|---|---|---|---|")
    for workload, (_, shape, dtype, _, _) in WORKLOADS.items():
        width = int(np.prod(shape)) * np.dtype(dtype).itemsize
        rows = int(given.gigabytes * (1 << 30)) // width
        few = int(RESIDENT_GB * (1 << 30)) // width
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.bin"
            write(path, rows, shape, dtype)
            wall: dict[int, list[float]] = {rows: [], few: []}
            cpu: dict[int, list[float]] = {rows: [], few: []}
            peak = 0.0
            for _ in range(given.rounds):
                for count in (rows, few):
                    limit = HELD_GB if count == rows else inf
                    by_wall, by_cpu, own = watched(workload, path, count, given.steps, limit)
                    wall[count].append(by_wall)
                    cpu[count].append(by_cpu)
                    peak = max(peak, own) if count == rows else peak
        streamed, held = statistics.median(wall[rows]), statistics.median(wall[few])
        ratios = [statistics.median(map(truediv, t[rows], t[few])) for t in (wall, cpu)]
        print(
            f"| {workload} | {streamed:,.0f} | {held:,.0f} | {ratios[0]:.2f} | {ratios[1]:.2f} "
            f"| {peak:.2f} |"
        )


if __name__ == "__main__":
    main()
