"""Runs for benchmarks/doctor.py: sound ones, and ones with a known fault put in.

Each is drawn from a pool of data and networks by its number. On "choose" the doctor's first limits
were chosen; "held-out" shares no network, no made-up table and no seed with it. The sets "third"
and "fourth" have other kinds of networks, data and faults, and share no seed with one another; so
have "fifth" to "eighth", which put faults in at other places and by other means again, and "ninth"
and "tenth", which are of published data (LAMINA_TEST_DATA) with the networks of a first course, and
"eleventh": the issue's own symptoms on scikit-learn's tables, made-up data and film reviews, in
"twelfth" by other means. "thirteenth" has the same symptoms again, six runs a kind, on data and
networks of its own, put in before its author had read a rule; "fourteenth" is that with other
seeds and data drawn anew.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from doctor_runs import faults, other_faults
from doctor_runs.cases import Case
from doctor_runs.exam import EXAM, exam_sound
from doctor_runs.exam_more import MORE
from doctor_runs.fresh_faults import FRESH, fresh_sound
from doctor_runs.outside import OUTSIDE, outside_sound
from doctor_runs.sound import others_sound, pool_sound
from doctor_runs.stranger import STRANGER
from doctor_runs.stranger_sound import stranger_sound

FIRST = {
    "choose": 0,
    "held-out": 100,
    "third": 200,
    "fourth": 300,
    "fifth": 400,
    "sixth": 500,
    "seventh": 600,
    "eighth": 700,
    "ninth": 800,
    "tenth": 900,
    "eleventh": 1000,
    "twelfth": 1100,
    "thirteenth": 1200,
    "fourteenth": 1300,
}
"""The number of the first run of each kind: it gives seed, shape and recipe."""
SETS = tuple(FIRST)
POOLS = ("choose", "held-out")
LATE = ("fifth", "sixth", "seventh", "eighth")
REAL = ("ninth", "tenth")
EXAMS = ("eleventh", "twelfth")
STRANGE = ("thirteenth", "fourteenth")


def faulty(folder: Path, which: str, each: int) -> list[Case]:
    """`each` runs of every kind of fault."""
    found = []
    for n in range(FIRST[which], FIRST[which] + each):
        if which in POOLS:
            cases = {f.__name__: f(folder, which == "held-out", n) for f in faults.FAULTS}
        else:
            cases = {f.__name__: f(folder, n) for f in _kinds(which)}
        found += [replace(case, name=f"{kind} {n}", kind=kind) for kind, case in cases.items()]
    return sorted(found, key=lambda case: case.kind)


def sound(folder: Path, which: str, count: int) -> list[Case]:
    """`count` runs that nothing ails."""
    if which in POOLS:
        return pool_sound(folder, which == "held-out", FIRST[which], count)
    if which in EXAMS:
        return exam_sound(folder, FIRST[which], count)
    if which in STRANGE:
        return stranger_sound(folder, FIRST[which], count)
    kinds = fresh_sound if which in LATE else outside_sound if which in REAL else others_sound
    return kinds(folder, FIRST[which], count)


def _kinds(which: str) -> tuple[Callable[[Path, int], Case], ...]:
    if which in EXAMS:
        return EXAM if which == "eleventh" else MORE
    if which in STRANGE:
        return STRANGER
    return FRESH if which in LATE else OUTSIDE if which in REAL else other_faults.FAULTS
