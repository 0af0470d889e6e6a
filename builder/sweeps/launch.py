"""Begin a sweep: everything checked first, the folder written whole, the driver kept alive."""

import itertools
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from builder import project as projects
from builder import runs
from builder.errors import LaminaError
from builder.home import room
from builder.project import Project
from builder.runs import care
from builder.sweeps import folder as folders
from builder.sweeps import grid, space, text
from builder.sweeps.folder import ENDED, State, Sweep
from builder.sweeps.plan import MEASURES, PRUNERS, SAMPLERS, Kind, Objective, Plan
from builder.sweeps.space import Parameter
from builder.train import files

if TYPE_CHECKING:
    from builder.runs.launch import Ready

USUAL_TRIALS = 20
MOST_OBJECTIVES = 3
LONGEST = 120
"""Characters of a sweep's name at most."""
OF_THE_LOSS = ("task.loss", "task.options.", "recipe.label_smoothing", "recipe.class_weights")
"""Fields that change what the loss is, by how they begin."""


def start(
    project: Project,
    over: Sequence[str | Parameter],
    *,
    trials: int | None = None,
    sampler: str = "tpe",
    pruner: str | None = None,
    objectives: Sequence[str] = (),
    parallel: int | None = None,
    seed: int = 0,
    name: str = "",
    project_id: str = "",
    kind: Kind = "search",
) -> Sweep:
    """Check everything, write the sweep's folder and have it driven; returns at once.

    `over`: parameters, or their texts (see `sweeps.text`). `trials`: 20, in a grid all
    combinations. `objectives`: figures of an epoch, "seconds" or "parameters"; ":min" or ":max"
    behind says what is better. Without one, the project's monitored figure. `pruner` None: median
    for one objective that is an epoch's figure, else none. `parallel` None: as many runs as the
    device takes at once.

    Raises LaminaError with the field and the remedy, and leaves nothing behind.
    """
    _one_of(sampler, SAMPLERS, "sampler")
    if pruner is not None:
        _one_of(pruner, PRUNERS, "pruner")
    _count(trials, None)
    _check_parallel(parallel)
    _check_name(name)
    parsed = [text.parse(one) if isinstance(one, str) else one for one in over]
    parameters = space.fit(parsed, project)
    points = len(grid.grid(parameters)) if sampler == "grid" else None
    count = _count(trials, points)
    ready = runs.check(project)
    wanted = tuple(objective(one, ready) for one in objectives or (_usual(ready, parameters),))
    if len({one.figure for one in wanted}) != len(wanted) or len(wanted) > MOST_OBJECTIVES:
        raise LaminaError(
            "One to three different objectives are possible.", place="objective", remedy="Drop one."
        )
    _refuse_other_losses(wanted, parameters)
    device = ready.resolved.recipe.device
    sweep_id = runs.folder.new_id()
    plan = Plan(
        id=sweep_id,
        name=name.strip() or _name(project_id, project),
        kind=kind,
        created=time.time(),
        project_id=project_id,
        parameters=parameters,
        objectives=wanted,
        sampler=sampler,
        pruner=_pruner(pruner, sampler, wanted),
        trials=count,
        parallel=_parallel(parallel, device, count),
        seed=seed,
        epochs=ready.resolved.recipe.epochs,
        device=device,
    )
    _write(plan, project)
    care.keep(sweep_id, "builder.sweeps.driver", sweep_id, lock=room("sweeps") / sweep_id / "lock")
    return Sweep(sweep_id)


def _one_of(value: str, known: Sequence[str], place: str) -> None:
    if value not in known:
        raise LaminaError(
            f"There is no {place} {value!r}.", place=place, remedy=f"Choose: {', '.join(known)}."
        )


def _count(trials: int | None, points: int | None) -> int:
    if trials is not None and not 1 <= trials <= grid.LARGEST:
        raise LaminaError(
            f"{trials:,} trials are not possible.",
            place="trials",
            remedy=f"Give a whole number from 1 to {grid.LARGEST:,}.",
        )
    if points is not None:
        return min(points, trials or points)
    return trials or USUAL_TRIALS


def _check_parallel(wish: int | None) -> None:
    if wish is not None and not 1 <= wish <= runs.queue.MOST:
        raise LaminaError(
            f"{wish} runs at once are not possible.",
            place="parallel",
            remedy=f"Give 1 to {runs.queue.MOST}.",
        )


def _check_name(name: str) -> None:
    long = len(name.strip())
    if long > LONGEST:
        raise LaminaError(
            f"The name has {long:,} characters, and {LONGEST} fit.",
            place="name",
            remedy="Give a shorter one.",
        )


def _parallel(wish: int | None, device: str, trials: int) -> int:
    return min(wish or runs.limits(device), trials)


def _pruner(wish: str | None, sampler: str, objectives: Sequence[Objective]) -> str:
    fit = pruners([one.figure for one in objectives])
    if wish is None:
        return "median" if "median" in fit and sampler != "grid" else "none"
    if wish not in fit:
        words = "Leave the pruner out"
        remedy = f"{words}, or take halving." if "halving" in fit else f"{words}."
        fact = (
            "The median is of one objective; several have none."
            if "halving" in fit
            else "Pruning needs an objective that is known after each epoch."
        )
        raise LaminaError(fact, place="pruner", remedy=remedy)
    return wish


def pruners(figures: Sequence[str]) -> tuple[str, ...]:
    """The pruners that can judge trials by these figures."""
    if all(one in MEASURES for one in figures):
        return ("none",)
    return PRUNERS if len(figures) == 1 else ("halving", "none")


def objective(wish: str, ready: "Ready") -> Objective:
    """An objective from its text. Raises LaminaError for a figure that these runs do not have."""
    from builder.metrics import higher_is_better

    figure, _, direction = wish.partition(":")
    known = figures(ready)
    if figure not in known:
        raise LaminaError(
            f"The figure {figure!r} is not computed in these runs.",
            place="objective",
            remedy=f"Choose one of: {', '.join(known)}.",
        )
    words = {"min": "minimize", "max": "maximize", "minimize": "minimize", "maximize": "maximize"}
    if direction and direction not in words:
        raise LaminaError(
            f"{direction!r} is no direction.", place="objective", remedy="Write :min or :max."
        )
    usual = "maximize" if higher_is_better(figure) else "minimize"
    return Objective.model_validate(
        {"figure": figure, "direction": words[direction] if direction else usual}
    )


def figures(ready: "Ready") -> list[str]:
    """What may be an objective: figures of an epoch, and the measures of a run."""
    from builder import tasks

    spec, project = ready.prepared.spec, ready.project
    names = ("loss", *tasks.make(tasks.context(project, spec)).metrics())
    splits = ("validation", "train") if spec.sizes.get("validation") else ("train",)
    return [*(f"{split}_{name}" for split in splits for name in names), *MEASURES]


def _measured_anew(parameters: Sequence[Parameter]) -> str | None:
    """The field that gives each trial a loss of its own; None where all have the same."""
    return next((one.field for one in parameters if one.field.startswith(OF_THE_LOSS)), None)


def _usual(ready: "Ready", parameters: Sequence[Parameter]) -> str:
    """The figure that says what is better: the one that the project watches, or, where the loss
    itself is varied, the first one that is comparable.
    """
    watched = ready.project.recipe.monitor
    if not watched.endswith("_loss") or _measured_anew(parameters) is None:
        return watched
    split = watched.removesuffix("_loss")
    plain = (one for one in figures(ready) if one.startswith(f"{split}_") and one != watched)
    return next(plain, watched)


def _refuse_other_losses(wanted: Sequence[Objective], parameters: Sequence[Parameter]) -> None:
    field = _measured_anew(parameters)
    for one in wanted:
        if field is not None and one.figure.endswith("_loss"):
            raise LaminaError(
                f"{field} changes what the loss is, so two trials' losses cannot be compared.",
                place=f"objective {one.figure}",
                remedy="Compare them by another figure, such as the accuracy.",
            )


def _name(project_id: str, project: Project) -> str:
    plans = [Sweep(one).plan for one in folders.ids()]
    if project_id:
        count = sum(one.project_id == project_id for one in plans)
        return f"sweep {count + 1}"
    taken = {one.name for one in plans}
    return next(name for name in _numbered(project.name) if name not in taken)


def _numbered(project: str) -> Iterator[str]:
    """ "penguins sweep", "penguins sweep 2" and so on; a long project's name ends in "…"."""
    for number in itertools.count(1):
        end = " sweep" if number == 1 else f" sweep {number}"
        room_left = LONGEST - len(end)
        yield (project if len(project) <= room_left else f"{project[: room_left - 1]}…") + end


def _write(plan: Plan, project: Project) -> None:
    """The folder, whole or not there."""
    aside = room("sweeps") / f".{plan.id}.{os.getpid()}.{secrets.token_hex(2)}"
    with files.disk_errors(str(room("sweeps"))):
        try:
            aside.mkdir()
            (aside / "project.lamina.json").write_text(projects.dumps(project), "utf-8")
            (aside / "sweep.json").write_text(plan.model_dump_json(), "utf-8")
            files.write_json(aside / "state.json", State(updated=time.time()).to_dict())
            os.rename(aside, room("sweeps") / plan.id)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def stop(sweep_id: str) -> None:
    """Stop a sweep and its runs; it can be resumed. Raises LaminaError where it has ended."""
    sweep = Sweep(sweep_id)
    now = sweep.state
    if now.status not in folders.ACTIVE:
        raise LaminaError(f"The sweep has ended ({now.status}).", place=f"sweep {sweep_id}")
    sweep.stop_path.touch()
    if now.status == "interrupted":
        from builder.sweeps import driver

        driver.stand_in(sweep)


def resume(sweep_id: str, *, trials: int | None = None) -> Sweep:
    """Go on with a sweep that was stopped, interrupted or failed; `trials` asks for more in all.

    Trials that were stopped are begun again. Raises LaminaError where nothing is left to do.
    """
    sweep = Sweep(sweep_id)
    place = f"sweep {sweep_id}"
    if sweep.state.status == "running":
        raise LaminaError("The sweep is running.", place=place)
    plan = sweep.plan
    if trials is not None:
        count = _count(trials, None)
        if plan.sampler == "grid":
            count = min(count, len(grid.grid(plan.parameters)))
        plan = plan.model_copy(update={"trials": max(count, plan.trials)})
        files.write(sweep.folder / "sweep.json", plan.model_dump_json(), sync=True)
    records = sweep.records()
    ended = sum(one.state in ENDED for one in records)
    if ended >= plan.trials:
        raise LaminaError(
            f"All {plan.trials} trials are done.",
            place=place,
            remedy=f"Ask for more: --trials {plan.trials + 10}.",
        )
    sweep.stop_path.unlink(missing_ok=True)
    sweep.write_state(State("running", importance=sweep.stored_state().importance))
    care.keep(sweep_id, "builder.sweeps.driver", sweep_id, lock=sweep.lock)
    return sweep


def delete(sweep_id: str, *, with_runs: bool = False) -> None:
    """Delete a sweep that has ended; `with_runs` also its trials' runs."""
    sweep = Sweep(sweep_id)
    if sweep.state.status in folders.ACTIVE:
        raise LaminaError(
            "The sweep is under way.", place=f"sweep {sweep_id}", remedy="Stop it first."
        )
    if with_runs:
        for row in runs.list_runs():
            if row.sweep == sweep_id and row.status in ("finished", "stopped", "failed"):
                runs.delete(row.id)
    care.release(sweep_id)
    shutil.rmtree(sweep.folder)


def wait(sweep_id: str, timeout: float | None = None) -> State:
    """Wait until a sweep has ended (or the time is over); gives its state."""
    until = None if timeout is None else time.monotonic() + timeout
    sweep = Sweep(sweep_id)
    while (now := sweep.state).status == "running":
        if until is not None and time.monotonic() > until:
            break
        time.sleep(0.1)
    return now


def settled(project: Project, settings: Mapping[str, Any]) -> Project:
    """The project with a trial's settings: what "adopt" gives. Raises LaminaError where a field is
    gone.
    """
    from builder.sweeps import fields

    return fields.apply(project, settings)
