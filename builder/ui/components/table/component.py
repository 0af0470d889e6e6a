"""Python's side of the table: what it is given, and what a person changed in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import streamlit as st

HERE = Path(__file__).parent
Kind = Literal["role", "type", "open", "names"]


@dataclass(frozen=True)
class Change:
    """One act in the table: a new role or type of a column, the wish to see how it is treated, or
    (of no column) to name them all.
    """

    kind: Kind
    column: str
    value: str = ""


@cache
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "lamina_table",
        html='<div id="root"></div>',
        css=(HERE / "table.css").read_text(encoding="utf-8"),
        js=(HERE / "table.js").read_text(encoding="utf-8"),
    )


def show(
    columns: Sequence[Mapping[str, Any]],
    rows: Sequence[Sequence[Any]],
    *,
    key: str,
    title: str,
    target: str,
    facts: str,
    note: str,
    more: str,
    compact: bool = False,
    naming: str = "",
) -> Change | None:
    """Draw the table; the change of this run, if there was one.

    A column is {"name", "label" (what its head says, if not the name), "role", "type",
    "tone" ("" | "leak"), "why", "bars" (heights 0 to 1) with "low" and "high", or "top"
    ([label, share] pairs), "missing" (share)}; `rows` are cells as text, in the columns' order,
    None where a cell is empty. A column that is "fixed" (a text beside the table) has no menus.
    `title` is the sentence above, if any, in which `target` is marked; a `compact` table is only
    as wide as its columns. `naming` is what the button says that names them all.
    """
    result = _component()(
        key=key,
        data={
            "columns": [dict(column) for column in columns],
            "rows": [list(row) for row in rows],
            "title": title,
            "target": target,
            "facts": facts,
            "note": note,
            "more": more,
            "compact": compact,
            "naming": naming,
        },
        on_change_change=_nothing,
    )
    change = result.get("change")
    if not isinstance(change, Mapping) or change.get("kind") not in get_args(Kind):
        return None
    return Change(change["kind"], str(change.get("column", "")), str(change.get("value", "")))


def _nothing() -> None:
    """Streamlit reruns the page by itself."""
