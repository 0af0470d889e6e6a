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
        js=_read(HERE / "plain.js") + _read(folder / f"{name}.js"),
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def nothing() -> None:
    """Streamlit tells a page of a trigger only where it has a callback."""
