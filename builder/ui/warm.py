"""Import what is slow while the first page is already shown, so that no page waits for it."""

import importlib
import logging
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


async def lifespan(app: object) -> AsyncIterator[dict[str, Any]]:
    """Start the imports with the server; nothing to do when it stops."""
    del app
    threading.Thread(target=_import, name="lamina-warm", daemon=True).start()
    yield {}


def _import() -> None:
    for name in SLOW:
        try:
            importlib.import_module(name)
        except ImportError as error:
            logging.getLogger("lamina").warning("%s cannot be imported: %s", name, error)
