"""A small drawing canvas for digit-like images; also used on the Deploy page."""

import base64
import binascii
from collections.abc import Mapping

import streamlit as st

from builder.ui.components import plain

PREFIX = "data:image/png;base64,"
MOST_BYTES = 2_000_000


def draw(key: str, shape: tuple[int, int] = (28, 28), *, dark: bool = True) -> bytes | None:
    """Show the canvas; gives the drawing as PNG bytes, None while it is empty.

    `shape` is the model's [height, width], which decides the proportions and the pen; `dark` draws
    white on black, as scanned digits are. The last drawing is kept between runs of the page under
    `key`.
    """
    result = plain.mount("draw")(
        key=key,
        data={"id": key, "shape": list(shape), "dark": dark},
        on_drawn_change=plain.nothing,
    )
    drawn = result.get("drawn")
    name = f"{key}_png"
    if isinstance(drawn, Mapping):
        st.session_state[name] = _png(drawn.get("png"))
    kept = st.session_state.get(name)
    return kept if isinstance(kept, bytes) else None


def _png(address: object) -> bytes | None:
    """The bytes behind a data address; None for anything that is no small PNG."""
    if not isinstance(address, str) or not address.startswith(PREFIX) or len(address) > MOST_BYTES:
        return None
    try:
        return base64.b64decode(address[len(PREFIX) :], validate=True)
    except (ValueError, binascii.Error):
        return None
