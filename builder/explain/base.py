"""What an explanation method declares and gives: one class in one file of methods/."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor

from builder.errors import LaminaError
from builder.explain.baselines import Baseline
from builder.explain.subject import Scale, Subject
from builder.layers.base import Param
from builder.progress import Progress


@dataclass(frozen=True)
class Question:
    """Why does the model give rows `inputs` (in the model's form) the score of `target` [B], not
    the baseline's?
    """

    subject: Subject
    inputs: dict[str, Tensor]
    target: Tensor | None
    baseline: Baseline
    scale: Scale
    options: Mapping[str, Any] = field(default_factory=dict)
    layer: str | None = None
    seed: int = 0
    progress: Progress | None = None

    @property
    def rows(self) -> int:
        """How many rows are asked about."""
        return len(self.inputs[self.subject.names[0]])

    def counter(self, what: str, total: int) -> Callable[[], None]:
        """A function to call at each of `total` passes through the model: it tells of progress, and
        whoever listens may stop the work there.
        """
        done = 0

        def tick() -> None:
            nonlocal done
            if self.progress is not None:
                self.progress(what, min(done, total), total)
            done += 1

        return tick


@dataclass(frozen=True)
class Attribution:
    """A method's answer: parts per input [B, …], in the input's shape (or broadcast to it).

    `base` [B] is the score that the parts start from, where the method claims to add up; `settings`
    says in a few words how it was made ("pixels, 64 steps"); `columns` [B, columns] are parts of
    raw columns where the method works on those.
    """

    parts: dict[str, Tensor]
    base: Tensor | None = None
    settings: str = ""
    columns: Tensor | None = None


class Method(ABC):
    """One way to explain. Methods hold no state.

    Promises, held by tests/explain/test_methods.py: the subject's model is unchanged and carries no
    hook afterwards; the same question gives the same answer; `additive` methods miss at most a
    hundredth of the score's difference on a ReLU network; what does not fit says so through
    `unfit`, never by a wrong map.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]  # one sentence: the question it answers
    limits: ClassVar[tuple[str, ...]]
    limits_of_images: ClassVar[tuple[str, ...]] = ()  # told first, where there is an image
    params: ClassVar[tuple[Param, ...]] = ()
    additive: ClassVar[bool] = False  # the parts sum to score minus baseline's score
    signed: ClassVar[bool] = True  # parts may speak against
    multiplies: ClassVar[bool] = False  # parts contain the factor input minus baseline
    compares: ClassVar[bool] = True  # the parts depend on the chosen baseline
    against: ClassVar[str] = ""  # what parts are counted from, where it is no baseline
    scale: ClassVar[Scale | None] = None  # what it explains, where not the subject's default
    layered: ClassVar[bool] = False  # needs a layer

    @classmethod
    @abstractmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Why this method does not fit the model, in a sentence; None where it does."""

    @abstractmethod
    def attribute(self, question: Question) -> Attribution:
        """The parts. `question.options` is complete (see `complete`)."""


def complete(method: type[Method], options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a method, defaults filled in; LaminaError for an unknown or unfit one."""
    known = {param.name: param for param in method.params}
    for name, value in options.items():
        if name not in known:
            raise LaminaError(
                f"{method.title} has no option {name!r}.",
                place=f"options.{name}",
                remedy=f"It has: {', '.join(known) or 'none'}.",
            )
        _validate(known[name], value)
    return {name: options.get(name, param.default) for name, param in known.items()}


def _validate(param: Param, value: Any) -> None:
    place = f"options.{param.name}"
    if param.kind == "choice":
        if value not in param.choices:
            raise LaminaError(
                f"{value!r} is not a choice.",
                place=place,
                remedy=f"Use {', '.join(param.choices)}.",
            )
    elif param.kind == "bool":
        if not isinstance(value, bool):
            raise LaminaError(f"{value!r} is neither true nor false.", place=place)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise LaminaError(f"{value!r} is no number.", place=place)
    elif param.kind == "int" and not isinstance(value, int):
        raise LaminaError(f"{value!r} is no whole number.", place=place)
    elif (param.low is not None and value < param.low) or (
        param.high is not None and value > param.high
    ):
        raise LaminaError(
            f"{value} is out of range.", place=place, remedy=f"Use {param.low} to {param.high}."
        )
