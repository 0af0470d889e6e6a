"""One run on the Runs page: its facts, the ways on, its name and note, and how to be rid of it."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, manage, parts, signs, state
from builder.ui.screens import sweep

if TYPE_CHECKING:
    from builder.runs import Run
    from builder.runs.index import Row


def show(row: "Row | None", count: int) -> None:
    """Draw the run's card; `count` is how many runs are listed."""
    if row is None:
        return
    from builder import runs

    run = runs.open_run(row.id)
    word, tone, sign = signs.run(row.status)
    with parts.card(key="run"):
        parts.html(
            f'<div class="lm-row"><h3>{escape(row.name or row.id)}</h3><span class="lm-sp"></span>'
            f"{parts.badge(word, tone, sign)}</div>",
            "run-title",
        )
        if row.error or row.message:
            parts.html(f'<p class="lm-m lm-s">{escape(_said(row))}</p>')
        parts.html(_facts(row))
        _ways(run)
        _name_and_note(row)
        _delete(row, count)


def _said(row: "Row") -> str:
    """What the run says last; where it failed also where, and what to do about it."""
    error = row.error or {}
    fact = error.get("fact") or row.message
    place = error.get("place") or ""
    where = f"{place}." if place and place not in fact else ""
    return " ".join(part for part in (fact, where, error.get("remedy")) if part)


def _facts(row: "Row") -> str:
    best = row.best or {}
    items = [
        ("best epoch", f"{best['epoch']:.0f}" if "epoch" in best else "–"),
        ("epochs", f"{row.epoch} of {row.epochs}"),
        ("samples/s", f"{row.samples_per_second:,.0f}" if row.samples_per_second else "–"),
        ("parameters", f"{row.parameters:,}" if row.parameters else "–"),
        ("id", row.id),
    ]
    cells = "".join(
        f'<dt>{escape(name)}</dt><dd class="lm-mono">{escape(value)}</dd>' for name, value in items
    )
    return f'<dl class="rn-facts">{cells}</dl>'


def _ways(run: "Run") -> None:
    kept = bool(run.checkpoints())
    why = None if kept else "The run has kept no state of the network yet."
    with st.container(key="lm_run_ways", horizontal=True):
        for page in ("train", "evaluate", "explain", "deploy"):
            closed = page != "train" and not kept
            if st.button(
                chrome.TITLES[page],
                key=f"runs_to_{page}",
                disabled=closed,
                help=why if closed else None,
            ):
                _open(page, run)
        sweep.repeat(run)


def _open(page: str, run: "Run") -> None:
    project = str(run.info.get("project_id") or "")
    state.go(page, project=project or None, run=run.id)


def _name_and_note(row: "Row") -> None:
    from builder import runs

    name = st.text_input("Name", value=row.name, max_chars=120, key=f"runs_name_{row.id}")
    note = st.text_area(
        "Note",
        value=row.note,
        max_chars=20_000,
        height=84,
        placeholder="What was tried, what came of it",
        key=f"runs_note_{row.id}",
    )
    try:
        if name.strip() and name.strip() != row.name:
            runs.rename(row.id, name)
            st.rerun()
        if note != row.note:
            runs.note(row.id, note)
            st.rerun()
    except LaminaError as error:
        parts.failed(error, key="runs_name_failed")


def _delete(row: "Row", count: int) -> None:
    if row.status in manage.ACTIVE:
        return
    from builder import runs

    # a key for each run: the question about one never stays open to ask about the next
    with st.popover("Delete", icon=":material/delete:", key=f"runs_delete_popover_{row.id}"):
        parts.html(
            f'<p class="lm-m lm-s">Delete {escape(row.name or row.id)} with its checkpoints '
            "and figures? This cannot be undone.</p>"
        )
        if st.button("Delete this run", key=f"danger_runs_delete_{row.id}"):
            try:
                runs.delete(row.id)
            except LaminaError as error:
                parts.failed(error, key="runs_delete_failed")
                return
            for name in ("runs_opened", "runs_chart"):
                st.session_state.pop(name, None)
            if state.run_id() == row.id or count == 1:
                state.set_run(None)
            st.rerun()
