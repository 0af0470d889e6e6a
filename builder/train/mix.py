"""Batches whose rows are mixed with one another, on the device.

mixup: Zhang et al. 2018; cutmix: Yun et al. 2019.

The loss is taken against both rows' targets in their shares, from one forward pass, whatever the
task's loss is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.project import Mix as Choice
from builder.tasks.base import Batch, Losses


class Mixed(NamedTuple):
    """A batch with mixed inputs, and the share of "target" against `other`, the second target."""

    batch: Batch
    other: Tensor
    share: Tensor


class Mixer:
    """Mixes the floating-point inputs of a batch."""

    def __init__(self, choice: Choice, inputs: tuple[str, ...], generator: torch.Generator) -> None:
        self.choice = choice
        self.inputs = inputs
        self.generator = generator
        self.on = True

    def __call__(self, batch: Batch) -> Mixed | None:
        """The batch mixed by chance; None where it stays as it is."""
        if not self.on or len(batch["target"]) < 2:
            return None
        if self.choice.chance < 1 and float(self._uniform()) >= self.choice.chance:
            return None
        cut = self.choice.kind == "cutmix" or (
            self.choice.kind == "both" and float(self._uniform()) < 0.5
        )
        pair = torch.randperm(
            len(batch["target"]), generator=self.generator, device=self.generator.device
        )
        share = self._share()
        found = dict(batch)
        if cut:
            share = self._cut(found, pair, share)
        else:
            for name in self.inputs:
                x = batch[name]
                found[name] = torch.lerp(x[pair], x, share.to(x.dtype))
        return Mixed(found, batch["target"][pair], share)

    def _uniform(self) -> Tensor:
        return torch.rand((), generator=self.generator, device=self.generator.device)

    def _share(self) -> Tensor:
        """Beta(alpha, alpha), turned so that the row's own target has the larger share."""
        shape = torch.full((2,), self.choice.alpha, device=self.generator.device)
        one, two = torch._standard_gamma(shape, generator=self.generator).unbind()
        share = one / (one + two).clamp_min(1e-12)
        return torch.maximum(share, 1 - share)

    def _cut(self, batch: dict[str, Tensor], pair: Tensor, share: Tensor) -> Tensor:
        """Put a rectangle of the other image into each; gives the share that remains."""
        left = share
        centre = torch.rand((2,), generator=self.generator, device=self.generator.device)
        for name in self.inputs:
            x_BCHW = batch[name]
            height, width = x_BCHW.shape[-2:]
            side = (1 - share).sqrt()
            inside = _band(height, centre[0], side)[:, None] & _band(width, centre[1], side)
            batch[name] = torch.where(inside, x_BCHW[pair], x_BCHW)
            left = 1 - inside.float().mean()
        return left


def _band(length: int, centre: Tensor, side: Tensor) -> Tensor:
    """Which of `length` pixels lie within a stretch around the centre, all in shares of the
    length.
    """
    at = (torch.arange(length, device=centre.device) + 0.5) / length
    return (at - centre).abs() < side / 2


def check(
    choice: Choice, inputs: Mapping[str, str], target: bool, own_feed: bool
) -> tuple[str, ...]:
    """The inputs that are mixed; `inputs` gives each one's form. Raises LaminaError where the
    choice does not fit.
    """
    place = "recipe.mix"
    if own_feed or not target:
        raise LaminaError(
            "Mixing needs rows with a target each.", place=place, remedy="Take recipe.mix out."
        )
    for name, form in inputs.items():
        if form in ("tokens", "codes"):
            raise LaminaError(
                f"The input {name!r} holds {form}; only numbers can be mixed.",
                place=place,
                remedy="Take recipe.mix out.",
            )
        if choice.kind != "mixup" and form != "image":
            raise LaminaError(
                f"{choice.kind} cuts images; the input {name!r} holds a {form}.",
                place=f"{place}.kind",
                remedy="Choose mixup.",
            )
    return tuple(inputs)


def loss(
    function: Callable[[Mapping[str, nn.Module], Batch, torch.Generator], Losses],
    models: Mapping[str, nn.Module],
    mixed: Mixed,
    generator: torch.Generator,
) -> Losses:
    """The task's loss against both targets, in their shares, from one forward pass."""
    with _recorded(models) as record:
        first = function(models, mixed.batch, generator)
    with _replayed(models, record):
        second = function(models, {**mixed.batch, "target": mixed.other}, generator)
    share = mixed.share.to(first.loss.device, first.loss.dtype)
    return Losses(torch.lerp(second.loss, first.loss, share), first.outputs)


Record = dict[str, list[Any]]


@contextmanager
def _recorded(models: Mapping[str, nn.Module]) -> Iterator[Record]:
    record: Record = {name: [] for name in models}
    hooks = [
        model.register_forward_hook(lambda _, __, output, name=name: record[name].append(output))
        for name, model in models.items()
    ]
    try:
        yield record
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _replayed(models: Mapping[str, nn.Module], record: Record) -> Iterator[None]:
    """Models that answer with what they answered before, call by call."""
    for name, model in models.items():
        answers = iter(record[name])
        model.__dict__["forward"] = lambda *_, answers=answers, **__: next(answers)
    try:
        yield
    finally:
        for model in models.values():
            del model.__dict__["forward"]
