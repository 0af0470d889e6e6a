"""The folder of a sweep, which is the truth about it: sweeps/<id>/ with sweep.json (the plan),
project.lamina.json, trials.jsonl (the last line of a number counts), state.json, log.txt.

Any process may read it while the driver writes. The trials' figures are in their runs' folders.
"""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from builder import project as projects
from builder.errors import LaminaError
from builder.home import room
from builder.project import Project
from builder.runs import lease, process
from builder.runs.run import Run
from builder.sweeps.plan import Plan
from builder.train import files

ACTIVE = ("running", "interrupted")
ENDED = ("complete", "pruned", "failed")
"""States of trials that are not begun again."""
PATIENCE = 20.0
"""Seconds that the supervisor and the driver get to start."""
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


@dataclass(frozen=True)
class Trial:
    """One run of the sweep. `number` counts from 1; `values` are the objectives', in their order.

    state: running, complete, pruned, failed, or stopped (it is begun again when the sweep goes on).
    """

    number: int
    settings: dict[str, JsonValue]
    state: str = "running"
    run: str = ""
    values: tuple[float, ...] = ()
    message: str = ""
    epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    ended: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON, with the number as "trial"."""
        return {"trial": self.number, **asdict(self)}


@dataclass(frozen=True)
class State:
    """Where a sweep stands.

    status: running, interrupted (its driver is gone and nothing starts it again now), stopped,
    finished, failed.
    """

    status: str = "running"
    message: str = ""
    error: dict[str, str] | None = None
    importance: dict[str, float] = field(default_factory=dict)
    pid: int | None = None
    updated: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


_TRIAL = {one.name for one in fields(Trial)}
_STATE = {one.name for one in fields(State)}


class Sweep:
    """An open sweep folder."""

    def __init__(self, sweep_id: str) -> None:
        self.id = sweep_id
        self.folder = room("sweeps") / sweep_id
        if not _ID.fullmatch(sweep_id) or not (self.folder / "sweep.json").is_file():
            raise LaminaError(
                f"There is no sweep {sweep_id!r}.",
                place="sweep",
                remedy="`lamina sweep list` shows them all.",
                code="gone",
            )

    @property
    def plan(self) -> Plan:
        """What it sets out to do."""
        return Plan.model_validate_json((self.folder / "sweep.json").read_bytes())

    def project(self) -> Project:
        """The project that its trials vary."""
        return projects.load(self.folder / "project.lamina.json")

    @property
    def state(self) -> State:
        """Where it stands now."""
        found = self.stored_state()
        young = time.time() - found.updated < PATIENCE
        if found.status != "running" or young or process.held(self.lock) or lease.running():
            return found
        words = "The process that drives this sweep is gone; it goes on when Lamina runs again."
        return replace(found, status="interrupted", message=words, pid=None)

    def stored_state(self) -> State:
        """The state as it was last written."""
        found = files.read_json(self.folder / "state.json")
        known = found if isinstance(found, dict) else {}
        return State(**{name: value for name, value in known.items() if name in _STATE})

    def trials(self) -> list[Trial]:
        """All trials so far by number; those under way with their latest figures."""
        return [_live(one) if one.state == "running" else one for one in self.records()]

    def records(self) -> list[Trial]:
        """The trials as the driver wrote them, by number."""
        found = {}
        for row in files.read_lines(self.folder / "trials.jsonl"):
            kept = {name: value for name, value in row.items() if name in _TRIAL}
            one = Trial(**{**kept, "values": tuple(kept.get("values", ()))})
            found[one.number] = one
        return [found[number] for number in sorted(found)]

    @property
    def lock(self) -> Path:
        """The file whose lock its driver holds."""
        return self.folder / "lock"

    @property
    def stop_path(self) -> Path:
        """The file that asks the driver to end."""
        return self.folder / "stop"

    @property
    def stopping(self) -> bool:
        """Whether its driver is asked to end and has not yet."""
        return self.stored_state().status == "running" and self.stop_path.exists()

    def write_state(self, state: State) -> None:
        """Replace the state."""
        files.write_json(
            self.folder / "state.json", replace(state, updated=time.time()).to_dict(), sync=True
        )

    def write_trial(self, trial: Trial) -> None:
        """Append a trial as it is now."""
        files.append_line(self.folder / "trials.jsonl", _finite(asdict(trial)))

    def mend(self) -> None:
        """Write the trials anew, one line each, without a torn last line."""
        lines = [json.dumps(_finite(asdict(one)), ensure_ascii=False) for one in self.records()]
        files.write(self.folder / "trials.jsonl", "".join(f"{line}\n" for line in lines))


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN: such figures are left out."""
    figures = {key: value for key, value in row["figures"].items() if abs(value) < float("inf")}
    return {**row, "figures": figures}


def _live(trial: Trial) -> Trial:
    """A trial under way with what its run says now."""
    try:
        run = Run(trial.run)
    except LaminaError:
        return trial
    now, epochs = run.status, run.epochs()
    figures = {key: value for key, value in epochs[-1].items() if key != "best"} if epochs else {}
    return replace(
        trial,
        epoch=now.epoch,
        epochs=now.epochs,
        seconds=now.seconds,
        figures=figures,
        message="Waits." if now.status == "queued" else "",
    )


def ids() -> list[str]:
    """All sweeps, oldest first."""
    return sorted(path.name for path in room("sweeps").iterdir() if _ID.fullmatch(path.name))


def find(given: str) -> Sweep:
    """The sweep of that id, of the one id that begins so, or the newest for 'last'."""
    known: Sequence[str] = ids()
    near = known[-1:] if given == "last" else [one for one in known if one.startswith(given)]
    if len(near) > 1 and given not in near:
        raise LaminaError(
            f"{len(near)} sweeps begin with '{given}'.",
            place="SWEEP",
            remedy="Write more of the id.",
        )
    return Sweep(near[0] if len(near) == 1 else given)
