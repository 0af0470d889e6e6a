"""Small components in plain JavaScript, without a build, and what they share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


@cache
def mount(name: str) -> Callable[..., Any]:
    """The mounting command of components/<name>/<name>.js with <name>.css, under the shared
    helpers and styles.
    """
    folder = HERE.parent / name
    return st.components.v2.component(
        f"lamina_{name}",
        html='<div id="root"></div>',
        css=_read(HERE / "plain.css") + _read(folder / f"{name}.css"),
        js=source(name),
    )


def source(name: str) -> str:
    """The component's module: the shared helpers, then its own, which draws once there are colours.

    A page's styles may come a moment after it, and what reads them then would draw in black.
    """
    own = _read(HERE.parent / name / f"{name}.js")
    drawing = own.replace("export default function", "const mounted = function", 1)
    return f"{_read(HERE / 'plain.js')}{drawing.rstrip()};\nexport default coloured(mounted);\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def nothing() -> None:
    """Streamlit tells a page of a trigger only where it has a callback."""
