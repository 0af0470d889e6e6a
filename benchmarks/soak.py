"""Kill runs at random moments and see whether anything is lost: `make soak`.

An MLP, a CNN and an LSTM (dropout, augmentation, mixing, averaged weights, schedules) are trained
once undisturbed; then again and again while their worker, the supervisor, the nursery that workers
are forked from, the app that began them, or several of these together are ended with kill -9 at
random steps. Each run must resume by itself and end with the same weights, losses and figures, bit
for bit. Nobody helps, except that Lamina is opened again where supervisor, nursery and worker are
all killed.

    OMP_NUM_THREADS=1 python benchmarks/soak.py [--kills 50] [--seed 0] [--epochs 60]

Prints one line per kill (what, at which step, seconds until it trained on) and the sum, also where
it is interrupted; exit code 1 where anything differs or a return takes more than ten seconds. Needs
about five minutes on two idle cores.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

TARGETS = (
    ("worker",),
    ("supervisor",),
    ("app",),
    ("nursery",),
    ("supervisor", "worker"),
    ("supervisor", "nursery", "worker"),
)
PATIENCE = 300.0
WITHIN = 10.0
"""Seconds in which a run must be back."""

NODES: dict[str, list[dict[str, Any]]] = {
    "mlp": [
        {"id": "flat", "layer": "Flatten"},
        {"id": "fc1", "layer": "Linear", "params": {"out_features": 32}},
        {"id": "norm1", "layer": "BatchNorm1d"},
        {"id": "relu1", "layer": "ReLU"},
        {"id": "drop1", "layer": "Dropout", "params": {"p": 0.2}},
    ],
    "cnn": [
        {"id": "conv1", "layer": "Conv2d", "params": {"out_channels": 4, "kernel_size": 3}},
        {"id": "norm1", "layer": "BatchNorm2d"},
        {"id": "relu1", "layer": "ReLU"},
        {"id": "conv2", "layer": "Conv2d", "params": {"out_channels": 8, "kernel_size": 3}},
        {"id": "flat", "layer": "Flatten"},
        {"id": "drop1", "layer": "Dropout", "params": {"p": 0.2}},
    ],
    "lstm": [
        {"id": "rows", "layer": "Flatten", "params": {"start_dim": 1, "end_dim": 2}},
        {"id": "lstm", "layer": "LSTM", "params": {"hidden_size": 12, "output": "last"}},
        {"id": "drop1", "layer": "Dropout", "params": {"p": 0.2}},
    ],
}
RECIPES: dict[str, dict[str, Any]] = {
    "mlp": {"schedule": {"name": "onecycle"}, "average": {"kind": "ema"}, "mix": {"alpha": 0.2}},
    "cnn": {"schedule": {"name": "cosine", "warmup": 0.1}, "optimizer": {"name": "AdamW"}},
    "lstm": {"schedule": {"name": "CosineAnnealingWarmRestarts", "options": {"T_0": 5}}},
}
AUGMENT: dict[str, list[dict[str, Any]]] = {"cnn": [{"kind": "flip"}, {"kind": "noise"}]}


def project(kind: str, epochs: int) -> Any:
    """A small project on scikit-learn's digits."""
    from builder.project import Project

    middle = NODES[kind]
    head = {"id": "head", "layer": "Linear", "params": {"out_features": 10}}
    nodes = [{"id": "image", "layer": "Input"}, *middle, head, {"id": "out", "layer": "Output"}]
    ids = [str(node["id"]) for node in nodes]
    recipe = {"epochs": epochs, "batch_size": 64, "device": "cpu", "threads": 1, "seed": 1}
    return Project.model_validate(
        {
            "name": kind,
            "data": {
                "source": "sklearn",
                "options": {"name": "digits"},
                "target": "target",
                "inputs": {"image": {"form": "image"}},
                "augment": AUGMENT.get(kind, []),
            },
            "graphs": {"model": {"nodes": nodes, "edges": list(pairwise(ids))}},
            "recipe": {**recipe, **RECIPES[kind]},
        }
    )


@dataclass
class Kill:
    """One kill: seconds until the run trained on."""

    kind: str
    target: str
    step: int
    back: float


def differences(run: Any, alone: Any) -> list[str]:
    """What differs between a disturbed run and the one that was left alone."""
    import torch

    found = []
    if run.status.status != alone.status.status:
        return [f"it {run.status.status}: {run.status.message}"]
    for name in ("best", "last"):
        ours, theirs = run.model(name).state_dict(), alone.model(name).state_dict()
        found += [f"{name} {key}" for key in theirs if not torch.equal(ours[key], theirs[key])]
    ours, theirs = run.steps(points=0), alone.steps(points=0)
    found += [
        f"column {name}"
        for name in ("step", "loss", "lr")
        if list(ours[name]) != list(theirs[name])
    ]
    rows, others = ([{**row, "time": 0} for row in one.epochs()] for one in (run, alone))
    return found + (["figures of the epochs"] if rows != others else [])


def until(condition: Callable[[], Any], words: str) -> None:
    """Wait for what other processes bring about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(words)
        time.sleep(0.01)


def disturbed(kind: str, epochs: int, kills: int, chance: random.Random) -> Iterator[Any]:
    """Train a run, killing now and then; yields each Kill and at last the run."""
    with begin(kind, epochs) as app:
        try:
            yield from _disturbed(app, kind, epochs, kills, chance)
        finally:
            app.kill()


def _disturbed(
    app: subprocess.Popen[bytes], kind: str, epochs: int, kills: int, chance: random.Random
) -> Iterator[Any]:
    from builder import runs
    from builder.runs import lease

    run = runs.open_run(app.stdout.readline().decode().strip())  # type: ignore[union-attr]
    total = epochs * 20
    at = sorted(chance.randrange(total // 20, total * 9 // 10) for _ in range(kills))
    for step in at:
        until(lambda step=step: stored(run).step >= step or stored(run).ended, "the step")
        if stored(run).ended:
            break
        target = chance.choice(TARGETS)
        now, began = stored(run), time.monotonic()
        strike(target, now.pid, app)
        if len(target) == 3:
            lease.ensure()  # as whoever opens Lamina again
        if "worker" in target:
            until(lambda now=now: on_again(stored(run), now.pid), "the run")
        if "supervisor" in target:
            until(lease.running, "the supervisor")
        yield Kill(kind, " and ".join(target), now.step, time.monotonic() - began)
        until(lease.running, "the supervisor")
    status = runs.wait(run.id, PATIENCE)
    if not status.ended:
        raise TimeoutError("the end of the run")
    yield run


def strike(target: tuple[str, ...], worker: int | None, app: subprocess.Popen[bytes]) -> None:
    """Kill these processes, and see them gone."""
    from builder.runs import lease, process

    pids = {
        "supervisor": lease.holder().get("pid"),
        "nursery": lease.holder(lease.NURSERY).get("pid"),
        "worker": worker,
        "app": app.pid,
    }
    for name in target:
        kill(pids[name])
    if "app" in target:
        app.wait()
    until(lambda: not any(process.alive(pids[name], None) for name in target), "their end")


def stored(run: Any) -> Any:
    """The status as the worker wrote it."""
    from builder.runs import folder

    return folder.stored_status(run.folder)


def on_again(status: Any, before: int | None) -> bool:
    """Whether another process trains the run (or has ended it)."""
    return bool(status.ended or (status.status == "running" and status.pid != before))


def kill(pid: int | None) -> None:
    """kill -9."""
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def begin(kind: str, epochs: int) -> subprocess.Popen[bytes]:
    """A process that starts the run and stays, as the app does."""
    command = [sys.executable, str(Path(__file__)), "--begin", kind, "--epochs", str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", choices=NODES)
    given = parser.parse_args()
    from builder import runs

    if given.begin:
        print(runs.start(project(given.begin, given.epochs)).id, flush=True)
        while True:
            time.sleep(60)
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAMINA_HOME"] = home
        os.environ["LAMINA_IDLE_SECONDS"] = "60"
        try:
            return soak(given.kills, given.epochs, random.Random(given.seed))
        finally:
            runs.shutdown()


def soak(kills: int, epochs: int, chance: random.Random) -> int:
    """All kinds in turn until there were enough kills; gives the exit code."""
    from builder import runs

    alone = {kind: runs.start(project(kind, epochs), detach=False) for kind in NODES}
    found: list[Kill] = []
    wrong = count = 0
    try:
        for kind in cycle(NODES):
            if len(found) >= kills:
                break
            for item in disturbed(kind, epochs, min(3, kills - len(found)), chance):
                if isinstance(item, Kill):
                    found.append(item)
                    words = f"{item.kind} {item.target} at step {item.step}: {item.back:.1f} s"
                else:
                    bad = differences(item, alone[kind])
                    count += 1
                    wrong += bool(bad)
                    words = f"{kind}: {'; '.join(bad) or 'the same, bit for bit'}"
                print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)
    except (KeyboardInterrupt, TimeoutError) as error:
        print(f"broken off: {error or 'interrupted'}")
        wrong += isinstance(error, TimeoutError)
    return verdict(found, count, wrong)


def verdict(found: list[Kill], count: int, wrong: int) -> int:
    """Print the sum and give the exit code."""
    backs = [item.back for item in found if item.target not in ("app", "nursery")]
    print(f"{len(found)} kills, {count} runs, {count - wrong} of them the same bit for bit")
    if backs:
        slowest, middle = max(backs), statistics.median(backs)
        print(
            f"{len(backs)} took a worker or the supervisor; back after {middle:.1f} s (median), "
            f"{slowest:.1f} s at most; target {WITHIN:.0f} s"
        )
    return int(wrong > 0 or any(back > WITHIN for back in backs))


if __name__ == "__main__":
    sys.exit(main())
