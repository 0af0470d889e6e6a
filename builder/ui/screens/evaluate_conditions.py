"""Evaluate: rows chosen by conditions on columns, put together without writing them."""

import re

import numpy as np
import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import Column, Columns, Term, parse, ranges, rows_where, written
from builder.ui import parts
from builder.ui.screens.evaluate_parts import Look

MOST_TERMS = 4
MISSING = "no value"
OPENED = "conditions_opened"
OWN_RANGE = "from … to …"


def show(look: Look, known: Columns) -> None:
    """The button that opens the choice, whose rows then are the page's chosen ones."""
    opened = int(st.session_state.get(OPENED, 0))
    with st.popover(
        "Choose rows by columns",
        icon=":material/filter_alt:",
        key=f"conditions_{opened}",
    ):
        parts.html(
            '<div class="lm-s lm-m">Rows that meet conditions on one column or several, such as '
            "women under 30.</div>"
        )
        counted = f"conditions_count_{opened}"
        count = int(st.session_state.get(counted, 1))
        each: list[list[Term]] = []
        for at in range(count):
            if at:
                parts.html('<div class="lm-f lm-s">and</div>')
            each.append(_terms(known, f"{opened}_{at}"))
        terms = [term for one in each for term in one]
        ready = _told(look, known, terms if all(each) else [])
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Look at these rows",
                type="primary",
                key="conditions_look",
                disabled=not ready,
                on_click=_choose,
                args=(look, written(terms)),
            )
            if count < MOST_TERMS:
                st.button(
                    "And …",
                    key="conditions_more",
                    on_click=_more,
                    args=(known, opened, count),
                )


def _more(known: Columns, opened: int, count: int) -> None:
    """A further condition, on the first column that has none yet."""
    st.session_state[f"conditions_count_{opened}"] = count + 1
    taken = {st.session_state.get(f"condition_column_{opened}_{at}") for at in range(count)}
    free = next((one.label for one in known.all if one.label not in taken), known.all[0].label)
    st.session_state[f"condition_column_{opened}_{count}"] = free


def _choose(look: Look, condition: str) -> None:
    """Show these rows; a fresh popover, which is closed, holds the same conditions."""
    st.session_state[f"evaluate_chosen_{look.run.id}"] = ("where", condition)
    before = int(st.session_state.get(OPENED, 0))
    st.session_state[OPENED] = before + 1
    for name, value in list(st.session_state.items()):
        found = re.fullmatch(r"(conditions?_[a-z]+_)(\d+)(_.*)?", str(name))
        if found and int(found[2]) == before:
            st.session_state[f"{found[1]}{before + 1}{found[3] or ''}"] = value


def _told(look: Look, known: Columns, terms: list[Term]) -> bool:
    """Says which rows these are; whether there are any."""
    if not terms:
        parts.html('<div class="lm-f lm-s">Choose a value in each condition.</div>')
        return False
    text = written(terms)
    try:
        count = int(rows_where(known, parse(text)).sum())
    except LaminaError as error:
        parts.html(f'<div class="lm-s lm-err" role="alert">{parts.esc(str(error))}</div>')
        return False
    parts.html(
        f'<div class="lm-s"><b>{count:,}</b> of {known.rows:,} {look.word(known.rows)}'
        f'<div class="lm-mono lm-f" style="overflow-wrap:anywhere">{parts.esc(text)}</div></div>',
        "conditions-told",
    )
    return count > 0


def _terms(known: Columns, key: str) -> list[Term]:
    """One column's widgets; the conditions that they say, none while nothing is chosen."""
    names = [one.label for one in known.all]
    name = st.selectbox("Column", names, key=f"condition_column_{key}")
    column = known.find(str(name))
    key = f"{key}_{names.index(column.label)}"
    if column.kind == "category":
        return _names(column, key)
    if column.kind == "text":
        word = st.text_input("contains", key=f"condition_word_{key}")
        return [Term(column.label, "~", (word.strip(),))] if word.strip() else []
    return _range(column, key)


def _names(column: Column, key: str) -> list[Term]:
    gaps = [] if column.present.all() else [MISSING]
    chosen = st.multiselect(
        "is one of",
        [*gaps, *column.names],
        key=f"condition_names_{key}",
    )
    if MISSING in chosen and gaps:
        return [Term(column.label, "is", ("missing",))]
    return [Term(column.label, "=", tuple(chosen))] if chosen else []


def _range(column: Column, key: str) -> list[Term]:
    """A quartile, a range of one's own, or the gaps."""
    quarters = dict(ranges(column))
    gaps = [] if column.present.all() else [MISSING]
    chosen = str(st.selectbox("is", [*quarters, OWN_RANGE, *gaps], key=f"condition_range_{key}"))
    if chosen in quarters:
        return list(parse(quarters[chosen]))
    if chosen == MISSING:
        return [Term(column.label, "is", ("missing",))]
    left, right = st.columns(2)
    with left:
        low = _end(column, "at least", key)
    with right:
        high = _end(column, "at most", key)
    found = [(">=", low), ("<=", high)]
    return [Term(column.label, sign, (end,)) for sign, end in found if end is not None]


def _end(column: Column, which: str, key: str) -> str | None:
    """One end of a range, as it is written; None where it is open."""
    low = which == "at least"
    widget, values = f"condition_{'from' if low else 'to'}_{key}", column.values[column.present]
    edge = values.min() if low else values.max()
    if column.kind == "date":
        first, last = (np.datetime64(v, "D").item() for v in (values.min(), values.max()))
        day = st.date_input(
            which, None, min_value=first, max_value=last, key=widget, format="YYYY-MM-DD"
        )
        return None if day is None else str(day)
    hint = f"{float(edge):.6g}"
    number = st.number_input(which, value=None, key=widget, placeholder=hint, format="%g")
    return None if number is None else repr(float(number)).removesuffix(".0")
