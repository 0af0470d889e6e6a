"""Explain, for tables: which columns matter over many rows, as a beeswarm of SHAP values."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.explain import Explanation, explain
from builder.progress import Progress
from builder.ui import charts, figures, opened, parts, rows, sample, tokens
from builder.ui.components.downloads import downloads, file_name
from builder.ui.screens import explain_work
from builder.ui.screens.evaluate_parts import csv

SWARM_ROWS = (50, 200, 500)


def show(run: Any, asked: Any, checkpoint: str) -> None:
    """Which columns matter over many rows: a beeswarm and the mean size of each column's part."""
    subject = asked.subject
    with st.container(key="lm_body_explain_whole"):
        if "shap_values" not in [n for n, why in _reasons(asked).items() if why is None]:
            parts.empty("Not for this model", str(_reasons(asked)["shap_values"]), key="no_whole")
            return
        kept = opened.sizes(run)
        with st.container(key="lm_card_whole"):
            with st.container(horizontal=True, vertical_alignment="center", key="lm_quiet_whole"):
                parts.html(
                    parts.heading(
                        "What moves the answers",
                        "one dot per row and column; colour is the column's value",
                    )
                )
                target = None
                if subject.classifies:
                    names = list(subject.classes)
                    target = st.selectbox(
                        "Class",
                        names,
                        index=len(names) - 1 if len(names) == 2 else 0,
                        key=f"whole_class_{run.id}",
                        label_visibility="collapsed",
                        width=150,
                    )
                size = min(run.spec.sizes[kept[-1]], 10**9)
                options = sorted({min(size, count) for count in SWARM_ROWS})
                count = st.selectbox(
                    "Rows",
                    options,
                    index=min(1, len(options) - 1),
                    format_func=lambda n: f"{n} {kept[-1]} rows",
                    key=f"whole_rows_{run.id}",
                    label_visibility="collapsed",
                    width=150,
                )
            found = _many(run, asked, checkpoint, kept[-1], int(count), target)
            if found is not None:
                _swarm(run, kept[-1], found)


def _reasons(asked: Any) -> dict[str, str | None]:
    from builder.explain import unfit

    return unfit(asked.subject)


def _many(
    run: Any, asked: Any, checkpoint: str, split: str, count: int, target: str | None
) -> Explanation | None:
    drawn = np.sort(np.random.default_rng(0).permutation(run.spec.sizes[split])[:count])

    def many(report: Progress) -> Explanation:
        report("SHAP values", 0, count)
        return explain(
            run.id,
            "shap_values",
            split=split,
            rows=[int(row) for row in drawn],
            target=target,
            checkpoint=checkpoint,
            options={"background": 50, "permutations": 4},
            progress=report,
        )

    key = f"whole|{run.id}|{checkpoint}|{asked.mark}|{split}|{count}|{target}"
    found: Explanation | None = explain_work.explained(key, "whole", "SHAP values", many)
    return found


def _swarm(run: Any, split: str, found: Explanation) -> None:
    """Columns by the mean size of their parts, from the top; jitter by how crowded a place is."""
    import plotly.graph_objects as go

    colour = tokens.colours()
    names = [part.name for part in found.rows[0].columns]
    said = [rows.column_label(run.spec, name) for name in names]
    table = np.array([[part.attribution for part in row.columns] for row in found.rows])
    order = np.argsort(np.abs(table).mean(0))[::-1][:14]
    scale = 100 if found.classes else 1
    chart = charts.figure(hovermode="closest")
    for place, at in enumerate(order[::-1]):
        values = [row.columns[at].value for row in found.rows]
        x = table[:, at] * scale
        chart.add_trace(
            go.Scattergl(
                x=x,
                y=place + _jitter(x),
                mode="markers",
                name=said[at],
                customdata=[
                    [row.row, rows.show(v), rows.row_label(row.row or 0)]
                    for row, v in zip(found.rows, values, strict=True)
                ],
                marker={
                    "size": 5,
                    "color": _tint(values),
                    "colorscale": charts.scale(_tints()),
                    "cmin": 0,
                    "cmax": 1,
                    "opacity": 0.8,
                },
                hovertemplate=escape(said[at]) + " = %{customdata[1]}<br>%{x:+.3g}<br>row "
                "%{customdata[2]}<extra></extra>",
            )
        )
    chart.add_vline(x=0, line={"color": colour["ctl"], "width": 1})
    means = np.abs(table).mean(0) * scale
    labels = [
        f"{said[at][:22]}  <b>{figures.number(float(means[at]), 2)}</b>" for at in order[::-1]
    ]
    chart.update_yaxes(
        tickvals=list(range(len(order))), ticktext=labels, showgrid=True, automargin=True
    )
    chart.update_xaxes(
        title_text="percentage points"
        if found.classes
        else rows.column_label(run.spec, found.rows[0].target)
    )
    chart.update_layout(margin={"l": 170, "b": 40})
    picked = charts.show(
        chart,
        key=f"swarm_{run.id}",
        height=110 + 38 * len(order),
        files=False,
        on_select="rerun",
        selection_mode="points",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="lm_head_swarm"):
        parts.html(
            '<div class="lm-s lm-m">Blue dots hold low values of the column, orange ones high; '
            "words go from blue to orange by the alphabet. "
            "Bold: the mean size of the column’s part. Click a dot to open its row.</div>",
            "swarm",
        )
        name = file_name([run.project().name, opened.name_of(run), split, "shap"])
        downloads(f"swarm_{run.id}", name, of="the beeswarm")
        csv(
            lambda: figures.table(
                ["row", *names],
                [
                    [rows.row_number(row.row or 0), *(part.attribution for part in row.columns)]
                    for row in found.rows
                ],
            ),
            "swarm",
            name,
        )
    points = (picked or {}).get("selection", {}).get("points", [])
    if points:
        row = points[0].get("customdata", [None])[0]
        if isinstance(row, int):
            sample.choose(split, row)
            st.session_state["explain_view_wish"] = "prediction"
            st.rerun()


def _jitter(x: Any) -> Any:
    counts, edges = np.histogram(x, bins=40)
    crowd = counts[np.clip(np.digitize(x, edges[1:-1]), 0, len(counts) - 1)]
    return np.random.default_rng(0).uniform(-0.36, 0.36, len(x)) * np.sqrt(
        crowd / max(1, counts.max())
    )


def _tints() -> tuple[str, str, str]:
    """Low, middle, high: a dot in the middle is grey, where a map's cell may melt into the card."""
    ends = charts.DIVERGING[tokens.theme()]
    return ends[0], tokens.colours()["ink3"], ends[-1]


def _tint(values: list[Any]) -> Any:
    """Values as ranks from 0 to 1; words by their alphabet."""
    if not all(isinstance(v, int | float) and v == v for v in values if v is not None):
        values = [str(v) for v in values]
        known = sorted(set(values))
        return [known.index(v) / max(1, len(known) - 1) for v in values]
    numbers = np.array([np.nan if v is None else float(v) for v in values])
    low, high = np.nanpercentile(numbers, [5, 95])
    return np.nan_to_num(np.clip((numbers - low) / ((high - low) or 1), 0, 1), nan=0.5)
