"""Lamina's engine against the loops people write and the frameworks they use: one epoch of the same
work at a time, in turns, each contender in a process of its own with one thread.

    OMP_NUM_THREADS=1 python benchmarks/engine.py [--workloads mlp cnn] [--rounds 5] [--json]
    OMP_NUM_THREADS=1 python benchmarks/engine.py --contenders tuned tutorial

The frameworks are the dependency group `bench` of pyproject.toml. "tutorial" makes each row ready
by itself in a Dataset behind a DataLoader, with default Adam; "tuned" holds rows made ready in
memory, takes batches by index, updates with fused Adam and reads its metrics once an epoch. All
look at held-out rows after each epoch. The start is not part of it; click_to_first_point.py
measures that.

Contenders whose package is not installed are left out and named. Prints the median process CPU
seconds of an epoch and the ratio theirs / Lamina's: 2 means that Lamina needs half the time.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from operator import truediv
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

ALL = ("mlp", "table", "cnn", "resnet", "lstm", "transformer")
IMAGES = ("cnn", "resnet")
SMALL = ("mlp", "table", "cnn")
# contender → its file, the package it needs, the workloads it takes part in
CONTENDERS = {
    "lamina": ("ours", "torch", ALL),
    "tutorial": ("hand", "torch", ALL),
    "tuned": ("hand", "torch", ALL),
    "tuned_last": ("hand", "torch", IMAGES),
    "lamina_bf16": ("ours", "torch", ("cnn", "resnet", "lstm")),
    "lamina_compiled": ("ours", "torch", ("mlp", "table", "transformer")),
    "lightning": ("frameworks", "lightning", SMALL),
    "keras_torch": ("frameworks", "keras", SMALL),
    "keras_jax": ("frameworks", "jax", SMALL),
    "sklearn": ("frameworks", "sklearn", ("mlp", "table")),
}


def serve(contender: str, workload: str) -> None:
    """In the contender's process: an epoch for each line in, its CPU and wall seconds out."""
    import torch

    from benchmarks.contest.workloads import WORKLOADS

    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = importlib.import_module(f"benchmarks.contest.{CONTENDERS[contender][0]}")
    epoch = getattr(module, contender)(WORKLOADS[workload])
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        epoch()
        print(
            f"took {time.process_time() - cpu} {time.perf_counter() - wall}",
            file=sys.__stderr__,
            flush=True,
        )


class Contender:
    """One contender's process."""

    def __init__(self, name: str, workload: str) -> None:
        self.name = name
        self.child = subprocess.Popen(
            [sys.executable, __file__, "--serve", name, workload],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.seconds: list[float] = []

    def epoch(self, *, counts: bool) -> None:
        """Have it train for one epoch."""
        assert self.child.stdin is not None
        assert self.child.stderr is not None
        self.child.stdin.write("go\n")
        self.child.stdin.flush()
        said = []
        for line in self.child.stderr:
            said.append(line)
            if line.startswith("took "):
                if counts:
                    self.seconds.append(float(line.split()[1]))
                return
        sys.exit(f"{self.name} failed:\n{''.join(said[-20:])}")

    def end(self) -> None:
        """Let it go."""
        self.child.communicate()


def contest(
    workload: str, rounds: int, warm: int, chosen: list[str] | None
) -> dict[str, dict[str, float]]:
    """Contender → its median CPU seconds and the median ratio to Lamina's."""
    names = [
        name
        for name, (_, package, takes) in CONTENDERS.items()
        if workload in takes
        and importlib.util.find_spec(package)
        and (chosen is None or name in ("lamina", *chosen))
    ]
    contenders = [Contender(name, workload) for name in names]
    for turn in range(warm + rounds):
        for contender in contenders:
            contender.epoch(counts=turn >= warm)
    for contender in contenders:
        contender.end()
    ours = contenders[0].seconds
    return {
        one.name: {
            "seconds": statistics.median(one.seconds),
            "ratio": statistics.median(map(truediv, one.seconds, ours)),
        }
        for one in contenders
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", nargs="+", choices=ALL, default=ALL)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, help="beside Lamina")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm", type=int, default=2, help="epochs before the count")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return
    missing = {package for _, package, _ in CONTENDERS.values()}
    missing = {name for name in missing if not importlib.util.find_spec(name)}
    if missing:
        print(f"Not installed, left out: {', '.join(sorted(missing))}", file=sys.stderr)
    found = {}
    if not given.json:
        print("| workload | contender | CPU s an epoch | × Lamina's time |\n|---|---|---|---|")
    for name in given.workloads:  # each is told when it is done: all of them take long
        found[name] = contest(name, given.rounds, given.warm, given.contenders)
        for contender, row in found[name].items() if not given.json else ():
            figures = f"{row['seconds']:.3f} | {row['ratio']:.2f}"
            print(f"| {name} | {contender} | {figures} |", flush=True)
    if given.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
