"""What a run may be told, drawn from `train.orders`, with what holds now; the states it kept."""

import math
from collections.abc import Sequence
from typing import Any

from builder import runs
from builder.errors import LaminaError
from builder.train.orders import KINDS, SETTINGS

ACTIONS = {
    "checkpoint": "Keep this state",
    "evaluate": "Evaluate now",
    "stop_after_epoch": "Stop after the epoch",
}
"""Orders without a value that have a button in the panel; pause and stop stand in the bar."""


def steering(run: runs.Run, nodes: Sequence[str]) -> dict[str, Any]:
    """Every setting with its words, range and value, the orders without a value, and the nodes."""
    try:
        now, unfit, making = runs.settings(run), runs.unfit(run), _making(run)
    except (LaminaError, OSError):  # a folder without its project can be looked at, not steered
        return {"settings": [], "actions": [], "nodes": [], "making": []}
    fields = [
        {
            "name": one.name,
            "title": one.title,
            "help": one.help,
            "kind": one.kind,
            "low": one.low,
            "high": one.high if math.isfinite(one.high) else None,
            "above": one.above,
            "optional": one.optional,
            "value": now.get(one.name),
            "unfit": unfit.get(one.name, ""),
        }
        for one in SETTINGS.values()
    ]
    actions = [
        {"order": order, "title": title, "help": KINDS[order]} for order, title in ACTIONS.items()
    ]
    return {"settings": fields, "actions": actions, "nodes": list(nodes), "making": making}


def _making(run: runs.Run) -> list[dict[str, Any]]:
    """The settings of what it makes, with what holds now."""
    now = runs.sampling(run)
    return [
        {
            "name": one.name,
            "title": one.title,
            "help": one.help,
            "kind": one.kind,
            "low": one.low,
            "high": one.high,
            "value": now[one.name],
        }
        for one in run.task().sampling()
        if one.kind in ("text", "int", "float")
    ]


def nodes(run: runs.Run) -> tuple[str, ...]:
    """The nodes with weights; none where the source cannot be read any more."""
    try:
        return runs.nodes(run)
    except (LaminaError, OSError):
        return ()


def kept(checkpoint: runs.Checkpoint) -> dict[str, Any]:
    """A kept state as the panel lists it."""
    loss = checkpoint.figures.get("validation_loss", checkpoint.figures.get("train_loss"))
    return {
        "name": checkpoint.name,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "loss": loss,
        "best": checkpoint.best,
    }
