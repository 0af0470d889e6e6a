"""Orders to a run: checked, written down, taken up by the worker at its next safe point."""

import fnmatch
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder import project as projects
from builder.errors import LaminaError
from builder.home import room
from builder.runs import folder as folders
from builder.runs.run import Run
from builder.train import files, orders


def order(run_id: str, wish: Mapping[str, Any], *, who: str = "") -> str:
    """Give an order; gives its id, by which the run's events tell what became of it.

    Raises LaminaError (and keeps the refusal in the run's events) where it makes no sense.

    {"order": "pause" | "resume" | "stop" | "stop_after_epoch" | "checkpoint" | "evaluate"} or
    {"order": "set", "lr": 0.001, "weight_decay": …, "batch_size": …, "augment": …, "freeze": […],
    "patience": …} with one or several of them; train.orders declares them; or
    {"order": "sample", "settings": {"temperature": 0.5, …}} with some of those that the task has.
    """
    path = folders.path_of(run_id)
    now = folders.status(path)
    try:
        _check(wish, now, path)
    except LaminaError as error:
        kept = {key: _plain(value) for key, value in wish.items()}
        facts = {"order": kept, "who": who, "accepted": False, "message": str(error)}
        folders.add_event(path, "order", step=now.step, epoch=now.epoch, **facts)
        raise
    name = secrets.token_hex(6)
    if now.status == "queued":
        _withdraw(path, who)
        return name
    entry = {"id": name, "time": time.time(), "who": who, **wish}
    files.append_line(path / "orders.jsonl", entry)
    return name


def standing(run: Run) -> list[dict[str, Any]]:
    """Orders that were written down and that no worker has taken up yet, oldest first."""
    done = {e["order"].get("id") for e in run.events() if e.get("kind") == "order"}
    given = files.read_lines(run.folder / "orders.jsonl")
    return [entry for entry in given if entry.get("id") not in done]


def settings(run: Run) -> dict[str, Any]:
    """What each setting of `train.orders` is now: the recipe's, and what orders made of it."""
    from builder.train import optim

    project = run.project()
    recipe = project.recipe
    early = recipe.early_stopping
    chosen = {**optim.arguments(recipe.optimizer.name), **recipe.optimizer.arguments()}
    now = {
        "lr": recipe.optimizer.lr,
        "weight_decay": chosen.get("weight_decay"),
        "batch_size": recipe.batch_size,
        "augment": bool(project.data.augment) or recipe.mix is not None,
        "freeze": list(recipe.freeze),
        "patience": early.patience if early else None,
    }
    for event in run.events():
        if event.get("kind") == "order" and event.get("accepted"):
            now |= {key: value for key, value in event["order"].items() if key in orders.SETTINGS}
    return now


def unfit(run: Run) -> dict[str, str]:
    """The settings that this run cannot change, each with the reason."""
    from builder.train import optim

    project = run.project()
    recipe, found = project.recipe, {}
    if not project.data.augment and recipe.mix is None:
        found["augment"] = "It has no augmentation. Fork it with some."
    for choice in (recipe.optimizer, *recipe.optimizers.values()):
        if "weight_decay" not in optim.arguments(choice.name):
            found["weight_decay"] = f"{choice.name} has no weight decay."
    return found


def nodes(run: Run) -> tuple[str, ...]:
    """The nodes with weights, by the names that freezing takes; "graph/node" of several graphs."""
    import torch

    from builder.compile import build, names

    graphs = tuple(run.project().graphs)
    found: dict[str, None] = {}
    for graph in graphs:
        with torch.device("meta"):
            model = build(run.source, graph)
        for name, _ in model.named_parameters():
            node = names.node_of(name.partition(".")[0])
            found[node if len(graphs) == 1 else f"{graph}/{node}"] = None
    return tuple(found)


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _check(wish: Mapping[str, Any], now: folders.Status, path: Path) -> None:
    kind = wish.get("order")
    place = f"order {kind!r}"
    orders.check(wish)
    if now.ended:
        raise LaminaError(
            f"The run has ended ({now.status}).",
            place=place,
            remedy="Fork it, or start a new one.",
        )
    if now.status == "queued" and kind != "stop":
        raise LaminaError(
            "The run waits in the queue.", place=place, remedy="Only stop is possible now."
        )
    if kind == "resume" and now.status != "paused":
        raise LaminaError("The run is not paused.", place=place)
    if kind == "pause" and now.status == "paused":
        raise LaminaError("The run is paused already.", place=place)
    if kind == "set":
        _check_against(wish, files.read_json(path / "run.json") or {}, path)
    if kind == "sample":
        _check_sample(Run(path.name), wish)


def _check_against(wish: Mapping[str, Any], info: Mapping[str, Any], path: Path) -> None:
    """What can be known of a setting before the worker sees it."""
    rows = info.get("sizes", {}).get("train", 0)
    if rows and wish.get("batch_size", 0) > rows:
        raise LaminaError(
            f"There are {rows:,} training rows only.",
            place="order 'set', batch_size",
            remedy=f"Choose up to {rows:,}.",
        )
    if not wish.get("freeze"):
        return
    project = projects.load(path / "project.lamina.json")
    nodes = {node.id for graph in project.graphs.values() for node in graph.nodes}
    known = nodes | set(project.graphs)
    for pattern in wish["freeze"]:
        first = pattern.rpartition("/")[2].partition(".")[0]
        if not any(fnmatch.fnmatchcase(name, first) for name in known):
            raise LaminaError(
                f"There is no node {pattern!r}.",
                place="order 'set', freeze",
                remedy=f"The nodes are: {', '.join(sorted(nodes)[:30])}.",
            )


def sampling(run: Run) -> dict[str, Any]:
    """What each setting of the run's samples is now; {} where it makes nothing."""
    now: dict[str, Any] = {}
    for event in run.events():
        if event.get("kind") == "order" and event.get("accepted"):
            now |= event["order"].get("settings") or {}
    return {one.name: now.get(one.name, one.default) for one in run.task().sampling()}


def _check_sample(run: Run, wish: Mapping[str, Any]) -> None:
    from builder.tasks.options import complete

    known = run.task().sampling()
    if not known:
        raise LaminaError(
            "This network makes nothing.",
            place="order 'sample'",
            remedy="A language model and a GAN do.",
        )
    complete(known, wish.get("settings") or {}, "sample")


def queue_marker(run_id: str) -> Path:
    """The file that says a run waits for a worker."""
    return room("queue") / f"{run_id}.json"


def _withdraw(path: Path, who: str) -> None:
    """Take a run out of the queue before a worker had it."""
    folders.raise_fence(path)
    queue_marker(path.name).unlink(missing_ok=True)
    facts = {"order": {"order": "stop"}, "who": who, "accepted": True}
    folders.add_event(path, "order", step=0, epoch=0, message="Taken out of the queue.", **facts)
    stopped = folders.Status(status="stopped", message="Taken out of the queue.")
    folders.write_status(path, stopped)


class Inbox:
    """The worker's end: what has been ordered since it last looked."""

    def __init__(self, path: Path) -> None:
        self.path = path / "orders.jsonl"
        events = files.read_lines(path / "events.jsonl")
        self.applied = [event for event in events if event.get("kind") == "order"]
        self.seen = {event["order"].get("id") for event in self.applied}
        self.first = self._standing()
        self.size = -1

    def __call__(self) -> Sequence[Mapping[str, Any]]:
        """New orders, oldest first. Costs one look at the file's size where there are none."""
        if self.first:
            standing, self.first = self.first, ()
            return (*standing, *self())
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return ()
        if size == self.size:
            return ()
        self.size = size
        fresh = [o for o in files.read_lines(self.path) if o.get("id") not in self.seen]
        self.seen |= {entry.get("id") for entry in fresh}
        return fresh

    def _standing(self) -> tuple[Mapping[str, Any], ...]:
        """A pause that was ordered and not taken back still holds when another worker takes the run
        up.
        """
        kinds = [e["order"] for e in self.applied if e.get("accepted")]
        turns = [order for order in kinds if order.get("order") in ("pause", "resume")]
        if turns and turns[-1]["order"] == "pause":
            return ({**turns[-1], "replayed": True},)
        return ()

    def replay(self, step: int) -> dict[int, list[Mapping[str, Any]]]:
        """Orders with a lasting effect since `step` (a checkpoint's, or 0 where there is none yet),
        by the step after which they were applied.
        """
        found: dict[int, list[Mapping[str, Any]]] = {}
        for event in self.applied:
            lasting = event["order"].get("order") in orders.LASTING
            if lasting and event.get("accepted") and event["step"] >= step:
                found.setdefault(event["step"], []).append({**event["order"], "replayed": True})
        return found
