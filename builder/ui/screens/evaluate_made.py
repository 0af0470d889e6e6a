"""Evaluate, for networks that make things: figures of each split, their course, and samples."""

from html import escape
from typing import Any

import streamlit as st

from builder import metrics
from builder.errors import LaminaError
from builder.evaluate import Measured, evaluate_run
from builder.ui import charts, chrome, figures, making, opened, parts, tokens

MARKED = 60
"""So many epochs are marked one by one; more would run into each other."""


def show(project: str, run: Any) -> None:
    """Draw the page for a run whose task predicts no row."""
    checkpoint = opened.checkpoint_of(run, "evaluate")
    chrome.bar(
        [project, opened.name_of(run), run.task().title],
        actions=lambda: opened.chooser(run, "evaluate", checkpoint),
    )
    with st.container(key="lm_body_evaluate"):
        left, right = st.columns([1, 1], gap="small")
        with right:  # at once; measuring takes longer
            making.card(run, checkpoint, key="evaluate")
        with left:
            figures_place = st.container()
            _course(run)
            with figures_place:
                _splits(run, checkpoint)


def _splits(run: Any, checkpoint: str) -> None:
    """One line per figure, one column per split; measured one after another."""
    names = opened.sizes(run)
    falls = all(phase.falls for phase in run.task().phases())
    with parts.card("How good it is", "one column per split, always apart", key="made_figures"):
        slot = st.empty()
        found: dict[str, Measured] = {}
        for name in sorted(names, key=run.spec.sizes.__getitem__):  # few rows are soon told
            try:
                with st.spinner(f"Measuring on {opened.TITLES[name].lower()} rows …"):
                    found |= evaluate_run(run, checkpoint, (name,)).measured
            except LaminaError as error:
                parts.failed(error, key=f"measured_{name}")
                return
            with slot.container():
                told = {one: found[one] for one in names if one in found}
                parts.html(_table(told, falls=falls), "made-figures")
        notes = {note for split in found.values() for note in split.notes}
        parts.html("".join(f'<p class="lm-f lm-s">{escape(note)}</p>' for note in sorted(notes)))


def _table(found: dict[str, Measured], *, falls: bool) -> str:
    keys = list(dict.fromkeys(key for split in found.values() for key in split.metrics))
    keys.sort(key=lambda key: key == "loss")
    right = "text-align:right;white-space:nowrap;padding-left:12px"
    head = "".join(f'<th style="{right}">{escape(opened.TITLES[name])}</th>' for name in found)
    lines = []
    for key in keys:
        said = [_said(key, split) for split in found.values()]
        title, help_text = _words(key, falls=falls)
        if _made_alone(key) and len(set(said)) == 1:
            help_text += " It looks at no row, so it is one figure for every split."
            cells = f'<td style="text-align:center" colspan="{len(said)}">{escape(said[0])}</td>'
        else:
            if _made_alone(key):
                help_text += " It looks at no row: only how many were made differs by split."
            cells = "".join(f'<td style="{right}">{escape(one)}</td>' for one in said)
        lines.append(
            f'<tr><td><b>{escape(title)}</b><br><span class="lm-f lm-s">{escape(help_text)}'
            f"</span></td>{cells}</tr>"
        )
    return (
        '<table class="lm-plain" style="width:100%;border-collapse:separate;border-spacing:0 6px">'
        f"<tr><th></th>{head}</tr>{''.join(lines)}</table>"
    )


def _made_alone(key: str) -> bool:
    return key != "loss" and metrics.get(key).made_alone


def _words(key: str, *, falls: bool) -> tuple[str, str]:
    if key == "loss" and not falls:
        return (
            "Loss",
            "Of networks that compete: lower is not better, for each works against another.",
        )
    if key == "loss":
        return "Loss", "What training brings down, on these rows."
    declared = metrics.get(key)
    return declared.title, declared.help


def _said(key: str, split: Measured) -> str:
    value = split.metrics.get(key)
    if value is None:
        return "–"
    return figures.share(value) if key == "recognised" else figures.number(value)


def _course(run: Any) -> None:
    """The most telling figure after each epoch."""
    names = run.task().metrics()
    rows = run.epochs()
    if not names or len(rows) < 2:
        return
    colour = tokens.colours()
    told = metrics.get(names[0])
    title = told.title
    watched = f"validation_{names[0]}"
    best = next((row for row in reversed(rows) if row.get("best")), None)
    chart = charts.figure()
    for split, shade in (("train", "train"), ("validation", "val")):
        key = f"{split}_{names[0]}"
        points = [(row["epoch"], row[key]) for row in rows if key in row]
        if points:
            x, y = zip(*points, strict=True)
            line = {"color": colour.get(shade, colour["train"])}
            mode = "lines+markers" if len(x) <= MARKED else "lines"
            chart.add_scatter(x=x, y=y, mode=mode, name=split, line=line)
    if len(rows) <= MARKED:
        chart.update_xaxes(dtick=max(1, len(rows) // 8))  # no epoch and a half
    several = len(chart.data) > 1
    chart.update_layout(showlegend=several, legend={"orientation": "h", "y": 1.15})
    chart.update_yaxes(tickformat=",")
    if told.by_decades:
        chart.update_yaxes(type="log", dtick="D2")  # 1, 2 and 5 of each power of ten
    if best is not None and watched in best:
        chart.add_scatter(
            x=[best["epoch"]], y=[best[watched]], mode="markers", showlegend=False,
            marker={"size": 9, "color": colour["val"]}, hoverinfo="skip",
        )  # fmt: skip
    note = "higher is better" if told.higher_is_better else "lower is better"
    note += "" if several else f", on {opened.TITLES['validation'].lower()} rows"
    if best is not None and watched in best:
        note += f"; best {figures.number(best[watched])} at epoch {best['epoch']:.0f}"
    with parts.card(f"{title} by epoch", note, key="made_course"):
        charts.show(chart, key="made_course_chart", height=240, files=False)
