"""Steering on the command line: settings of a run that is under way, and forks of any run."""

import json
from typing import Annotated, Any

import typer

from builder import errors
from builder.cli import root
from builder.cli.runs import give_order, runs_app
from builder.train import orders


@runs_app.command("set")
def set_(
    run: root.RunId,
    settings: Annotated[
        list[str], typer.Argument(metavar="SETTING=VALUE…", help=", ".join(orders.SETTINGS))
    ],
    as_json: root.Json = False,
) -> None:
    """Change settings of a run that is under way: lr=0.001, weight_decay=0, batch_size=64,
    augment=false, freeze=conv1,conv2 (freeze= lets all learn), patience=5 (patience=null: off).
    """
    wish: dict[str, Any] = {"order": "set"}
    for item in settings:
        name, equals, raw = item.partition("=")
        if not equals or name in orders.ENVELOPE:
            raise errors.LaminaError(
                f"'{item}' cannot be set.",
                place="runs set",
                remedy=f"Write lr=0.001; known are {', '.join(orders.SETTINGS)}.",
            )
        if name in wish:
            raise errors.LaminaError(
                f"'{name}' is given twice.", place="runs set", remedy="Keep the one that is meant."
            )
        known = orders.SETTINGS.get(name)  # what is unknown is refused, and logged, by the run
        wish[name] = _value(known.kind if known else "", raw)
    give_order(run, wish, as_json)


def _value(kind: str, raw: str) -> Any:
    if kind == "nodes" and not raw.startswith("["):
        return [part.strip() for part in raw.split(",") if part.strip()]
    try:
        return json.loads(raw)
    except ValueError:
        return raw


@runs_app.command()
def checkpoint(run: root.RunId, as_json: root.Json = False) -> None:
    """Keep the state of this step, to fork from."""
    give_order(run, {"order": "checkpoint"}, as_json)


@runs_app.command()
def validate(run: root.RunId, as_json: root.Json = False) -> None:
    """Compute the validation figures now, in the middle of an epoch."""
    give_order(run, {"order": "evaluate"}, as_json)


@runs_app.command()
def fork(
    run: root.RunId,
    checkpoint: Annotated[str, typer.Option("--from", help="A checkpoint's name.")] = "last",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="recipe.optimizer.lr=0.0001"),
    ] = None,
    name: Annotated[str, typer.Option(help="A name for the fork.")] = "",
    as_json: root.Json = False,
) -> None:
    """Begin a new run from a run's checkpoint with a changed recipe; prints its id."""
    from builder import runs

    overrides: dict[str, Any] = {}
    for item in sets or ():
        key, equals, raw = item.partition("=")
        if not equals:
            raise errors.LaminaError(
                f"'{item}' is no setting.", place="--set", remedy="Write recipe.epochs=30."
            )
        try:
            overrides[key.strip()] = json.loads(raw)
        except ValueError:
            overrides[key.strip()] = raw
    made = runs.fork(root.find_run(run).id, checkpoint, overrides, name=name)
    document = {"run": made.id, "status": made.status.status, **made.info["forked"]}
    root.emit({**document, "run": made.id, "parent": document["run"]}, as_json, lambda: made.id)
