"""The queue on the command line: the order of runs that wait, and limits per device."""

from typing import Annotated

import typer

from builder.cli import root
from builder.cli.runs import runs_app


@runs_app.command("queue")
def queue_(as_json: root.Json = False) -> None:
    """The runs that wait, in the order in which they will be taken."""
    from builder import runs

    names = {row.id: row.name for row in runs.list_runs()}
    found = runs.waiting()
    documents = [{**one.to_dict(), "name": names.get(one.run, "")} for one in found]
    rows = [(one.device, one.place, one.run, names.get(one.run, ""), one.priority) for one in found]
    header = ("device", "place", "run", "name", "priority")
    root.emit(documents, as_json, lambda: root.table(rows, header) if rows else "No run waits.")


@runs_app.command()
def move(
    run: root.RunId,
    place: Annotated[int, typer.Argument(help="1 is the next to be taken.")],
    as_json: root.Json = False,
) -> None:
    """Put a waiting run to another place among those of its device."""
    from builder import runs

    found = root.find_run(run)
    runs.move(found.id, place)
    _placed(found.id, as_json)


@runs_app.command()
def priority(
    run: root.RunId,
    number: Annotated[int, typer.Argument(help="0 (first) to 99; 10 is usual, a sweep's 20.")],
    as_json: root.Json = False,
) -> None:
    """Make a waiting run more or less urgent."""
    from builder import runs

    found = root.find_run(run)
    runs.prioritise(found.id, number)
    _placed(found.id, as_json)


def _placed(run_id: str, as_json: bool) -> None:
    from builder import runs

    now = next((one for one in runs.waiting() if one.run == run_id), None)
    facts = now.to_dict() if now else {"run": run_id, "place": None}
    words = f"{run_id} is number {now.place} on {now.device}." if now else f"{run_id} has begun."
    root.emit(facts, as_json, lambda: words)


@runs_app.command()
def limit(
    device: Annotated[str, typer.Argument(help="cpu, cuda:0, …")],
    number: Annotated[int | None, typer.Argument(help="Runs at once; without: ask.")] = None,
    usual: Annotated[bool, typer.Option("--default", help="Back to the default.")] = False,
    as_json: root.Json = False,
) -> None:
    """How many runs a device takes at once."""
    from builder import runs

    if number is not None or usual:
        runs.set_limit(device, None if usual else number)
    count = runs.limits(device)
    words = f"{device} takes {count} run{'s' * (count != 1)} at once."
    root.emit({"device": device, "runs": count}, as_json, lambda: words)
