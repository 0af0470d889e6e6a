"""The Explain page's left side.

The sample, what is predicted, what is explained, what it is compared with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st

from builder import wording
from builder.explain import choices, method
from builder.explain.base import Method
from builder.ui import figures, negative, opened, parts, rows, sample
from builder.ui.components.samples import samples
from builder.ui.sample import Sample
from builder.ui.screens import explain_choose

SHOWN_CLASSES = 4


@dataclass(frozen=True)
class Asked:
    """What the side settled: the class explained (None for numbers) and the baseline's name."""

    target: str | None
    baseline: str


def side(
    run: Any, asked: Any, checkpoint: str, one: Sample, inputs: Any, chosen: Sequence[str]
) -> Asked:
    """Draw the side for the methods that are shown; gives what is to be explained."""
    shown = [method(name) for name in chosen]
    report = None if one.record is not None else opened.report(run, checkpoint, one.split)
    title, found = ("Your own", []) if report is None else sample.neighbours(report, one)
    with st.container(horizontal=True, vertical_alignment="center", key="lm_quiet_strip"):
        parts.html(parts.heading(title))
        explain_choose.picker(run, asked, checkpoint, one)
    if report is not None:
        _strip(run, one, found)
    _picture(run, asked, one, inputs)
    if one.record is not None and rows.form(run.spec) == "image":
        turned = negative.offer(asked.prepared.preparation, one.record, f"explain_{one.mark}")
        if turned:
            sample.give(run, turned)
            st.rerun()
    _answer(asked, inputs, one)
    target = None
    if asked.subject.classifies:
        names = list(asked.subject.classes)
        code = int(asked.subject.prediction(inputs)[0])
        target = st.selectbox(
            "Explained class", names, index=code, key=f"explain_class_{one.mark}_{run.id}"
        )
    options = {choice.name: choice for choice in choices(asked.subject)}
    baseline = st.selectbox(
        "Compared with" if any(each.compares for each in shown) else "Removed parts become",
        list(options),
        key=f"explain_baseline_{run.id}",
        format_func=lambda name: (
            f"{options[name].title}" + (f" ({options[name].note})" if options[name].note else "")
        ),
    )
    subject = target or asked.subject.called(asked.subject.target.name)
    said = escape(_compared(subject, shown))
    # the two colours need words where a shown method tells for from against
    signs = any(each.signed for each in shown)
    parts.html(
        f'<div class="lm-s lm-f">{said}</div>'
        + (
            '<div class="lm-s lm-m" style="display:flex;gap:12px;border-top:1px solid '
            f'var(--line);margin-top:10px;padding-top:12px">{legend(subject)}</div>'
            if signs
            else ""
        )
    )
    return Asked(target, baseline)


def _compared(subject: str, shown: Sequence[type[Method]]) -> str:
    """What the baseline is to the methods that are shown."""
    others = [each.title for each in shown if not each.compares]
    verdicts = "the verdicts put it where marked parts are removed"
    if len(others) == len(shown):
        return f"{wording.sentenced(verdicts)}"
    why = f"“Why {subject}?” always means “rather than what?”. "
    if not others:
        return f"{why}The map answers against this."
    names = " and ".join(others)
    compare = "compares" if len(others) == 1 else "compare"
    return f"{why}{names} {compare} with nothing; {verdicts}, too."


def legend(name: str) -> str:
    """The two colours in words."""
    return (
        '<span class="lm-row" style="gap:6px"><i class="lm-swatch" '
        f'style="background:{colour("for")}"></i>for {escape(name)}</span>'
        '<span class="lm-row" style="gap:6px"><i class="lm-swatch" '
        f'style="background:{colour("against")}"></i>against</span>'
    )


def colour(name: str) -> str:
    """Orange speaks for, blue against, in the visitor's theme."""
    from builder.ui import charts, tokens

    scale = charts.DIVERGING[tokens.theme()]
    return scale[-1] if name == "for" else scale[0]


def _strip(run: Any, one: Sample, found: list[int]) -> None:
    near = sample.window(found, one.row)
    kind = rows.form(run.spec)
    chosen = None
    if kind in ("image", "series"):
        chosen = samples(
            f"strip_{run.id}_{one.split}",
            kind,
            rows.items(run.prepared(), one.split, near, lambda _row: {}, 64),
            selected=one.row,
            strip=True,
        )
    at = found.index(one.row) if one.row in found else 0
    with st.container(horizontal=True, vertical_alignment="center", key="lm_quiet_step"):
        if st.button("Previous", key="sample_previous", disabled=at == 0):
            chosen = found[at - 1]
        if st.button("Next", key="sample_next", disabled=at + 1 >= len(found)):
            chosen = found[at + 1]
        parts.html(
            f'<div class="lm-s lm-f" style="text-align:right">{at + 1:,} of {len(found):,}</div>'
        )
    if chosen is not None and chosen != one.row:
        sample.choose(one.split, int(chosen))
        st.rerun()


def _picture(run: Any, asked: Any, one: Sample, inputs: Any) -> None:
    kind = rows.form(run.spec)
    if kind == "image":
        import io

        import numpy as np
        from PIL import Image

        x = colours_of(asked, inputs)
        pixels = (np.clip(x, 0, 1) * 255).round().astype(np.uint8)
        picture = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels[:3].transpose(1, 2, 0))
        out = io.BytesIO()
        picture.save(out, "PNG")
        parts.html(
            f'<img class="lm-sample" alt="{escape(sample.name(run, one))}" '
            f'src="{rows.address(out.getvalue())}">',
            "sample-picture",
        )
    elif kind == "tokens":
        record = one.record or asked.prepared.record(one.split, one.row)
        parts.html(
            f'<div class="lm-quote">{escape(rows.text_of(run.spec, record)[:4000])}</div>',
            "sample-text",
        )


def colours_of(asked: Any, inputs: Any) -> Any:
    """The image as the model gets it, back between 0 and 1 [C, H, W]."""
    name = next(name for name in asked.subject.names if asked.subject.inputs[name].form == "image")
    spec = asked.subject.inputs[name]
    x = inputs[name][0].numpy()
    if not spec.mean:
        return x
    return [x[c] * spec.std[c] + spec.mean[c] for c in range(len(x))]


def _answer(asked: Any, inputs: Any, one: Sample) -> None:
    subject = asked.subject
    truth = None if one.record is not None else asked.truth(one.split, one.row)
    if not subject.classifies:
        value = float(subject.prediction(inputs)[0])
        known = (
            ""
            if truth is None
            else f'<div class="lm-m">True value {figures.number(float(truth))}</div>'
        )
        parts.html(f"<h2>Predicted: {figures.number(value)}</h2>{known}", "predicted")
        return
    p = subject.probabilities(inputs)[0]
    order = p.argsort(descending=True).tolist()
    answer = subject.classes[order[0]]
    mark = ""
    if truth is not None:
        mark = (
            parts.badge("right", "ok") if answer == truth else parts.badge(f"truth: {truth}", "err")
        )
    lines = "".join(
        f'<div class="lm-prob"><span class="n">{escape(subject.classes[code])}</span><div '
        'class="lm-meter">'
        "<i "
        f'style="width:{float(p[code]) * 100:.1f}%;'
        f'{"" if at == 0 else "background:var(--ctl)"}"></i></div>'
        f'<span class="v lm-mono">{float(p[code]) * 100:.1f} %</span></div>'
        for at, code in enumerate(order[:SHOWN_CLASSES])
    )
    parts.html(
        f'<div class="lm-row" style="flex-wrap:wrap"><h2>Predicted: {escape(answer)}</h2>'
        f'{mark}</div><div style="margin:6px 0 4px">{lines}</div>',
        "predicted",
    )
