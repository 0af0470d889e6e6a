"""The downloads of a chart as PNG and SVG, made in the browser from the chart as it is shown."""

import re
from collections.abc import Sequence

from builder.ui.components import plain


def downloads(chart: str, name: str, *, of: str = "") -> None:
    """Two quiet buttons that save the Plotly chart whose key is `chart` as `name`.png and .svg.

    `of` names the chart where a card has several. The files lie on paper of the card's colour.
    """
    plain.mount("downloads")(
        key=f"{chart}_files",
        data={"chart": _class(chart), "name": name, "of": of},
        width="content",
        height="content",
    )


def _class(key: str) -> str:
    """The class that Streamlit gives an element with a key."""
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())


def file_name(parts: Sequence[str]) -> str:
    """What a download is called, without its ending: "digits-run-1-test-roc"."""
    words = [re.sub(r"[^\w.]+", "-", part.strip().lower()).strip("-._") for part in parts]
    return "-".join(word for word in words if word)[:120] or "figure"
