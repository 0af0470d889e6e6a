"""Many runs on the command line: sweeps, runs over seeds, ablations."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from builder import errors, project
from builder.cli import beginning, root, training

if TYPE_CHECKING:
    from builder.sweeps import Sweep, Trial

ENDED = ("finished", "stopped", "failed", "interrupted")
POLL = 0.2


class _FileOrCommand(TyperGroup):
    """`lamina sweep FILE …` starts one; `lamina sweep list` and the like are commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """What is no command is a project file, or an option for it: then `start` is meant."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["start", *args]
        return super().parse_args(ctx, args)


sweep_app = typer.Typer(
    cls=_FileOrCommand,
    help="Search the best settings: `lamina sweep FILE --over recipe.optimizer.lr=1e-4..1e-1:log`.",
    no_args_is_help=True,
)
root.app.add_typer(sweep_app, name="sweep", rich_help_panel=None)

SweepId = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A sweep's id, the beginning of one, or 'last'.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="As in train: recipe.epochs=3"),
]
Detach = Annotated[bool, typer.Option("--detach", help="Return at once.")]


@sweep_app.command("start")
def start_(
    file: root.ProjectFile,
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUES",
            help="LOW..HIGH[:log][:step=S][:n=N] or A,B,C; more: docs/sweeps.md. May be repeated.",
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="20; in a grid all combinations.")] = None,
    sampler: Annotated[str, typer.Option(help="tpe, random or grid")] = "tpe",
    pruner: Annotated[
        str | None, typer.Option(help="halving, median or none (several objectives: none)")
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="validation_accuracy, seconds, parameters …; up to three, also FIGURE:max"
        ),
    ] = None,
    parallel: Annotated[int | None, typer.Option(help="Runs at once; the device's limit.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    name: Annotated[str, typer.Option(help="A name for the sweep.")] = "",
    sets: Sets = None,
    detach: Detach = False,
    as_json: root.Json = False,
) -> None:
    """Search the best settings; Ctrl-C stops the sweep, which can be resumed."""
    from builder import sweeps

    if not over:
        raise errors.LaminaError(
            "Nothing is varied.",
            place="sweep",
            remedy="Add --over recipe.optimizer.lr=1e-4..1e-1:log.",
        )
    begun = sweeps.start(
        _project(file, sets),
        over,
        trials=trials,
        sampler=sampler,
        pruner=pruner,
        objectives=objective or (),
        parallel=parallel,
        seed=seed,
        name=name,
    )
    _report(begun, detach, as_json)


@root.app.command("seeds")
def seeds(
    file: root.ProjectFile,
    count: Annotated[int, typer.Option("--count", help="How many seeds.")] = 5,
    sets: Sets = None,
    detach: Detach = False,
    as_json: root.Json = False,
) -> None:
    """Train with several seeds: how much of a figure is luck."""
    from builder import sweeps

    _report(sweeps.seeds(_project(file, sets), count), detach, as_json)


@root.app.command("folds")
def folds(
    file: root.ProjectFile,
    count: Annotated[int, typer.Option("--count", help="How many folds.")] = 5,
    sets: Sets = None,
    detach: Detach = False,
    as_json: root.Json = False,
) -> None:
    """Cross-validate: train once for each fold of the rows beside the test."""
    from builder import sweeps

    _report(sweeps.folds(_project(file, sets), count), detach, as_json)


@root.app.command("ablate")
def ablate(
    file: root.ProjectFile,
    nodes: Annotated[
        list[str] | None, typer.Argument(metavar="NODE", help="All that can be, without any.")
    ] = None,
    count: Annotated[int, typer.Option("--seeds", help="How many seeds.")] = 3,
    sets: Sets = None,
    detach: Detach = False,
    as_json: root.Json = False,
) -> None:
    """Train with and without each node over seeds: what does it contribute?"""
    from builder import sweeps

    _report(sweeps.ablate(_project(file, sets), nodes or (), count=count), detach, as_json)


def _project(file: Path, sets: list[str] | None) -> project.Project:
    given = root.load(file)
    for item in sets or ():
        given = training.with_setting(given, item)
    return given


def _report(begun: "Sweep", detach: bool, as_json: bool) -> None:
    """Follow the sweep to its end and report it, or only name it."""
    from builder import sweeps

    if detach:
        root.emit({"sweep": begun.id, "status": "running"}, as_json, lambda: begun.id)
        return
    code = root.OK
    try:
        follow(begun)
    except KeyboardInterrupt:
        code = root.STOPPED
        root.say("\nStopping the sweep; `lamina sweep resume` goes on with it …")
        sweeps.stop(begun.id)
        sweeps.wait(begun.id, timeout=60.0)
    found = document(begun)
    root.emit(found, as_json, lambda: text(begun))
    if code == root.OK and found["status"] != "finished":
        code = root.RUN_FAILED if found["status"] == "failed" else root.STOPPED
        root.say(found["message"])
    if code:
        raise typer.Exit(code)


def follow(begun: "Sweep") -> None:
    """One line on standard error for each trial that ends, and one that counts."""
    live = sys.stderr.isatty()
    told: set[int] = set()
    plan = begun.plan
    while True:
        status = begun.state.status
        trials = begun.records()
        for one in trials:
            if one.state != "running" and one.number not in told:
                told.add(one.number)
                root.say(f"{chr(13) if live else ''}{_line(one)}")
        if live:
            running = sum(one.state == "running" for one in trials)
            line = f"{len(told)} of {plan.trials} trials, {running} running"
            print(f"\r{line.ljust(60)}", end="", file=sys.stderr, flush=True)
        if status in ENDED:
            if live:
                print(file=sys.stderr)
            return
        time.sleep(POLL)


def _line(trial: "Trial") -> str:
    settings = ", ".join(f"{_short(key)} {_value(one)}" for key, one in trial.settings.items())
    figures = "  ".join(root.number(one) for one in trial.values) or trial.message
    return f"trial {trial.number}: {trial.state}  {figures}  ({settings})"


def _short(field: str) -> str:
    return field.removeprefix("recipe.").removeprefix("graphs.")


def _value(value: Any) -> str:
    from builder.sweeps.space import shown

    return shown(value)


def document(found: "Sweep") -> dict[str, Any]:
    """A sweep as plain data: plan, state, trials, the best one, the Pareto front, groups."""
    from builder import sweeps

    plan, state, trials = found.plan, found.state, found.trials()
    best = sweeps.best(trials, plan)
    return {
        "sweep": found.id,
        **{key: value for key, value in plan.model_dump(mode="json").items() if key != "id"},
        "planned_trials": plan.trials,
        "status": state.status,
        "message": state.message,
        "error": state.error,
        "importance": state.importance,
        "best": best.to_dict() if best else None,
        "pareto": [one.number for one in sweeps.pareto(trials, plan)],
        "groups": [one.to_dict() for one in sweeps.groups(trials)] if plan.kind != "search" else [],
        "spreads": [one.to_dict() for one in sweeps.spreads(trials)] if plan.repeats else [],
        "trials": [one.to_dict() for one in trials],
        "folder": str(found.folder),
    }


def text(found: "Sweep") -> str:
    """A sweep as a person reads it."""
    from builder import sweeps

    plan, state, trials = found.plan, found.state, found.trials()
    ended = sum(one.state in sweeps.ENDED for one in trials)
    lines = [f"sweep {found.id} “{plan.name}”: {state.status}, {ended} of {plan.trials} trials"]
    if state.message:
        lines.append(state.message)
    header = ("trial", "state", *(one.figure for one in plan.objectives), "epoch", "settings")
    rows = [
        (
            one.number,
            one.state,
            *(root.number(value) for value in one.values or ("",) * len(plan.objectives)),
            one.epoch,
            ", ".join(f"{_short(key)}={_value(value)}" for key, value in one.settings.items())
            if one.state != "failed"
            else one.message,
        )
        for one in trials
    ]
    if rows:
        lines.append(root.table(rows, header))
    if plan.repeats:
        lines += ["", _spreads_text(found)]
    elif plan.kind != "search":
        lines += ["", _groups_text(found)]
    elif len(plan.objectives) > 1:
        front = ", ".join(str(one.number) for one in sweeps.pareto(trials, plan))
        lines.append(f"Pareto front: trials {front or '–'}")
    elif (best := sweeps.best(trials, plan)) is not None:
        lines.append(f"best: trial {best.number}, run {best.run}")
    if state.importance:
        shares = ", ".join(f"{_short(key)} {one:.0%}" for key, one in state.importance.items())
        lines.append(f"importance: {shares}")
    return "\n".join(lines)


def _spreads_text(found: "Sweep") -> str:
    from builder import sweeps

    rows = [
        (one.figure, *map(root.number, (one.mean, one.deviation, one.lowest, one.highest)))
        for one in sweeps.spreads(found.trials())
    ]
    return root.table(rows, (f"over {found.plan.kind}", "mean", "±", "lowest", "highest"))


def _groups_text(found: "Sweep") -> str:
    from builder import sweeps

    figure = found.plan.objectives[0].figure
    rows = []
    for one in sweeps.groups(found.trials()):
        what = str(one.settings.get("without", ""))
        words = f"without {what}" if what else "as it is"
        apart = root.number(one.difference)
        rows.append(
            (
                words,
                one.count,
                root.number(one.mean),
                root.number(one.deviation),
                apart if one.pairs else "",
                one.verdict(found.plan.objectives[0]),
            )
        )
    return root.table(rows, ("", "seeds", figure, "± (seeds)", "difference", ""))


@sweep_app.command("list")
def list_(as_json: root.Json = False) -> None:
    """All sweeps, the newest first."""
    from builder import sweeps

    rows, documents = [], []
    for one in sweeps.list_sweeps():
        plan, state, trials = one.plan, one.state, one.records()
        best = sweeps.best(trials, plan)
        ended = sum(item.state in sweeps.ENDED for item in trials)
        documents.append(
            {
                "sweep": one.id,
                "name": plan.name,
                "kind": plan.kind,
                "status": state.status,
                "trials": ended,
                "planned_trials": plan.trials,
                "created": plan.created,
                "best": best.to_dict() if best else None,
                "pareto": [item.number for item in sweeps.pareto(trials, plan)],
            }
        )
        rows.append(
            (one.id, plan.name, state.status, f"{ended}/{plan.trials}", _best(documents[-1]))
        )
    header = ("sweep", "name", "status", "trials", "best")
    root.emit(documents, as_json, lambda: root.table(rows, header) if rows else "No sweeps yet.")


def _best(document: dict[str, Any]) -> str:
    """The figure of the best trial; of several objectives none is the best, there is a front."""
    if document["best"] is None:
        return ""
    values = document["best"]["values"]
    return (
        f"{len(document['pareto'])} on the Pareto front"
        if len(values) > 1
        else root.number(values[0])
    )


@sweep_app.command()
def show(sweep: SweepId, as_json: root.Json = False) -> None:
    """One sweep with its trials."""
    from builder import sweeps

    found = sweeps.find(sweep)
    root.emit(document(found), as_json, lambda: text(found))


@sweep_app.command()
def stop(sweep: SweepId, as_json: root.Json = False) -> None:
    """Stop a sweep and its runs; it can be resumed."""
    from builder import sweeps

    found = sweeps.find(sweep)
    sweeps.stop(found.id)
    sweeps.wait(found.id, timeout=60.0)
    status = found.state.status
    root.emit({"sweep": found.id, "status": status}, as_json, lambda: f"{found.id}: {status}.")


@sweep_app.command()
def resume(
    sweep: SweepId,
    trials: Annotated[int | None, typer.Option(help="So many in all.")] = None,
    detach: Detach = False,
    as_json: root.Json = False,
) -> None:
    """Go on with a sweep that was stopped or interrupted, or ask for more trials."""
    from builder import sweeps

    _report(sweeps.resume(sweeps.find(sweep).id, trials=trials), detach, as_json)


@sweep_app.command()
def delete(
    sweep: SweepId,
    with_runs: Annotated[bool, typer.Option("--with-runs", help="Also its runs.")] = False,
    as_json: root.Json = False,
) -> None:
    """Delete a sweep that has ended; its runs stay unless told otherwise."""
    from builder import sweeps

    found = sweeps.find(sweep)
    sweeps.delete(found.id, with_runs=with_runs)
    root.emit({"sweep": found.id, "deleted": True}, as_json, lambda: f"Deleted sweep {found.id}.")


@sweep_app.command()
def adopt(
    sweep: SweepId,
    file: beginning.Out,
    trial: Annotated[int | None, typer.Option(help="Its number; the best.")] = None,
    as_json: root.Json = False,
) -> None:
    """Write the project with the settings of the best trial (or another)."""
    from builder import sweeps

    found = sweeps.find(sweep)
    trials = found.trials()
    best = sweeps.best(trials, found.plan)
    chosen = next((one for one in trials if one.number == trial), None) if trial else best
    if chosen is None:
        raise errors.LaminaError(
            "There is no such trial." if trial else "No trial is complete yet.",
            place=f"sweep {found.id}",
        )
    project.save(sweeps.settled(found.project(), chosen.settings), file)
    facts = {"sweep": found.id, "trial": chosen.number, "file": str(file)}
    root.emit(facts, as_json, lambda: f"{file}: {json.dumps(chosen.settings)}")
