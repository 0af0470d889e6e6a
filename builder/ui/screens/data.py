"""The data page: a source, then the table as the form."""

from builder.ui import chrome, parts, state


def show() -> None:
    """Draw the page."""
    chrome.page("data")
    project = state.project()
    chrome.bar([project.name, project.data.source or "no data yet"])
    parts.html("<h2>Data</h2>")
