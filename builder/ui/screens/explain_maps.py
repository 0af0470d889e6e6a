"""Explain, for images, series and texts: the sample, a card per method, and the layers inside."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.explain import Explanation, Subject, channels, method
from builder.explain.methods.grad_cam import default_layer
from builder.ui import figures, labels, parts, rows, sample
from builder.ui.components import maps
from builder.ui.sample import Sample
from builder.ui.screens import explain_kept, explain_side, explain_work

ACROSS = 3


def show(
    run: Any, asked: Any, checkpoint: str, one: Sample, chosen: list[str], methods_key: str
) -> None:
    """Draw the frame: side, cards, layers."""
    if one.record is not None:
        inputs = asked.records([one.record])
    else:
        inputs = asked.rows(one.split, [one.row])
    with st.container(horizontal=True, key="lm_explain_frame"):
        with st.container(key="lm_explain_side", width=300):
            wish = explain_side.side(run, asked, checkpoint, one, inputs, chosen)
        with st.container(key="lm_explain_main", width="stretch"):
            layer = st.session_state.get(f"explain_layer_{run.id}")
            if not chosen:
                parts.empty(
                    "No method is chosen", "Open “Method” above and choose one.", key="no_method"
                )
            for start in range(0, len(chosen), ACROSS):
                places = st.columns(ACROSS if len(chosen) > 2 else max(2, len(chosen)), gap="small")
                for place, name in zip(places, chosen[start : start + ACROSS], strict=False):
                    with place, st.container(key=f"lm_card_method_{name}", height="stretch"):
                        _card(run, asked, checkpoint, one, inputs, wish, name, layer)
            _inside(run, asked, one, inputs, wish)
            grey = _picture(run, asked, inputs) if rows.form(run.spec) == "image" else None
            explain_kept.show(run, checkpoint, one, methods_key, grey)


def _card(
    run: Any,
    asked: Any,
    checkpoint: str,
    one: Sample,
    inputs: Any,
    wish: explain_side.Asked,
    name: str,
    layer: str | None,
) -> None:
    layer = layer if method(name).layered and layer in asked.subject.layers else None
    try:
        found = explain_work.sample(
            run,
            asked,
            checkpoint,
            one,
            name,
            target=wish.target,
            layer=layer,
            baseline=wish.baseline,
        )
    except LaminaError as error:
        parts.failed(error, key=f"method_failed_{name}")
        return
    if found is not None:
        maps.card(
            f"card_{name}_{run.id}",
            found,
            sample.file(run, one, found.title),
            _picture(run, asked, inputs),
            _note(found),
        )


def _picture(run: Any, asked: Any, inputs: Any) -> Any:
    import numpy as np

    kind = rows.form(run.spec)
    if kind == "image":
        x = np.asarray(explain_side.colours_of(asked, inputs))
        return x.mean(0)
    if kind == "series":
        name = next(
            name for name in asked.subject.names if asked.subject.inputs[name].form == "series"
        )
        return inputs[name][0].numpy()
    return None


def _note(found: Explanation) -> str:
    return " ".join((*found.limits[:2], found.notes[0] if found.notes else ""))


def _inside(run: Any, asked: Any, one: Sample, inputs: Any, wish: explain_side.Asked) -> None:
    """The layers: pick one on the graph, see its channels; Grad-CAM then looks at it, too."""
    subject: Subject = asked.subject
    if not subject.layers:
        return
    key = f"explain_layer_{run.id}"
    kept = st.session_state.get(key)
    start: str = (
        kept if kept in subject.layers else default_layer(subject) or next(iter(subject.layers))
    )
    with st.container(key="lm_card_inside"):
        shape = "×".join(str(size) for size in subject.layers[start])
        parts.html(
            parts.heading(
                "Inside the model",
                f"{start}, {shape}; the channels that speak most for "
                f"{wish.target or subject.called(subject.target.name)}. Pick another layer:",
            ),
            "inside",
        )
        picked = _strip(run, subject, start)
        if picked != start:
            st.session_state[key] = picked
            st.rerun()
        code = subject.classes.index(wish.target) if wish.target is not None else None
        found = channels(subject, inputs, start, code)
        left, right = st.columns([650, 400], gap="small")
        with left:
            name = sample.file(run, one, f"{start} channels")
            maps.channels(f"channels_{run.id}", name, found.shown)
        with right:
            parts.html(
                '<div style="display:flex;gap:28px;margin-bottom:8px">'
                f"{_figure(f'All {found.shape[0]} channels', maps.signed(found.total))}"
                f"{_figure('The rest', maps.signed(found.score - found.total))}"
                f"{_figure('Score', figures.number(found.score, 2))}</div>"
                '<div class="lm-m lm-s">Activation times gradient, summed over places. The '
                "rest is what biases and the bends of later layers add.</div>",
                "channels",
            )


def _figure(label: str, value: str) -> str:
    return (
        f'<div><div class="lm-f lm-s">{label}</div><div class="lm-mono lm-b" '
        f'style="font-size:14px">{value}</div></div>'
    )


def _strip(run: Any, subject: Subject, start: str) -> str:
    """The graph as a strip to pick from, and the layers within a module that was picked.

    A select box where the canvas is not built.
    """
    graph = run.project().graph
    names = list(subject.layers)
    outer = {name.partition(".")[0] for name in names}
    nodes = [node for node in graph.ids() if node in outer]
    if not nodes:
        return _one_of("Layer", names, start, f"layer_{run.id}")
    held = start.partition(".")[0]
    try:
        from builder.ui.canvas import graph_strip

        picked = graph_strip(f"inside_{run.id}", graph, mode="pick", selected=held, pickable=nodes)
    except LaminaError:
        return _one_of("Layer", names, start, f"layer_{run.id}")
    if picked in outer and picked != held:
        return within(names, str(picked))[0]
    parts_of = within(names, held)
    if len(parts_of) == 1:
        return start
    return _one_of(f"Within {held}", parts_of, start, f"layer_{run.id}_{held}")


def within(names: Sequence[str], node: str) -> list[str]:
    """A node's own output, where it can be looked at, then the layers within it in their order."""
    own = [node] if node in names else []
    return [*own, *(name for name in names if name.startswith(f"{node}."))]


def _one_of(label: str, names: Sequence[str], start: str, key: str) -> str:
    """A select box for layers."""
    return (
        st.selectbox(labels.plain(label), names, index=list(names).index(start), key=key, width=260)
        or start
    )
