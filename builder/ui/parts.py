"""The look's small parts: icons, badges, cards, and what stands for empty and failed. All
text is escaped here.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from builder import wording
from builder.errors import LaminaError
from builder.ui import tokens

Tone = Literal["ok", "warn", "err", "n", "acc"]

ICONS = {
    "play": "M5 3v10l8-5Z", "check": "M3 8.500 6.500 12 13 4.500",
    "warn": "M8 2.500 14.500 13.500h-13ZM8 6.500v3.200M8 11.700v.1",
    "cross": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM5.900 5.900l4.200 4.200M10.100 5.900l-4.200 4.200",
    "file": "M4 2h5l3 3v9H4ZM9 2v3h3", "right": "M6 4l4 4-4 4", "down": "M4 6l4 4 4-4",
    "up": "M8 13V3M4 7l4-4 4 4", "swap": "M3 5.500h9L9.500 3M13 10.500H4L6.500 13",
    "search": "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9ZM10.400 10.400 13.500 13.500",
    "image": "M2.500 3h11v10h-11ZM2.500 11l3.500-3.500 3 3 2-2 2.500 2.500M10.500 6v.01",
    "table": "M2.500 3h11v10h-11ZM2.500 6.500h11M2.500 9.700h11M6.500 3v10",
    "series": "M1.500 8h2l1.500-4 2.500 8 2.500-9 2 5h2.500", "text": "M3 4h10M3 8h10M3 12h6",
    "help": "M6 6a2 2 0 1 1 2.600 1.900c-.5.200-.6.600-.6 1.100M8 11.500v.01M8 2a6 6 0 1 1 0 12A6 "
            "6 0 0 1 8 2Z",
    "stop": "M4 4h8v8H4Z", "pause": "M5.500 3.500v9M10.500 3.500v9",
    "wait": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM8 4.700V8l2.300 1.400",
    "lock": "M4 7.500h8v6H4ZM5.500 7.500v-2a2.500 2.500 0 0 1 5 0v2",
    "shield": "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4Z", "plus": "M8 3v10M3 8h10",
}  # fmt: skip
"""Paths in a 16 × 16 box, stroked."""

esc = escape
"""Text made safe for markup."""

SIGN: dict[Tone, str] = {"ok": "check", "warn": "warn", "err": "cross"}


def icon(name: str, small: bool = True) -> str:
    """A sign of `ICONS` in the colour of the text around it. Markup: Streamlit lets no inline SVG
    through.
    """
    if name not in ICONS:
        raise KeyError(name)
    return f'<span class="lm-i {name}{" s" if small else ""}" aria-hidden="true"></span>'


def icon_css() -> str:
    """The signs as masks, for the style sheet."""
    return "".join(f".lm-i.{name}{{--m:url({_address(_stroked(d))})}}" for name, d in ICONS.items())


def _stroked(path: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="'
        f'{path}" fill="none" stroke="#000" stroke-width="1.5" stroke-linecap="round" '
        'stroke-linejoin="round"/></svg>'
    )


def _address(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def picture(svg: str, alt: str = "") -> str:
    """An SVG as an image tag, its var(--token) colours resolved for the visitor's theme."""
    colours = tokens.colours()
    drawn = re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: colours[found[1]], svg)
    if "xmlns=" not in drawn:
        drawn = drawn.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f'<img class="lm-picture" src="{_address(drawn)}" alt="{escape(alt)}">'


def html(body: str, testid: str = "") -> None:
    """Show markup in the look's classes. Whoever calls has escaped what users wrote."""
    mark = f' data-testid="{escape(testid)}"' if testid else ""
    st.html(f'<div class="lm"{mark}>{body}</div>')


def badge(text: str, tone: Tone = "n", sign: str | None = None) -> str:
    """A pill with a sign and a word ("live" gives the dot of something that runs)."""
    sign = SIGN.get(tone, "") if sign is None else sign
    mark = '<span class="lm-live"></span>' if sign == "live" else icon(sign) if sign else ""
    return f'<span class="lm-pill {tone}">{mark}{escape(text)}</span>'


def card(title: str = "", note: str = "", *, key: str) -> DeltaGenerator:
    """A card as a container to put things in; its heading is `title`, beside it a quiet note."""
    box = st.container(key=f"lm_card_{key}")
    if title:
        with box:
            html(heading(title, note))
    return box


def heading(title: str, note: str = "") -> str:
    """A section's heading with a quiet note beside it."""
    beside = f'<span class="lm-f lm-s">{escape(note)}</span>' if note else ""
    return f'<div class="lm-row"><h3>{escape(title)}</h3>{beside}</div>'


def metrics(items: Iterable[tuple[str, str, str]], *, testid: str = "metrics") -> None:
    """A row of headline figures: (label, value, small note such as "± 2.2")."""
    cells = "".join(
        f'<div><div class="l">{escape(label)}</div>'
        f'<div class="v">{escape(value)}<small>{escape(note)}</small></div></div>'
        for label, value, note in items
    )
    html(f'<div class="lm-metrics">{cells}</div>', testid)


def empty(title: str, sentence: str, button: str = "", *, key: str = "empty") -> bool:
    """The dashed box where there is nothing yet: one sentence, one button; True when it was
    clicked.
    """
    with st.container(key=f"lm_empty_{key}"):
        html(
            f'<h3>{escape(title)}</h3><p class="lm-m lm-s" style="margin-top:4px">'
            f"{escape(sentence)}</p>"
        )
        return bool(button) and st.button(button, type="primary", key=f"{key}_button")


def failed(
    error: LaminaError | str, sentence: str = "", button: str = "", *, key: str = "failed"
) -> bool:
    """The card for what went wrong: what happened, that work is safe, one repair; True when that
    was clicked.
    """
    fact = error.fact if isinstance(error, LaminaError) else error
    place = ""
    if isinstance(error, LaminaError) and error.place and error.place not in fact:
        place = f"{wording.begun(error.place)}. "
    more = sentence or (error.remedy if isinstance(error, LaminaError) else "")
    with st.container(key=f"lm_failed_{key}"):
        html(
            f'<div class="lm-row lm-err" role="alert">{icon("cross", False)}<h3 class="lm-err">'
            f"{escape(fact)}</h3></div>"
            f'<p class="lm-m lm-s" style="margin-top:4px">{escape(place + more)}</p>',
            "failed",
        )
        return bool(button) and st.button(button, type="primary", key=f"{key}_button")


def skeleton(lines: int = 3) -> None:
    """Grey lines where text will stand."""
    html(
        "".join(
            f'<div class="lm-skeleton" style="width:{92 - 14 * (i % 3)}%"></div>'
            for i in range(lines)
        )
    )


def sparkline(
    values: Sequence[float], width: int = 112, height: int = 34, colour: str = "train"
) -> str:
    """A line of a few numbers as a picture, its last value a dot; empty for fewer than two finite
    ones.
    """
    finite = [v for v in values if v == v and abs(v) != float("inf")]
    if len(finite) < 2:
        return ""
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    pad = 4.0
    xs = [3 + i * (width - 8) / (len(finite) - 1) for i in range(len(finite))]
    ys = [pad + (high - v) / span * (height - 2 * pad) for v in finite]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
    return picture(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}"><path d="{path}" '
        f'fill="none" stroke="var(--{colour})" stroke-width="1.75" stroke-linejoin="round"/>'
        f'<circle cx="{xs[-1]:.1f}" cy="{ys[-1]:.1f}" r="2.8" fill="var(--{colour})"/></svg>',
        f"from {finite[0]:.3g} to {finite[-1]:.3g}",
    )


def crashed(error: Exception) -> bool:
    """Instead of a traceback: what to tell a person when a page fails. True: nothing more is
    shown.
    """
    if isinstance(error, LaminaError):
        failed(error, key="page")
    else:
        failed(
            "This page failed.",
            f"It is a fault of Lamina, not yours ({type(error).__name__}). Your work is saved and "
            "runs go on; "
            "reload the page, or go on with another one. The server's log says more.",
            key="page",
        )
    return True
