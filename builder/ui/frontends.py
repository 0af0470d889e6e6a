"""Mounting the built front ends (`canvas`, `live`): one bundle each, found by its hashed name."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from builder.errors import LaminaError

UI = Path(__file__).parent
# The bundle is imported from Lamina's own assets route, so that the browser may keep it for good.
LOADER = """
const bundle = await import(new URL("/lamina/assets/{name}/{file}", document.baseURI).href);
export default bundle.default;
"""


def bundle(name: str) -> str:
    """The file name of a built front end, with its hash.

    Raises LaminaError when it was not built.
    """
    folder = UI / name / "frontend" / "dist"
    built = sorted(folder.glob(f"{name}-*.js"))
    if len(built) != 1:
        raise LaminaError(
            f"The front end '{name}' is not built.",
            place=str(folder),
            remedy="Run `make install`, then start Lamina again.",
        )
    return built[0].name


_LINES = "".join(f'<i style="width:{92 - 14 * (i % 3)}%"></i>' for i in range(9))
_BAR = '<div class="u-bar"><i></i></div>'
_PARTS = {
    "editor": f'{_BAR}<div class="u-left">{_LINES}</div><div class="u-nodes">{"<i></i>" * 5}</div>'
    f'<div class="u-right">{_LINES}</div>',
    "head": f'{_BAR}<div class="u-steps"><i></i></div>',
    "curves": "<div><i></i><i></i></div>" * 4,
}
UNTIL = {
    name: f'<div class="lm-until u-{name}" aria-hidden="true">{inner}</div>'
    for name, inner in _PARTS.items()
}
"""What stands in a part's place until its bundle has come and it has drawn itself; it then hides
the element ".lm-until"."""


@cache
def mount(name: str, file: str, until: str = "") -> Callable[..., Any]:
    """The mounting command of the front end `name` from its bundle `file`; `until` names what
    its place shows before.
    """
    loader = LOADER.replace("{name}", name).replace("{file}", file)
    if not until:
        return st.components.v2.component(f"lamina_{name}", js=loader)
    return st.components.v2.component(
        f"lamina_{name}_{until}",
        html=UNTIL[until],
        css=(UI / "until.css").read_text(encoding="utf-8"),
        js=loader,
    )
