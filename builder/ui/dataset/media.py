"""What images, texts and series look like, how they are prepared, and what augmentation makes of
them.
"""

import base64
import random
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from builder.errors import LaminaError
from builder.project import Project, Step
from builder.ui import forms, parts
from builder.ui.dataset import steps

if TYPE_CHECKING:
    from builder.data import Prepared
    from builder.data.specs import InputSpec

CLASSES, EACH, VARIANTS = 12, 8, 6
PICTURED = ("image", "series")
"""Forms that are looked at before the table; texts stand in it."""
TITLES = {"tokens": "Texts", "series": "Series", "image": "Images"}

Save = Callable[[Project], None]


def show(
    project: Project,
    prepared: "Prepared",
    save: Save,
    above: DeltaGenerator,
    below: DeltaGenerator,
) -> None:
    """The cards of every image, text and series input: what is looked at goes above the table,
    texts and augmentation below it.
    """
    for spec in prepared.spec.inputs.values():
        with above if spec.form in PICTURED else below:
            _card(project, prepared, spec, save)
        if spec.form in TITLES:
            with below:
                _augment(project, prepared, spec, save)


def _card(project: Project, prepared: "Prepared", spec: "InputSpec", save: Save) -> None:
    if spec.form == "image":
        with parts.card("Images", _image_note(spec), key=f"images_{spec.name}"):
            parts.html(_thumbnails(prepared), "thumbnails")
    elif spec.form == "tokens":
        with parts.card("Texts", _token_note(spec), key=f"texts_{spec.name}"):
            _settings(project, spec.form, save)
            parts.html(_tokens(prepared, spec), "token-preview")
    elif spec.form == "series":
        title = TITLES["series"]
        if spec.name != "series":
            title += f" of {spec.name}"
        with parts.card(title, _series_note(spec), key=f"series_{spec.name}"):
            _settings(project, spec.form, save)
            parts.html(_multiples(prepared, spec), "series-preview")


def _image_note(spec: "InputSpec") -> str:
    channels, height, width = spec.shape
    which = "" if height == width else " (width × height)"
    return f"{width} × {height} pixels{which}, {'gray' if channels == 1 else 'colour'}"


def _token_note(spec: "InputSpec") -> str:
    return f"{spec.cardinality:,} tokens known, texts cut at {spec.shape[0]:,}"


def _series_note(spec: "InputSpec") -> str:
    channels, steps = spec.shape
    return f"{steps:,} steps, {channels} channel{'s' if channels > 1 else ''}"


def _rows_by_class(prepared: "Prepared", each: int) -> list[tuple[str, list[int]]]:
    """The first training rows of each class; of numbers, some rows from low to high."""
    target = prepared.spec.target
    if target is None:
        return [("", list(range(min(CLASSES * each, prepared.spec.sizes["train"]))))]
    values = prepared.tensors("train")["target"]
    if target.kind == "number":
        order = values.argsort().tolist()
        picked = order[:: max(1, len(order) // (each * 2))][: each * 2]
        return [("low to high", picked)]
    found = []
    for code, name in enumerate(target.classes[:CLASSES]):
        rows = (values == code).nonzero().flatten()[:each].tolist()
        if rows:
            found.append((name, rows))
    return found


def _png(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _thumbnails(prepared: "Prepared") -> str:
    lines = []
    found = _rows_by_class(prepared, EACH)
    room = min(84, 12 + 8 * max((len(name) for name, _ in found), default=0))
    for name, rows in found:
        images = "".join(
            f'<img src="{_png(prepared.thumbnail("train", row, 96))}" alt="{escape(name)}, row '
            f'{row}">'
            for row in rows
        )
        lines.append(f'<div class="lm-tl"><span class="nm">{escape(name)}</span>{images}</div>')
    target = prepared.spec.target
    rest = len(target.classes) - CLASSES if target else 0
    more = f'<p class="lm-f lm-s">and {rest} more classes</p>' if rest > 0 else ""
    return f'<div class="lm-thumbs" style="--nm:{room}px">{"".join(lines)}</div>{more}'


def _settings(project: Project, form: str, save: Save) -> None:
    """The form's preparation step, drawn from its declaration."""
    from builder.data import media

    given = next((step for step in project.data.prepare if step.kind == form), None)
    values = given.settings() if given else {}
    with st.container(key=f"lm_fields_{form}", horizontal=True, vertical_alignment="bottom"):
        chosen = forms.fields(media.OPTIONS[form], values, key=f"prepare_{form}_{steps.turn()}")
    if chosen == values:
        return
    others = tuple(step for step in project.data.prepare if step.kind != form)
    own = (*others, Step.model_validate({"kind": form, **chosen})) if chosen else others
    save(project.model_copy(update={"data": project.data.model_copy(update={"prepare": own})}))


def _tokens(prepared: "Prepared", spec: "InputSpec") -> str:
    from builder.data.runtime.tokens import UNKNOWN, Tokens

    tokens = Tokens(prepared.preparation["inputs"][spec.name])
    lines = []
    for name, rows in _rows_by_class(prepared, 2)[:4]:
        for row in rows:
            text = str(prepared.record("train", row).get(tokens.column, ""))[:400]
            pieces = "".join(
                f'<span class="lm-tok{" un" if piece.code == UNKNOWN else ""}" title="{piece.code}'
                '">'
                f"{escape(piece.text.replace(' ', '␣') if tokens.level != 'word' else piece.text)}"
                "</span>"
                for piece in tokens.pieces(text)[:60]
            )
            lines.append(
                f'<div class="lm-tokens"><span class="nm">{escape(name)}</span><div>{pieces}</div>'
                "</div>"
            )
    said = "Marked tokens are unknown: the training rows hold them too seldom."
    note = f'<p class="lm-f lm-s">{said}</p>'
    return "".join(lines) + note


def _multiples(prepared: "Prepared", spec: "InputSpec") -> str:
    x = prepared.tensors("train")[spec.name]
    cells = []
    for name, rows in _rows_by_class(prepared, 5)[:8]:
        lines = "".join(_curve(x[row].tolist()) for row in rows)
        drawing = parts.picture(
            '<svg width="220" height="84" viewBox="0 0 220 84"><g fill="none" stroke-width="1.4">'
            f"{lines}</g></svg>",
            f"{len(rows)} series of {name}",
        )
        cells.append(
            f'<div class="cell"><div class="lm-s lm-b">{escape(name)}</div>{drawing}</div>'
        )
    return f'<div class="lm-multiples">{"".join(cells)}</div>'


def _curve(x_CT: Sequence[Sequence[float]]) -> str:
    drawn = []
    for channel, values in enumerate(x_CT[:3]):
        step = max(1, len(values) // 200)
        some = values[::step]
        low, high = min(some), max(some)
        span = (high - low) or 1.0
        points = " ".join(
            f"{2 + i * 216 / max(len(some) - 1, 1):.1f},{80 - (v - low) / span * 76:.1f}"
            for i, v in enumerate(some)
        )
        colour = ("train", "val", "f-pool")[channel]
        drawn.append(f'<polyline points="{points}" stroke="var(--{colour})" opacity=".6"/>')
    return "".join(drawn)


# --- augmentation ---


def _augment(project: Project, prepared: "Prepared", spec: "InputSpec", save: Save) -> None:
    from builder.data import augment

    fitting = [found for found in augment.catalogue().values() if found.form == spec.form]
    if not fitting:
        return
    with parts.card(
        "Augmentation", "training rows only, anew in every epoch", key=f"augment_{spec.name}"
    ):
        given = {step.kind: step.settings() for step in project.data.augment}
        chosen: dict[str, dict[str, Any]] = {}
        for found in fitting:
            reason = found.unfit(spec)
            on = st.toggle(
                found.title,
                value=found.kind in given,
                help=reason or found.help,
                disabled=reason is not None,
                key=f"augment_{found.kind}_{steps.turn()}",
            )
            if on:
                with st.container(key=f"lm_fields_{found.kind}", horizontal=True):
                    chosen[found.kind] = forms.fields(
                        found.params,
                        given.get(found.kind, {}),
                        key=f"augment_{found.kind}_{steps.turn()}",
                    )
        _store(project, fitting, chosen, given, save)
        if spec.form == "image":
            _preview(project, prepared, spec)


def _store(
    project: Project,
    fitting: Sequence[Any],
    chosen: Mapping[str, dict[str, Any]],
    given: Mapping[str, dict[str, Any]],
    save: Save,
) -> None:
    own = {found.kind for found in fitting}
    before = {kind: values for kind, values in given.items() if kind in own}
    if chosen == before:
        return
    others = tuple(step for step in project.data.augment if step.kind not in own)
    made = tuple(Step.model_validate({"kind": kind, **values}) for kind, values in chosen.items())
    data = project.data.model_copy(update={"augment": (*others, *made)})
    save(project.model_copy(update={"data": data}))


def _preview(project: Project, prepared: "Prepared", spec: "InputSpec") -> None:
    from builder.data import augment, media

    turn = st.session_state.setdefault("augment_turn", 0)
    row = random.Random(turn).randrange(prepared.spec.sizes["train"])
    x = prepared.tensors("train")[spec.name][row]
    try:
        variants = augment.preview(project.data.augment, spec, x, count=VARIANTS, seed=turn)
    except LaminaError as error:
        parts.failed(error, key="augment")
        return
    images = "".join(
        f'<figure><img src="{_png(media.thumbnail(one, 96))}" alt="{name}"><figcaption>{name}'
        "</figcaption></figure>"
        for one, name in zip([x, *variants], ["original", *["variant"] * VARIANTS])
    )
    parts.html(f'<div class="lm-variants">{images}</div>', "augment-preview")
    if st.button("Another image", type="tertiary", key="augment_another"):
        st.session_state["augment_turn"] = turn + 1
        st.rerun()
