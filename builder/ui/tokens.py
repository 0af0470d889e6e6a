"""The look's colours by theme, for CSS, for inline SVG and for charts; the values of the design
(see docs/architecture.md).
"""

from typing import Literal

import streamlit as st

Theme = Literal["light", "dark"]

LIGHT = {
    "bg": "#fff", "canvas": "#f4f6f5", "panel": "#fafbfa", "surface": "#fff", "sunk": "#eff2f0",
    "hover": "#edf1ef", "ink": "#16201d", "ink2": "#46524e", "ink3": "#5d6a65", "line": "#dde2df",
    "line2": "#c3cbc7", "ctl": "#84908a", "acc": "#0b6a6c", "acc-soft": "#e0f0ef",
    "acc-line": "#8fc4c2", "on-acc": "#fff", "ok": "#1a7a48", "ok-soft": "#e3f3ea",
    "warn": "#8a5800", "warn-soft": "#fdf1d9", "warn-fill": "#e0a11b", "err": "#b3261e",
    "err-soft": "#fcebe9", "f-io": "#6d767d", "f-conv": "#2467b2", "f-norm": "#6b5a0a",
    "f-act": "#c96f14", "f-pool": "#129564", "f-linear": "#6233c6", "f-merge": "#8a1a69",
    "f-seq": "#264527", "train": "#2467b2", "val": "#c96f14", "val-t": "#9a5206",
    "grid": "#e6eae8", "sh1": "0 1px 2px rgba(22,32,29,.06)",
    "sh2": "0 1px 2px rgba(22,32,29,.08),0 6px 18px -6px rgba(22,32,29,.16)",
    "code-kw": "#8a1a69", "code-str": "#1a7a48", "code-num": "#8a5800", "code-cmt": "#5d6a65",
    "code-fn": "#2467b2",
}  # fmt: skip

DARK = {
    "bg": "#151b1a", "canvas": "#0e1312", "panel": "#131918", "surface": "#1c2322",
    "sunk": "#101514", "hover": "#222b29", "ink": "#e7edea", "ink2": "#b4c0bb", "ink3": "#93a09b",
    "line": "#29322f", "line2": "#3b4643", "ctl": "#6c7974", "acc": "#54c6c1",
    "acc-soft": "#12302f", "acc-line": "#2c6c69", "on-acc": "#06201f", "ok": "#5ccb8b",
    "ok-soft": "#12291d", "warn": "#e8b04a", "warn-soft": "#2e2410", "warn-fill": "#e8b04a",
    "err": "#ff8a7e", "err-soft": "#351a18", "f-io": "#c0d0dc", "f-conv": "#57a2df",
    "f-norm": "#e8c41a", "f-act": "#ea7631", "f-pool": "#2bdda2", "f-linear": "#9a6bff",
    "f-merge": "#c46c9f", "f-seq": "#7a9e6c", "train": "#57a2df", "val": "#f0935a",
    "val-t": "#f0935a", "grid": "#232b29", "sh1": "0 1px 2px rgba(0,0,0,.4)",
    "sh2": "0 1px 2px rgba(0,0,0,.5),0 8px 22px -6px rgba(0,0,0,.6)", "code-kw": "#e39ac6",
    "code-str": "#5ccb8b", "code-num": "#e8b04a", "code-cmt": "#93a09b", "code-fn": "#7fbcf0",
}  # fmt: skip


def theme() -> Theme:
    """The visitor's theme; light until the browser has said."""
    return "dark" if st.context.theme.type == "dark" else "light"


def colours(of: Theme | None = None) -> dict[str, str]:
    """All colours of a theme by token name, of the visitor's where none is named."""
    return DARK if (of or theme()) == "dark" else LIGHT


def css() -> str:
    """The tokens as custom properties of the document; components inherit them through their
    shadow root.
    """
    chosen = theme()
    body = "".join(f"--{name}:{value};" for name, value in colours(chosen).items())
    return f":root{{{body}color-scheme:{chosen}}}"


CLASSES = ("#2467b2", "#a85a0c", "#0f7a52", "#6233c6", "#8a1a69", "#6b5a0a", "#264527", "#5d6a65")
"""Colours of classes, apart for colour-blind eyes; white text can stand on them in both themes."""


def of_class(index: int) -> str:
    """The colour of a class by its place."""
    return CLASSES[index % len(CLASSES)]
