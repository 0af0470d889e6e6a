"""An image of one's own that is the negative of what the network learnt: said, with one press to
invert it.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.data.runtime import ground
from builder.ui import parts


def offer(settings: Mapping[str, Any], record: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The record with its images inverted where the offer to do so is taken; else empty.

    `settings` are the whole preparation's. Draws nothing where no image is a negative.
    """
    found = [part for part in settings["inputs"].values() if _turned(part, record)]
    if not found:
        return {}
    parts.html(
        f'<div class="lm-row lm-s lm-warn" style="align-items:flex-start">{parts.icon("warn")}'
        f"<span>This image {escape(ground.told(found[0]))}. Unless that is meant, the answer is "
        "worth little.</span></div>",
        "negative",
    )
    if not st.button("Invert it", icon=":material/invert_colors:", key=f"invert_{key}"):
        return {}
    return inverted(settings, record)


def _turned(part: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    return part["form"] == "image" and bool(ground.any_turned(part, [record.get(part["column"])]))


def inverted(settings: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with light and dark exchanged in its images."""
    images = {
        part["column"]: ground.negative(part, record[part["column"]])
        for part in settings["inputs"].values()
        if part["form"] == "image"
    }
    return {**record, **images}


def dark(part: Mapping[str, Any]) -> bool:
    """Whether a drawing is to be white on black, as the training images of this input are."""
    known = part.get("ground") or {"mean": sum(part["mean"]) / len(part["mean"])}
    return float(known["mean"]) < 0.5
