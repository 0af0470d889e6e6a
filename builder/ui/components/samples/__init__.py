"""Samples to click: thumbnails of images, curves of series, lines of text, rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain


def samples(
    key: str,
    kind: str,
    items: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str] = (),
    selected: int | None = None,
    strip: bool = False,
    none: str = "",
    tall: bool = False,
) -> int | None:
    """Draw samples; gives the row of the one that was clicked in this run of the page.

    `kind` is an InputSpec's form. An item has "row" and, by kind, "src" (a data address), "lines"
    (numbers), "text" or "cells" (text, one per entry of `columns`); and for the caption "left",
    "leftFigure", "right", "rightFigure". `strip` is the small form without captions, `tall` lets
    a list grow higher before it scrolls.
    """
    result = plain.mount("samples")(
        key=key,
        data={
            "kind": "table" if kind in ("vector", "codes") else kind,
            "items": [dict(item) for item in items],
            "columns": list(columns),
            "selected": selected,
            "strip": strip,
            "none": none,
            "tall": tall,
        },
        on_open_change=plain.nothing,
    )
    chosen = result.get("open")
    row = chosen.get("row") if isinstance(chosen, Mapping) else None
    return row if isinstance(row, int) and any(item["row"] == row for item in items) else None
