"""Sweeps: many ordinary runs that vary a project's settings, drawn, watched and compared.

Optuna and torch are imported when they are used.
"""

from builder.sweeps.fields import Field
from builder.sweeps.figures import Group, Spread, best, groups, pareto, spreads, time_left
from builder.sweeps.folder import ENDED, State, Sweep, Trial, find, ids
from builder.sweeps.launch import delete, resume, settled, start, stop, wait
from builder.sweeps.plan import Objective, Plan
from builder.sweeps.repeat import ablate, folds, removable, seeds, unfit
from builder.sweeps.space import Parameter
from builder.sweeps.text import parse

__all__ = [
    "ENDED",
    "Field",
    "Group",
    "Objective",
    "Parameter",
    "Plan",
    "Spread",
    "State",
    "Sweep",
    "Trial",
    "ablate",
    "best",
    "delete",
    "find",
    "folds",
    "groups",
    "ids",
    "list_sweeps",
    "open_sweep",
    "pareto",
    "parse",
    "removable",
    "resume",
    "seeds",
    "settled",
    "spreads",
    "start",
    "stop",
    "time_left",
    "unfit",
    "wait",
]


def open_sweep(sweep_id: str) -> Sweep:
    """A sweep by its id. Raises LaminaError where there is none."""
    return Sweep(sweep_id)


def list_sweeps(project_id: str | None = None) -> list[Sweep]:
    """All sweeps (of a project), the newest first."""
    found = [Sweep(one) for one in reversed(ids())]
    return [one for one in found if project_id is None or one.plan.project_id == project_id]
