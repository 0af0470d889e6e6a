"""`lamina train`: a run from a project file, followed until it has ended."""

import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import errors, project
from builder.cli import root

if TYPE_CHECKING:
    from builder.runs import Run, Status
    from builder.runs.index import Row

ENDED = ("finished", "stopped", "failed")
POLL = 0.15
ASKED = 1.0  # seconds between looks at what a waiting run waits for
TAKEN_UP = 20.0  # seconds in which a run that lost its worker is taken up again
PATIENCE = 60.0  # seconds that a run gets to stop by itself


@root.app.command()
def train(
    file: root.ProjectFile,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="recipe.epochs=3, graphs.model.head.out_features=5"
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Train on this file instead.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return at once.")] = False,
    name: Annotated[str | None, typer.Option(help="A name for the run.")] = None,
    launcher: Annotated[str, typer.Option(help="local, torchrun, ray")] = "local",
    workers: Annotated[int | None, typer.Option(help="Processes that train it together.")] = None,
    as_json: root.Json = False,
) -> None:
    """Train with a progress bar; Ctrl-C stops the run cleanly and leaves with 130."""
    given = root.load(file)
    for item in sets or ():
        given = with_setting(given, item)
    if device:
        given = with_setting(given, f"recipe.device={json.dumps(device)}")
    from builder import runs

    path = str(data.absolute()) if data else None
    count = workers if workers is not None else 1 if launcher == "local" else 2
    run = runs.start(given, data_path=path, name=name or "", launcher=launcher, workers=count)
    if said := (run.info.get("choices") or {}).get("length"):
        root.say(said)
    if detach:
        root.emit({"run": run.id, "status": run.status.status}, as_json, lambda: run.id)
        return
    code = root.OK
    try:
        follow(run)
    except KeyboardInterrupt:
        code = root.STOPPED
        stop(run)
    document = summary(run.id)
    root.emit(document, as_json, lambda: summary_text(document))
    if code == root.OK and document["status"] == "failed":
        code = root.RUN_FAILED
        root.say(f"The run failed: {document['message']}")
    elif code == root.OK and document["status"] == "stopped":
        code = root.STOPPED
    if code:
        raise typer.Exit(code)


def with_setting(given: project.Project, item: str) -> project.Project:
    """The project with one setting changed: a dotted path, `graphs.<graph>.<node>.<parameter>`.

    The value is JSON where it reads as JSON, else text. LaminaError for a path that leads nowhere.
    """
    key, equals, raw = item.partition("=")
    if not equals or not key.strip():
        raise errors.LaminaError(
            f"'{item}' is no setting.", place="--set", remedy="Write recipe.epochs=3."
        )
    try:
        value: Any = json.loads(raw)
    except ValueError:
        value = raw
    parts = key.strip().split(".")
    document = json.loads(project.dumps(given))
    if parts[0] in ("graphs", "modules") and len(parts) == 4:
        _set_parameter(document, parts, value)
    else:
        _set_key(document, parts, value)
    return project.loads(json.dumps(document), place="--set")


def _set_parameter(document: dict[str, Any], parts: list[str], value: Any) -> None:
    kind, graph, node_id, parameter = parts
    nodes = document.get(kind, {}).get(graph, {}).get("nodes", [])
    node = next((node for node in nodes if node["id"] == node_id), None)
    if node is None:
        known = ", ".join(node["id"] for node in nodes) or "none"
        raise errors.LaminaError(
            f"{kind} '{graph}' has no node '{node_id}'.", place="--set", remedy=f"Nodes: {known}."
        )
    node.setdefault("params", {})[parameter] = value


def _set_key(document: dict[str, Any], parts: list[str], value: Any) -> None:
    place: Any = document
    for part in parts[:-1]:
        if not isinstance(place, dict):
            raise errors.LaminaError(
                f"'{'.'.join(parts)}' leads nowhere.", place="--set", remedy="See the project file."
            )
        if place.get(part) is None:
            place[part] = {}
        place = place[part]
    if not isinstance(place, dict):
        raise errors.LaminaError(
            f"'{'.'.join(parts)}' leads nowhere.", place="--set", remedy="See the project file."
        )
    place[parts[-1]] = value


def follow(run: "Run") -> None:
    """Show the run's progress on standard error until it has ended.

    A run whose worker was killed is taken up again by the supervisor; that is waited for.
    """
    from builder import runs

    live = sys.stderr.isatty()
    shown = -1
    lost_since: float | None = None
    told, asked = "", 0.0
    while True:
        status = run.status
        if status.status == "queued" and time.monotonic() - asked >= ASKED:
            before, told, asked = told, runs.awaits(run.id), time.monotonic()
            if told and told != before and not live:
                root.say(f"Waiting {told}.")
        if live and told and status.status == "queued":
            status = replace(status, message=f"waiting {told}")
        lost = (status.error or {}).get("code") == "worker_gone"
        lost_since = (lost_since or time.monotonic()) if lost else None
        if lost_since is not None and time.monotonic() - lost_since < TAKEN_UP:
            runs.warm()
            time.sleep(POLL)
            continue
        if live:
            width = shutil.get_terminal_size().columns - 1
            line = progress_line(status)[:width].ljust(width)
            print(f"\r{line}", end="", file=sys.stderr, flush=True)
        elif status.epoch != shown and status.epochs:
            shown = status.epoch
            root.say(progress_line(status))
        if status.status in ENDED:
            if live:
                print(file=sys.stderr)
            return
        time.sleep(POLL)


def progress_line(status: "Status") -> str:
    """One line: a bar, the epoch, the rate and the time left."""
    if status.status in ("queued", "preparing"):
        return f"{status.status} … {status.message or ''}".rstrip()
    total = max(1, status.steps or 0)
    share = min(1.0, (status.step or 0) / total)
    bar = ("━" * round(24 * share)).ljust(24, "─")
    rate = status.samples_per_second
    speed = f"  {rate:,.0f} samples/s" if rate else ""
    left = f"  {status.eta:.0f} s left" if status.eta is not None else ""
    if status.status == "running" and status.message:  # no step comes: something is made first
        left = f"  {status.message}"
    return f"{status.status} {bar} {share:4.0%}  epoch {status.epoch}/{status.epochs}{speed}{left}"


def stop(run: "Run") -> None:
    """Order the run to stop and wait until it has; a second Ctrl-C leaves it to stop by itself."""
    from builder import runs

    root.say("\nStopping the run; its last state is kept …")
    runs.order(run.id, {"order": "stop"})
    end = time.monotonic() + PATIENCE
    try:
        while run.status.status not in ENDED and time.monotonic() < end:
            time.sleep(POLL)
    except KeyboardInterrupt:
        root.say(f"The run {run.id} goes on stopping by itself.")


def summary(run_id: str) -> dict[str, Any]:
    """What `train` and `runs show` report: status, time, rate, device, recipe and figures."""
    from builder import runs

    run = runs.open_run(run_id)
    status, epochs = run.status, run.epochs()
    checkpoints = run.checkpoints()
    best = next((item for item in checkpoints if item.best), None)
    return {
        **row_document(_row_of(run_id)),
        "run": run.id,
        "status": status.status,
        "epoch": status.epoch,
        "epochs": status.epoch,
        "planned_epochs": status.epochs,
        "seconds": status.seconds,
        "samples_per_second": status.samples_per_second,
        "device": status.device,
        "launcher": run.info.get("launcher", "local"),
        "workers": run.info.get("workers", 1),
        "pid": status.pid,
        "message": status.message,
        "awaits": runs.awaits(run_id) if status.status == "queued" else "",
        "error": status.error,
        "node": status.node,
        "recipe": run.project().recipe.model_dump(mode="json"),
        "figures": epochs[-1] if epochs else {},
        "best": {"epoch": best.epoch, **best.figures} if best else {},
        "symptoms": run.standing(),
        "folder": str(run.folder),
    }


def _row_of(run_id: str) -> "Row":
    from builder import runs

    return next(row for row in runs.list_runs() if row.id == run_id)


def row_document(row: "Row") -> dict[str, Any]:
    """A row of the index as plain data: `epochs` are those done, `started` is when it was begun, in
    seconds since 1970.
    """
    planned = {"epochs": row.epoch, "planned_epochs": row.epochs}
    return {**row.to_dict(), **planned, "started": row.created}


def _epochs(count: int | None) -> str:
    return f"{count or 0} epoch{'s' * (count != 1)}"


def summary_text(document: dict[str, Any]) -> str:
    """What `summary` gives, for people."""
    figures = document["best"] or document["figures"]
    shown = [
        f"{key.replace('_', ' ')} {root.number(value)}"
        for key, value in figures.items()
        if key.startswith("validation_")
    ]
    seconds = document["seconds"] or 0
    lines = [
        f"run {document['run']}: {document['status']} after {_epochs(document['epoch'])}, "
        f"{seconds:.1f} s on {document['device'] or 'cpu'}",
    ]
    lines += _told(document)
    if shown:
        lines.append(f"best epoch {figures.get('epoch', '–')}: {', '.join(shown)}")
    return "\n".join([*lines, *map(_symptom_text, document["symptoms"])])


def _told(document: dict[str, Any]) -> list[str]:
    """What it waits for; or what went wrong, where, and what to do about it."""
    error = document.get("error")
    if document["awaits"]:
        return [f"It waits {document['awaits']}."]
    if not error:
        return []
    words = (error.get("fact", ""), error.get("place", ""), error.get("remedy", ""))
    return [line for line in words if line]


def _symptom_text(row: dict[str, Any]) -> str:
    """A standing symptom and what to do about it."""
    place = f" ({row['node']})" if row.get("node") else ""
    ways = "; ".join(change["label"] for change in row.get("changes", ()))
    return f"doctor: {row['title']}{place}. {row['message']}" + (f" Try: {ways}." if ways else "")
