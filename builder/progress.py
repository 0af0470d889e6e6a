"""How long work tells how far it is, in every package and on every page by the same words."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total); total 0 means unknown. It may raise to stop the work."""


def silent(what: str, done: int, total: int) -> None:
    """The progress that nobody watches."""
