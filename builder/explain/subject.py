"""What is explained.

A twin of the trained model, its inputs, what it predicts, and rows to compare with.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from builder.data.runtime import naming
from builder.data.specs import InputSpec, TargetSpec
from builder.explain import twin

Tensors = Mapping[str, Tensor]
Scale = Literal["logit", "probability", "value"]
CHUNK = 256


@dataclass(frozen=True)
class Subject:
    """A model to ask about. It holds a twin; the user's model is never hooked or changed.

    `background` are training rows in the model's form, drawn once; `watch` names what is read on
    the result's axis.
    """

    model: nn.Module
    names: tuple[str, ...]
    inputs: Mapping[str, InputSpec]
    target: TargetSpec
    background: Tensors
    columns: tuple[str, ...] = ()  # raw columns in the data's order, where the inputs are tables
    cache: dict[str, Any] = field(default_factory=dict, repr=False)
    lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)
    """Held while a method works: some hook the twin, and two visitors may ask at once."""

    @classmethod
    def of(
        cls,
        model: nn.Module,
        inputs: Mapping[str, InputSpec],
        target: TargetSpec,
        background: Tensors,
        names: Sequence[str] | None = None,
    ) -> "Subject":
        """A subject with a fresh twin of `model`; `names` is the order of its forward arguments."""
        order = tuple(names or inputs)
        columns = dict.fromkeys(
            origin
            for name in order
            if inputs[name].form in ("vector", "codes")
            for origin in inputs[name].origins or inputs[name].features
        )
        return cls(twin.copy(model), order, inputs, target, background, tuple(columns))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes; empty for a number."""
        return self.target.classes

    @property
    def classifies(self) -> bool:
        """Whether it answers with a class."""
        return self.target.kind == "class"

    @property
    def forms(self) -> frozenset[str]:
        """The forms of its inputs."""
        return frozenset(self.inputs[name].form for name in self.names)

    def called(self, column: str) -> str:
        """A column as a person reads it: "column 1" for "#0" of a table without a head."""
        return naming.called(column, naming.numbered([*self.columns, self.target.name]))

    def default_scale(self) -> Scale:
        """What gradient methods explain: a class's score before softmax, or the number itself."""
        return "logit" if self.classifies else "value"

    def raw(self, inputs: Tensors) -> Tensor:
        """The model's only output [B, K], in chunks, without gradients."""
        rows = len(inputs[self.names[0]])
        with torch.no_grad():
            parts = [
                output(self.model(*(inputs[name][at : at + CHUNK] for name in self.names)))
                for at in range(0, rows, CHUNK)
            ]
        return torch.cat(parts)

    def probabilities(self, inputs: Tensors) -> Tensor:
        """Class probabilities [B, K]."""
        return self.raw(inputs).softmax(1)

    def prediction(self, inputs: Tensors) -> Tensor:
        """Class codes [B], or numbers [B] in the target's unit."""
        raw = self.raw(inputs)
        return raw.argmax(1) if self.classifies else self.score(raw, None, "value")

    def score(self, raw: Tensor, target: Tensor | None, scale: Scale) -> Tensor:
        """What is explained [B]: of two classes the log-odds, of more the class's logit.

        Or its probability.

        A regression's score is the prediction in the target's unit.

        """
        if not self.classifies or target is None:
            return raw.reshape(len(raw), -1)[:, 0] * self.target.std + self.target.mean
        if scale == "probability":
            raw = raw.softmax(1)
        elif raw.shape[1] == 2:
            raw = raw - raw.flip(1)
        return raw.gather(1, target[:, None])[:, 0]

    def scored(self, scale: Scale) -> Callable[[Tensors, Tensor | None], Tensor]:
        """A function from inputs and target to scores [B], without gradients."""
        return lambda inputs, target: self.score(self.raw(inputs), target, scale)

    def watched(self, inputs: Tensors, target: Tensor | None) -> Tensor:
        """What a person reads [B]: the class's probability, or the number."""
        return self.score(self.raw(inputs), target, "probability" if self.classifies else "value")

    @cached_property
    def operations(self) -> twin.Operations:
        """What the model computes with, seen in one pass over a background row."""
        one = [self.background[name][:1] for name in self.names]
        return twin.operations(self.model, one)

    @cached_property
    def layers(self) -> dict[str, tuple[int, ...]]:
        """Layers whose output has a place axis beside its channels: name → [C, H, W] or [C, T].

        A user's own module is one, and so are the layers in it: "block1", "block1.conv1".
        """
        return {
            name: shape
            for name, shape in self.operations.shapes.items()
            if len(shape) in (2, 3) and all(size > 1 for size in shape[1:])
        }

    def groups(self) -> dict[str, dict[str, list[int]]]:
        """Raw columns of the table inputs: column → input → the features that come from it."""
        found: dict[str, dict[str, list[int]]] = {column: {} for column in self.columns}
        for name in self.names:
            spec = self.inputs[name]
            if spec.form not in ("vector", "codes"):
                continue
            for at, origin in enumerate(spec.origins or spec.features):
                found[origin].setdefault(name, []).append(at)
        return found


def output(result: Any) -> Tensor:
    """The only output of a model that may give several: the first."""
    tensor: Tensor = next(iter(result.values())) if isinstance(result, Mapping) else result
    return tensor if tensor.ndim > 1 else tensor[:, None]


def rows_of(inputs: Tensors, rows: slice | Tensor | list[int]) -> dict[str, Tensor]:
    """The same inputs, fewer rows."""
    return {name: tensor[rows] for name, tensor in inputs.items()}
