"""The table of runs: which lie in the chart, which is open, and only settings that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from builder.ui.components import plain


@dataclass(frozen=True)
class Act:
    """What a person did in the table: put a run into the chart or take it out, or open it."""

    kind: Literal["toggle", "open"]
    run: str
    at: float


def runtable(
    key: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    figures: Sequence[Mapping[str, Any]],
    settings: Sequence[Mapping[str, str]],
    colours: Mapping[str, str],
    opened: str | None,
    live: Mapping[str, str] | None = None,
) -> Act | None:
    """Draw the table; gives the act of this run of the page.

    A row has "id", "name", "note", "word", "tone", "live", "spark" (numbers), "figures" and
    "settings" (by name), "progress", "duration", "lasted", "device", "when", "begun". `figures` are
    columns {"name", "label", "higher"}, `settings` {"name", "label"}. `colours`: the runs in the
    chart. `live`: {"address", "token"} of the route that gives fresh rows, for runs under way.
    """
    result = plain.mount("runtable")(
        key=key,
        data={
            "id": key,
            "rows": [dict(row) for row in rows],
            "figures": [dict(column) for column in figures],
            "settings": [dict(column) for column in settings],
            "colours": dict(colours),
            "opened": opened,
            "live": dict(live) if live else None,
        },
        on_act_change=plain.nothing,
    )
    act = result.get("act")
    known = {row["id"] for row in rows}
    if not isinstance(act, Mapping) or act.get("run") not in known:
        return None
    kind: Literal["toggle", "open"] = "toggle" if act.get("kind") == "toggle" else "open"
    at = act.get("at")
    return Act(kind, str(act["run"]), float(at) if isinstance(at, int | float) else 0.0)
