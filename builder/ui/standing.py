"""Which of a project's runs stands for it: one that a person began, or a fork; not one of many that
answer a question together, such as an ablation's run without a layer.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from builder.errors import LaminaError
from builder.home import room
from builder.ui import comparison

if TYPE_CHECKING:
    from builder.runs.index import Row

EMPTY = 4
"""So many bytes a list of checkpoints without any has at most."""


def in_order(rows: "Sequence[Row]") -> "list[Row]":
    """Those that a person began, in their order; then a sweep's trials, the best of the newest
    sweep first.
    """
    own = [row for row in rows if not row.sweep]
    trials = [row for row in rows if row.sweep]
    if own or not trials:
        return own + trials
    best = _best(trials[0].sweep)
    return sorted(trials, key=lambda row: row.id != best)


def _best(sweep: str) -> str:
    """The run of the sweep's best trial by its own objective; empty where there is none."""
    from builder import sweeps

    try:
        found = sweeps.open_sweep(sweep)
        best = sweeps.best(found.records(), found.plan)
    except (LaminaError, OSError, ValueError):  # deleted, or not readable any more
        return ""
    return best.run if best else ""


def keeps(row: "Row") -> bool:
    """Whether the run keeps a checkpoint."""
    try:
        return (room("runs") / row.id / "checkpoints.json").stat().st_size > EMPTY
    except OSError:
        return False


def told(rows: "Sequence[Row]") -> dict[str, str]:
    """Runs to choose from by their id: name, where it comes from, and its headline figure."""
    name = comparison.headline(rows)
    origins = {sweep: _origins(sweep) for sweep in {row.sweep for row in rows} if sweep}
    return {
        row.id: " · ".join(_parts(row, origins.get(row.sweep, {}).get(row.trial, ""), name))
        for row in rows
    }


def _parts(row: "Row", origin: str, name: str | None) -> list[str]:
    found = [row.name or row.id]
    if origin and origin not in found[0]:  # it was given another name
        found.append(origin)
    value = comparison.finite(row.best.get(name or ""))
    if name and value is not None:
        found.append(f"{comparison.figure_word(name)} {comparison.figure(value)}")
    return found


def _origins(sweep: str) -> dict[int, str]:
    """What the sweep called its trials' runs, by number; empty where it was deleted."""
    from builder import sweeps

    try:
        found = sweeps.open_sweep(sweep)
        plan = found.plan
        return {one.number: plan.called(one.number, one.settings) for one in found.records()}
    except (LaminaError, OSError, ValueError):
        return {}
