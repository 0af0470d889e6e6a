"""Do what the doctor proposes about a symptom, in a new run: the run itself is left alone."""

from collections.abc import Mapping
from typing import Any

from builder.errors import LaminaError
from builder.graph import edit
from builder.project import Project
from builder.runs import launch
from builder.runs.fork import fork
from builder.runs.run import Run

GO_ON = ("recipe.optimizer.lr", "recipe.clip_norm", "recipe.batch_size", "data.augment")
"""Changes with which a run can go on from its best epoch; others begin anew."""


def treat(run_id: str, kind: str, change: int = 0, *, detach: bool = True) -> Run:
    """A new run with the symptom's change number `change`.

    It forks the best epoch where only the pace changes (after an order that did harm: the last
    state from before it), and begins anew where the network, the data or the way of learning does,
    or where what was learnt is spoilt. Raises LaminaError where the run has no such symptom or
    change, or the change cannot be made.
    """
    run = Run(run_id)
    wish = _change(run, kind, change)
    overrides, edits = dict(wish.get("overrides") or {}), wish.get("edits") or ()
    if not overrides and not edits:
        raise LaminaError(
            "This change is an order to the running run.",
            place=f"run {run_id}, {kind}",
            remedy="Give it as an order while the run goes on.",
        )
    info = run.info
    name = f"{info.get('name', run_id)}: {wish['label']}"[:120]
    begin = _beginning(run, wish.get("before"))
    goes_on = not edits and not wish.get("anew") and all(field in GO_ON for field in overrides)
    if goes_on and begin is not None:
        return fork(run_id, begin, overrides, name=name, detach=detach)
    project = changed(run.project(), wish)
    return launch.start(
        project,
        project_id=str(info.get("project_id", "")),
        name=name,
        overrides=overrides,
        detach=detach,
        marks={"treated": {"run": run_id, "symptom": kind}},
    )


def _change(run: Run, kind: str, number: int) -> Mapping[str, Any]:
    """The change that stands in the run's folder; nothing is taken from whoever asks."""
    rows = [row for row in run.symptoms() if row["kind"] == kind and row.get("state") != "gone"]
    changes = rows[-1].get("changes") or () if rows else ()
    if not 0 <= number < len(changes):
        raise LaminaError(
            f"The doctor proposes no change {number + 1} for {kind!r} in this run.",
            place=f"run {run.id}",
            remedy="See `lamina runs show` for what it proposes.",
        )
    found: Mapping[str, Any] = changes[number]
    return found


def _beginning(run: Run, before: int | None) -> str | None:
    """The checkpoint to go on from: the best, or the last one up to step `before`; None where there
    is none or no epoch is left after it.
    """
    kept = [
        one
        for one in run.checkpoints()
        if (one.best or before is not None) and (before is None or one.step <= before)
    ]
    found = max(kept, key=lambda one: one.step, default=None)
    return found.name if found is not None and found.epoch < run.project().recipe.epochs else None


def changed(project: Project, wish: Mapping[str, Any]) -> Project:
    """The project with the change's edits of its graph."""
    name = str(wish.get("graph") or "model")
    if not wish.get("edits") or name not in project.graphs:
        return project
    graph = project.graphs[name]
    for operation, arguments in wish["edits"]:
        graph = edit.apply(graph, operation, arguments)
    return project.model_copy(update={"graphs": {**project.graphs, name: graph}})
