"""Runs for benchmarks/doctor.py: sound ones, and ones with a known fault put in.

Each is drawn from a pool of data and networks by its number. On "choose" the doctor's first limits
were chosen; "held-out" shares no network, no made-up table and no seed with it. The sets "third"
and "fourth" have other kinds of networks, data and faults, and share no seed with one another.
"""

from dataclasses import replace
from pathlib import Path

from doctor_runs import faults, other_faults
from doctor_runs.cases import Case
from doctor_runs.sound import others_sound, pool_sound

FIRST = {"choose": 0, "held-out": 100, "third": 200, "fourth": 300}
"""The number of the first run of each kind: it gives seed, shape and recipe."""
SETS = tuple(FIRST)
POOLS = ("choose", "held-out")


def faulty(folder: Path, which: str, each: int) -> list[Case]:
    """`each` runs of every kind of fault."""
    found = []
    for n in range(FIRST[which], FIRST[which] + each):
        if which in POOLS:
            cases = {f.__name__: f(folder, which == "held-out", n) for f in faults.FAULTS}
        else:
            cases = {f.__name__: f(folder, n) for f in other_faults.FAULTS}
        found += [replace(case, name=f"{kind} {n}", kind=kind) for kind, case in cases.items()]
    return sorted(found, key=lambda case: case.kind)


def sound(folder: Path, which: str, count: int) -> list[Case]:
    """`count` runs that nothing ails."""
    if which in POOLS:
        return pool_sound(folder, which == "held-out", FIRST[which], count)
    return others_sound(folder, FIRST[which], count)
