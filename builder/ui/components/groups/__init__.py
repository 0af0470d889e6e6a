"""The table of groups: a figure with its interval for each, worst first; a row opens its rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain


def groups(
    key: str,
    rows: Sequence[Mapping[str, Any]],
    heads: Sequence[str],
    whole: Mapping[str, Any],
    selected: int | None = None,
) -> int | None:
    """Draw the table; gives the place of the group that was clicked in this run of the page.

    A row has "cells" (name, rows, figure, verdict as text, one per entry of `heads`), "tone"
    ("bad", "good", "few" or ""), "at" and "low", "high" (numbers, None where unknown). `whole` has
    "at", "low", "high" and "text": the figure of all rows, drawn as a line through all of them.
    """
    result = plain.mount("groups")(
        key=key,
        data={
            "rows": [dict(row) for row in rows],
            "heads": list(heads),
            "whole": dict(whole),
            "selected": selected,
        },
        on_open_change=plain.nothing,
    )
    chosen = result.get("open")
    at = chosen.get("at_row") if isinstance(chosen, Mapping) else None
    return at if isinstance(at, int) and 0 <= at < len(rows) else None
