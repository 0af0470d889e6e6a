"""What the doctor finds: runs with a fault put in, sound runs, and what watching costs.

Limits were chosen on the set "choose"; what is reported comes from "held-out", which shares no
network, no made-up table and no seed with it.

OMP_NUM_THREADS=1 python benchmarks/doctor.py [--set held-out] [--each 5] [--sound 60] [--cost]

Prints per kind of fault how many of its runs were told by the right symptom, all symptoms of sound
runs, and both shares. Some minutes on one core.
"""

import argparse
import json
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from doctor_runs import SETS, Case, faulty, feed_of, plan_of, sound

from builder.errors import LaminaError
from builder.train import fit
from builder.train.plan import Epoch, Symptom


def symptoms(case: Case) -> tuple[list[Symptom], dict[str, float], float]:
    """All that the doctor said in a run, its last figures, and the seconds that it took."""
    plan = plan_of(case)
    found, figures, began = [], {}, time.perf_counter()
    with feed_of(case):
        try:
            for event in fit(plan):
                if isinstance(event, Symptom) and event.state == "found":
                    found.append(event)
                elif isinstance(event, Epoch):
                    figures = dict(event.figures)
        except LaminaError:
            pass  # a run that fails is one of the faults; what was said of it counts
    return found, figures, time.perf_counter() - began


def report_faults(cases: list[Case]) -> None:
    told: dict[str, list[bool]] = defaultdict(list)
    named: dict[str, list[bool]] = defaultdict(list)
    beside: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        found, figures, seconds = symptoms(case)
        codes = [event.kind for event in found]
        told[case.kind].append(any(code in case.right for code in codes))
        named[case.kind].append(case.right[0] in codes)
        beside[case.kind].update(code for code in codes if code not in case.right)
        loss = figures.get("train_loss", float("nan"))
        print(f"  {case.name}: {codes} loss {loss:.3g} {seconds:.1f} s", flush=True)
    print("\n| fault | runs | told | by its own name | beside it |\n|---|---|---|---|---|")
    for kind, hits in told.items():
        others = ", ".join(f"{code} {count}" for code, count in beside[kind].most_common())
        print(f"| {kind} | {len(hits)} | {sum(hits)} | {sum(named[kind])} | {others} |")
    every = [hit for hits in told.values() for hit in hits]
    print(f"\ndetected {sum(every)} of {len(every)}: {sum(every) / len(every):.1%}\n", flush=True)


def report_sound(cases: list[Case]) -> None:
    alarms = 0
    for case in cases:
        found, figures, seconds = symptoms(case)
        alarms += bool(found)
        said = [(event.kind, event.epoch, event.message) for event in found]
        last = {k: round(v, 3) for k, v in figures.items() if "loss" in k or "accuracy" in k}
        print(f"  {case.name}: {said} {json.dumps(last)} {seconds:.1f} s", flush=True)
    print(f"\nfalse alarms in {alarms} of {len(cases)} runs: {alarms / len(cases):.1%}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SETS, default="held-out")
    parser.add_argument("--each", type=int, default=5, help="runs per kind of fault")
    parser.add_argument("--sound", type=int, default=60, help="sound runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.each:
            report_faults(faulty(folder, options.set, options.each))
        if options.sound:
            report_sound(sound(folder, options.set, options.sound))


if __name__ == "__main__":
    main()
