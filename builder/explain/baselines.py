"""What a row is compared with: "why this?" always means "rather than what?"."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.explain.subject import Subject

NOISE_DRAWS = 8
ROW_DRAWS = 16


@dataclass(frozen=True)
class Choice:
    """A baseline to choose: its name, what it is in a few words, a note."""

    name: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Baseline:
    """One or several draws of inputs in the model's form, each [B, …].

    The parts are averaged over draws.
    """

    choice: Choice
    draws: tuple[dict[str, Tensor], ...]

    @property
    def first(self) -> dict[str, Tensor]:
        """The first draw: what a removed feature is replaced by."""
        return self.draws[0]


CHOICES: dict[str, tuple[Choice, ...]] = {
    "image": (
        Choice("mean", "an even image", "mean colour"),
        Choice("black", "a black image", "zero in the picture"),
        Choice("white", "a white image"),
        Choice("blur", "itself, blurred"),
        Choice("noise", "noise", f"mean of {NOISE_DRAWS} draws"),
    ),
    "vector": (
        Choice("mean", "the average row", "in training"),
        Choice("rows", "other rows", f"mean of {ROW_DRAWS}"),
    ),
    "series": (
        Choice("mean", "the average series", "in training"),
        Choice("zero", "a flat line at 0"),
        Choice("rows", "other series", f"mean of {ROW_DRAWS}"),
    ),
    "tokens": (
        Choice("padding", "an empty text"),
        Choice("unknown", "unknown words"),
    ),
}
CHOICES["codes"] = CHOICES["vector"]


def choices(subject: Subject) -> tuple[Choice, ...]:
    """The baselines that fit the model's inputs, the best default first."""
    form = next(
        (
            form
            for form in ("image", "tokens", "series", "vector", "codes")
            if form in subject.forms
        ),
        "vector",
    )
    found = CHOICES[form]
    best = found[0].name
    if form == "image":
        if "LayerNorm" in subject.operations.kinds.values():
            best = "noise"  # an even image is where LayerNorm is least smooth
        elif _mostly_black(subject):
            best = "black"
    return tuple(sorted(found, key=lambda choice: choice.name != best))


def _mostly_black(subject: Subject) -> bool:
    """Whether most pixels of the training images are 0, as in scanned digits."""
    for name in subject.names:
        spec = subject.inputs[name]
        if spec.form == "image":
            x = subject.background[name]
            return bool(((x - _pixel(spec, 0.0)).abs() < 1e-4).float().mean() > 0.4)
    return False


def make(subject: Subject, name: str | None, inputs: dict[str, Tensor], seed: int = 0) -> Baseline:
    """The baseline of that name (the default for None) for rows in the model's form.

    An input whose form does not know the name gets its own form's first choice. Raises LaminaError
    for a name that no input knows.
    """
    fitting = choices(subject)
    choice = next((c for c in fitting if c.name == (name or fitting[0].name)), None)
    if choice is None:
        raise LaminaError(
            f"There is no baseline {name!r} for this model.",
            place="options.baseline",
            remedy=f"Use {', '.join(c.name for c in fitting)}.",
        )
    count = {"noise": NOISE_DRAWS, "rows": ROW_DRAWS}.get(choice.name, 1)
    generator = torch.Generator().manual_seed(seed)
    draws = []
    for _ in range(count):
        at = torch.randint(len(subject.background[subject.names[0]]), (1,), generator=generator)
        draws.append(
            {
                key: _one(subject, key, choice.name, inputs[key], int(at), generator)
                for key in subject.names
            }
        )
    return Baseline(choice, tuple(draws))


def _one(
    subject: Subject, key: str, name: str, x: Tensor, at: int, generator: torch.Generator
) -> Tensor:
    spec, background = subject.inputs[key], subject.background[key]
    own = {choice.name for choice in CHOICES[spec.form]}
    name = name if name in own else CHOICES[spec.form][0].name
    if spec.form == "image":
        return _image(spec, name, x, generator)
    if spec.form == "tokens":
        filled = torch.full_like(x, 1)
        return torch.where(x == 0, x, filled) if name == "unknown" else torch.zeros_like(x)
    if name == "rows":
        return background[at : at + 1].expand_as(x).clone()
    if name == "zero":
        return torch.zeros_like(x)
    if spec.form == "codes":
        return background.mode(0).values[None].expand_as(x).clone()
    return background.mean(0, keepdim=True).expand_as(x).clone()


def _pixel(spec: InputSpec, value: float) -> Tensor:
    """A pixel value between 0 and 1 in the model's form [1, C, 1, 1].

    Zero in the picture, then normalised.
    """
    channels = spec.shape[0]
    mean = torch.tensor(spec.mean or (0.0,) * channels)
    std = torch.tensor(spec.std or (1.0,) * channels)
    return ((value - mean) / std)[None, :, None, None]


def _image(spec: InputSpec, name: str, x: Tensor, generator: torch.Generator) -> Tensor:
    if name == "blur":
        size = max(3, (min(x.shape[-2:]) // 3) | 1)
        if size // 2 >= min(x.shape[-2:]):
            return x.mean((-1, -2), keepdim=True).expand_as(x).clone()
        padded = F.pad(x, (size // 2,) * 4, mode="reflect")
        return F.avg_pool2d(F.avg_pool2d(F.pad(padded, (0,) * 4), size, 1), 1)
    if name == "noise":
        low, high = _pixel(spec, 0.0), _pixel(spec, 1.0)
        noise = torch.randn(x.shape, generator=generator)
        return torch.minimum(torch.maximum(noise, low), high)
    if name == "mean":
        return torch.zeros_like(x) if spec.mean else _pixel(spec, 0.5).expand_as(x).clone()
    return _pixel(spec, 0.0 if name == "black" else 1.0).expand_as(x).clone()
