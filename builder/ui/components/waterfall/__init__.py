"""The waterfall: from the average answer to this one's, column by column."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui import tokens
from builder.ui.components import plain


def waterfall(
    key: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    base: float,
    base_shown: str,
    final_shown: str,
    first: str,
    last: str,
    ticks: Sequence[Mapping[str, Any]],
    label: str,
    csv: str,
    name: str,
) -> None:
    """Draw it; its files are called `name`.

    A row has "name", "value" (text), "part" (a number) and "shown"; they are stacked from `base`
    on.

    A tick has "at", "text" and "strong" (where the answer turns). `label` says it in words for who
    cannot see it.
    """
    plain.mount("waterfall")(
        key=key,
        data={
            "rows": [dict(row) for row in rows],
            "base": base,
            "baseShown": base_shown,
            "finalShown": final_shown,
            "first": first,
            "last": last,
            "ticks": [dict(tick) for tick in ticks],
            "label": label,
            "csv": csv,
            "name": name,
            "theme": tokens.theme(),
        },
    )
