"""Getting ready: models and rows on the device, one updater per graph, the source of batches."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from builder.tasks.base import Feed
from builder.train import allocator, feeds, groups, layout, mix, precision
from builder.train.group import Shared
from builder.train.optim import Updater, updaters
from builder.train.plan import Plan

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
SMALLEST = 256
"""Held-out rows at once, where the batch is smaller: nothing is kept for a backward pass."""


class Setup:
    """What a run works on. `choices` tells in words what was chosen by itself."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.recipe = recipe = plan.recipe
        self.choices: dict[str, str] = {}
        torch.set_num_threads(recipe.threads or torch.get_num_threads())
        allocator.keep()
        self.group = plan.group
        own = recipe.seed + (self.group.seed if self.group is not None else 0)
        torch.manual_seed(own)
        self.device = torch.device("cpu" if recipe.device == "auto" else recipe.device)
        self.generator = torch.Generator(self.device).manual_seed(own)
        precision.switch(recipe.precision)
        self.models = self._place(plan.models)
        if self.group is not None:
            self.group.level(self.models, weights=True)
        self.updaters: dict[str, Updater] = updaters(recipe, self.models)
        self.trainable = {
            (name, weight) for name, part in self.updaters.items() for weight in part.names
        }
        self.still: list[nn.Module] = []  # frozen normalisations
        self.freeze(recipe.freeze)
        self.held_out = self._held_out()
        self.feed = self._feed()
        self.phases = plan.task.phases()
        self.mixer = self._mixer()

    def _place(self, models: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
        parts = [part for model in models.values() for part in model.modules()]
        self.channels_last = any(isinstance(part, CONVOLUTIONS) for part in parts)
        if self.channels_last:
            self.choices["memory_format"] = "channels_last: the graph has convolutions"
        placed = {}
        for name, model in models.items():
            moved = model.to(self.device).train()
            if self.channels_last:
                moved = moved.to(memory_format=torch.channels_last)
            placed[name] = moved
        if self.channels_last and self.device.type == "cpu":
            layout.follow(placed, exact=self.recipe.precision == "float32")
        return placed

    def _rows(self, split: str, *, augmented: bool) -> feeds.Rows:
        found, words = feeds.rows(
            self.plan.data[split],
            self.plan.prepare,
            self.device,
            channels_last=self.channels_last,
            keep_stored=augmented,
        )
        self.choices[f"{split} rows"] = words
        return found

    def _held_out(self) -> Feed | None:
        """The held-out rows in order; None where there are none or nothing looks at them."""
        split = self.plan.data.get("validation")
        if not split or not len(next(iter(split.values()))) or not self.plan.task.validation():
            return None
        own = self.plan.task.feed("validation", self.plan.data, self.device)
        if own is not None:
            return own
        size = max(self.recipe.batch_size or 1, SMALLEST)
        return feeds.OrderedFeed(self._rows("validation", augmented=False), size)

    def _feed(self) -> Feed:
        own = self.plan.task.feed("train", self.plan.data, self.device)
        if own is not None:
            return own if self.group is None else Shared(own, self.group)
        source = self._rows("train", augmented=self.plan.augment is not None)
        size = self.recipe.batch_size or feeds.bounds(len(source), 1)[-1][1]
        recipe, augment = self.recipe, self.plan.augment
        return feeds.RowFeed(source, size, recipe.seed, augment, self.generator, self.group)

    def _mixer(self) -> mix.Mixer | None:
        choice = self.recipe.mix
        if choice is None:
            return None
        context = self.plan.task.context
        forms = {name: spec.form for name, spec in context.inputs.items()}
        own = not isinstance(self.feed, feeds.RowFeed)
        names = mix.check(choice, forms, context.target is not None, own)
        return mix.Mixer(choice, names, self.generator)

    def freeze(self, patterns: Sequence[str]) -> None:
        """Let the weights of these nodes, and the running figures of their normalisations, stand
        still; the others learn. Raises LaminaError, changing nothing, for what cannot be.
        """
        groups.freeze(patterns, self.models, self.trainable, "recipe.freeze")
        self.still = groups.norms(patterns, self.models)
        self.train_mode()

    def train_mode(self) -> None:
        """All models in training mode, save for what is frozen."""
        for model in self.models.values():
            model.train()
        for module in self.still:
            module.eval()

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of forward passes."""
        return precision.autocast(self.recipe.precision, self.device)

    @property
    def size(self) -> int:
        """Parameters of all graphs."""
        return sum(w.numel() for model in self.models.values() for w in model.parameters())
