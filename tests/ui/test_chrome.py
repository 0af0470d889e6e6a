"""What surrounds every page: the styles stand whatever runs, and whatever page is shown."""

import pytest

from builder.ui import chrome
from tests.ui.apptest import open_page


def test_a_run_that_starts_or_ends_moves_no_style_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chrome.warm, "ready", lambda: True)
    sheets = {}
    for running in (False, True):
        monkeypatch.setattr(chrome, "_running", lambda now=running: now)
        app = open_page("home")
        sheets[running] = [event.proto.body for event in app._tree[2].children.values()]
    assert len(sheets[True]) == len(sheets[False])
    changed = [i for i, pair in enumerate(zip(*sheets.values(), strict=True)) if len(set(pair)) > 1]
    assert len(changed) == 1
    (place,) = changed
    assert sheets[False][place] == "<style></style>"
    assert "position:absolute" in sheets[True][place]
