"""The Evaluate page's charts, and how its numbers are written."""

import csv
import io
from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import Any

import numpy as np
import plotly.graph_objects as go

from builder import wording
from builder.data.runtime import spreadsheet
from builder.evaluate import ClassificationSplit, Curve, RegressionSplit
from builder.ui import charts, tokens

SHOWN_POINTS = 4000
SHARES: dict[str, Any] = {
    "tickvals": [0, 0.5, 1],
    "ticktext": ["0 %", "50 %", "100 %"],
    "hoverformat": ".0%",
}
"""An axis of shares, written as everywhere else."""


def number(value: float, digits: int = 3) -> str:
    """A figure as short as it can be read: 0.589, 68,772, 4.963, 0.00031; an exponent only from a
    billion on and below a millionth.
    """
    if value != value:
        return "–"
    size = abs(value)
    if 0 < size < 0.5 * 10**-digits:
        small = f"{value:.2g}"
        return small if size < 1e-6 else f"{value:.{1 - floor(log10(size))}f}"
    if size >= 1e9:
        return f"{value:.4g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{max(0, digits - (1 if size >= 10 else 0) - (1 if size >= 100 else 0))}f}"


def column(values: Sequence[float], *, plus: bool = False) -> list[str]:
    """Figures of one column, each with the decimals of the largest, so that their points stand
    below each other; with `plus` each has its sign.
    """
    sizes = [abs(value) for value in values if value == value]
    largest = max(sizes, default=0.0)
    if largest >= 1e9 or largest < 1e-3:
        return [signed(value) if plus else number(value) for value in values]
    places = len(number(largest).partition(".")[2])
    signs = (("−" if value < 0 else "+" if plus and value > 0 else "") for value in values)
    return [
        f"{sign}{abs(value):,.{places}f}" if value == value else "–"
        for sign, value in zip(signs, values, strict=True)
    ]


def share(value: float) -> str:
    """A share in per cent: 59.1 %."""
    return "–" if value != value else wording.percent(value, 1)


def signed(value: float, *, points: bool = False) -> str:
    """A difference with its sign: "+0.012", "−2.1"; `points`: of shares, in percentage points."""
    size = abs(value) * (100 if points else 1)
    text = f"{size:.1f}" if points else number(size)
    if value != value or not any(digit in text for digit in "123456789"):
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def half(
    interval: tuple[float, float] | None, value: float = float("nan"), *, percent: bool = False
) -> str:
    """Half of an interval as "± 2.2"; empty where there is none, or none to speak of.

    Where `value` is the interval's own end (a perfect score), the other end: "≥ 67.6".
    """
    if interval is None or interval[0] != interval[0] or interval[0] == interval[1]:
        return ""
    low, high = interval
    near = 1e-9 * (high - low)
    if abs(value - high) <= near or abs(value - low) <= near:
        sign, end = ("≥", low) if abs(value - high) <= near else ("≤", high)
        return f"{sign} {end * 100:.1f}" if percent else f"{sign} {number(end)}"
    width = (high - low) / 2
    return f"± {width * 100:.1f}" if percent else f"± {number(width)}"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as CSV.

    A cell that a spreadsheet would take for a formula is quoted by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(spreadsheet.safe, head))
    writer.writerows(map(spreadsheet.safe, row) for row in rows)
    return out.getvalue().encode()


def _line(x: Any, y: Any, colour: str, name: str, **more: Any) -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="lines", name=name, line={"color": colour, "width": 2, **more})


def _percent_axes(chart: go.Figure, x: str = "", y: str = "") -> None:
    chart.update_xaxes(**SHARES, title_text=x)
    chart.update_yaxes(**SHARES, range=[-0.02, 1.03], title_text=y)


def coverage(split: ClassificationSplit, at: float) -> go.Figure:
    """Share answered and accuracy of the answers by how sure the model must be, with a mark at
    `at`.
    """
    colour = tokens.colours()
    thresholds, answered, accuracy = split.coverage
    low = max(0.0, 1 / len(split.classes))
    kept = thresholds >= np.floor(low * 10) / 10 - 1e-9
    chart = charts.figure()
    chart.add_trace(
        _line(thresholds[kept], answered[kept], colour["ink2"], "answered", dash="dash")
    )
    chart.add_trace(_line(thresholds[kept], accuracy[kept], colour["train"], "accuracy"))
    rows, right = split.sure(at)
    part = rows / max(1, split.rows)
    _mark(chart, at, [(part, colour["ink2"]), (right, colour["train"])])
    _label(chart, thresholds[kept], answered[kept], "answered", colour["ink2"], 0.82)
    _label(chart, thresholds[kept], accuracy[kept], "accuracy", colour["train"], 0.6)
    chart.update_yaxes(**SHARES, range=[-0.02, 1.06])
    chart.update_xaxes(tickformat=".1f", dtick=0.2, range=[np.floor(low * 10) / 10, 1])
    return chart


def threshold(split: ClassificationSplit, at: float) -> go.Figure:
    """Every figure as a function of the threshold of the positive class, with a mark at `at`."""
    colour = tokens.colours()
    values = np.linspace(0, 1, 101)
    found = [split.threshold(float(value)) for value in values]
    chart = charts.figure()
    lines = (
        ("accuracy", "train", 0.5),
        ("precision", "val", 0.8),
        ("recall", "ok", 0.3),
        ("f1", "ink2", 0.65),
    )
    for name, tone, place in lines:
        y = np.array([one.figures[name] for one in found])
        if name == "precision":
            y[[not one.answered for one in found]] = np.nan
        dash = {"dash": "dash"} if name == "f1" else {}
        chart.add_trace(_line(values, y, colour[tone], name, **dash))
        _label(chart, values, y, "F1" if name == "f1" else name, colour[tone], place)
    now = split.threshold(at)
    marked = [line for line in lines if line[0] != "precision" or now.answered]
    _mark(chart, at, [(now.figures[name], colour[tone]) for name, tone, _ in marked])
    chart.update_yaxes(**SHARES, range=[-0.02, 1.06])
    chart.update_xaxes(tickformat=".1f", dtick=0.2, range=[0, 1])
    return chart


def _mark(chart: go.Figure, at: float, points: Sequence[tuple[float, str]]) -> None:
    colour = tokens.colours()
    chart.add_vline(x=at, line={"color": colour["acc"], "width": 1.5})
    for value, tone in points:
        if value == value:
            chart.add_trace(
                go.Scatter(
                    x=[at],
                    y=[value],
                    mode="markers",
                    marker={"color": tone, "size": 8},
                    hoverinfo="skip",
                )
            )


def _label(chart: go.Figure, x: Any, y: Any, text: str, colour: str, place: float) -> None:
    """A line's name above it, where it has a value, `place` of the way along."""
    kept = np.flatnonzero(np.isfinite(y))
    if not len(kept):
        return
    at = kept[int(place * (len(kept) - 1))]
    chart.add_annotation(
        x=float(x[at]),
        y=float(y[at]),
        text=f"<b>{text}</b>",
        showarrow=False,
        yshift=10,
        bgcolor=tokens.colours()["surface"],
        borderpad=0,
        opacity=0.9,
        font={"color": colour, "size": 12},
    )


def calibration(split: ClassificationSplit) -> go.Figure:
    """How often the model is right against how sure it is."""
    colour = tokens.colours()
    bins = split.calibration
    middle = (bins.edges[1:] + bins.edges[:-1]) / 2
    kept = bins.rows > 0
    chart = charts.figure()
    chart.add_trace(_line([0, 1], [0, 1], colour["ctl"], "ideal", dash="dot", width=1))
    chart.add_trace(
        go.Bar(
            x=middle[kept],
            y=bins.right[kept],
            width=0.085,
            name="right in fact",
            marker={"color": colour["train"], "opacity": 0.75},
            customdata=bins.rows[kept],
            hovertemplate="%{y:.1%} right of %{customdata:,} rows",
        )
    )
    chart.add_trace(
        go.Scatter(
            x=middle[kept],
            y=bins.sure[kept],
            mode="markers",
            name="sure on average",
            marker={
                "symbol": "line-ew",
                "size": 17,
                "line": {"width": 2.5, "color": colour["val"]},
            },
        )
    )
    _percent_axes(chart)
    chart.update_xaxes(range=[0, 1.01])
    chart.update_layout(margin={"r": 24})  # half of the last label stands beyond the axis
    return chart


def curves(found: Sequence[tuple[str, Curve]], kind: str) -> go.Figure:
    """ROC or precision-recall curves by class; the first is drawn in the accent."""
    colour = tokens.colours()
    chart = charts.figure(hovermode="closest")
    if kind == "roc":
        chart.add_trace(_line([0, 1], [0, 1], colour["ctl"], "guessing", dash="dot", width=1))
    for at, (name, curve) in enumerate(found):
        step = max(1, len(curve.x) // 400)
        keep = np.unique(np.r_[np.arange(0, len(curve.x), step), len(curve.x) - 1])
        tone = colour["acc"] if at == 0 else colour["line2"]
        line = _line(
            curve.x[keep],
            curve.y[keep],
            tone,
            f"{name}, area {number(curve.area)}",
            width=2 if at == 0 else 1.2,
        )
        chart.add_trace(line)
    chart.data = chart.data[:1] + chart.data[1:][::-1] if kind == "roc" else chart.data[::-1]
    _percent_axes(
        chart, *(("false alarms", "found") if kind == "roc" else ("found", "right answers"))
    )
    chart.update_xaxes(range=[-0.01, 1.01])
    chart.update_layout(margin={"l": 58, "b": 38})
    return chart


def predicted_against_true(split: RegressionSplit) -> go.Figure:
    """One dot per row (at most some thousands), the diagonal is right."""
    colour = tokens.colours()
    rows = _thinned(split.rows)
    x, y = split.targets[rows], split.predictions[rows]
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    told = [
        (int(row), f"{row + 1:,}", number(true), number(said))
        for row, true, said in zip(rows, x, y, strict=True)
    ]
    chart = charts.figure(hovermode="closest")
    chart.add_trace(
        go.Scattergl(
            x=x,
            y=y,
            mode="markers",
            customdata=told,
            name="rows",
            marker={"color": colour["train"], "size": 5, "opacity": 0.45},
            hovertemplate="row %{customdata[1]}<br>true %{customdata[2]}"
            "<br>predicted %{customdata[3]}<extra></extra>",
        )
    )
    chart.add_trace(_line([low, high], [low, high], colour["ctl"], "right", dash="dot", width=1.2))
    chart.update_xaxes(title_text="true")
    chart.update_yaxes(title_text="predicted")
    chart.update_layout(margin={"l": 64, "b": 38})
    return chart


def residual_bins(split: RegressionSplit) -> tuple[Any, Any]:
    """Rows per bin of truth minus prediction, and the bins' ends; the outer half per cent
    sits in the last bins.
    """
    low, high = np.percentile(split.residuals, [0.5, 99.5])
    counts, edges = np.histogram(np.clip(split.residuals, low, high), bins=41)
    return counts, edges


def residuals(split: RegressionSplit) -> go.Figure:
    """How far off: truth minus prediction, as a histogram."""
    colour = tokens.colours()
    counts, edges = residual_bins(split)
    chart = charts.figure(bargap=0.06)
    chart.add_trace(
        go.Bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            name="rows",
            marker={"color": colour["train"], "opacity": 0.75},
            hovertemplate="%{y:,} rows<extra></extra>",
        )
    )
    chart.add_vline(x=0, line={"color": colour["ink3"], "width": 1.2})
    chart.update_xaxes(title_text="truth minus prediction")
    chart.update_layout(margin={"l": 52, "b": 38})
    return chart


def _thinned(rows: int) -> Any:
    if rows <= SHOWN_POINTS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).permutation(rows)[:SHOWN_POINTS])
