"""Arguments of optimisers and schedules, drawn from torch's own signatures."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from builder.ui.recipe.declared import ARGUMENTS

COLUMNS = 3
Slot = Callable[[str], None]
"""Makes the place below a field where its mistake is told."""


def fields(
    known: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    key: str,
    path: str,
    slot: Slot,
    columns: int = COLUMNS,
) -> dict[str, Any]:
    """A field for each argument; gives those that were given, or differ from torch's default.

    `...` as a default means that torch has none: empty leaves it to the run.
    """
    found: dict[str, Any] = {}
    places = st.columns(columns)
    for number, (name, default) in enumerate(known.items()):
        with places[number % columns]:
            value = _field(name, default, given.get(name, default), f"{key}_{name}")
            slot(f"{path}.{name}")
        if name in given or not same(value, default):
            found[name] = value
    return found


def same(left: Any, right: Any) -> bool:
    """Whether two values mean the same to torch: lists and tuples do, whole numbers and others."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _field(name: str, default: Any, value: Any, key: str) -> Any:
    title = name.replace("_", " ").capitalize() if len(name) > 2 else name
    told = ARGUMENTS.get(name, "As torch describes it.")
    why = "" if default is ... or default is None else f" Default {_worded(default)}: torch's own."
    said = told + why
    if isinstance(default, bool):
        return st.toggle(title, value=bool(value), help=said, key=key)
    if isinstance(default, int | float):
        return _number(title, value, said, key)
    if isinstance(default, str):
        return st.text_input(title, value=str(value), help=said, key=key).strip() or default
    shown = "" if value is None or value is ... else _worded(value)
    empty = "left to the run" if default is ... else "torch's own"
    typed = st.text_input(title, value=shown, help=said, key=key, placeholder=empty).strip()
    return default if not typed else read(typed)


def _number(title: str, value: Any, said: str, key: str) -> Any:
    """A number; text where the project holds something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return read(st.text_input(title, value=_worded(value), help=said, key=key))
    typed = st.number_input(title, value=float(value), format="%.6g", help=said, key=key)
    return value if typed is None or typed == value else _plain(typed)


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def read(typed: str) -> Any:
    """JSON where it reads as JSON, a list of numbers with commas between, else text."""
    for text in (typed, f"[{typed}]"):
        try:
            return json.loads(text)
        except ValueError:
            continue
    return typed


def _worded(value: Any) -> str:
    if isinstance(value, list | tuple) and not any(isinstance(item, Mapping) for item in value):
        return ", ".join("null" if item is None else f"{item}" for item in value)
    return json.dumps(value) if isinstance(value, list | tuple | Mapping) else f"{value}"
