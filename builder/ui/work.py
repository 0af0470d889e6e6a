"""Work that takes longer than a click: in a thread of its own, with progress, a rate, time left,
and a stop.
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

import streamlit as st

from builder.errors import LaminaError
from builder.progress import Progress
from builder.ui import parts, routes
from builder.ui.components import busy

T = TypeVar("T")


class Stopped(BaseException):
    """The person pressed Stop; raised inside the work at its next report."""


class Job(Generic[T]):
    """One piece of work under way or done."""

    def __init__(self, work: Callable[[Progress], T]) -> None:
        self.name = secrets.token_hex(8)
        self.what, self.done, self.total = "Starting", 0, 0
        self.result: T | None = None
        self.error: LaminaError | None = None
        self.crash: Exception | None = None
        self.stopped = False
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[Progress], T]) -> None:
        try:
            self.result = work(self._report)
        except Stopped:
            self.stopped = True
        except LaminaError as error:
            self.error = error
        except Exception as crash:  # shown by `outcome`, in the thread that asked for the work
            self.crash = crash

    def _report(self, what: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise Stopped
        if what != self.what:
            self._began = time.monotonic()
        self.what, self.done, self.total = what, done, total

    def stop(self) -> None:
        """Ask the work to end at its next report; what it had begun is undone by it."""
        self._stop.set()

    def finished(self, wait: float = 0.0) -> bool:
        """Whether it is over, at the latest after `wait` seconds."""
        self._thread.join(wait)
        return not self._thread.is_alive()

    def outcome(self) -> T | None:
        """What it gave, None where it was stopped. Raises what the work raised."""
        if self.error is not None:
            raise self.error
        if self.crash is not None:
            raise self.crash
        return self.result

    def progress(self) -> dict[str, Any]:
        """How far it is, for the busy card."""
        rate, left = self.pace()
        count = f"{self.done:,} of {self.total:,}" if self.total else f"{self.done:,}"
        return {
            "over": self.finished(),
            "what": self.what,
            "count": count if self.done else "",
            "known": self.total > 0 and self.done > 0,
            "share": min(1.0, self.done / self.total) if self.total else 0.0,
            "line": ", ".join(part for part in (rate, left) if part),
        }

    def pace(self) -> tuple[str, str]:
        """Rate and time left in words, empty until they can be told."""
        seconds = time.monotonic() - self._began
        if self.done <= 0 or seconds < 0.5:
            return "", ""
        rate = self.done / seconds
        left = (self.total - self.done) / rate if self.total > self.done else 0.0
        words = f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left"
        return f"{rate:,.0f} a second" if rate >= 1 else "", words if left else ""


def job(name: str, work: Callable[[Progress], T], *, fresh: object = None) -> "Job[T]":
    """The session's job of that name; begun anew where there is none or `fresh` (what it is about)
    has changed.
    """
    jobs: dict[str, tuple[object, Job[Any]]] = st.session_state.setdefault("lamina_jobs", {})
    known = jobs.get(name)
    if known is None or known[0] != fresh:
        if known is not None:
            known[1].stop()
        jobs[name] = (fresh, Job(work))
    return jobs[name][1]


def forget(name: str) -> None:
    """Drop the session's job of that name, so that the next call begins anew."""
    jobs: dict[str, tuple[object, Job[Any]]] = st.session_state.get("lamina_jobs", {})
    known = jobs.pop(name, None)
    if known is not None:
        known[1].stop()


def under_way(name: str) -> bool:
    """Whether the session has a job of that name."""
    return name in st.session_state.get("lamina_jobs", {})


def at_work(name: str) -> bool:
    """Whether the session's job of that name is still at work."""
    known = st.session_state.get("lamina_jobs", {}).get(name)
    return known is not None and not known[1].finished()


def own(name: str) -> str:
    """The name of a job that belongs to the open project: another project has its own."""
    return f"{name}:{st.session_state.get('lamina_project', '')}"


def show(running: Job[Any], *, key: str) -> None:
    """The busy card with a Stop: it follows the work, and has the page drawn anew at its end."""
    with st.container(key=f"lm_busy_{key}"):
        if busy.busy(f"busy_{key}", running.name, running, routes.token()):
            running.stop()


def followed(
    name: str,
    ask: Callable[[Progress], T],
    *,
    fresh: object,
    patience: float,
    kept: str,
    again: str,
    stopped: str = "Stopped",
    place: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> T | None:
    """What the session's job of that name gives, which is forgotten then; None while it is on its
    way or was stopped.

    After `patience` seconds a busy card with a Stop stands in `place`; once that was pressed, what
    was `stopped` and `kept` and a button to begin `again`. Raises what `ask` raises.
    """
    running = job(name, ask, fresh=fresh)
    if not running.finished(patience):
        with place():
            show(running, key=name)
        return None
    found = running.outcome()
    if found is None:
        with place():
            if parts.empty(stopped, kept, again, key=name):
                forget(name)
                st.rerun()
        return None
    forget(name)
    return found
