"""Explanations on their way: in a thread, with progress and a stop, then kept between reruns."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from builder.explain import Explanation, explain
from builder.explain import method as named
from builder.progress import Progress
from builder.ui import work
from builder.ui.sample import Sample

PATIENCE = 0.15
"""Seconds that the page waits before it shows that something is on its way."""


@st.cache_resource(max_entries=64, show_spinner=False)
def _shelf(key: str) -> dict[str, Any]:
    """A place for one result, kept between reruns and visits."""
    del key
    return {}


def keep(key: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, computed once per key."""
    shelf = _shelf(key)
    if "it" not in shelf:
        shelf["it"] = make()
    return shelf["it"]


def explained(key: str, place: str, title: str, ask: Callable[[Progress], Explanation]) -> Any:
    """What `ask` gives, once per `key`; None while it is on its way or was stopped.

    Then a busy card with a Stop, or a button to begin again, stands in its place. `place` names the
    card, `title` what is worked out there: another question there ends the one before. Raises
    LaminaError as `ask` does.
    """
    shelf = _shelf(key)
    if "it" in shelf:
        return shelf["it"]
    found = work.followed(
        f"explain_{place}",
        ask,
        fresh=key,
        patience=PATIENCE,
        kept="Nothing was changed.",
        again="Explain after all",
        stopped=f"{title}: stopped",
    )
    if found is not None:
        shelf["it"] = found
    return found


def sample(
    run: Any,
    asked: Any,
    checkpoint: str,
    one: Sample,
    method: str,
    *,
    target: str | None,
    layer: str | None = None,
    baseline: str | None = None,
) -> Explanation | None:
    """One sample's explanation with its verdict, as the command line gives it; see `explained`."""
    about: dict[str, Any] = {"split": one.split, "rows": (one.row,)}
    if one.record is not None:
        about = {"records": [one.record]}

    title = named(method).title

    def ask(report: Progress) -> Explanation:
        def told(what: str, done: int, total: int) -> None:
            report(what if what.startswith(title) else f"{title}, {what.lower()}", done, total)

        report(title, 0, 0)
        return explain(
            run.id,
            method,
            **about,
            target=target,
            layer=layer,
            checkpoint=checkpoint,
            options={"baseline": baseline} if baseline else None,
            check=True,
            progress=told,
        )

    asks = (run.id, checkpoint, asked.mark, one.mark, method, target, baseline, layer)
    found: Explanation | None = explained("|".join(map(str, asks)), method, title, ask)
    if found is not None:
        _remember(found, f"{run.id}{one.mark}{target}{baseline}")
    return found


def _remember(found: Explanation, mark: str) -> None:
    """Keep what is shown for the report; another sample begins anew."""
    if st.session_state.get("explain_shown_mark") != mark:
        st.session_state["explain_shown"], st.session_state["explain_shown_mark"] = {}, mark
    st.session_state["explain_shown"][found.method] = found


def shown() -> dict[str, Explanation]:
    """What the page shows now, by method."""
    kept: dict[str, Explanation] = st.session_state.get("explain_shown", {})
    return kept
