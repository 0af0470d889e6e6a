"""A twin in which DeepLift's rules hold: each non-linear module alone with its input.

Captum replaces the gradient of the tensor that enters such a module. Where that tensor is read
elsewhere too (a shortcut), what comes from there is lost; where it is what another non-linear
module gave (pooling after ReLU), that one's rule never hears of it. And its rule for max pooling
keeps one of two windows that overlap. A copy of the tensor, and windows laid side by side, mend
all three.
"""

from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

LOWEST = -1e30
"""Stands in a border, where it is never the largest, and differs from no baseline."""


def set_apart(twin: nn.Module, kinds: frozenset[str]) -> None:
    """Give the modules of these kinds an input of their own, and max pooling its windows."""
    for parent in list(twin.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
                setattr(parent, name, _Windows(child))
    for module in twin.modules():
        if type(module).__name__ in kinds:
            module.register_forward_pre_hook(_copied)


def _copied(_module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(one.clone() if isinstance(one, Tensor) else one for one in inputs)


class _Windows(nn.Module):
    """Max pooling over windows laid side by side: the same numbers, and no cell in two windows."""

    def __init__(self, pool: Any) -> None:
        super().__init__()
        self.axes = int(type(pool).__name__[-2])
        self.of, self.stride = self._sizes(pool.kernel_size), self._sizes(pool.stride)
        self.padding, self.dilation = self._sizes(pool.padding), self._sizes(pool.dilation)
        self.ceil = bool(pool.ceil_mode)
        count = 1
        for size in self.of:
            count *= size
        self.pool = nn.MaxPool1d(count)

    def _sizes(self, given: Any) -> tuple[int, ...]:
        return tuple(given) if isinstance(given, tuple) else (int(given),) * self.axes

    def _count(self, size: int, axis: int) -> int:
        """How many windows there are along an axis, as PyTorch counts them."""
        reach = self.dilation[axis] * (self.of[axis] - 1) + 1
        room = size + 2 * self.padding[axis] - reach
        step = self.stride[axis]
        count = (-(-room // step) if self.ceil else room // step) + 1
        if self.ceil and (count - 1) * step >= size + self.padding[axis]:
            count -= 1  # a window that begins behind the last cell
        return count

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, …] → [B, C, windows …]."""
        first = x.ndim - self.axes
        counts = []
        for axis in range(self.axes):
            dim = first + 2 * axis  # each axis before has become two
            size = x.shape[dim]
            count = self._count(size, axis)
            starts = torch.arange(count, device=x.device) * self.stride[axis]
            offsets = torch.arange(self.of[axis], device=x.device) * self.dilation[axis]
            at = starts[:, None] + offsets
            right = max(0, int(at.max()) + 1 - size - self.padding[axis])
            before = [0, 0] * (x.ndim - 1 - dim)
            x = nn.functional.pad(x, [*before, self.padding[axis], right], value=LOWEST)
            x = x.index_select(dim, at.flatten())
            x = x.reshape(*x.shape[:dim], count, self.of[axis], *x.shape[dim + 1 :])
            counts.append(count)
        places = [first + 2 * axis + inner for inner, axis in product((0, 1), range(self.axes))]
        x = x.permute(*range(first), *places).flatten(first)
        found: Tensor = self.pool(x)
        return found.reshape(*found.shape[:-1], *counts)
