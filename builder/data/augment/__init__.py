"""Augmentation: training batches changed at random, whole batches at once, on the device they are
on.

One augmentation is one file of this folder, found by scan; docs/add-an-augmentation.md shows how to
add one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import torch
from torch import Tensor

from builder import scan
from builder.data.base import Form
from builder.data.options import Option
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.project import Step

Augment = Callable[[Tensor, torch.Generator], Tensor]
"""(batch in stored form, random numbers) → batch of the same shape, type and device."""


class Augmentation(ABC):
    """One random change of a batch, made with its settings.

    Promises, held by tests/data/test_augment.py: shape, dtype and device stay; the batch that came
    in is not written to; the same generator state gives the same result; uint8 images stay within 0
    and 255, floating point ones within 0 and 1.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    form: ClassVar[Form]
    params: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, settings: Mapping[str, Any], spec: InputSpec) -> None:
        self.settings = dict(settings)
        self.spec = spec

    @classmethod
    def unfit(cls, spec: InputSpec) -> str | None:
        """Why it does not fit this input, in a sentence; None where it does."""
        if spec.form != cls.form:
            return f"{cls.title} is for {WORDS[cls.form]}; {spec.name!r} holds {WORDS[spec.form]}."
        return None

    @abstractmethod
    def apply(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """The batch, changed. Images are [B, C, H, W], series [B, C, T], tokens [B, T]."""


WORDS: Mapping[str, str] = {
    "image": "images",
    "series": "series",
    "tokens": "texts",
    "vector": "numbers of a table",
    "codes": "categories of a table",
}


@cache
def catalogue() -> dict[str, type[Augmentation]]:
    """All augmentations by kind."""
    import builder.data.augment as package

    return {found.kind: found for found in scan.classes(package, Augmentation)}  # type: ignore[type-abstract]


def for_inputs(
    steps: Sequence[Step], specs: Mapping[str, InputSpec]
) -> Callable[[Mapping[str, Tensor], torch.Generator], dict[str, Tensor]] | None:
    """All steps over a whole batch: each Input's tensor changed by the steps for its form; None
    where there is no step.

    Raises LaminaError for a step that is wrong or fits no input.
    """
    check(steps, specs)
    augments = {
        name: build(steps, spec)
        for name, spec in specs.items()
        if any(catalogue()[step.kind].form == spec.form for step in steps)
    }
    if not augments:
        return None

    def augment(batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        changed = {name: one(batch[name], generator) for name, one in augments.items()}
        return {**batch, **changed}

    return augment


def build(steps: Sequence[Step], spec: InputSpec) -> Augment:
    """The steps that are for this input's form, one after the other; where there is none, the batch
    stays as it is.

    Raises LaminaError for a step or a setting that is not known or out of range.
    """
    made: list[Augmentation] = []
    for place, step in enumerate(steps):
        found = _found(step, place)
        if found.form == spec.form:
            settings = complete(found, step.settings(), f"data.augment.{place}")
            made.append(found(settings, spec))

    def augment(x: Tensor, generator: torch.Generator) -> Tensor:
        for one in made:
            x = one.apply(x, generator)
        return x

    return augment


def check(steps: Sequence[Step], specs: Mapping[str, InputSpec]) -> None:
    """Raise LaminaError for a step that is wrong, or that fits no input of the model."""
    for place, step in enumerate(steps):
        found = _found(step, place)
        complete(found, step.settings(), f"data.augment.{place}")
        reasons = [found.unfit(spec) for spec in specs.values()]
        if reasons and None not in reasons:
            raise LaminaError(
                reasons[0] or "", place=f"data.augment.{place}", remedy="Take the step out."
            )


def preview(
    steps: Sequence[Step], spec: InputSpec, x: Tensor, count: int = 8, seed: int = 0
) -> Tensor:
    """`count` random variants [count, …] of one stored row, as training would see them."""
    batch = x[None].repeat(count, *[1] * x.dim())
    return build(steps, spec)(batch, torch.Generator().manual_seed(seed))


def complete(
    found: type[Augmentation], settings: Mapping[str, Any], place: str = "data.augment"
) -> dict[str, Any]:
    """The settings with defaults. Raises LaminaError for one that is not known or out of range."""
    options = {option.name: option for option in found.params}
    chosen = {name: option.default for name, option in options.items()}
    for name, value in settings.items():
        if name not in options:
            raise LaminaError(
                f"{found.kind} has no setting {name!r}.",
                place=f"{place}.{name}",
                remedy=f"It has {', '.join(options)}.",
            )
        option = options[name]
        if option.kind == "bool":
            right = isinstance(value, bool)
        else:
            right = isinstance(value, int | float) and not isinstance(value, bool)
            right = right and option.low is not None and option.high is not None
            right = right and option.low <= value <= option.high
        if not right:
            wanted = (
                "true or false" if option.kind == "bool" else f"from {option.low} to {option.high}"
            )
            raise LaminaError(
                f"{value!r} is not {wanted}.",
                place=f"{place}.{name}",
                remedy=f"Write {'a number ' * (option.kind != 'bool')}{wanted}.",
            )
        chosen[name] = int(value) if option.kind == "int" else value
    return chosen


def _found(step: Step, place: int) -> type[Augmentation]:
    known = catalogue()
    if step.kind not in known:
        raise LaminaError(
            f"There is no augmentation called {step.kind!r}.",
            place=f"data.augment.{place}.kind",
            remedy=f"Take one of {', '.join(known)}.",
        )
    return known[step.kind]


def uniform(
    shape: tuple[int, ...],
    x: Tensor,
    generator: torch.Generator,
    low: float = 0.0,
    high: float = 1.0,
) -> Tensor:
    """Random numbers from `low` to `high`, float32, drawn where the generator is and moved to where
    `x` is."""
    drawn = torch.rand(shape, generator=generator, device=generator.device)
    return (drawn * (high - low) + low).to(x.device, non_blocking=True)


def normal(shape: tuple[int, ...], x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers, float32, drawn where the generator is and moved to where `x` is."""
    drawn = torch.randn(shape, generator=generator, device=generator.device)
    return drawn.to(x.device, non_blocking=True)


def as_unit(x: Tensor) -> Tensor:
    """An image batch as floating point from 0 to 1."""
    return x.float() / 255 if x.dtype == torch.uint8 else x


def as_before(y: Tensor, x: Tensor) -> Tensor:
    """The floating point batch `y` (0 to 1) in the type of `x`, held within its range."""
    y = y.clamp(0, 1)
    return (y * 255).round().to(torch.uint8) if x.dtype == torch.uint8 else y.to(x.dtype)
