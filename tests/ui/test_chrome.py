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


def test_a_long_name_in_the_crumb_is_cut_by_the_style_and_told_whole_in_its_title() -> None:
    name = '<b>"bold"</b> ' + "ü" * 200
    crumb = chrome._crumb(["penguins", name, "Evaluate"], None)
    safe = f"&lt;b&gt;&quot;bold&quot;&lt;/b&gt; {'ü' * 200}"
    assert f'<span class="part" title="{safe}">{safe}</span>' in crumb
    assert '<b class="part" title="penguins">penguins</b>' in crumb
    assert '<span class="part on" title="Evaluate">Evaluate</span>' in crumb
    assert name not in crumb
