"""The table of classes: weakest first; a row opens its samples."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain


def classes(key: str, rows: Sequence[Mapping[str, Any]], selected: int | None = None) -> int | None:
    """Draw the table; gives the code of the class that was clicked in this run of the page.

    A row has "code", "name", "precision", "recall", "f1", "roc_auc" (None where undefined) and
    "rows".
    """
    result = plain.mount("classes")(
        key=key,
        data={"id": key, "rows": [dict(row) for row in rows], "selected": selected},
        on_open_change=plain.nothing,
    )
    chosen = result.get("open")
    code = chosen.get("code") if isinstance(chosen, Mapping) else None
    return code if isinstance(code, int) and 0 <= code < len(rows) else None
