"""What a sweep may vary: fields of a project by dotted names, looked up, checked and set.

`recipe.optimizer.lr` · `graphs.model.head.out_features` · `graphs.model.drop*.p` (one value for all
nodes that match) · `graphs.model.relu1.layer` (the layer type itself) ·
`modules.block.conv1.bias` · `task.loss` · `data.split.fold` (which part of a split with folds is
validation) · `without` (nodes of the main graph, with + between, that are bypassed; "" for none).
"""

import fnmatch
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError

from builder import layers, wording
from builder.errors import LaminaError
from builder.graph import edit
from builder.graph.spec import Graph, Node
from builder.layers.base import REQUIRED, Layer
from builder.project import Optimizer, Project, Recipe, Split, TaskChoice

Kind = Literal["int", "float", "choice"]
WITHOUT = "without"
FOLD = "data.split.fold"
LAYER = "layer"
ROOTS: dict[str, type[BaseModel]] = {"recipe": Recipe, "task": TaskChoice}
KEPT = ("recipe.monitor", "recipe.keep", "recipe.start_from")
"""Fields that would make trials incomparable, or that belong to a single run."""


@dataclass(frozen=True)
class Field:
    """A field as the project has it. `nodes`: the nodes that its pattern means."""

    name: str
    kind: Kind
    value: JsonValue = None
    choices: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


def find(project: Project, name: str) -> Field:
    """The field of that name. Raises LaminaError with near names where there is none."""
    parts = name.split(".")
    if name == WITHOUT:
        return Field(name, "choice", "", nodes=tuple(node.id for node in project.graph.nodes))
    if name == FOLD:
        if project.data.split.folds is None:
            raise LaminaError(
                "The rows are not split into folds.", place=name, remedy="Set data.split.folds."
            )
        return Field(name, "int", project.data.split.fold)
    if name in KEPT:
        raise LaminaError(
            "This field cannot be varied.", place=name, remedy="Set it in the recipe."
        )
    idle = set(project.graphs) <= set(project.recipe.optimizers)
    if idle and parts[:2] == ["recipe", "optimizer"]:
        own = " or ".join(
            ".".join(["recipe.optimizers", one, *parts[2:]]) for one in project.graphs
        )
        raise LaminaError(
            "Every graph has an optimiser of its own, so this one trains nothing.",
            place=name,
            remedy=f"Vary {own}.",
        )
    if parts[0] in ("graphs", "modules") and len(parts) == 4:
        return _node_field(project, name, parts)
    if parts[0] in ROOTS and len(parts) > 1:
        kind, choices = _model_kind(ROOTS[parts[0]], parts[1:], name)
        return Field(name, kind, _present(project, parts), choices)
    raise LaminaError(
        "There is no such field.",
        place=name,
        remedy="Write recipe.optimizer.lr, or graphs.model.head.out_features.",
    )


# Fields of recipe and task


def _model_kind(
    model: type[BaseModel], parts: list[str], name: str
) -> tuple[Kind, tuple[str, ...]]:
    field = model.model_fields.get(parts[0])
    if field is None:
        if model.model_config.get("extra") == "allow" and len(parts) == 1:
            return _extra_kind(model, parts[0]), ()
        known = layers.near(parts[0], dict.fromkeys(model.model_fields))
        near = f"Did you mean {' or '.join(known)}?" if known else ""
        fields = ", ".join(model.model_fields)
        raise LaminaError(
            f"There is no field {parts[0]!r} here.",
            place=name,
            remedy=near or f"There are: {fields}.",
        )
    return _kind(field.annotation, parts[1:], name)


def _kind(annotation: Any, rest: list[str], name: str) -> tuple[Kind, tuple[str, ...]]:
    options = _options(annotation)
    if rest:
        for option in options:
            if isinstance(option, type) and issubclass(option, BaseModel):
                return _model_kind(option, rest, name)
            if get_origin(option) is dict:
                return _kind(get_args(option)[1], rest[1:], name)
        raise LaminaError(
            "This field has no parts.", place=name, remedy="Leave out what follows it."
        )
    words = tuple(
        str(word)
        for option in options
        if get_origin(option) is Literal
        for word in get_args(option)
    )
    if any(isinstance(option, type) and issubclass(option, BaseModel) for option in options):
        raise LaminaError(
            "This is a group of fields.", place=name, remedy=f"Name one of them: {name}.…"
        )
    if words:
        return "choice", words
    if float in options:
        return "float", ()
    if int in options:
        return "int", ()
    plain = all(option in (str, bool) or get_origin(option) is not None for option in options)
    return ("choice" if plain else "float"), ()


def _options(annotation: Any) -> list[Any]:
    """The types that a field takes, without None."""
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for part in get_args(annotation) for one in _options(part)]
        return [one for one in inner if one is not types.NoneType]
    return [annotation]


def _extra_kind(model: type[BaseModel], key: str) -> Kind:
    """An optimiser's argument: a number unless its default is a switch or a list."""
    if model is not Optimizer:
        return "float"
    return "choice" if key in ("amsgrad", "nesterov", "maximize", "betas", "decoupled") else "float"


def _present(project: Project, parts: list[str]) -> JsonValue:
    value: Any = project.model_dump(mode="json")
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    found: JsonValue = value
    return found


# Fields of nodes


def _node_field(project: Project, name: str, parts: list[str]) -> Field:
    found = [
        (graph_name, node)
        for graph_name, graph in _graphs(project, parts[0]).items()
        if fnmatch.fnmatchcase(graph_name, parts[1])
        for node in graph.nodes
        if fnmatch.fnmatchcase(node.id, parts[2])
    ]
    if not found:
        raise _no_node(project, name, parts)
    if parts[3] == LAYER:
        return Field(name, "choice", found[0][1].layer, nodes=_ids(found))
    kinds: set[Kind] = set()
    choices: tuple[str, ...] = ()
    for _, node in found:
        layer = layers.get(node.layer)
        param = layer.param(parts[3])
        if param is None or param.inferred:
            own = [one.name for one in layer.params if not one.inferred]
            fact = f"{layer.name} '{node.id}' has no setting {parts[3]!r}."
            if param is not None:
                fact = f"{parts[3]!r} of {layer.name} '{node.id}' follows from the input."
            known = f"It has: {', '.join(own)}." if own else "It has none."
            raise LaminaError(fact, place=name, remedy=known)
        kinds.add(_param_kind(param.kind))
        choices = param.choices or (("true", "false") if param.kind == "bool" else ())
    if len(kinds) > 1:
        raise LaminaError(
            "The nodes that match take different kinds of values.", place=name, remedy="Name one."
        )
    node = found[0][1]
    declared = layers.get(node.layer).param(parts[3])
    default = declared.default if declared and declared.default is not REQUIRED else None
    value = node.params.get(parts[3], default)
    return Field(name, kinds.pop(), value, choices, _ids(found))


def _param_kind(kind: str) -> Kind:
    if kind in ("int", "optional_int", "size"):
        return "int"
    return "float" if kind in ("float", "optional_float") else "choice"


def _ids(found: list[tuple[str, Node]]) -> tuple[str, ...]:
    return tuple(node.id for _, node in found)


def _graphs(project: Project, root: str) -> Mapping[str, Graph]:
    return project.graphs if root == "graphs" else project.modules


def _no_node(project: Project, name: str, parts: list[str]) -> LaminaError:
    graphs = _graphs(project, parts[0])
    one = "graph" if parts[0] == "graphs" else "module"
    if not any(fnmatch.fnmatchcase(graph, parts[1]) for graph in graphs):
        have = ", ".join(graphs) or "none"
        return LaminaError(
            f"There is no {one} {parts[1]!r}.", place=name, remedy=f"There are: {have}."
        )
    ids = dict.fromkeys(node.id for graph in graphs.values() for node in graph.nodes)
    close = layers.near(parts[2], ids)
    remedy = f"Did you mean {' or '.join(close)}?" if close else f"There are: {', '.join(ids)}."
    return LaminaError(f"There is no node {parts[2]!r}.", place=name, remedy=remedy)


# Setting


def apply(project: Project, settings: Mapping[str, JsonValue]) -> Project:
    """The project with these fields set. Raises LaminaError with the field and the remedy."""
    graphs, modules = dict(project.graphs), dict(project.modules)
    raw: dict[str, Any] = {}
    layers_first = sorted(settings, key=lambda name: not name.endswith(f".{LAYER}"))
    for name in layers_first:
        parts = name.split(".")
        if parts[0] in ("graphs", "modules"):
            _set_nodes(graphs if parts[0] == "graphs" else modules, parts, settings[name], name)
        elif name == FOLD:
            project = _in_fold(project, settings[name])
        elif name != WITHOUT:
            find(project, name)
            raw = raw or project.model_dump(mode="json", exclude={"graphs", "modules", "view"})
            _put(raw, parts, settings[name])
    try:
        changed = {root: ROOTS[root].model_validate(raw[root]) for root in ROOTS if raw}
    except ValidationError as error:
        raise _refused(error, settings) from error
    project = project.model_copy(update={**changed, "graphs": graphs, "modules": modules})
    gone = settings.get(WITHOUT)
    return bypass(project, str(gone).split("+")) if gone else project


def _in_fold(project: Project, value: JsonValue) -> Project:
    find(project, FOLD)
    try:
        split = Split.model_validate({**project.data.split.model_dump(), "fold": value})
    except ValidationError as error:
        raise _refused(error, {FOLD: value}) from error
    data = project.data.model_copy(update={"split": split})
    return project.model_copy(update={"data": data})


def _put(raw: dict[str, Any], parts: list[str], value: JsonValue) -> None:
    place = raw
    for part in parts[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[parts[-1]] = value


def _refused(error: ValidationError, settings: Mapping[str, JsonValue]) -> LaminaError:
    found = error.errors(include_url=False)
    tail = wording.place(found[0])
    names = [name for name in settings if name.endswith(tail)] or [tail]
    fact, remedy = wording.sentence(found)
    return LaminaError(fact, place=names[0], remedy=remedy)


def _set_nodes(graphs: dict[str, Graph], parts: list[str], value: JsonValue, name: str) -> None:
    for graph_name in [key for key in graphs if fnmatch.fnmatchcase(key, parts[1])]:
        graph = graphs[graph_name]
        for node in [one for one in graph.nodes if fnmatch.fnmatchcase(one.id, parts[2])]:
            graph = _set_node(graph, node.id, parts[3], value, name)
        graphs[graph_name] = graph


def _set_node(graph: Graph, node_id: str, key: str, value: JsonValue, name: str) -> Graph:
    node = graph.node(node_id)
    if key == LAYER:
        layer = _layer(str(value), name)
        kept = {key: one for key, one in node.params.items() if layer.param(key) is not None}
        return edit.set_layer(graph, node_id, layer.name, {**layers.defaults(layer), **kept})
    try:
        layers.complete(layers.get(node.layer), {**node.params, key: value})
    except LaminaError as error:
        raise LaminaError(error.fact, place=name, remedy=error.remedy, code=error.code) from error
    return edit.set_params(graph, node_id, {key: value})


def _layer(type_name: str, place: str) -> Layer:
    try:
        return layers.get(type_name)
    except LaminaError as error:
        raise LaminaError(error.fact, place=place, remedy=error.remedy) from error


def bypass(project: Project, nodes: list[str]) -> Project:
    """The project whose main graph goes around these nodes: what came in goes on to what follows.

    Raises LaminaError for a node that is not there, is an input or output, or joins several ways.
    """
    name, graph = next((key, one) for key, one in project.graphs.items() if one is project.graph)
    for node_id in nodes:
        if node_id not in graph.ids():
            names = [one.id for one in graph.nodes if one.layer not in ("Input", "Output")]
            close = layers.near(node_id, dict.fromkeys(names))
            near = f"Did you mean {' or '.join(close)}? " if close else ""
            known = f"{near}The nodes between are {', '.join(names)}."
            raise LaminaError(f"There is no node {node_id!r}.", place=WITHOUT, remedy=known)
        layer = graph.node(node_id).layer
        if layer in ("Input", "Output"):
            raise LaminaError(
                f"'{node_id}' is an {layer.lower()}; nothing trains without it.",
                place=f"node '{node_id}'",
                remedy="Choose a layer between.",
            )
        ways = len(graph.into(node_id))
        if ways != 1:
            raise LaminaError(
                f"'{node_id}' joins {ways} ways; there is no one way around it.",
                place=f"node '{node_id}'",
                remedy="Choose a layer with one way in.",
            )
        graph = edit.remove(graph, [node_id], heal=True)
    return project.model_copy(update={"graphs": {**project.graphs, name: graph}})
