"""Fields of a project that are worth varying, with a first space for each: what a form offers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from builder import layers
from builder.graph.spec import Graph, Node
from builder.layers.base import REQUIRED, Layer, Param
from builder.project import Optimizer, Project
from builder.sweeps.space import Parameter

ACTIVATIONS: tuple[JsonValue, ...] = ("ReLU", "GELU", "SiLU", "LeakyReLU", "ELU", "Tanh")
OPTIMIZERS: tuple[JsonValue, ...] = ("AdamW", "Adam", "NAdam", "RMSprop", "SGD")
SCHEDULES: tuple[JsonValue, ...] = ("constant", "onecycle", "cosine", "linear")


@dataclass(frozen=True)
class Suggestion:
    """A field with words for it and the space to begin with."""

    title: str
    where: str  # "Recipe", or the node
    parameter: Parameter

    @property
    def field(self) -> str:
        """The field's name."""
        return self.parameter.field


def suggestions(project: Project) -> list[Suggestion]:
    """The recipe's fields first, then settings that several nodes share, then each node's own."""
    return [*_recipe(project), *_shared(project.graph, _main(project)), *_own(project)]


def _main(project: Project) -> str:
    return next(name for name, graph in project.graphs.items() if graph is project.graph)


def _recipe(project: Project) -> Iterator[Suggestion]:
    recipe, used = project.recipe, _used(project)
    found: list[Parameter] = [
        *(_rate(f"{path}.lr", choice.lr) for path, choice in used),
        *(
            _log(f"{path}.weight_decay", 1e-5, 0.1)
            for path, choice in used
            if choice.name in OPTIMIZERS
        ),
        _values("recipe.batch_size", 16, 32, 64, 128, 256),
        *(Parameter(field=f"{path}.name", values=OPTIMIZERS) for path, _ in used),
        Parameter(field="recipe.schedule.name", values=SCHEDULES),
        _values("recipe.epochs", recipe.epochs, recipe.epochs * 2),
        _values("recipe.clip_norm", None, 1.0, 5.0),
        _range("recipe.schedule.warmup", 0.0, 0.3),
        _values("recipe.seed", *range(recipe.seed, recipe.seed + 3)),
    ]
    if project.task.kind in ("classification", "gan"):
        found.append(_range("recipe.label_smoothing", 0.0, 0.2))
    for parameter in found:
        yield Suggestion(title(parameter.field), "Recipe", parameter)


def _used(project: Project) -> list[tuple[str, Optimizer]]:
    """The optimisers that train something, by the path of each: the recipe's own is idle where
    every graph has another.
    """
    recipe = project.recipe
    own = [(f"recipe.optimizers.{name}", choice) for name, choice in recipe.optimizers.items()]
    idle = set(project.graphs) <= set(recipe.optimizers)
    return own if idle else [("recipe.optimizer", recipe.optimizer), *own]


def _shared(graph: Graph, name: str) -> Iterator[Suggestion]:
    """One suggestion for all nodes of a type whose names differ by their number alone."""
    for layer_name in dict.fromkeys(node.layer for node in graph.nodes):
        nodes = [node for node in graph.nodes if node.layer == layer_name]
        stems = {node.id.rstrip("0123456789") for node in nodes}
        stem = next(iter(stems))
        matching = [node for node in graph.nodes if node.id.startswith(stem)]
        if len(nodes) < 2 or len(stems) != 1 or len(matching) != len(nodes):
            continue
        layer = layers.catalogue().get(layer_name)
        if layer is not None and not _feeds_output(graph, nodes):
            yield from _of_node(layer, nodes[0], f"graphs.{name}.{stem}*", f"all {layer_name}")


def _own(project: Project) -> Iterator[Suggestion]:
    for name, graph in project.graphs.items():
        for node in graph.nodes:
            layer = layers.catalogue().get(node.layer)
            if layer is None or layer.family == "io" or _feeds_output(graph, [node]):
                continue
            words = node.id if len(project.graphs) == 1 else f"{name} · {node.id}"
            yield from _of_node(layer, node, f"graphs.{name}.{node.id}", words)


def _feeds_output(graph: Graph, nodes: list[Node]) -> bool:
    """Whether one of them gives the result, whose size the task decides."""
    outputs = {node.id for node in graph.nodes if node.layer == "Output"}
    return any(edge.target in outputs for node in nodes for edge in graph.out_of(node.id))


def _of_node(layer: Layer, node: Node, prefix: str, where: str) -> Iterator[Suggestion]:
    if layer.name in ACTIVATIONS:
        parameter = Parameter(field=f"{prefix}.layer", values=ACTIVATIONS)
        yield Suggestion("Activation", where, parameter)
    for param in layer.params:
        if not param.inferred:
            parameter_or_none = _of_param(param, node, f"{prefix}.{param.name}")
            if parameter_or_none is not None:
                yield Suggestion(param.name, where, parameter_or_none)


def _of_param(param: Param, node: Node, field: str) -> Parameter | None:
    """A space around the present value; None for settings that are no number or choice."""
    default = None if param.default is REQUIRED else param.default
    value = node.params.get(param.name, default)
    if param.kind == "choice" and len(param.choices) > 1:
        return Parameter(field=field, values=tuple(param.choices))
    if param.kind == "bool":
        return Parameter(field=field, values=(True, False))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if param.kind in ("int", "size", "optional_int"):
        around = [max(int(param.low or 1), round(value * share)) for share in (0.5, 1, 2)]
        if value <= 3:
            around = [int(value), int(value) + 1, int(value) + 2]
        found = [one for one in dict.fromkeys(around) if param.high is None or one <= param.high]
        return Parameter(field=field, values=tuple(found)) if len(found) > 1 else None
    if param.kind in ("float", "optional_float"):
        if param.name == "p":
            return _range(field, 0.0, 0.6)
        return _log(field, value / 10, value * 10) if value > 0 else None
    return None


def _rate(field: str, lr: float) -> Parameter:
    return _log(field, _decade(lr / 30), min(1.0, _decade(lr * 30)))


def _values(field: str, *values: JsonValue) -> Parameter:
    return Parameter(field=field, values=tuple(dict.fromkeys(values)))


def _range(field: str, low: float, high: float) -> Parameter:
    return Parameter(field=field, low=low, high=high)


def _log(field: str, low: float, high: float) -> Parameter:
    return Parameter(field=field, low=float(f"{low:.1g}"), high=float(f"{high:.1g}"), log=True)


def _decade(value: float) -> float:
    """The nearest power of ten, at most 1."""
    return min(1.0, 10.0 ** round(math.log10(value)))


def title(field: str) -> str:
    """A field in few words: "Learning rate", "drop*.p"."""
    known = {
        "recipe.optimizer.lr": "Learning rate",
        "recipe.optimizer.weight_decay": "Weight decay",
        "recipe.optimizer.name": "Optimiser",
        "recipe.optimizer.momentum": "Momentum",
        "recipe.schedule.name": "Schedule",
        "recipe.schedule.warmup": "Warm-up",
        "recipe.batch_size": "Batch size",
        "recipe.epochs": "Epochs",
        "recipe.clip_norm": "Gradient clipping",
        "recipe.label_smoothing": "Label smoothing",
        "recipe.seed": "Seed",
        "data.split.fold": "Fold",
        "without": "Without",
    }
    if field in known:
        return known[field]
    parts = field.split(".")
    if parts[:2] == ["recipe", "optimizers"] and len(parts) == 4:
        return f"{title(f'recipe.optimizer.{parts[3]}')} of {parts[2]}"
    if parts[0] in ("graphs", "modules") and len(parts) == 4:
        return ".".join(parts[2:]) if parts[1] == "model" else ".".join(parts[1:])
    return field.removeprefix("recipe.")
