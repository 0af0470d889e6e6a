"""Run a page as Streamlit would, without a browser."""

import importlib

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from builder.ui import places, warm


def open_page(name: str, **query: str) -> AppTest:
    """The app at that page, run once; `query` is its address (project, run)."""
    for module in warm.SLOW:  # as the server does; no part of what a page may take
        importlib.import_module(module)
    app = AppTest.from_file(str(places.MAIN), default_timeout=120)
    app._page_hash = calc_hash("" if name == "home" else name)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def text_of(app: AppTest) -> str:
    """All markup that the page shows."""
    return " ".join(element.proto.body for element in app.get("html"))
