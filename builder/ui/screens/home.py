"""The first page: begin, bring data, go on."""

from builder.ui import chrome, parts


def show() -> None:
    """Draw the page."""
    chrome.page("home")
    parts.html("<h1>Build a network you can see into</h1>")
