"""What is under way, told by Lamina's own route: the page is drawn anew only when it is over.

Streamlit's fragments that run by themselves are no way to wait: one that answers while the page
changes beneath it leaves an empty window.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from weakref import WeakValueDictionary

from builder.ui.components import plain


class Watched(Protocol):
    """Something that ends."""

    def progress(self) -> Mapping[str, Any]:
        """`over`; until then what stands on the card: `what`, `count`, `share` (where it
        is `known`), `line`."""


class Until:
    """Something that is not there yet, and tells no more than that."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self.ready = ready

    def progress(self) -> Mapping[str, Any]:
        """Whether it has come."""
        return {"over": self.ready()}


_watched: "WeakValueDictionary[str, Watched]" = WeakValueDictionary()


def progress(name: str) -> Mapping[str, Any]:
    """How far the thing of that name is; what nobody holds any more is over."""
    found = _watched.get(name)
    return found.progress() if found is not None else {"over": True}


def busy(key: str, name: str, thing: Watched, token: str, *, card: bool = True) -> bool:
    """Follow the thing until it is over, on a card with a Stop or unseen; then the page is drawn
    anew. Gives whether Stop was pressed.
    """
    _watched[name] = thing
    result = plain.mount("busy")(
        key=key,
        data={"address": f"/lamina/api/busy/{name}", "token": token, "card": card},
        on_over_change=plain.nothing,
        on_stop_change=plain.nothing,
        height="content",
    )
    return bool(result.get("stop"))
