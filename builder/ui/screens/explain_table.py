"""Explain, for tables: the waterfall, its verdict, the what-if form; and the beeswarm over many rows."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.explain import Explanation, ask, whatif
from builder.ui import charts, figures, maps, opened, parts, rows, sample, tokens
from builder.ui.sample import Sample
from builder.ui.screens import explain_side
from builder.ui.waterfall import waterfall
from builder.ui.whatif import whatif as form

MOST_BARS = 9
SWARM_ROWS = (50, 200, 500)


def show(run: Any, asked: Any, checkpoint: str, one: Sample, chosen: list[str]) -> None:
    """Draw one row's explanation."""
    record = one.record or asked.prepared.record(one.split, one.row)
    inputs = asked.records([record]) if one.record is not None else asked.rows(one.split, [one.row])
    with st.container(key="lm_body_explain"):
        left, right = st.columns([808, 584], gap="small")
        with left:
            with st.container(key="lm_card_waterfall"):
                target = _head(run, asked, checkpoint, one, inputs)
                slot = st.container()
            trust = st.container(key="lm_card_trust")
        with right, st.container(key="lm_card_whatif"):
            _whatif(run, asked, checkpoint, one, record, target)
        if "shap_values" in chosen:
            with slot:
                found = _explain(run, asked, checkpoint, one, inputs, record, "shap_values", target)
                _waterfall(run, asked, one, found)
            with trust:
                if found.rows[0].trust is not None:
                    maps.verdict(
                        f"trust_{run.id}", found.rows[0].trust, _fair(run, checkpoint, one)
                    )
        else:
            with slot:
                parts.empty(
                    "SHAP values are not chosen",
                    "Open “Method” above to choose them.",
                    key="no_shap",
                )
        others = [name for name in chosen if name != "shap_values"]
        for start in range(0, len(others), 3):
            for place, name in zip(
                st.columns(3, gap="small"), others[start : start + 3], strict=False
            ):
                with place, st.container(key=f"lm_card_method_{name}", height="stretch"):
                    found = _explain(run, asked, checkpoint, one, inputs, record, name, target)
                    note = " ".join((*found.limits[:2], *found.notes[:1]))
                    maps.card(f"card_{name}_{run.id}", found, None, note)


def _head(run: Any, asked: Any, checkpoint: str, one: Sample, inputs: Any) -> str | None:
    subject = asked.subject
    found: list[int] = []
    if one.record is None:
        found = sample.neighbours(opened.report(run, checkpoint, one.split), one)[1]
    at = found.index(one.row) if one.row in found else 0
    chosen = None
    with st.container(horizontal=True, vertical_alignment="center", key="lm_quiet_row"):
        spot = st.container()
        target = None
        if subject.classifies:
            code = int(subject.prediction(inputs)[0])
            target = st.selectbox(
                "Explained class", list(subject.classes), index=code, key=f"explain_class_{one.mark}_{run.id}",
                label_visibility="collapsed", width=130,
            )  # fmt: skip
        if found:
            if st.button(
                "",
                icon=":material/chevron_left:",
                key="sample_previous",
                disabled=at == 0,
                help="Previous row",
            ):
                chosen = found[at - 1]
            if st.button(
                "",
                icon=":material/chevron_right:",
                key="sample_next",
                disabled=at + 1 >= len(found),
                help="Next row",
            ):
                chosen = found[at + 1]
        explain_side.picker(run, asked, checkpoint, one)
    value = float(subject.watched(inputs, _code(subject, target))[0])
    truth = None if one.record is not None else asked.truth(one.split, one.row)
    words = (
        f"Why {figures.share(value)} for {sample.called(target)}?"
        if target
        else f"Why {figures.number(value)}?"
    )
    known = (
        ""
        if truth is None
        else f"truth: {truth if subject.classifies else figures.number(float(truth))}"
    )
    with spot:
        parts.html(
            f'<div class="lm-row"><h2>{escape(words)}</h2><span class="lm-f lm-s">{escape(known)}</span></div>',
            "question",
        )
    if chosen is not None:
        sample.choose(one.split, int(chosen))
        st.rerun()
    return target


def _code(subject: Any, target: str | None) -> Any:
    import torch

    return None if target is None else torch.tensor([subject.classes.index(target)])


def _explain(
    run: Any,
    asked: Any,
    checkpoint: str,
    one: Sample,
    inputs: Any,
    record: Any,
    name: str,
    target: str | None,
) -> Explanation:
    from builder.ui.screens.explain import keep, remember

    slot = st.empty()

    def make() -> Explanation:
        with slot.container():
            parts.html(parts.heading("On its way", "the first time takes some seconds"))
            parts.skeleton(5)
        return ask(
            asked.subject, name, inputs, target=target, check=True, records=[record],
            rows=[None if one.record is not None else one.row],
        )  # fmt: skip

    found: Explanation = keep(
        f"{run.id}|{checkpoint}|{id(asked.subject)}|{one.mark}|{name}|{target}", make
    )
    slot.empty()
    remember(found, f"{run.id}{one.mark}{target}")
    return found


def _waterfall(run: Any, asked: Any, one: Sample, found: Explanation) -> None:
    row = found.rows[0]
    share = bool(found.classes)
    ordered = sorted(row.columns, key=lambda part: -abs(part.attribution))
    kept, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    bars = [
        {"name": part.name, "value": rows.show(part.value), "part": part.attribution, "shown": _points(part.attribution, share)}
        for part in kept
    ]  # fmt: skip
    if rest:
        total = sum(part.attribution for part in rest)
        bars.append(
            {
                "name": f"{len(rest)} other{'s' if len(rest) > 1 else ''}",
                "value": "",
                "part": total,
                "shown": _points(total, share),
            }
        )
    base = row.base_value if row.base_value is not None else 0.0
    write = figures.share if share else figures.number
    noun = rows.word(run.spec, 1)
    csv = figures.table(
        ["column", "value", "part"],
        [[part.name, rows.show(part.value), part.attribution] for part in row.columns],
    ).decode()
    parts.html(
        f'<div class="lm-f lm-s">SHAP values, {escape(found.settings)}{", in percentage points" if share else ""}</div>'
    )
    waterfall(
        f"waterfall_{run.id}", bars, base=base, base_shown=write(base), final_shown=write(row.score),
        first=f"Average {noun}", last=f"This {noun}", ticks=_ticks(base, bars, share, len(found.classes)),
        label=f"From {write(base)} to {write(row.score)}: " + ", ".join(f"{bar['name']} {bar['shown']}" for bar in bars),
        csv=csv,
    )  # fmt: skip


def _points(value: float, share: bool) -> str:
    if not share:
        return maps.signed(value)
    return f"{'−' if value < 0 else '+'}{abs(value) * 100:.1f}"


def _ticks(
    base: float, bars: list[dict[str, Any]], share: bool, classes: int
) -> list[dict[str, Any]]:
    ends = np.cumsum([base, *(bar["part"] for bar in bars)])
    low, high = float(ends.min()), float(ends.max())
    span = (high - low) or 1.0
    rough = span / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(power * m for m in (1, 2, 5, 10) if power * m >= rough))
    found = []
    for at in np.arange(np.floor(low / step) * step, high + step, step):
        strong = share and classes == 2 and abs(at - 0.5) < 1e-9
        found.append(
            {
                "at": float(at),
                "text": f"{at * 100:.0f} %" if share else f"{at:,.6g}",
                "strong": bool(strong),
            }
        )
    return found


def _fair(run: Any, checkpoint: str, one: Sample) -> str:
    split = one.split if one.record is None else opened.sizes(run)[-1]
    report = opened.report(run, checkpoint, split)
    if "accuracy" in report.metrics:
        return f"This explains the model, not the world: the model is right for {report.metrics['accuracy'] * 100:.0f} % of the {split} rows."
    return f"This explains the model, not the world: it is off by {figures.number(report.metrics['mae'])} on average on the {split} rows."


@st.fragment
def _whatif(
    run: Any, asked: Any, checkpoint: str, one: Sample, record: dict[str, Any], target: str | None
) -> None:
    """The form; only it is drawn again while a person plays with it."""
    from builder.ui.screens.explain import keep

    subject = asked.subject
    code = None if target is None else subject.classes.index(target)
    mark = f"whatif_{run.id}_{one.mark}"
    changes: dict[str, Any] = st.session_state.get(mark, {})
    found = keep(f"{mark}|{checkpoint}|{id(subject)}|{target}", lambda: (
        whatif.ranges(asked), whatif.curves(asked, record, code), whatif.flips(asked, record),
        whatif.watch(asked, [record], code)[0], int(subject.prediction(asked.records([record]))[0]) if subject.classifies else None,
    ))  # fmt: skip
    ranges, curves, flips, was, before = found
    now, answer = was, before
    if changes:
        changed = {**record, **changes}
        now = whatif.watch(asked, [changed], code)[0]
        answer = (
            int(subject.prediction(asked.records([changed]))[0]) if subject.classifies else None
        )
    lines = [
        {
            "column": one_range.column, "before": record.get(one_range.column),
            "choices": list(one_range.choices) or None, "low": one_range.low, "high": one_range.high,
            "whole": one_range.whole, "grid": curves[one_range.column][0] if not one_range.choices else [],
            "curve": [round(v, 5) for v in curves[one_range.column][1]] if not one_range.choices else [],
        }
        for one_range in sorted(ranges, key=lambda r: bool(r.choices))
    ]  # fmt: skip
    write = figures.share if subject.classifies else figures.number
    far = [
        r.column
        for r in ranges
        if not r.choices
        and isinstance(changes.get(r.column), int | float)
        and not r.low <= float(changes[r.column]) <= r.high
    ]
    sent = form(
        f"form_{run.id}_{one.mark}", lines, changes, noun=rows.word(run.spec, 1), was=write(was), now=write(now),
        flips=subject.classes[answer] if answer is not None and answer != before else "",
        single=[{"column": f.column, "before": f.before, "after": f.after, "shown": figures.share(f.watched)} for f in flips],
        line=0.5 if subject.classifies and len(subject.classes) == 2 else None,
        warning=f"The data holds hardly any row with such a value of {', '.join(far)}. The further you go, the less the answer means." if far else "",
    )  # fmt: skip
    if sent is not None and sent != changes:
        st.session_state[mark] = sent
        st.rerun(scope="fragment")


def whole(run: Any, asked: Any, checkpoint: str) -> None:
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
                _swarm(run, asked, kept[-1], found)


def _reasons(asked: Any) -> dict[str, str | None]:
    from builder.explain import unfit

    return unfit(asked.subject)


def _many(
    run: Any, asked: Any, checkpoint: str, split: str, count: int, target: str | None
) -> Explanation | None:
    from builder.ui.screens.explain import keep

    slot = st.empty()
    drawn = np.sort(np.random.default_rng(0).permutation(run.spec.sizes[split])[:count])

    def progress(_what: str, done: int, total: int) -> None:
        if done % 5 == 0 or done == total:
            with slot.container():
                parts.busy("SHAP values", done, total)

    def make() -> Explanation:
        with slot.container():
            parts.busy("SHAP values", 0, count)
        chosen = [int(row) for row in drawn]
        return ask(
            asked.subject, "shap_values", asked.rows(split, chosen), target=target,
            options={"background": 50, "permutations": 4}, progress=progress,
            records=[asked.prepared.record(split, row) for row in chosen], rows=chosen,
        )  # fmt: skip

    found: Explanation = keep(
        f"whole|{run.id}|{checkpoint}|{id(asked.subject)}|{split}|{count}|{target}", make
    )
    slot.empty()
    return found


def _swarm(run: Any, asked: Any, split: str, found: Explanation) -> None:
    """Columns by the mean size of their parts, from the top; jitter by how crowded a place is."""
    import plotly.graph_objects as go

    colour = tokens.colours()
    names = [part.name for part in found.rows[0].columns]
    table = np.array([[part.attribution for part in row.columns] for row in found.rows])
    order = np.argsort(np.abs(table).mean(0))[::-1][:14]
    scale = 100 if found.classes else 1
    chart = charts.figure(hovermode="closest")
    for place, at in enumerate(order[::-1]):
        values = [row.columns[at].value for row in found.rows]
        x = table[:, at] * scale
        chart.add_trace(go.Scattergl(
            x=x, y=place + _jitter(x), mode="markers", name=names[at], customdata=[[row.row, rows.show(v)] for row, v in zip(found.rows, values, strict=True)],
            marker={"size": 5, "color": _tint(values), "colorscale": charts.scale(charts.DIVERGING[tokens.theme()]), "cmin": 0, "cmax": 1, "opacity": 0.8},
            hovertemplate=escape(names[at]) + " = %{customdata[1]}<br>%{x:+.3g}<br>row %{customdata[0]}<extra></extra>",
        ))  # fmt: skip
    chart.add_vline(x=0, line={"color": colour["ctl"], "width": 1})
    means = np.abs(table).mean(0) * scale
    labels = [
        f"{names[at][:22]}  <b>{figures.number(float(means[at]), 2)}</b>" for at in order[::-1]
    ]
    chart.update_yaxes(
        tickvals=list(range(len(order))), ticktext=labels, showgrid=True, automargin=True
    )
    chart.update_xaxes(title_text="percentage points" if found.classes else found.rows[0].target)
    chart.update_layout(margin={"l": 170, "b": 40})
    picked = charts.show(
        chart,
        key=f"swarm_{run.id}",
        height=110 + 38 * len(order),
        name="shap-beeswarm",
        on_select="rerun",
        selection_mode="points",
    )
    parts.html(
        '<div class="lm-s lm-m">Blue dots hold low values of the column, orange ones high. Bold: the mean size of the column’s part. Click a dot to open its row.</div>',
        "swarm",
    )
    st.download_button(
        "CSV", lambda: figures.table(["row", *names], [[row.row, *(part.attribution for part in row.columns)] for row in found.rows]),
        file_name="shap-values.csv", mime="text/csv", key="swarm_csv", on_click="ignore",
    )  # fmt: skip
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


def _tint(values: list[Any]) -> Any:
    """Values as ranks from 0 to 1; words by their alphabet."""
    if not all(isinstance(v, int | float) and v == v for v in values if v is not None):
        values = [str(v) for v in values]
        known = sorted(set(values))
        return [known.index(v) / max(1, len(known) - 1) for v in values]
    numbers = np.array([np.nan if v is None else float(v) for v in values])
    low, high = np.nanpercentile(numbers, [5, 95])
    return np.nan_to_num(np.clip((numbers - low) / ((high - low) or 1), 0, 1), nan=0.5)
