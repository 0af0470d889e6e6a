"""A page of runs is drawn anew when what it shows has changed, and only then."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from builder.ui import routes
from builder.ui.components import busy

EVERY = 2.0
"""Seconds between two looks at what has changed."""
PATIENCE = 4
"""So many times as long as a look took, the next one waits: a busy machine is looked at seldom."""


class Change:
    """Until `look` gives something else than `shown`; it looks once in `every` seconds at most."""

    def __init__(self, look: Callable[[], Any], shown: Any, every: float) -> None:
        self.name = secrets.token_hex(8)
        self.look, self.shown, self.every = look, shown, every
        self._next = time.monotonic() + every

    def progress(self) -> dict[str, Any]:
        """Whether it has changed."""
        began = time.monotonic()
        if began < self._next:
            return {"over": False}
        changed = self.look() != self.shown
        now = time.monotonic()
        self._next = now + max(self.every, PATIENCE * (now - began))
        return {"over": changed}


def watch(key: str, look: Callable[[], Any], *, every: float = EVERY) -> None:
    """Draw the page anew once `look` gives something else than now. Call it before the page reads
    what it shows, so that nothing falls between.
    """
    now = look()
    held = f"watched_{key}"  # not the element's key: Streamlit forgets that when the page is left
    kept = st.session_state.get(held)
    if not isinstance(kept, Change) or kept.shown != now:
        kept = Change(look, now, every)
        st.session_state[held] = kept
    with st.container(key=f"lm_runs_watch_{key}"):
        busy.busy(f"watch_{key}", kept.name, kept, routes.token(), card=False)
