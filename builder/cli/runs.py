"""`lamina runs`: look at and steer runs, whoever started them."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import errors
from builder.cli import root
from builder.cli.training import ENDED, POLL, follow, row_document, summary, summary_text

if TYPE_CHECKING:
    from builder.runs import Run

ANSWER = 2.0  # seconds in which the worker's answer to an order is waited for

runs_app = typer.Typer(help="Look at and steer runs, whoever started them.", no_args_is_help=False)
root.app.add_typer(runs_app, name="runs", rich_help_panel=None)


@runs_app.callback(invoke_without_command=True)
def runs_root(context: typer.Context, as_json: root.Json = False) -> None:
    """List the runs; see the commands for steering."""
    if context.invoked_subcommand is None:
        list_(as_json=as_json)
    elif as_json:
        raise typer.BadParameter(
            f"Write it behind the command: {context.invoked_subcommand} --json."
        )


@runs_app.command("list")
def list_(as_json: root.Json = False) -> None:
    """All runs, the newest first."""
    from builder import runs

    documents = [row_document(row) for row in runs.list_runs()]
    for item in documents:
        item["awaits"] = runs.awaits(item["run"]) if item["status"] == "queued" else ""
    rows = [
        (item["run"], item["name"], item["status"], item["epoch"], item["pid"] or "", _about(item))
        for item in documents
    ]
    header = ("run", "name", "status", "epoch", "pid", "")
    root.emit(documents, as_json, lambda: root.table(rows, header) if rows else "No runs yet.")


def _about(item: dict[str, Any]) -> str:
    """What a run waits for, or why it failed."""
    why = item["awaits"] or (item["message"] if item["status"] == "failed" else "")
    return str(why)


@runs_app.command()
def show(run: root.RunId, as_json: root.Json = False) -> None:
    """One run with its recipe and figures."""
    document = summary(root.find_run(run).id)
    text = json.dumps(document["recipe"], indent=1)
    root.emit(document, as_json, lambda: f"{summary_text(document)}\nrecipe: {text}")


@runs_app.command()
def tail(
    run: root.RunId,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Until the run ends.")] = False,
    as_json: root.Json = False,
) -> None:
    """The figures of each epoch so far; with -f also of those to come."""
    found = root.find_run(run)
    if as_json:
        if follow_:
            follow(found)
        print(root.to_json(found.epochs()))
        return
    printed = 0
    while True:
        ended = found.status.status in ENDED
        for epoch in found.epochs()[printed:]:
            printed += 1
            figures = "  ".join(
                f"{key} {root.number(value)}" for key, value in epoch.items() if key != "time"
            )
            print(figures, flush=True)
        if ended or not follow_:
            return
        time.sleep(POLL)


def give_order(run: str, order: dict[str, Any], as_json: bool) -> None:
    """Give a run an order, and wait a moment for what its worker says; LaminaError where the run
    has ended, the order makes no sense, or the worker refuses it.
    """
    from builder import runs

    found = root.find_run(run)
    name = runs.order(found.id, order)
    said = _answer(found, name) if found.status.status in ("running", "paused") else ""
    document = {"run": found.id, **order, "answer": said}
    words = f"{order['order']} ordered for run {found.id}. {said}".rstrip()
    root.emit(document, as_json, lambda: words)


def _answer(run: "Run", name: str) -> str:
    """What the worker answers within a moment; empty where that comes later, as an event of the
    run. LaminaError where it refuses.
    """
    end = time.monotonic() + ANSWER
    while time.monotonic() < end:
        for event in run.events():
            if event.get("kind") == "order" and event["order"].get("id") == name:
                if not event.get("accepted"):
                    raise errors.LaminaError(str(event.get("message")), place=f"run {run.id}")
                return str(event.get("message") or "")
        time.sleep(POLL)
    return ""


@runs_app.command()
def pause(run: root.RunId, as_json: root.Json = False) -> None:
    """Hold the run at the next safe point."""
    give_order(run, {"order": "pause"}, as_json)


@runs_app.command()
def resume(run: root.RunId, as_json: root.Json = False) -> None:
    """Go on with a paused run."""
    give_order(run, {"order": "resume"}, as_json)


@runs_app.command("stop")
def stop_(
    run: root.RunId,
    after_epoch: Annotated[bool, typer.Option("--after-epoch", help="Finish the epoch.")] = False,
    as_json: root.Json = False,
) -> None:
    """End the run; its last state is kept."""
    give_order(run, {"order": "stop_after_epoch" if after_epoch else "stop"}, as_json)


@runs_app.command()
def delete(run: root.RunId, as_json: root.Json = False) -> None:
    """Delete a run that has ended, with all its files."""
    from builder import runs

    found = root.find_run(run)
    if found.status.status not in ENDED:
        raise errors.LaminaError(
            f"The run is {found.status.status}.",
            place=f"run {found.id}",
            remedy=f"First `lamina runs stop {found.id}`.",
        )
    runs.delete(found.id)
    root.emit({"run": found.id, "deleted": True}, as_json, lambda: f"Deleted run {found.id}.")


@runs_app.command()
def reindex(as_json: root.Json = False) -> None:
    """Build the index of runs anew from their folders."""
    from builder import runs

    runs.reindex()
    count = len(runs.list_runs())
    root.emit({"runs": count}, as_json, lambda: f"{count} runs are in the index.")
