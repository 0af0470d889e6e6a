"""What templates share that predict each row by one network with one input."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, final

from builder.project import Data, Project, Recipe
from builder.templates import base

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

READS: dict[base.DataKind, tuple[str, str]] = {
    # the kind of data → the form of the one input, and that input in a sentence
    "table": ("vector", "a table"),
    "image": ("image", "images"),
    "series": ("series", "series"),
    "text": ("tokens", "texts"),
}


class RowTemplate(base.Template):
    """A network between one input and a linear head as wide as the target calls for.

    What is final here is the same for all of them; what a template adds is `draw` and `recipe`,
    beside what it declares.
    """

    own: ClassVar[Data]  # its own data
    least: ClassVar[int] = 1  # steps, words, or pixels a side
    smaller: ClassVar[str] = ""  # what is said of less, with a remedy
    other: ClassVar[str] = ""  # the template for the other kind of target, where it serves one only

    @classmethod
    @abstractmethod
    def draw(cls, sketch: base.Sketch, spec: "PreparedSpec") -> None:
        """The nodes between the Input node, which stands already, and the head."""

    @classmethod
    @abstractmethod
    def recipe(cls, spec: "PreparedSpec") -> Recipe:
        """How it is trained on so many rows."""

    @final
    @classmethod
    def data(cls) -> Data:
        """As declared."""
        return cls.own

    @final
    @classmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """It needs one input of its kind, large enough, and a target that it serves."""
        form, wanted = READS[cls.data_kind]
        if reason := base.lacks(spec, form, wanted):
            return reason
        shape = base.only_input(spec, form).shape
        if min(shape[1:] or shape) < cls.least:
            return cls.smaller
        kind = base.task(spec).kind
        if kind not in cls.tasks:
            found = "is a number" if kind == "regression" else "has classes"
            return f"The target {base.called_target(spec)} {found}. Take {cls.other} instead."
        return None

    @final
    @classmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """Input, the template's nodes, head, output."""
        sketch = base.Sketch()
        sketch.add(base.only_input(spec, READS[cls.data_kind][0]).name, "Input")
        cls.draw(sketch, spec)
        return base.project(cls, spec, data, base.headed(sketch, spec), cls.recipe(spec))
