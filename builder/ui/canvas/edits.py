"""What the browser sends as an edit, checked and turned into an operation of the journal."""

from collections.abc import Mapping
from typing import Any

from builder import layers
from builder.errors import LaminaError

NAMES_A_MODULE = {"group": "name", "rename_module": "new", "add_graph": "name"}


def joined(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
    """An edit of the canvas as one operation of the journal, with its moves as `positions` and what
    a paste brings as `modules`.

    Raises LaminaError where it has not the form of an edit, or calls a module like a layer type.
    """
    steps, graph = entry.get("steps"), entry.get("graph")
    shaped = isinstance(steps, list) and steps and all(map(_is_step, steps))
    if not shaped or not isinstance(steps, list) or not isinstance(graph, str):
        raise LaminaError("The edit has not the form of an edit.", code="edit")
    places: dict[str, Any] = {}
    brought: dict[str, Any] = {}
    rest: list[tuple[str, dict[str, Any]]] = []
    for operation, arguments in steps:
        if operation == "move" and isinstance(arguments.get("positions"), dict):
            places |= arguments["positions"]
        elif operation == "modules" and isinstance(arguments.get("modules"), dict):
            brought |= arguments["modules"]
        else:
            rest.append((operation, arguments))
    if not rest:
        return "move", {"positions": places}, graph
    for operation, arguments in rest:
        _free_for_a_module(arguments.get(NAMES_A_MODULE.get(operation, "")))
    for name in brought:
        _free_for_a_module(name)
    operation, arguments = rest[0]
    if len(rest) > 1:
        operation, arguments = "batch", {"edits": [list(step) for step in rest]}
    along = {"positions": places, "modules": brought}
    return operation, {**arguments, **{key: all for key, all in along.items() if all}}, graph


def _is_step(step: Any) -> bool:
    pair = isinstance(step, list) and len(step) == 2
    return pair and isinstance(step[0], str) and isinstance(step[1], dict)


def _free_for_a_module(name: Any) -> None:
    """A module called Linear would never be used: the layer type goes first."""
    if isinstance(name, str) and name in layers.catalogue():
        raise LaminaError(
            f"{name} is a layer type already.", place=name, remedy="Choose another name."
        )
