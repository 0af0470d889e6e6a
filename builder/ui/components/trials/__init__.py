"""The table of a sweep's trials: state, objectives, settings; a click opens one."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain
from builder.ui.components.parallel import Picked, picked


def trials(
    key: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    values: Sequence[Mapping[str, Any]],
    settings: Sequence[Mapping[str, str]],
    opened: int | None,
    live: Mapping[str, str] | None = None,
) -> Picked | None:
    """Draw the table; gives the trial that was clicked in this run of the page.

    A row has "trial", "word", "tone", "live", "front" (whether it is on the Pareto front), "values"
    (numbers or None), "settings" (by name), "epoch", "epochs", "lasted", "seconds" and "words"
    (what went wrong). `values` are columns {"label", "higher"}, `settings` {"name", "label"}.
    `live`: {"address", "token"} of the route that gives fresh rows, for a sweep under way.
    """
    result = plain.mount("trials")(
        key=key,
        data={
            "id": key,
            "rows": [dict(row) for row in rows],
            "values": [dict(one) for one in values],
            "settings": [dict(one) for one in settings],
            "opened": opened,
            "live": dict(live) if live else None,
        },
        on_pick_change=plain.nothing,
    )
    return picked(result.get("pick"), {row["trial"] for row in rows})
