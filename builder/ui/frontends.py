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


@cache
def mount(name: str, file: str) -> Callable[..., Any]:
    """The mounting command of the front end `name` from its bundle `file`."""
    loader = LOADER.replace("{name}", name).replace("{file}", file)
    return st.components.v2.component(f"lamina_{name}", js=loader)
