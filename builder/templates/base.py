"""What a template declares, and what all of them share: sizes and recipes by general rules.

The rules look at rows, form and size of the data, never at its name.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from builder.errors import LaminaError
from builder.graph.spec import Edge, Graph, Node
from builder.project import (
    Binding,
    Data,
    EarlyStopping,
    Optimizer,
    Project,
    Recipe,
    Schedule,
    Step,
    TaskChoice,
    usual_batch_size,
)

if TYPE_CHECKING:
    from builder.data.specs import InputSpec, PreparedSpec, TargetSpec

DataKind = Literal["table", "image", "series", "text"]

DIGITS = Data(source="sklearn", options={"name": "digits"}, target="target")
"""Handwritten digits of 8 × 8 pixels, bundled with scikit-learn."""
WAVES = Data(source="generated", options={"name": "waves"}, target="target")
"""Series of three shapes, generated."""
REVIEWS = Data(source="generated", options={"name": "reviews"}, target="target")
"""Short texts, praise and blame, generated."""


class Template(ABC):
    """A ready network for one kind of data; one file of builder/templates, found by scan."""

    name: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]  # what it is, in some 40 characters: one line of its card
    called: ClassVar[str]  # a project of it on its own data: "{data} CNN"
    data_kind: ClassVar[DataKind]
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    inputs: ClassVar[dict[str, Binding]] = {}  # where the template wants its own Input nodes
    prepare: ClassVar[tuple[Step, ...]] = ()  # preparation steps it wants where the data has none
    reads: ClassVar[str] = ""  # the source that reads a file for it, where another would be guessed

    @classmethod
    @abstractmethod
    def data(cls) -> Data:
        """The template's own data: bundled with libraries or generated, never downloaded."""

    @classmethod
    @abstractmethod
    def unfit(cls, spec: "PreparedSpec") -> str | None:
        """Why the template does not fit this data, with a remedy; None where it does."""

    @classmethod
    @abstractmethod
    def rank(cls, spec: "PreparedSpec") -> int:
        """How good a first choice it is for data that it fits: the highest is suggested."""

    @classmethod
    @abstractmethod
    def build(cls, spec: "PreparedSpec", data: Data) -> Project:
        """A project whose sizes and recipe follow from the data."""


class Sketch:
    """A graph being written down; `add` returns the node's id for the lines that follow."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._last = ""

    def add(self, node: str, layer: str, *sources: str, **params: Any) -> str:
        """A node fed by `sources` ("id" or "id.port"), else by the node before it."""
        self._nodes.append(Node(id=node, layer=layer, params=params))
        if layer != "Input":
            ends = sources or (self._last,)
            self._edges.extend(Edge.model_validate([source, node]) for source in ends)
        self._last = node
        return node

    def graph(self) -> Graph:
        """What was written, frozen."""
        return Graph(nodes=tuple(self._nodes), edges=tuple(self._edges))


def only_input(spec: "PreparedSpec", form: str) -> "InputSpec":
    """The first input of that form; the template's `unfit` has made sure that there is one."""
    return next(item for item in spec.inputs.values() if item.form == form)


def lacks(spec: "PreparedSpec", form: str, wanted: str) -> str | None:
    """A sentence where the data has no single input of that form or nothing to learn."""
    forms = [item.form for item in spec.inputs.values()]
    if forms != [form]:
        found = ", ".join(sorted(set(forms))) or "nothing"
        return (
            f"It needs {wanted}; this data gives {found}. Choose a template for that kind of data."
        )
    return lacks_target(spec)


def lacks_target(spec: "PreparedSpec") -> str | None:
    """A sentence where the data has no target."""
    if spec.target is None:
        return "The data has no target column. Choose the column to predict on the Data page."
    return None


def called_target(spec: "PreparedSpec") -> str:
    """The target in a sentence: its name in quotes, "column 1" of a table without a head."""
    from builder.data.runtime import naming

    name = target(spec).name
    known = [column for item in spec.inputs.values() for column in item.origins or item.features]
    return naming.told(f"'{name}'", naming.numbered([*known, name]))


def target(spec: "PreparedSpec") -> "TargetSpec":
    """What is predicted. Raises LaminaError where nothing is."""
    if spec.target is None:
        raise LaminaError(lacks_target(spec) or "", place="template")
    return spec.target


def width(spec: "PreparedSpec") -> int:
    """How many numbers the Output node has: one per class, or a single one."""
    wanted = target(spec)
    return len(wanted.classes) if wanted.kind == "class" else 1


def task(spec: "PreparedSpec") -> TaskChoice:
    """Classification for classes, regression for numbers."""
    kind = "classification" if target(spec).kind == "class" else "regression"
    return TaskChoice(kind=kind)


def rows(spec: "PreparedSpec") -> int:
    """Rows of the training split."""
    return spec.sizes.get("train", 0)


def headed(sketch: Sketch, spec: "PreparedSpec") -> Graph:
    """The sketch with a linear head, as wide as the target wants, and the Output node."""
    sketch.add("head", "Linear", out_features=width(spec))
    sketch.add("output", "Output")
    return sketch.graph()


def project(
    template: type[Template], spec: "PreparedSpec", data: Data, graph: Graph, recipe: Recipe
) -> Project:
    """A project of one network for the task that the target calls for."""
    return Project(
        name=template.name, data=data, graphs={"model": graph}, task=task(spec), recipe=recipe
    )


def dense(sketch: Sketch, spec: "PreparedSpec") -> None:
    """Two hidden layers with dropout; wider with many rows."""
    widths, drop = ((256, 128), 0.1) if many(spec) else ((128, 64), 0.5 if few(spec) else 0.2)
    for index, units in enumerate(widths, start=1):
        sketch.add(f"dense{index}", "Linear", out_features=units)
        sketch.add(f"relu{index}", "ReLU")
        sketch.add(f"dropout{index}", "Dropout", p=drop)


def few(spec: "PreparedSpec") -> bool:
    """Whether there are so few rows with classes that the network would learn them by heart."""
    return rows(spec) < 2_000 and target(spec).kind == "class"


def many(spec: "PreparedSpec") -> bool:
    """Whether there are rows enough for a wider network with little dropout."""
    return rows(spec) >= 5_000


def table_recipe(spec: "PreparedSpec") -> Recipe:
    """A fixed course for few rows, where stopping would follow noise, and for many; else early."""
    if few(spec):
        return one_cycle(spec, 40, 3e-3, smoothing=0.1, weight_decay=0.01)
    if many(spec):
        epochs = min(30, max(12, round(450_000 / rows(spec))))
        return one_cycle(spec, epochs, 4e-3, weight_decay=0.01)
    return early(spec, 60, 2e-3, 10, weight_decay=0.01)


def early(spec: "PreparedSpec", epochs: int, lr: float, patience: int, **arguments: Any) -> Recipe:
    """AdamW until the validation loss has stopped to fall; the best epoch is kept."""
    return Recipe(
        epochs=epochs,
        batch_size=usual_batch_size(rows(spec)),
        optimizer=Optimizer(name="AdamW", lr=lr, **arguments),
        early_stopping=EarlyStopping(patience=patience),
    )


def one_cycle(
    spec: "PreparedSpec",
    epochs: int,
    lr: float,
    *,
    batch: int | None = None,
    smoothing: float = 0.0,
    **arguments: Any,
) -> Recipe:
    """AdamW with one rise and fall of the learning rate over a known number of epochs."""
    return Recipe(
        label_smoothing=smoothing if target(spec).kind == "class" else 0.0,
        epochs=epochs,
        batch_size=batch or usual_batch_size(rows(spec)),
        optimizer=Optimizer(name="AdamW", lr=lr, **arguments),
        schedule=Schedule(name="onecycle", warmup=0.25),
    )


def series_recipe(spec: "PreparedSpec") -> Recipe:
    """Series sets are often tiny: many epochs over a few dozen rows, few epochs over many."""
    count = rows(spec)
    epochs = 150 if count < 200 else 40 if count < 2_000 else 15
    return one_cycle(spec, epochs, 2e-3, batch=16 if count < 200 else None, weight_decay=0.01)
