"""Two workers against one, through torchrun and Ray: throughput, time to the first step, and time
from kill -9 of a worker until training goes on.

python benchmarks/launchers.py [--launchers torchrun,ray] [--seconds 20] [--threads 1] [--json]

A convolutional network on made images of 28 × 28 pixels, batch 256, the same number of threads for
each process, on the processor. Uses a LAMINA_HOME of its own and ends all that it started. A
launcher that is not installed is left out, with the reason.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--launchers", default="torchrun,ray")
    parser.add_argument("--seconds", type=float, default=20.0, help="of training per measurement")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ["LAMINA_HOME"] = home
        from builder import runs

        try:
            rows = measure(Path(home), given.launchers.split(","), given.seconds, given.threads)
        finally:
            runs.shutdown()
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'launcher':<12}{'images/s':>10}{'× one':>8}{'first step':>12}{'kill -9 → on':>14}")
    for row in rows:
        print(
            f"{row['launcher']:<12}{row['rate']:>10,.0f}{row['ratio']:>8.2f}"
            f"{row['first']:>10.1f} s" + (f"{row['again']:>12.1f} s" if row["again"] else "")
        )


def measure(home: Path, names: list[str], seconds: float, threads: int) -> list[dict[str, Any]]:
    """One row per launcher; "local" is measured before and after each, and its mean is the base."""
    from builder.runs import launchers

    project = made(home, threads)
    once(project, "local", 1, 2.0)  # data prepared, a worker warm
    rows = [once(project, "local", 1, seconds)]
    for name in names:
        words = launchers.get(name).unfit(2, "cpu")
        if words is not None:
            print(f"{name}: {words}")
            continue
        row = once(project, name, 2, seconds, kill=True)
        rows += [row, once(project, "local", 1, seconds)]
        base = statistics.mean(one["rate"] for one in (rows[-3], rows[-1]))
        row["ratio"] = row["rate"] / base
    return rows


def once(
    project: Any, launcher: str, workers: int, seconds: float, *, kill: bool = False
) -> dict[str, Any]:
    """Train for so many seconds: images per second, seconds to the first step, and (with `kill`)
    seconds from the death of a worker to the first step after it.
    """
    from builder import runs

    began = time.perf_counter()
    run = runs.start(project, launcher=launcher, workers=workers)
    until(lambda: run.status.step > 0, run)
    first = time.perf_counter() - began
    time.sleep(2.0)  # past the first steps
    steps, clock = run.status.step, time.perf_counter()
    time.sleep(seconds)
    rate = (run.status.step - steps) * 256 / (time.perf_counter() - clock)
    again = killed(run) if kill else None
    runs.order(run.id, {"order": "stop"})
    runs.wait(run.id, 60)
    return {"launcher": launcher, "rate": rate, "ratio": 1.0, "first": first, "again": again}


def killed(run: Any) -> float:
    """Kill the last worker; seconds until a step is made that was not made before."""
    import psutil

    until(lambda: any(one.name == "last" for one in run.checkpoints()), run)
    found = [
        child
        for child in psutil.Process(run.status.pid).children(recursive=True)
        if "builder.runs.rank" in child.cmdline() or "RayTrainWorker" in child.cmdline()[0]
    ]
    before = resumed(run)
    began = time.perf_counter()
    found[-1].kill()
    until(lambda: resumed(run) > before, run)
    return time.perf_counter() - began


def resumed(run: Any) -> int:
    return sum(event["kind"] == "resumed" for event in run.events())


def until(condition: Callable[[], bool], run: Any) -> None:
    end = time.perf_counter() + PATIENCE
    while not condition():
        if time.perf_counter() > end or run.status.ended:
            raise SystemExit(f"It did not come about: {run.status.message}\n{run.log()}")
        time.sleep(0.01)


def made(home: Path, threads: int) -> Any:
    """4,096 random images in ten classes as PNG files, and the template for images."""
    import numpy as np
    from PIL import Image

    from builder import templates
    from builder.cli.beginning import data_from

    random = np.random.default_rng(0)
    for label in range(10):
        folder = home / "images" / str(label)
        folder.mkdir(parents=True)
        for number in range(410):
            pixels = random.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    project = templates.make("cnn", data=data_from([home / "images"], None, None))
    recipe = {
        "batch_size": 256,
        "epochs": 100_000,
        "threads": threads,
        "device": "cpu",
        "early_stopping": None,
    }
    return project.model_copy(update={"recipe": project.recipe.model_copy(update=recipe)})


if __name__ == "__main__":
    main()
