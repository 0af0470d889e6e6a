"""The what-if form: every column with its curve; a change asks the model again."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain


def whatif(
    key: str,
    rows: Sequence[Mapping[str, Any]],
    changes: Mapping[str, Any],
    *,
    noun: str,
    was: str,
    now: str,
    flips: str = "",
    single: Sequence[Mapping[str, Any]] = (),
    line: float | None = None,
    warning: str = "",
) -> dict[str, Any] | None:
    """Draw the form; gives all changes (column → value) where a person just made one.

    A row has "column", "label" (as a person reads it), "before", "grid" and "curve", and "choices"
    or "low", "high", "whole". `single` are changes that flip the answer: "column", "label",
    "before", "after", "shown". `line` is the value drawn dotted in the curves.
    """
    result = plain.mount("whatif")(
        key=key,
        data={
            "id": key,
            "rows": [dict(row) for row in rows],
            "changes": dict(changes),
            "noun": noun,
            "was": was,
            "now": now,
            "flips": flips,
            "single": [dict(one) for one in single],
            "line": line,
            "warning": warning,
        },
        on_change_change=plain.nothing,
    )
    sent = result.get("change")
    given = sent.get("changes") if isinstance(sent, Mapping) else None
    if not isinstance(given, Mapping):
        return None
    known = {row["column"] for row in rows}
    return {str(name): value for name, value in given.items() if name in known}
