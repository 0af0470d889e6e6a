"""Every small component is a module that a browser can read, with the helpers it shares."""

import re

import pytest

from builder.ui.components import plain

NAMES = sorted(
    path.parent.name
    for path in plain.HERE.parent.glob("*/*.py")
    if f'plain.mount("{path.parent.name}")' in path.read_text(encoding="utf-8")
)
TOP = re.compile(
    r"^(?:export default )?(?:async )?(?:const|let|var|function|class) (?:\{([^}]+)\}|(\w+))",
    re.MULTILINE,
)


def test_the_components_are_found():
    assert {"matrix", "maps", "waterfall", "whatif", "draw"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_component_takes_a_name_that_the_shared_helpers_have(name):
    found = [entry[1] for entry in TOP.findall(plain.source(name)) if entry[1]]
    assert {"mounted", "coloured"} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", NAMES)
def test_every_component_waits_for_the_colours_of_its_page(name):
    source = plain.source(name)
    assert source.count("export default") == 1
    assert source.rstrip().endswith("export default coloured(mounted);")
