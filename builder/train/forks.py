"""A checkpoint made ready for a changed recipe: what the change touches begins afresh."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from builder.project import Recipe
from builder.train.checkpoint import Saved
from builder.train.state import under


def adapt(saved: Saved, before: Recipe, after: Recipe, touched: Iterable[str]) -> Saved:
    """The checkpoint as the fork begins with it. `touched` are the overridden fields' dotted names.

    Without a change the fork goes on like the run it came from, bit for bit.
    """
    if saved.tensors is None or saved.facts is None:
        return saved
    fields = {name.removeprefix("recipe.") for name in touched}
    tensors, facts = dict(saved.tensors), _copied(saved.facts)
    _optimizers(before, after, tensors, facts)
    _rates(fields, facts)
    _steered(fields, after, facts)
    if "doctor" in facts:
        # what stood in the run need not stand in the fork
        facts["doctor"] |= {"standing": {}, "judge": dict(facts["judge"])}
    weights = dict(saved.weights)
    if after.average != before.average:
        weights = under(tensors, "live/") or weights
        facts.pop("average", None)
        tensors = {name: x for name, x in tensors.items() if not name.startswith("live/")}
    if "batch_size" in fields and "feed/sizes" in tensors:
        size = after.batch_size or int(tensors["feed/sizes"][0])
        now = int(tensors["feed/sizes"][0]) if facts["inside"] else size
        tensors["feed/sizes"] = torch.tensor([now, size])
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
    if any(name.startswith("schedule") for name in fields):
        facts["rates"] = {"scale": facts["rates"]["scale"], "drop": 1.0, "waited": 0}
    if any(name.startswith("optimizer") for name in fields):
        facts["rates"] |= {"scale": 1.0, "drop": 1.0}


def _steered(fields: set[str], after: Recipe, facts: dict[str, Any]) -> None:
    """What orders had set gives way where the fork sets it itself."""
    steering = facts["steering"]
    steering["stop_after_epoch"] = False
    if any(name.startswith("optimizer") for name in fields):
        steering["weight_decay"] = None
    if "freeze" in fields:
        steering["freeze"] = list(after.freeze)
    if any(name.startswith(("data.augment", "mix")) for name in fields):
        steering["augment"] = True
    if any(name.startswith("early_stopping") for name in fields):
        early = after.early_stopping
        facts["judge"] |= {
            "patience": early.patience if early else None,
            "early_best": None,
            "waited": 0,
        }
    facts["judge"] |= {"best": None}  # an epoch of the run that it came from is not kept here
