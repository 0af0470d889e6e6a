"""Inside the model.

What the channels of a layer show for one row, and how much each speaks for the class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from builder.errors import LaminaError
from builder.explain import twin
from builder.explain.subject import Subject, output


@dataclass(frozen=True)
class Channel:
    """One channel.

    Its map [H, W] or [T] and its part of the score (activation × gradient, summed over places).
    """

    index: int
    values: NDArray[np.float32]
    part: float


@dataclass(frozen=True)
class Channels:
    """The channels of a layer that speak loudest, all channels' sum, and the score they lead to."""

    layer: str
    shape: tuple[int, ...]
    shown: tuple[Channel, ...]
    total: float
    score: float


def channels(
    subject: Subject, inputs: dict[str, Tensor], layer: str, target: int | None, most: int = 6
) -> Channels:
    """The channels of `layer` for the only row of `inputs`, those that speak most for `target`
    first.

    Raises LaminaError for a layer whose output has no places.
    """
    if layer not in subject.layers:
        raise LaminaError(
            f"The output of {layer!r} has no channels with places.",
            place="layer",
            remedy=f"Use one of: {', '.join(subject.layers) or 'none here'}.",
        )
    model = twin.copy(subject.model)
    held: list[Tensor] = []

    def keep(_module: torch.nn.Module, _inputs: object, result: Tensor) -> Tensor:
        result = result.detach().requires_grad_()
        held.append(result)
        return result

    dict(model.named_modules())[layer].register_forward_hook(keep)
    code = None if target is None else torch.tensor([target])
    with twin.gradients():
        raw = output(model(*(inputs[name] for name in subject.names)))
        score = subject.score(raw, code, subject.default_scale())[0]
        gradient = torch.autograd.grad(score, held[-1])[0]
    maps = held[-1].detach()[0]
    parts = (maps * gradient[0]).flatten(1).sum(1)
    order: Sequence[int] = parts.argsort(descending=True)[:most].tolist()
    shown = tuple(Channel(at, maps[at].numpy(), float(parts[at])) for at in order)
    return Channels(layer, tuple(maps.shape), shown, float(parts.sum()), float(score.detach()))
