"""The runs that wait, on the Runs page: their order by device, and how many a device takes."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.errors import LaminaError
from builder.ui import parts

if TYPE_CHECKING:
    from builder.runs import Waiting

SHOWN = 8


def show(going: bool) -> None:
    """Draw the card: where a run waits, and from then on while runs are `going` on, so that the
    page does not jump when the queue is empty every other moment, as while a sweep runs.
    """
    from builder import runs

    found = runs.waiting()
    seen = bool(found) or (going and st.session_state.get("queue_seen", False))
    st.session_state["queue_seen"] = seen
    if not seen:
        return
    with parts.card("Waiting", "the next one stands first", key="queue"):
        if not found:
            parts.html('<p class="lm-f lm-s">No run waits now.</p>')
        names = {row.id: row.name for row in runs.list_runs()} if found else {}
        for device in dict.fromkeys(one.device for one in found):
            for sentence in runs.held(device):
                parts.html(f'<p class="lm-m lm-s">{escape(sentence)}</p>')
        for one in found[:SHOWN]:
            _line(one, names.get(one.run, one.run))
        if len(found) > SHOWN:
            parts.html(f'<p class="lm-f lm-s">and {len(found) - SHOWN} more</p>')


def at_once() -> None:
    """A button that opens how many runs each device takes at the same time."""
    from builder import runs

    with st.popover("At once", icon=":material/stacks:", key="queue_at_once"):
        parts.html(
            '<p class="lm-f lm-s">So many runs a device takes at the same time; the others wait '
            "for their turn. Runs of a sweep count too.</p>"
        )
        waiting = [one.device for one in runs.waiting()]
        for device in dict.fromkeys([*(one.name for one in runs.devices()), *waiting]):
            _limit(device)


def _line(one: "Waiting", name: str) -> None:
    key = f"lm_sweep_line_queue_{one.run}"
    with st.container(key=key, horizontal=True, vertical_alignment="center"):
        parts.html(
            f'<div class="lm-row"><span class="lm-mono lm-f">{one.place}</span>'
            f'<b>{escape(name)}</b><span class="lm-f lm-s">{escape(one.device)}</span></div>'
        )
        if one.place > 1 and st.button(
            "First", icon=":material/vertical_align_top:", key=f"queue_first_{one.run}"
        ):
            _move(one, 1)
        if one.place > 1 and st.button(
            "Earlier", icon=":material/arrow_upward:", key=f"queue_up_{one.run}"
        ):
            _move(one, one.place - 1)


def _move(one: "Waiting", place: int) -> None:
    from builder import runs

    try:
        runs.move(one.run, place)
    except LaminaError:
        st.toast("That run has begun meanwhile.")
    st.rerun()


def _limit(device: str) -> None:
    from builder import runs
    from builder.runs.queue import MOST

    now = runs.limits(device)
    wish = st.number_input(
        f"At once on {'the CPU' if device == 'cpu' else device}",
        min_value=1,
        max_value=MOST,
        value=now,
        width=160,
        key=f"queue_limit_{device}",
        help="How many runs this device takes at the same time.",
    )
    if wish != now:
        runs.set_limit(device, int(wish))
