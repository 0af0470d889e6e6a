"""Plotly in the look of Lamina: the template "lamina", its colours, and one call that shows a
figure.
"""

from functools import cache
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from builder.ui import tokens
from builder.ui.components.downloads import downloads

CATEGORIES = {
    "light": (
        "#2467b2", "#c96f14", "#129564", "#6233c6",
        "#8a1a69", "#6b5a0a", "#264527", "#6d767d",
    ),
    "dark": (
        "#57a2df", "#f0935a", "#2bdda2", "#9a6bff",
        "#c46c9f", "#e8c41a", "#7a9e6c", "#c0d0dc",
    ),
}  # fmt: skip
SEQUENTIAL = {
    "light": (
        "#e0f0ef", "#afd4d3", "#7eb8b8", "#4d9c9c", "#378b8c",
        "#217b7c", "#0b6a6c", "#095b5c", "#084b4d", "#063c3d",
    ),
    "dark": (
        "#12302f", "#1b4c4a", "#236865", "#2c8480", "#399a96",
        "#47b0ab", "#54c6c1", "#7bd5d0", "#a2e3e0", "#c9f2ef",
    ),
}  # fmt: skip
DIVERGING = {
    "light": (
        "#1c5caa", "#4f83c0", "#82aad6", "#b0c9e3", "#dbe5ed",
        "#efe5d8", "#ecc8a3", "#e6a96f", "#d5863d", "#c4620a",
    ),
    "dark": (
        "#7fbcf0", "#5b93c6", "#38699c", "#294b6c", "#20303b",
        "#342c21", "#653d1f", "#955224", "#c3733f", "#f0935a",
    ),
}  # fmt: skip
"""From "against" (blue) to "for" (orange)."""


def scale(colours: tuple[str, ...]) -> list[list[Any]]:
    """A tuple of colours as Plotly's colour scale."""
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


@cache
def _template(theme: tokens.Theme) -> go.layout.Template:
    """A theme's template, made once: Plotly checks each of its values."""
    colour = tokens.colours(theme)
    axis = {
        "gridcolor": colour["grid"],
        "gridwidth": 1,
        "zeroline": False,
        "linecolor": colour["line2"],
        "tickfont": {"size": 12, "color": colour["ink3"]},
        "title": {"font": {"size": 12, "color": colour["ink3"]}, "standoff": 8},
        "automargin": False,
    }
    hover = {"bgcolor": colour["surface"], "bordercolor": colour["line2"],
             "font": {"size": 12.5, "color": colour["ink"]}}  # fmt: skip
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "Source Sans, sans-serif", "size": 12, "color": colour["ink3"]},
            "margin": {"l": 44, "r": 12, "t": 8, "b": 24},
            "colorway": CATEGORIES[theme],
            "colorscale": {
                "sequential": scale(SEQUENTIAL[theme]),
                "diverging": scale(DIVERGING[theme]),
            },
            "xaxis": {**axis, "showgrid": False},
            "yaxis": axis,
            "hovermode": "x unified",
            "hoverlabel": hover,
            "modebar": {
                "bgcolor": colour["surface"],
                "color": colour["ink3"],
                "activecolor": colour["acc"],
            },
            "showlegend": False,
        },
        data={"scatter": [{"line": {"width": 2}, "marker": {"size": 6}}]},
    )


def template(of: tokens.Theme | None = None) -> go.layout.Template:
    """The template of a theme, of the visitor's where none is named."""
    return _template(of or tokens.theme())


def figure(**layout: Any) -> go.Figure:
    """An empty figure in the look; `layout` goes to update_layout."""
    return go.Figure(layout={"template": template(), **layout})


def show(
    chart: go.Figure,
    *,
    key: str,
    height: int = 240,
    name: str = "chart",
    files: bool = True,
    box: bool = False,
    **more: Any,
) -> Any:
    """Show a figure, without a theme of Streamlit's own. `more` goes to st.plotly_chart.

    Below it stand its downloads, PNG and SVG called `name`, unless `files` is False: then the
    card's head has them (`components.downloads`). With `box` a person may draw a box around dots.
    """
    chart.update_layout(height=height)
    config = {
        "displaylogo": False,
        "displayModeBar": "hover",
        "modeBarButtonsToRemove": ["lasso2d", "autoScale2d", *([] if box else ["select2d"])],
        "toImageButtonOptions": {"format": "svg", "filename": name},
    }
    shown = st.plotly_chart(chart, theme=None, key=key, config=config, width="stretch", **more)
    if files:
        with st.container(horizontal=True, horizontal_alignment="right", key=f"lm_files_{key}"):
            downloads(key, name)
    return shown
