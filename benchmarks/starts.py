"""From the order to run to the first point that another process can read: warm, forked and cold.

    python benchmarks/starts.py [--warm 40] [--forked 10] [--cold 5] [--json]

*Warm*: a worker waits for the run. *Forked*: several runs are ordered at the same moment, so that
one takes the waiting worker and every other one a worker that is forked for it (those are
counted). *Cold*: nothing of Lamina runs, no supervisor and nothing imported, but for the process
that gives the order. Each run trains scikit-learn's digits (convolutions, one thread); the data is
prepared and the graph checked before, as the pages do. The clock runs from the call of `runs.start`
until steps.f32 holds a row; for runs of one moment, from the call for that run.

Uses a LAMINA_HOME of its own and ends all that it started. Beside the wall clock stands the same
wait in units of how long this machine takes for a fixed piece of work (a busy machine takes longer
for everything): `pace` is that piece's duration over its CPU time, 1.0 where nobody disturbs.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

TARGETS = {"warm": 0.15, "forked": 0.30, "cold": 5.0}
PATIENCE = 300.0
SETTLED = 1.0
"""Seconds from which on the next warm worker waits."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--warm", type=int, default=40)
    parser.add_argument("--forked", type=int, default=10, help="rounds of three runs at a moment")
    parser.add_argument("--cold", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ |= {"LAMINA_HOME": home, "LAMINA_IDLE_SECONDS": "120", "LAMINA_RUNS_CPU": "3"}
        from builder import runs

        try:
            found = measure(given.warm, given.forked, given.cold)
        finally:
            runs.shutdown()
    if given.json:
        print(json.dumps(found))
    else:
        table(found)
    return int(any(row["p95"] > TARGETS[row["start"]] for row in found))


def measure(warm: int, forked: int, cold: int) -> list[dict[str, Any]]:
    """One row for each way to start."""
    from builder import runs, templates

    project = templates.make("cnn")
    recipe = project.recipe.model_copy(update={"epochs": 1, "threads": 1})
    project = project.model_copy(update={"recipe": recipe})
    runs.check(project)
    waits: dict[str, list[float]] = {"cold": [], "warm": [], "forked": []}
    paces: dict[str, list[float]] = {name: [] for name in waits}
    for kind, one in (
        *(("cold", one) for one in colds(project, cold)),
        *(("warm", one) for one in warms(project, warm)),
        *(("forked", one) for one in forkeds(project, forked)),
    ):
        waits[kind].append(one)
        paces[kind].append(pace())
    return [row(kind, waits[kind], paces[kind]) for kind in ("warm", "forked", "cold")]


def colds(project: Any, count: int) -> Iterator[float]:
    """Nothing is there."""
    from builder import runs

    for _ in range(count):
        runs.shutdown(PATIENCE)
        yield from ordered(project, 1)


def warms(project: Any, count: int) -> Iterator[float]:
    """A worker waits."""
    for _ in range(count):
        settle()
        yield from ordered(project, 1)


def forkeds(project: Any, rounds: int) -> Iterator[float]:
    """The second and the third run of a moment."""
    for _ in range(rounds):
        settle()
        yield from ordered(project, 3)[1:]


def settle() -> None:
    """Until a worker waits and nothing runs."""
    from builder import runs

    runs.warm()
    time.sleep(SETTLED * max(1.0, pace()))


def ordered(project: Any, count: int) -> list[float]:
    """Start so many runs at once and see them through; seconds until each one's first point."""
    from builder import runs

    began, made = [], []
    for _ in range(count):
        began.append(time.perf_counter())
        made.append(runs.start(project))
    first: dict[int, float] = {}
    while len(first) < count:
        for at, run in enumerate(made):
            series = run.folder / "steps.f32"
            if at not in first and series.exists() and series.stat().st_size:
                first[at] = time.perf_counter() - began[at]
        if time.perf_counter() - began[0] > PATIENCE or made[0].status.status == "failed":
            raise RuntimeError(f"no first point: {made[0].status.message}")
        time.sleep(0.001)
    for run in made:
        runs.wait(run.id, PATIENCE)
    return sorted(first.values()) if count > 1 else [first[0]]


def pace() -> float:
    """How much longer than its CPU time a piece of work takes now."""
    wall, cpu = time.perf_counter(), time.process_time()
    sum(number * number for number in range(400_000))
    return (time.perf_counter() - wall) / max(1e-9, time.process_time() - cpu)


def row(kind: str, waits: list[float], paces: list[float]) -> dict[str, Any]:
    """Percentiles of one way to start."""
    calm = sorted(wait / slow for wait, slow in zip(waits, paces))
    waits = sorted(waits)
    return {
        "start": kind,
        "runs": len(waits),
        "p50": at(waits, 0.5),
        "p95": at(waits, 0.95),
        "p50_by_pace": at(calm, 0.5),
        "p95_by_pace": at(calm, 0.95),
        "pace": at(sorted(paces), 0.5),
        "target": TARGETS[kind],
    }


def at(values: list[float], share: float) -> float:
    """The value that this share of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def table(found: list[dict[str, Any]]) -> None:
    """In milliseconds."""
    print(f"{'start':<8}{'runs':>6}{'p50':>9}{'p95':>9}{'target':>9}{'pace':>7}   by pace p50, p95")
    for one in found:
        p50, p95, target = (1000 * one[name] for name in ("p50", "p95", "target"))
        print(
            f"{one['start']:<8}{one['runs']:>6}{p50:>9.0f}{p95:>9.0f}{target:>9.0f}"
            f"{one['pace']:>7.1f}   {1000 * one['p50_by_pace']:.0f}, "
            f"{1000 * one['p95_by_pace']:.0f} ms"
        )


if __name__ == "__main__":
    sys.exit(main())
