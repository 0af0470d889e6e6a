"""Parallel coordinates: each trial a line through its settings to what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.ui.components import plain


@dataclass(frozen=True)
class Picked:
    """A trial that a person clicked."""

    trial: int
    at: float


def parallel(
    key: str,
    now: Mapping[str, Any],
    *,
    higher: bool,
    objectives: int = 1,
    opened: int | None,
    live: Mapping[str, str] | None = None,
) -> Picked | None:
    """Draw the lines; gives the trial that was clicked in this run of the page.

    `now` has "axes" and "lines". An axis has "label" and "kind": "number" or "log" with "low" and
    "high", or "words" with "words". A line has "trial", "state", "words" for its hint and "values",
    one per axis: a number, a place among the words, or None where the setting takes no part. The
    last axes are the `objectives`. Of one, `higher` says that more is better there; with several a
    line's "front" says whether it is among those that no other beats. `live`: {"address", "token"}
    of the route that gives the same anew, for a sweep under way; what is kept by a drag stays.
    """
    result = plain.mount("parallel")(
        key=key,
        data={
            "id": key,
            "now": dict(now),
            "higher": higher,
            "objectives": objectives,
            "opened": opened,
            "live": dict(live) if live else None,
        },
        on_pick_change=plain.nothing,
    )
    return picked(result.get("pick"), {line["trial"] for line in now["lines"]})


def picked(found: Any, known: set[Any]) -> Picked | None:
    """What the browser said, where it names a trial that is there."""
    if not isinstance(found, Mapping) or found.get("trial") not in known:
        return None
    at = found.get("at")
    return Picked(int(found["trial"]), float(at) if isinstance(at, int | float) else 0.0)
