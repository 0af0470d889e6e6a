"""Explain, for tables: the waterfall, its verdict, the what-if form.

And the beeswarm over many rows.
"""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from builder.explain import Explanation, whatif
from builder.ui import figures, opened, parts, rows, sample
from builder.ui.components import maps
from builder.ui.components.waterfall import waterfall
from builder.ui.components.whatif import whatif as form
from builder.ui.sample import Sample
from builder.ui.screens import deploy_inputs, explain_choose, explain_work

MOST_BARS = 9


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
        with slot:
            found = None
            if "shap_values" in chosen:
                found = explain_work.sample(
                    run, asked, checkpoint, one, "shap_values", target=target
                )
            else:
                parts.empty(
                    "SHAP values are not chosen",
                    "Open “Method” above to choose them.",
                    key="no_shap",
                )
            if found is not None:
                _waterfall(run, one, found)
        if found is not None and found.rows[0].trust is not None:
            with trust:
                maps.verdict(f"trust_{run.id}", found.rows[0].trust, _fair(run, checkpoint, one))
        _others(run, asked, checkpoint, one, target, [n for n in chosen if n != "shap_values"])


def _others(
    run: Any, asked: Any, checkpoint: str, one: Sample, target: str | None, chosen: list[str]
) -> None:
    """A card of bars for every other method."""
    for start in range(0, len(chosen), 3):
        for place, name in zip(st.columns(3, gap="small"), chosen[start : start + 3], strict=False):
            with place, st.container(key=f"lm_card_method_{name}", height="stretch"):
                found = explain_work.sample(run, asked, checkpoint, one, name, target=target)
                if found is not None:
                    note = " ".join((*found.limits[:2], *found.notes[:1]))
                    title = sample.file(run, one, found.title)
                    maps.card(f"card_{name}_{run.id}", found, title, None, note)


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
                "Explained class",
                list(subject.classes),
                index=code,
                key=f"explain_class_{one.mark}_{run.id}",
                label_visibility="collapsed",
                width=130,
            )
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
        explain_choose.picker(run, asked, checkpoint, one)
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
            f'<div class="lm-row"><h2>{escape(words)}</h2><span class="lm-f lm-s">'
            f"{escape(known)}</span></div>",
            "question",
        )
    if chosen is not None:
        sample.choose(one.split, int(chosen))
        st.rerun()
    return target


def _code(subject: Any, target: str | None) -> Any:
    import torch

    return None if target is None else torch.tensor([subject.classes.index(target)])


def _waterfall(run: Any, one: Sample, found: Explanation) -> None:
    row = found.rows[0]
    share = bool(found.classes)
    ordered = sorted(row.columns, key=lambda part: -abs(part.attribution))
    kept, rest = ordered[:MOST_BARS], ordered[MOST_BARS:]
    bars = [
        {
            "name": rows.column_label(run.spec, part.name),
            "value": rows.show(part.value),
            "part": part.attribution,
            "shown": _points(part.attribution, share),
        }
        for part in kept
    ]
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
        [[part.name, part.value, part.attribution] for part in row.columns],
    ).decode()
    parts.html(
        '<div class="lm-f lm-s">SHAP values, '
        f"{escape(found.settings)}{', in percentage points' if share else ''}</div>"
    )
    waterfall(
        f"waterfall_{run.id}",
        bars,
        base=base,
        base_shown=write(base),
        final_shown=write(row.score),
        first="Average answer",
        last=f"This {noun}",
        ticks=_ticks(base, bars, share, len(found.classes)),
        label=f"From {write(base)} to "
        f"{write(row.score)}: " + ", ".join(f"{bar['name']} {bar['shown']}" for bar in bars),
        csv=csv,
        name=sample.file(run, one, "shap values"),
    )


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
                "text": f"{at * 100:.0f} %" if share else _tick(float(at), step),
                "strong": bool(strong),
            }
        )
    return found


def _tick(at: float, step: float) -> str:
    """A tick in plain digits, with as many decimals as the step has."""
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    return f"{at:,.{decimals}f}" if decimals <= 6 else f"{at:.4g}"


def _fair(run: Any, checkpoint: str, one: Sample) -> str:
    split = one.split if one.record is None else opened.sizes(run)[-1]
    report = opened.report(run, checkpoint, split)
    if "accuracy" in report.metrics:
        return (
            "This explains the model, not the world: the model is right for "
            f"{report.metrics['accuracy'] * 100:.0f} % of the {split} rows."
        )
    return (
        "This explains the model, not the world: it is off by "
        f"{figures.number(report.metrics['mae'])} on average on the {split} rows."
    )


def _missing(asked: Any, column: str) -> dict[str, Any]:
    """What the model reads where the column has no value: "fill", and that in words."""
    settings = deploy_inputs.columns_of(asked.prepared.preparation)
    fill = next((one.get("fill") for one in settings if one["name"] == column), None)
    return {
        "fill": fill,
        "missing": "missing" if fill is None else f"missing, read as {rows.show(fill)}",
    }


@st.fragment
def _whatif(
    run: Any, asked: Any, checkpoint: str, one: Sample, record: dict[str, Any], target: str | None
) -> None:
    """The form; only it is drawn again while a person plays with it."""
    subject = asked.subject
    code = None if target is None else subject.classes.index(target)
    mark = f"whatif_{run.id}_{one.mark}"
    changes: dict[str, Any] = st.session_state.get(mark, {})
    found = explain_work.keep(
        f"{mark}|{checkpoint}|{asked.mark}|{target}",
        lambda: (
            whatif.ranges(asked),
            whatif.curves(asked, record, code),
            whatif.flips(asked, record),
            whatif.watch(asked, [record], code)[0],
            int(subject.prediction(asked.records([record]))[0]) if subject.classifies else None,
        ),
    )
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
            "column": one_range.column,
            "label": rows.column_label(run.spec, one_range.column),
            "before": record.get(one_range.column),
            **_missing(asked, one_range.column),
            "choices": list(one_range.choices) or None,
            "low": one_range.low,
            "high": one_range.high,
            "whole": one_range.whole,
            "grid": curves[one_range.column][0] if not one_range.choices else [],
            "curve": [round(v, 5) for v in curves[one_range.column][1]]
            if not one_range.choices
            else [],
        }
        for one_range in sorted(ranges, key=lambda r: bool(r.choices))
    ]
    write = figures.share if subject.classifies else figures.number
    far = [
        rows.column_label(run.spec, r.column)
        for r in ranges
        if not r.choices
        and isinstance(changes.get(r.column), int | float)
        and not r.low <= float(changes[r.column]) <= r.high
    ]
    sent = form(
        f"form_{run.id}_{one.mark}",
        lines,
        changes,
        noun=rows.word(run.spec, 1),
        was=write(was),
        now=write(now),
        flips=subject.classes[answer] if answer is not None and answer != before else "",
        single=[
            {
                "column": f.column,
                "label": rows.column_label(run.spec, f.column),
                "before": f.before,
                "after": f.after,
                "shown": figures.share(f.watched),
            }
            for f in flips
        ],
        line=0.5 if subject.classifies and len(subject.classes) == 2 else None,
        warning=f"The data holds hardly any row with such a value of {', '.join(far)}. The "
        "further you go, the less the answer means."
        if far
        else "",
    )
    if sent is not None and sent != changes:
        st.session_state[mark] = sent
        st.rerun(scope="fragment")
