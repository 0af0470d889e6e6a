"""How long Python takes for the curve of a run with a million steps: reading and thinning it, and
what the live view is sent of it. Medians in milliseconds of CPU time; leaves with 1 where they are
above the target.

    python benchmarks/curves.py [--steps 1000000]
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from builder.runs import series

TARGET = 10.0
ROUNDS = 21
POINTS = 2000
COLUMNS = ("step", "time", "loss", "lr", "grad_norm", "samples_per_second")


def written(folder: Path, steps: int) -> None:
    """A noisy loss that falls, with a spike that thinning must not lose."""
    random = np.random.default_rng(0)
    table = random.random((steps, len(COLUMNS)), dtype=np.float32)
    table[:, 0] = np.arange(1, steps + 1)
    table[:, 2] += 3 / (1 + np.arange(steps) / 1000)
    table[steps // 2, 2] = 50.0
    writer = series.Writer(folder, COLUMNS, 0)
    writer.add(table)
    writer.close()


def median(action: Callable[[], object]) -> float:
    """CPU time, so that what else the machine does counts for little."""
    action()
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        action()
        times.append(1000 * (time.process_time() - began))
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=1_000_000)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder, steps)
        found = series.read(folder, 0, POINTS)
        if found["loss"].max() != 50.0:
            sys.exit("The spike is lost.")
        read = median(lambda: series.read(folder, 0, POINTS))
        sent = median(lambda: json.dumps({key: value.tolist() for key, value in found.items()}))
    print(f"{steps:,} steps: read and thinned to {len(found['loss']):,} points in {read:.1f} ms,")
    print(f"written for the page in {sent:.1f} ms; together {read + sent:.1f} of {TARGET:.0f} ms")
    return int(read + sent > TARGET)


if __name__ == "__main__":
    sys.exit(main())
