"""A project as plain data: what it learns from, its graphs, task and recipe."""

import functools
import hashlib
import json
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from builder import wording
from builder.graph.spec import Graph, Name

VERSION = 1


Seed = Annotated[int, Field(ge=0, lt=2**53)]
"""What a generator begins with: a whole number that JSON keeps."""


class Strict(BaseModel):
    """Base of the project's parts: immutable, unknown keys refused, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """JSON's true is no 1, which is what pydantic would make of it."""
        if isinstance(value, bool) and (kind := _numbers(cls, info.field_name or "")):
            raise PydanticKnownError(kind)
        return value


@functools.cache
def _numbers(model: type[BaseModel], field: str) -> Literal["int_type", "float_type"] | None:
    """The error of a field that takes numbers and no switch; None for other fields."""
    kinds = _kinds(model.model_fields[field].annotation)
    if bool in kinds or not kinds & {int, float}:
        return None
    return "float_type" if float in kinds else "int_type"


def _kinds(annotation: Any) -> set[Any]:
    """The types that an annotation allows, without what containers hold."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return set().union(*map(_kinds, get_args(annotation)))
    if hasattr(annotation, "__value__"):  # a named alias, such as JsonValue
        return _kinds(annotation.__value__)
    return {annotation}


class Step(Strict):
    """One preparation or augmentation step: its kind and its settings ({"kind": "tokens", "level":
    "word"})."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    kind: str

    def settings(self) -> dict[str, Any]:
        """The settings without the kind."""
        return dict(self.model_extra or {})


class Column(Strict):
    """What a person decided about a column; whatever is None is guessed from the data."""

    type: Literal["number", "category", "text", "date", "boolean"] | None = None
    role: Literal["feature", "target", "ignore", "group", "time"] | None = None
    missing: (
        Literal["median", "mean", "zero", "most_frequent", "own_category", "drop_rows"] | None
    ) = None
    absent: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # values that mean: not known
    written: Literal["measure", "duration", "feet"] | None = None  # numbers with signs ("<0.1 mg")
    flag_missing: bool | None = None  # a 0/1 column beside an imputed number
    scale: Literal["standard", "minmax", "robust", "none"] | None = None
    encode: Literal["onehot", "embedding"] | None = None
    log: bool | None = None  # sign(x) · log(1 + |x|) before scaling; only where asked for


class Split(Strict):
    """How rows are shared out. `given` uses the data's own train/test; shares are of all rows.
    With `folds` the rows beside the test are shared into so many parts, of which number `fold` is
    validation; the share of validation is not used then.
    """

    kind: Literal["random", "stratified", "group", "time", "given"] = "stratified"
    validation: float = Field(0.15, ge=0, lt=1)
    test: float = Field(0.15, ge=0, lt=1)
    seed: Seed = 0
    group: str | None = None
    time: str | None = None
    folds: int | None = Field(None, ge=2)
    fold: int = Field(1, ge=1)


class Binding(Strict):
    """What an Input node receives: a group of columns ("all", "numbers", "categories" or names) in
    one form."""

    columns: Literal["all", "numbers", "categories"] | tuple[str, ...] = "all"
    form: Literal["vector", "codes", "image", "tokens", "series"] | None = None


class Data(Strict):
    """Where the data comes from and how it is made ready."""

    source: str = ""
    options: dict[str, JsonValue] = {}
    target: str | None = None
    columns: dict[str, Column] = {}
    split: Split = Split()
    prepare: tuple[Step, ...] = ()
    augment: tuple[Step, ...] = ()
    inputs: dict[Name, Binding] = {}


class OutputTask(Strict):
    """What one Output node learns: its target column, loss and metrics."""

    target: str | None = None
    loss: str | None = None
    metrics: tuple[str, ...] | None = None


class TaskChoice(Strict):
    """The task by its kind and its settings; see builder/tasks."""

    kind: str = "classification"
    loss: str | None = None
    metrics: tuple[str, ...] | None = None
    outputs: dict[Name, OutputTask] = {}
    options: dict[str, JsonValue] = {}


MOST_THREADS = 512
"""So many threads a run may ask for; each takes memory even where there is no core for it."""

LARGEST_RATE = 100.0
"""The highest learning rate that an order to a run takes."""

SENSELESS_RATE = 1e6
"""No recipe takes a higher learning rate."""


class Optimizer(Strict):
    """torch.optim's name and arguments ({"name": "AdamW", "lr": 0.002, "weight_decay": 0.01})."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    name: str = "AdamW"
    lr: float = Field(1e-3, gt=0, le=SENSELESS_RATE)

    def arguments(self) -> dict[str, Any]:
        """All keyword arguments of the optimiser."""
        return {"lr": self.lr, **(self.model_extra or {})}


class Schedule(Strict):
    """How the learning rate moves over the run; `warmup` is the share of steps that rise from
    nearly zero."""

    name: str = "constant"  # see train.schedule: short names, and all of torch.optim.lr_scheduler
    warmup: float = Field(0.0, ge=0, lt=1)
    options: dict[str, JsonValue] = {}


class EarlyStopping(Strict):
    """Stop when the monitored figure has not improved for `patience` epochs."""

    patience: int = Field(10, ge=1)
    monitor: str = "validation_loss"
    min_delta: float = Field(0.0, ge=0)


class Average(Strict):
    """Averaged weights, validated and kept in place of the last ones.

    `ema` follows each step; `swa` is the mean over the epochs' ends from the share `start` of the
    run on, at the rate `lr` where one is given."""

    kind: Literal["ema", "swa"] = "ema"
    decay: float = Field(0.999, gt=0, lt=1)  # ema
    start: float = Field(0.75, ge=0, lt=1)  # swa
    lr: Annotated[float, Field(gt=0, le=SENSELESS_RATE)] | None = (
        None  # swa; reached over `anneal` epochs
    )
    anneal: int = Field(2, ge=0, le=1_000)


class Mix(Strict):
    """Rows mixed with one another: `mixup` blends them, `cutmix` cuts a rectangle out of an image;
    `alpha` says how evenly."""

    kind: Literal["mixup", "cutmix", "both"] = "mixup"
    alpha: float = Field(0.2, gt=0, le=100)
    chance: float = Field(1.0, gt=0, le=1)


def usual_batch_size(rows: int) -> int:
    """By training rows: 32 below 2,000, 64 below 5,000, else 256."""
    return 32 if rows < 2_000 else 64 if rows < 5_000 else 256


class Recipe(Strict):
    """How to train. None means: chosen from the data, and the choice is written into the run."""

    epochs: int = Field(10, ge=1, le=1_000_000)
    batch_size: Annotated[int, Field(ge=1)] | None = None
    optimizer: Optimizer = Optimizer()
    optimizers: dict[Name, Optimizer] = {}
    schedule: Schedule = Schedule()
    early_stopping: EarlyStopping | None = None
    class_weights: Literal["balanced"] | dict[str, float] | None = None
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    clip_value: Annotated[float, Field(gt=0)] | None = None
    accumulate: int = Field(1, ge=1)  # parts of a batch whose gradients are added up
    rates: dict[str, Annotated[float, Field(gt=0)]] = {}  # node or pattern → × learning rate
    freeze: tuple[str, ...] = ()  # nodes or patterns whose weights stay
    average: Average | None = None
    mix: Mix | None = None
    precision: Literal["float32", "tf32", "bfloat16"] = "float32"
    compile: Literal["off", "auto", "on"] = "auto"  # the whole step, beside the training
    device: str = "auto"  # auto, cpu, cuda, cuda:1, mps
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)] | None = None
    seed: Seed = 0
    start_from: str | None = None  # a run id or the path of a safetensors file
    keep: Literal["best", "best_and_last", "all"] = "best_and_last"
    monitor: str = "validation_loss"


class Position(Strict):
    """Where a node stands on the canvas, in pixels."""

    x: float
    y: float


class View(Strict):
    """How the canvas shows the graphs; never part of the meaning."""

    positions: dict[str, dict[Name, Position]] = {}  # graph name → node id → position
    notes: str = ""


def _one_line(name: Any) -> Any:
    return wording.one_line(name) if isinstance(name, str) else name


class Project(Strict):
    """A whole project. `model_dump_json(exclude_defaults=True)` is what `save` writes, with the
    version first."""

    lamina: int = VERSION
    name: Annotated[str, BeforeValidator(_one_line)] = Field(
        "untitled", min_length=1, max_length=120
    )
    data: Data = Data()
    graphs: dict[Name, Graph] = Field({"model": Graph()}, min_length=1)
    modules: dict[Name, Graph] = {}
    task: TaskChoice = TaskChoice()
    recipe: Recipe = Recipe()
    view: View = View()

    @property
    def graph(self) -> Graph:
        """The main graph: "model", else the first."""
        return self.graphs.get("model") or next(iter(self.graphs.values()))

    def meaning(self) -> dict[str, Any]:
        """The project without its view and name: what decides the result."""
        return self.model_dump(mode="json", exclude={"view", "name"}, exclude_defaults=True)

    def digest(self) -> str:
        """Sixteen hex digits of SHA-256 over `meaning()`."""
        text = json.dumps(self.meaning(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
