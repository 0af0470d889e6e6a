"""The runs that wait: their order, how urgent they are, and how many a device takes at once."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from builder.errors import LaminaError
from builder.home import room
from builder.runs import folder as folders
from builder.runs.orders import queue_marker
from builder.train import files

URGENT, USUAL, PATIENT = 0, 10, 20
"""Priorities by name: a smaller number goes first. A run lost by its worker goes before all."""
LOWEST, HIGHEST = 0, 99
MOST = 64
NAMED = 2
"""So many runs ahead are named to one that waits; the rest are counted."""
DEVICE = re.compile(r"cpu|(cuda|mps|xpu)(:[0-9]{1,3})?")


@dataclass(frozen=True)
class Waiting:
    """A run in the queue. `place` counts from 1 among those of its device."""

    run: str
    device: str
    priority: int
    time: float
    place: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


def waiting() -> list[Waiting]:
    """The runs that wait, in the order in which they will be taken."""
    found = []
    for path in room("queue").glob("*.json"):
        entry = files.read_json(path)
        if isinstance(entry, dict):
            found.append(_waiting(path.stem, entry))
    found.sort(key=lambda one: (one.priority, one.time, one.run))
    counts: dict[str, int] = {}
    placed = []
    for one in found:
        counts[one.device] = counts.get(one.device, 0) + 1
        placed.append(Waiting(one.run, one.device, one.priority, one.time, counts[one.device]))
    return placed


def _waiting(run: str, entry: dict[str, Any]) -> Waiting:
    device, moment = str(entry.get("device", "cpu")), float(entry.get("time", 0.0))
    return Waiting(run, device, int(entry.get("priority", USUAL)), moment)


def awaits(run_id: str, names: Mapping[str, str] | None = None) -> str:
    """What a waiting run waits for: "behind A, B and 3 more · 2 runs at once on the CPU; 'A' is
    paused and keeps its place: resume or stop it". `names` of runs go before their own.

    Empty where the run does not wait, or nothing is ahead of it: then it is about to begin.
    """
    found = waiting()
    own = next((one for one in found if one.run == run_id), None)
    if own is None:
        return ""
    going, known = _going(own.device)
    known |= dict(names or {})
    before = [one.run for one in found if one.device == own.device and one.place < own.place]
    ahead, most = [*going, *before], limits(own.device)
    if len(ahead) < most:
        return ""
    said = ", ".join(known.get(one, one) for one in ahead[:NAMED])
    more = f" and {len(ahead) - NAMED} more" if len(ahead) > NAMED else ""
    runs = f"{most} run{'s' if most > 1 else ''} at once on the {_spoken(own.device)}"
    return "; ".join([f"behind {said}{more} · {runs}", *_paused(going, known)])


def held(device: str, names: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each paused run that keeps its place on a device."""
    going, known = _going(device)
    return [f"{one}." for one in _paused(going, known | dict(names or {}))]


def _going(device: str) -> tuple[dict[str, str], dict[str, str]]:
    """The runs under way on a device with their status, and what they and others are called."""
    from builder.runs import index

    rows = index.sync().values()
    here = (row for row in rows if row.status in folders.ACTIVE)
    going = {row.id: row.status for row in here if device in (row.device, row.device.split(":")[0])}
    return going, {row.id: row.name or row.id for row in rows}


def _paused(going: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    still = [known.get(one, one) for one, status in going.items() if status == "paused"]
    return [f"'{name}' is paused and keeps its place: resume or stop it" for name in still]


def _spoken(device: str) -> str:
    return device.upper() if device == "cpu" else device.replace("cuda:", "GPU ")


def prioritise(run_id: str, priority: int) -> None:
    """Make a waiting run more (smaller number) or less urgent; 0 to 99.

    Raises LaminaError where the run does not wait.
    """
    whole = isinstance(priority, int) and not isinstance(priority, bool)
    if not whole or not LOWEST <= priority <= HIGHEST:
        raise LaminaError(
            f"{priority!r} is no priority.",
            place=f"run {run_id}",
            remedy=f"Give a whole number from {LOWEST} (first) to {HIGHEST} (last); 10 is usual.",
        )
    entry = _entry(run_id)
    _rewrite(run_id, {**entry, "priority": priority})


def move(run_id: str, place: int) -> None:
    """Put a waiting run to that place (from 1) among those that wait for its device.

    It takes the priority of its new neighbours. Raises LaminaError where it does not wait.
    """
    entry = _entry(run_id)
    device = str(entry.get("device", "cpu"))
    others = [one for one in waiting() if one.device == device and one.run != run_id]
    at = min(max(place, 1), len(others) + 1) - 1
    order = [*(one.run for one in others[:at]), run_id, *(one.run for one in others[at:])]
    reorder(order)


def reorder(run_ids: Sequence[str]) -> None:
    """Put these waiting runs into this order; they share out the places that they have among all.

    Raises LaminaError for a run that does not wait.
    """
    if len(set(run_ids)) != len(run_ids):
        raise LaminaError("A run is named twice.", place="queue", remedy="Name each once.")
    entries = {run: _entry(run) for run in run_ids}
    slots = [one for one in waiting() if one.run in entries]
    moments = sorted(one.time for one in slots)
    for at, (run, slot) in enumerate(zip(run_ids, slots)):
        moment = moments[at] + at * 1e-6  # also apart where they began at one moment
        _rewrite(run, {**entries[run], "priority": slot.priority, "time": moment})


def _entry(run_id: str) -> dict[str, Any]:
    path = folders.path_of(run_id)
    entry = files.read_json(queue_marker(run_id))
    if not isinstance(entry, dict) or folders.stored_status(path).status != "queued":
        raise LaminaError(
            "The run does not wait.",
            place=f"run {run_id}",
            remedy="Only waiting runs have an order.",
        )
    return entry


def _rewrite(run_id: str, entry: dict[str, Any]) -> None:
    """Change a marker; a run that was taken meanwhile must not wait once more."""
    marker = queue_marker(run_id)
    files.write_json(marker, entry)
    if folders.stored_status(marker.parent.parent / "runs" / run_id).status != "queued":
        marker.unlink(missing_ok=True)


def limits(device: str) -> int:
    """How many runs a device takes at once.

    As set by `set_limit`, else LAMINA_RUNS_CPU (2) or LAMINA_RUNS_GPU (1).
    """
    chosen = (files.read_json(room("supervisor") / "limits.json") or {}).get(device)
    if isinstance(chosen, int) and chosen >= 1:
        return chosen
    gpu = not device.startswith("cpu")
    wish = os.environ.get("LAMINA_RUNS_GPU" if gpu else "LAMINA_RUNS_CPU", "")
    return max(1, int(wish)) if wish.isdigit() else (1 if gpu else 2)


def set_limit(device: str, runs: int | None) -> None:
    """Let a device ("cpu", "cuda:0") take that many runs at once; None goes back to the default.

    Runs that are under way go on. Raises LaminaError for a number outside 1 to 64, and for what is
    no device's name.
    """
    if not DEVICE.fullmatch(device):
        raise LaminaError(
            f"'{device[:60]}' is no device.",
            place="device",
            remedy="Name the processor (cpu), a GPU (cuda:0) or Apple's GPU (mps).",
        )
    if runs is not None and not 1 <= runs <= MOST:
        raise LaminaError(
            f"{runs} is no limit.", place=device, remedy=f"Give a whole number from 1 to {MOST}."
        )
    path = room("supervisor") / "limits.json"
    chosen = {**(files.read_json(path) or {}), device: runs}
    files.write_json(path, {name: count for name, count in chosen.items() if count is not None})
