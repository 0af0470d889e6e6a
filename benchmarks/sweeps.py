"""What a sweep costs beside its training: `python benchmarks/sweeps.py [--trials 8] [--json]`.

Prints the driver's own time per draw, the time to take up 1,000 trials after a kill, and for a
sweep of real runs (scikit-learn's digits) the wall time from a trial's end to the next one's start.
A home of its own, which it removes.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

OVER = ["recipe.optimizer.lr=1e-4..1e-1:log", "graphs.model.fc1.out_features=8..64:step=8"]


def draws(count: int) -> dict[str, float]:
    """Processor seconds of Optuna's part alone: draws, reports of 10 epochs each, taking up."""
    from builder.sweeps import study
    from builder.sweeps.folder import Trial
    from builder.sweeps.plan import Plan
    from builder.sweeps.text import parse

    plan = Plan.model_validate(
        {
            "id": "20260101-000000-abcdef",
            "name": "benchmark",
            "created": 0.0,
            "parameters": [parse(text).model_dump() for text in OVER],
            "objectives": [{"figure": "validation_loss"}],
            "pruner": "median",
            "trials": count,
            "epochs": 10,
        }
    )
    made = study.Study(plan)
    records, began, each = [], time.process_time(), []
    for number in range(1, count + 1):
        one = time.process_time()
        settings = made.draw(number)
        assert settings is not None
        far = abs(float(str(settings[plan.parameters[0].field])) - 0.01)
        values = [far + 1 / at for at in range(1, 11)]
        made.report(number, [[value] for value in values])
        made.close(number, "complete", values[-1:])
        each.append(time.process_time() - one)
        records.append(Trial(number, settings, "complete", values=(values[-1],)))
    total = time.process_time() - began
    again = time.process_time()
    study.restored(plan, records, {})
    return {
        "draw_ms_median": statistics.median(each) * 1e3,
        "draw_ms_last": each[-1] * 1e3,
        "draws_s": total,
        "taken_up_s": time.process_time() - again,
    }


def runs_of(trials: int) -> dict[str, float]:
    """A sweep of real runs, one at a time."""
    from builder import runs, sweeps
    from tests.small import digits

    began = time.monotonic()
    sweep = sweeps.start(
        digits("drop1", "drop2", width=32, epochs=8),
        OVER,
        trials=trials,
        parallel=1,
        pruner="none",
    )
    state = sweeps.wait(sweep.id, timeout=900)
    wall = time.monotonic() - began
    found = sweep.records()
    assert state.status == "finished", state
    gaps = [after.started - before.ended for before, after in itertools.pairwise(found)]
    spans = [one.ended - one.started - one.seconds for one in found[1:]]
    runs.shutdown()
    return {
        "trials": len(found),
        "wall_s": wall,
        "training_s": sum(one.seconds for one in found),
        "first_trial_begins_s": found[0].started - sweep.plan.created,
        "gap_ms_median": statistics.median(gaps) * 1e3,
        "start_and_end_of_a_run_ms_median": statistics.median(spans) * 1e3,
    }


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--trials", type=int, default=8)
    given.add_argument("--json", action="store_true")
    chosen = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="lamina-sweeps-") as home:
        os.environ["LAMINA_HOME"] = str(Path(home))
        figures = {**draws(1000), **runs_of(chosen.trials)}
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):38} {value:10.2f}")


if __name__ == "__main__":
    main()
