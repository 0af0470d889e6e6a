"""Do what is slow while the first page is already shown: imports, the gallery's pictures."""

import atexit
import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

SLOW = (
    "pandas",
    "torch",
    "plotly.graph_objects",
    "builder.data",
    "builder.compile",
    "builder.runs",
)
"""What the pages need sooner or later, in the order in which a visitor needs it."""
LATER = ("torch._dynamo", "captum.attr", "shap")
"""What the first optimiser (it imports PyTorch's compiler) and explanations need: imported last."""

_done = threading.Event()
_started = threading.Event()


async def lifespan(app: object) -> AsyncIterator[dict[str, Any]]:
    """Start with the server, and see to a quiet end."""
    del app
    atexit.register(_leave)
    start()
    yield {}


def _leave() -> None:
    """The process' last act, for what is registered first is called last.

    What PyTorch's compiler would do after it is to list all that it did not free.
    """
    print("Lamina has stopped. Runs that are under way go on.", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def start() -> None:
    """Begin in a thread of its own; once per process."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_work, name="lamina-warm", daemon=True).start()


def ready() -> bool:
    """Whether the slow imports are through, so that a page may use them without a wait."""
    return _done.is_set()


def _work() -> None:
    log = logging.getLogger("lamina")
    _import(SLOW, log)
    _settled()
    _done.set()
    from builder.ui import gallery

    try:
        gallery.fill()
    except OSError as error:
        log.warning("The gallery's pictures cannot be kept: %s", error)
    _worker(log)
    _import(LATER, log)
    from builder import explain

    explain.warm()
    _settled()


def _settled() -> None:
    """Keep the garbage collector away from what was imported: it will never be garbage.

    Streamlit collects after every run of a page, which with PyTorch, pandas and SHAP loaded takes
    a third of a second, while the page's last words wait.
    """
    gc.collect()
    gc.freeze()


def _worker(log: logging.Logger) -> None:
    """Have a training process wait, so that the first run begins at once."""
    from builder import runs
    from builder.errors import LaminaError

    try:
        runs.warm()
    except (LaminaError, OSError) as error:
        log.warning("No training process could be started ahead: %s", error)


def _import(names: tuple[str, ...], log: logging.Logger) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("%s cannot be imported: %s", name, error)
