"""A trial and its run: begun as any run is, watched by its folder, and what came of it."""

import math
import shutil
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace

from builder import runs
from builder.errors import LaminaError
from builder.project import Project
from builder.runs.run import Run
from builder.sweeps import fields
from builder.sweeps.folder import ENDED, Sweep, Trial
from builder.sweeps.plan import MEASURES, Plan
from builder.sweeps.space import Settings
from builder.train import files

PRUNE, STOP = "sweep: pruned", "sweep: stopped"
SYSTEM = "the system"
PRIORITY = runs.queue.PATIENT
"""Single runs go before a sweep's."""


def begin(plan: Plan, project: Project, number: int, settings: Settings) -> Trial:
    """Start the trial's run; where that cannot be, the trial has failed, in words."""
    trial = Trial(number, settings, started=time.time(), epochs=plan.epochs)
    try:
        run = runs.start(
            fields.apply(project, settings),
            project_id=plan.project_id,
            name=plan.called(number, settings),
            priority=PRIORITY,
            marks={"sweep": plan.id, "trial": number, "settings": settings},
        )
    except LaminaError as error:
        return replace(trial, state="failed", message=str(error), ended=time.time())
    except Exception as error:
        print(traceback.format_exc(), flush=True)  # into the sweep's log
        words = f"It failed unexpectedly: {type(error).__name__}: {error}."
        return replace(trial, state="failed", message=words, ended=time.time())
    return replace(trial, run=run.id)


def adopted(sweep: Sweep, trial: Trial) -> Trial | None:
    """The trial with the run that was started for it before its number could be written down."""
    if trial.run:
        return trial
    for row in runs.list_runs():
        if row.sweep == sweep.id and row.trial == trial.number and row.status != "stopped":
            return replace(trial, run=row.id)
    return None


def progress(run: Run, plan: Plan) -> list[tuple[float, ...]]:
    """The objectives' values after each epoch so far; empty where a single one is no epoch's
    figure.
    """
    figures = [one.figure for one in plan.objectives]
    if len(figures) == 1 and figures[0] in MEASURES:
        return []
    size = float(run.info.get("parameters", math.nan)) if "parameters" in figures else math.nan
    rows = [
        {**row, "seconds": row.get("time", math.nan), "parameters": size} for row in run.epochs()
    ]
    return [tuple(float(row.get(figure, math.nan)) for figure in figures) for row in rows]


WHY = {"median": "behind the median of the trials before it", "halving": "not among the best third"}
"""Why a trial is given up, by pruner."""


def prune(trial: Trial, pruner: str, epoch: int) -> None:
    """Order its run to stop after `epoch`; a run that has ended meanwhile keeps its end."""
    _order_stop(trial, PRUNE, f"Given up by the sweep after epoch {epoch}: {WHY[pruner]}.")


def stop(trial: Trial) -> None:
    """Order its run to stop because the sweep stops."""
    _order_stop(trial, STOP, "Stopped with its sweep.")


def _order_stop(trial: Trial, who: str, because: str) -> None:
    try:
        runs.order(trial.run, {"order": "stop", "because": because}, who=who)
    except LaminaError:  # it has ended, or was deleted
        return


def outcome(trial: Trial, plan: Plan) -> Trial:
    """The trial as its run left it; the same trial while the run goes on."""
    try:
        run = Run(trial.run)
    except LaminaError:
        return replace(trial, state="failed", message="Its run was deleted.", ended=time.time())
    now = run.status
    gone = (now.error or {}).get("code") == "worker_gone"
    if not now.ended or (gone and runs.folder.stored_status(run.folder).active):
        return trial  # the supervisor takes it up again
    epochs = run.epochs()
    best = [row for row in epochs if row.get("best")] or epochs
    figures = {key: value for key, value in best[-1].items() if key != "best"} if best else {}
    ended = replace(
        trial,
        epoch=now.epoch,
        epochs=now.epochs,
        seconds=now.seconds,
        figures=figures,
        ended=time.time(),
    )
    if now.status == "failed":
        return replace(ended, state="failed", message=now.message)
    if now.status == "stopped":
        return _stopped(ended, _who_stopped(run), now.message)
    values = [_value(run, figures, one.figure, now.seconds) for one in plan.objectives]
    lacking = [
        one.figure for one, value in zip(plan.objectives, values) if not math.isfinite(value)
    ]
    if lacking:
        words = f"{lacking[0].replace('_', ' ')} is no number at the end."
        return replace(ended, state="failed", message=words)
    return replace(ended, state="complete", values=tuple(values))


def _stopped(trial: Trial, who: str, said: str) -> Trial:
    if who in (STOP, SYSTEM):
        return replace(trial, state="stopped", message="The sweep was stopped.")
    words = said
    if who != PRUNE:
        words = f"Stopped by hand after epoch {trial.epoch}."
    return replace(trial, state="pruned", message=words)


def _who_stopped(run: Run) -> str:
    orders = [one for one in run.events() if one.get("kind") == "order" and one.get("accepted")]
    stops = [one for one in orders if one["order"].get("order", "").startswith("stop")]
    return str(stops[-1].get("who", "")) if stops else ""


def _value(run: Run, figures: dict[str, float], figure: str, seconds: float) -> float:
    if figure == "seconds":
        return seconds
    if figure == "parameters":
        return float(run.info.get("parameters", math.nan))
    return float(figures.get(figure, math.nan))


def tidy(trial: Trial) -> None:
    """Free the disk of a pruned trial's checkpoints; its curves and log stay."""
    try:
        run = Run(trial.run)
    except LaminaError:
        return
    shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)
    files.write_json(run.folder / "checkpoints.json", {})


def failing(trials: Sequence[Trial], limit: int = 10) -> str:
    """Why a sweep has failed: at least `limit` trials have ended, and all failed. Else empty."""
    ended = [one for one in trials if one.state in ENDED]
    if len(ended) < limit or any(one.state != "failed" for one in ended):
        return ""
    if len(ended) == 1:
        return f"The only trial has failed: {ended[0].message}"
    return f"The first {len(ended)} trials have all failed; the last one: {ended[-1].message}"
