"""Where gradient methods enter a model.

Float features (inputs, or embeddings of ids), a score per row comes out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from builder.explain import twin
from builder.explain.base import Question
from builder.explain.subject import Subject, output

CHUNK = 64
"""Rows per pass of a gradient method: less memory at the same speed."""


@dataclass(frozen=True)
class Entry:
    """A question in the form that Captum takes.

    Features, further arguments (targets, ids), a scoring module.
    """

    lift: twin.Lift
    scored: "_Scored"
    features: tuple[Tensor, ...]
    more: tuple[Any, ...]
    question: Question

    def baseline_features(self) -> list[tuple[Tensor, ...]]:
        """Per draw of the baseline, its features.

        The average of a category is the average of its vectors.
        """
        subject, baseline = self.question.subject, self.question.baseline
        found = []
        for draw in baseline.draws:
            features = list(self.lift.features(draw))
            if baseline.choice.name == "mean":
                background = self.lift.features(dict(subject.background))
                for at, owner in enumerate(self.lift.owners):
                    if subject.inputs[owner].form == "codes":
                        mean = background[at].mean(0, keepdim=True)
                        features[at] = mean.expand_as(features[at]).clone()
            found.append(tuple(features))
        return found

    def score(self, features: Sequence[Tensor]) -> Tensor:
        """Scores [B] of given features, without gradients."""
        with torch.no_grad():
            scores: Tensor = self.scored(*features, *self.more)
        return scores


class _Scored(nn.Module):
    """features…, target, ids… → scores [B]. Captum's DeepLift wants a module."""

    def __init__(self, lift: twin.Lift, subject: Subject, question: Question, count: int) -> None:
        super().__init__()
        self.model = lift.model
        self._lift, self._subject, self._scale, self._count = lift, subject, question.scale, count
        self.tick: Callable[[], None] | None = None
        """Called at each pass."""

    def forward(self, *arguments: Any) -> Tensor:
        if self.tick is not None:
            self.tick()
        features, (target, *ids) = arguments[: self._count], arguments[self._count :]
        raw = output(self._lift.forward(features, ids))
        return self._subject.score(raw, target, self._scale)


def enter(question: Question) -> Entry:
    """The question's entry. Raises ValueError where ids reach no embedding (see `closed`)."""
    subject = question.subject
    lift = twin.lift(subject.model, subject.names, question.inputs)
    features = lift.features(question.inputs)
    scored = _Scored(lift, subject, question, len(features))
    more = (question.target, *lift.ids(question.inputs))
    return Entry(lift, scored, features, more, question)


def closed(subject: Subject) -> str | None:
    """Why gradients cannot reach the inputs; None where they can."""
    if "closed" not in subject.cache:
        one = {name: subject.background[name][:1] for name in subject.names}
        try:
            twin.lift(subject.model, subject.names, one)
            subject.cache["closed"] = None
        except ValueError as error:
            subject.cache["closed"] = (
                f"Gradients need float inputs or an Embedding right after the input. {error}"
            )
    reason: str | None = subject.cache["closed"]
    return reason
