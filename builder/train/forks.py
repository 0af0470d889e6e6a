"""A checkpoint made ready for a changed recipe: what the change touches begins afresh."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from builder.project import EarlyStopping, Optimizer, Recipe
from builder.train.checkpoint import Saved
from builder.train.state import under


def steered(recipe: Recipe, facts: Mapping[str, Any], feed: Mapping[str, Tensor]) -> Recipe:
    """The recipe as orders had left it by a checkpoint (`checkpoint.state`): what a fork begins
    with.
    """
    steering, judge = facts["steering"], facts["judge"]
    scale, decay = facts["rates"]["scale"], steering["weight_decay"]

    def turned(choice: Optimizer) -> Optimizer:
        changed = {"lr": choice.lr * scale} | ({} if decay is None else {"weight_decay": decay})
        return Optimizer.model_validate(choice.model_dump() | changed)

    changes: dict[str, Any] = {
        "optimizer": turned(recipe.optimizer),
        "optimizers": {graph: turned(choice) for graph, choice in recipe.optimizers.items()},
        "freeze": tuple(steering["freeze"]),
    }
    if "feed/sizes" in feed:
        changes["batch_size"] = int(feed["feed/sizes"][1])
    early = recipe.early_stopping
    patience = judge.get("patience", early.patience if early else None)
    if patience is None:
        changes["early_stopping"] = None
    elif early is None or early.patience != patience:
        early = early or EarlyStopping(monitor=recipe.monitor)
        changes["early_stopping"] = early.model_copy(update={"patience": patience})
    if not steering["augment"]:
        changes["mix"] = None
    return recipe.model_copy(update=changes)


def adapt(saved: Saved, before: Recipe, after: Recipe, touched: Iterable[str]) -> Saved:
    """The checkpoint as the fork begins with it: `before` is what `steered` gave, `touched` are the
    overridden fields' dotted names.

    Without a change the fork goes on like the run it came from, bit for bit; but for the last bit
    of a rate that an order had set under a schedule.
    """
    if saved.tensors is None or saved.facts is None:
        return saved
    fields = {name.removeprefix("recipe.") for name in touched}
    tensors, facts = dict(saved.tensors), _copied(saved.facts)
    _optimizers(before, after, tensors, facts)
    _rates(fields, facts)
    _steering(fields, after, facts)
    if "doctor" in facts:
        # what stood in the run need not stand in the fork
        facts["doctor"] |= {"standing": {}, "judge": dict(facts["judge"])}
    weights = dict(saved.weights)
    if after.average != before.average:
        weights = under(tensors, "live/") or weights
        facts.pop("average", None)
        tensors = {name: x for name, x in tensors.items() if not name.startswith("live/")}
    if "feed/sizes" in tensors:
        now, following = (int(size) for size in tensors["feed/sizes"])
        size = after.batch_size or following
        tensors["feed/sizes"] = torch.tensor([now if facts["inside"] else size, size])
    moved = (before.device or "cpu").split(":")[0] != (after.device or "cpu").split(":")[0]
    if moved or after.seed != before.seed:
        for name in ("rng", "rng_cuda", "generator"):
            tensors.pop(name, None)
    return replace(saved, weights=weights, tensors=tensors, facts=facts)


def _copied(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in facts.items()
    }


def _optimizers(
    before: Recipe, after: Recipe, tensors: dict[str, Tensor], facts: dict[str, Any]
) -> None:
    """An optimiser of another kind begins without memory."""
    for graph in list(facts["optimizers"]):
        old = before.optimizers.get(graph, before.optimizer).name
        if after.optimizers.get(graph, after.optimizer).name != old:
            del facts["optimizers"][graph]
            for name in [name for name in tensors if name.startswith(f"optimizer/{graph}/")]:
                del tensors[name]


def _rates(fields: set[str], facts: dict[str, Any]) -> None:
    facts["rates"] |= {"scale": 1.0}  # the recipe has it
    if any(name.startswith("schedule") for name in fields):
        facts["rates"] = {"scale": 1.0, "drop": 1.0, "waited": 0}
    if any(name.startswith("optimizer") for name in fields):
        facts["rates"] |= {"drop": 1.0}


def _steering(fields: set[str], after: Recipe, facts: dict[str, Any]) -> None:
    """What orders had set stands in the recipe now, and gives way where the fork sets it itself."""
    facts["steering"] |= {
        "stop_after_epoch": False,
        "weight_decay": None,
        "freeze": list(after.freeze),
        "augment": True,
    }
    early = after.early_stopping
    facts["judge"] |= {"patience": early.patience if early else None}
    if any(name.startswith("early_stopping") for name in fields):
        facts["judge"] |= {"early_best": None, "waited": 0}
    facts["judge"] |= {"best": None}  # an epoch of the run that it came from is not kept here
