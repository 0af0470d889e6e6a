"""Writes in the background, once for all that came meanwhile."""

import threading
from collections.abc import Callable

PAUSE = 0.1
"""Seconds before a write begins: whoever waits for an answer to an edit goes first."""


class Saver:
    """Calls `write` in a thread soon after it was woken: never twice at once, again for what came
    since.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._state = threading.Condition()
        self._wanted = False
        self._running = False
        self._hurry = 0

    @property
    def busy(self) -> bool:
        """Whether something is still to be written."""
        return self._running or self._wanted

    def wake(self) -> None:
        """Have it written soon."""
        with self._state:
            self._wanted = True
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="lamina-save", daemon=True).start()

    def wait(self) -> None:
        """Until all is written, at most ten seconds."""
        with self._state:
            self._hurry += 1
            self._state.notify_all()
            self._state.wait_for(lambda: not self.busy, timeout=10)
            self._hurry -= 1

    def _run(self) -> None:
        while True:
            with self._state:
                if not self._wanted:
                    self._running = False
                    self._state.notify_all()
                    return
                self._state.wait_for(lambda: self._hurry, timeout=PAUSE)
                self._wanted = False
            try:
                self._write()
            except BaseException:
                with self._state:
                    self._running = False
                    self._state.notify_all()
                raise
