"""Dots on two axes that can be zoomed; zoom, hint and a drag stay while dots come in."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.ui.components import plain
from builder.ui.components.parallel import Picked, picked


def dots(
    key: str,
    chart: Mapping[str, Any],
    *,
    name: str,
    title: str,
    file: str,
    scale: Sequence[str] = (),
    opened: int | None = None,
    live: Mapping[str, str] | None = None,
) -> Picked | None:
    """Draw the chart; gives the trial whose dot was clicked in this run of the page.

    `chart` has "height" (pixels), "x" and "y" (each a "label" and, where wanted, "log", "low" and
    "high", "whole" for whole numbers, or "words" in place of numbers), "lines" ("points", "tone",
    "step") and "dots" ("x", "y", "tone" or "shade" from 0 to 1 on `scale`, "size", "words", and
    "trial", "ring" or "bar" where wanted). `name` is how a test finds it, `title` what a screen
    reader says, `file` what a download is called. `live`: {"address", "token"} of the route that
    gives fresh charts.
    """
    result = plain.mount("dots")(
        key=key,
        data={
            "id": key,
            "chart": dict(chart),
            "name": name,
            "title": title,
            "file": file,
            "scale": list(scale),
            "opened": opened,
            "live": dict(live) if live else None,
        },
        on_pick_change=plain.nothing,
    )
    return picked(result.get("pick"), {dot.get("trial") for dot in chart["dots"]})
