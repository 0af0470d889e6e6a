"""Evaluate: for whom is it worse? A figure by a column's values, and rows chosen by conditions."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import (
    ANY,
    Columns,
    Group,
    Groups,
    Slice,
    Yardstick,
    by_column,
    columns,
    rows_of,
    standing_out,
    yardsticks,
)
from builder.ui import figures, parts
from builder.ui.components.groups import groups
from builder.ui.screens import evaluate_conditions
from builder.ui.screens.evaluate_parts import Look, head
from builder.ui.screens.evaluate_slices import SAID

TONES = {"worse": "bad", "better": "good", "few": "few"}
STANDING_OUT = "all columns: what stands out"


def show(look: Look, opened: str | None) -> str | None:
    """The card; gives the condition of the group that was clicked.

    `opened` is the condition whose rows are shown.
    """
    known = columns(look.run.prepared(), look.split)
    offered = [one.label for one in known.groupable]
    if not offered:
        return None
    with st.container(key="lm_card_groups"):
        spot = st.container()
        with st.container(horizontal=True, vertical_alignment="bottom", key="lm_groups_choices"):
            by, metric = _choices(look, offered)
            evaluate_conditions.show(look, known)
        found = _found(look, known, by, metric)
        with spot:
            head(
                "For whom is it worse?",
                "a row opens its samples; chance allows for as many groups as are looked at",
                "groups",
                look.file(f"by {'all columns' if by == ANY else by}"),
                lambda: _csv(found),
            )
        clicked = _table(look, found, opened)
        if opened and clicked in (None, opened):
            line = f"The rows of {opened} stand above."
            parts.html(f'<div class="lm-s lm-m">{escape(line)}</div>', "group-opened")
    return clicked


def rows(look: Look, condition: str) -> Slice | None:
    """The rows that meet a condition, as a slice without a name; None where there are none."""
    try:
        found = rows_of(look.run, look.split, condition)
    except LaminaError:  # a value that this split lacks
        return None
    if not len(found):
        return None
    return Slice(condition, look.split, tuple(found.tolist()), "", condition=condition)


def _choices(look: Look, offered: Sequence[str]) -> tuple[str, str]:
    """The column and the figure that are looked at."""
    known: dict[str, Yardstick] = yardsticks(look.report)
    by = st.selectbox(
        "By",
        [ANY, *offered],
        format_func=lambda one: STANDING_OUT if one == ANY else one,
        key=f"groups_by_{look.run.id}",
        width=280,
    )
    metric = st.selectbox(
        "Figure",
        list(known),
        format_func=lambda one: known[one].title,
        key=f"groups_metric_{look.run.id}",
        width=320,
    )
    return str(by), str(metric)


def _found(look: Look, known: Columns, by: str, metric: str) -> Groups:
    if by == ANY:
        return standing_out(look.report, known, metric)
    return by_column(look.report, known, by, metric)


def _table(look: Look, found: Groups, opened: str | None) -> str | None:
    lines = found.groups
    if not lines:
        parts.html(
            '<div class="lm-m lm-s" style="padding:8px 0">No group of any column differs from the '
            "rest beyond chance. Choose a column to see all of its groups.</div>",
            "no-groups",
        )
        return None
    some = any(one.counted != len(one.rows) for one in lines)
    conditions = [one.condition for one in lines]
    at = groups(
        f"groups_{look.mark}",
        [_line(found.by, one, some) for one in lines],
        [
            "Group" if found.column is None else found.column.label,
            "Rows",
            *(["Counted"] if some else []),
            _short(found.by),
            "Beyond chance?",
        ],
        {
            "at": _known(found.value),
            **_ends(found.interval),
            "text": f"95 % interval; all rows: {_told(found.by, found.value)}",
        },
        conditions.index(opened) if opened in conditions else None,
    )
    if found.others:
        parts.html(
            f'<div class="lm-f lm-s">{found.others:,} {look.word(found.others)} have rarer '
            "values.</div>"
        )
    return None if at is None else conditions[at]


def _line(by: Yardstick, one: Group, some: bool) -> dict[str, Any]:
    counted = [f"{one.counted:,}"] if some else []
    figure = _told(by, one.value)
    return {
        "cells": [one.name, f"{len(one.rows):,}", *counted, figure, SAID[one.verdict]],
        "tone": TONES.get(one.verdict, ""),
        "at": _known(one.value),
        **_ends(one.interval),
    }


def _short(by: Yardstick) -> str:
    """The figure's name as a column's head."""
    return {"mae": "Mean absolute error", "bias": "Truth − prediction"}.get(
        by.name, by.name.replace("_", " ").capitalize()
    )


def _told(by: Yardstick, value: float) -> str:
    if by.share:
        return figures.share(value)
    return figures.signed(value) if by.better == "neither" else figures.number(value)


def _known(value: float) -> float | None:
    return value if value == value else None


def _ends(interval: tuple[float, float]) -> dict[str, float | None]:
    return {"low": _known(interval[0]), "high": _known(interval[1])}


def _csv(found: Groups) -> bytes:
    lines = [
        [one.name, one.condition, len(one.rows), one.counted, one.value, *one.interval,
         one.against.there, one.against.gap, *one.against.interval, SAID[one.verdict]]
        for one in found.groups
    ]  # fmt: skip
    return figures.table(
        ["group", "condition", "rows", "counted", found.by.name, "low", "high", "rest",
         "difference", "difference_low", "difference_high", "beyond_chance"],
        lines,
    )  # fmt: skip
