"""Deploy: predict a form, a text, an image, a series or a drawing."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import negative, parts, rows
from builder.ui.screens import deploy_files
from builder.ui.screens import deploy_inputs as inputs

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from builder.runs import Run


def show(run: "Run", checkpoint: str) -> None:
    """Draw the card: ways to bring input, the input, the answer."""
    from builder.export import predictor

    ready = predictor(run.id, checkpoint)
    settings = ready.preparation.settings
    form = inputs.form_of(settings)
    with parts.card("Predict", "new input, by the same code that leaves", key="predict"):
        ways = inputs.modes(form, _drawable(settings))
        way = st.segmented_control(
            "How to bring input",
            ways,
            default=ways[0],
            required=True,
            label_visibility="collapsed",
            key=f"deploy_way_{form}",
        )
        if way in ("File", "Files"):
            deploy_files.show(run, checkpoint, form)
            return
        left, right = _sides(form)
        with left:
            record, truth = _record(run, settings, form, str(way))
        if record is None:
            return
        with right, st.container(key="lm_deploy_answer"):
            try:
                row = ready.predict([record])[0]
            except ValueError as error:
                parts.failed(_sentence(error), key="predict_failed")
                return
            head = rows.column_label(run.spec, str(ready.facts["target"]))
            inputs.answer(row, ready.facts, truth, head)


def _sides(form: inputs.Form) -> "Sequence[DeltaGenerator]":
    """Where the input stands and where its answer: beside it, for below a long form nobody would
    see it change; a series takes the whole width.
    """
    if form == "series":
        return st.container(), st.container()
    return st.columns([3, 2] if form == "table" else [1, 1], gap="medium")


def _record(
    run: "Run", settings: Mapping[str, Any], form: inputs.Form, way: str
) -> tuple[dict[str, Any] | None, str | None]:
    """What the person entered, and the truth where it is an unchanged row of the test split."""
    if way == "Draw":
        return _drawn(settings), None
    sample = _sample(run, form)
    if form == "table":
        record = inputs.fields(settings, sample or {}, f"{run.id}_{_row(run)}", most=2)
        return record, _truth(run, sample, record)
    column = inputs.media_column(settings)
    if form == "text":
        given = str((sample or {}).get(column) or "")
        text = st.text_area(
            inputs.text_label(settings),
            value=given,
            key=f"deploy_text_{run.id}_{_row(run)}",
            height=120,
        )
        if not text.strip():
            parts.html('<p class="lm-f">Write or paste a text.</p>')
            return None, None
        return {column: text}, _truth(run, sample, {column: text}) if text == given else None
    if form == "series":
        return _series(run, column, sample)
    return _image(run, settings, column, sample)


def _image(
    run: "Run",
    settings: Mapping[str, Any],
    column: str,
    sample: Mapping[str, Any] | None,
) -> tuple[dict[str, Any] | None, str | None]:
    upload = st.file_uploader("An image", type=deploy_files.IMAGES, key=f"deploy_image_{run.id}")
    if upload is not None:
        picture = st.container()  # what is said of it stands below
        record = _upright(settings, {column: upload.getvalue()}, upload.file_id)
        with picture:
            _shown(record[column])
        return record, None
    content = _bytes((sample or {}).get(column))
    if content is None:
        parts.html('<p class="lm-f">Choose an image, or look at one of the test rows.</p>')
        return None, None
    _shown(content)
    return {column: content}, _label(run, sample)


def _upright(settings: Mapping[str, Any], record: dict[str, Any], upload: str) -> dict[str, Any]:
    """The upload, inverted where the offer to do so was taken; then it can be taken back."""
    key = f"deploy_inverted_{upload}"
    if st.session_state.get(key):
        if st.button("As it was uploaded", icon=":material/undo:", key="deploy_upright"):
            st.session_state[key] = False
            st.rerun()
        return negative.inverted(settings, record)
    if negative.offer(settings, record, "deploy"):
        st.session_state[key] = True
        st.rerun()
    return record


def _shown(content: bytes) -> None:
    from PIL import UnidentifiedImageError

    with st.container(key="lm_deploy_picture"):
        try:
            st.image(content, width=160)
        except (UnidentifiedImageError, OSError):
            parts.html('<p class="lm-f">The image cannot be shown.</p>')


def _series(
    run: "Run", column: str, sample: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, str | None]:
    value = (sample or {}).get(column)
    channels = list(value.values()) if isinstance(value, Mapping) else value
    if channels is not None and len(channels) > 1 and not isinstance(channels[0], int | float):
        return {column: channels}, _label(run, sample)
    flat = channels[0] if channels and not isinstance(channels[0], int | float) else channels or []
    given = ", ".join(f"{inputs.written(step)}" for step in flat)
    text = st.text_area(
        "Numbers", value=given, key=f"deploy_series_{run.id}_{_row(run)}", height=120
    )
    try:
        steps = inputs.numbers(text)
    except ValueError as error:
        parts.html(f'<p class="lm-f">{escape(str(error))}</p>')
        return None, None
    parts.html(parts.sparkline(steps, 560, 72))
    return {column: [steps]}, _label(run, sample) if text == given else None


def _drawable(settings: Mapping[str, Any]) -> bool:
    """Gray images of few pixels look like something that a person could draw."""
    parts_of = [part for part in settings["inputs"].values() if part["form"] == "image"]
    return any(part["channels"] == 1 and part["height"] <= 64 for part in parts_of)


def _drawn(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    from builder.ui.components.draw import draw

    part = next(iter(settings["inputs"].values()))
    size = (int(part["height"]), int(part["width"]))
    content = draw("deploy_draw", size, dark=negative.dark(part))
    if content is None:
        parts.html('<p class="lm-f">Draw with the mouse or a finger.</p>')
        return None
    return {inputs.media_column(settings): content}


def _sentence(error: ValueError) -> LaminaError:
    if isinstance(error, LaminaError):
        return error
    return LaminaError(str(error), remedy="Correct the field and it is predicted again.")


# --- rows of the test split


def _row(run: "Run") -> int:
    return int(st.session_state.get(f"deploy_row_{run.id}", 0))


def _sample(run: "Run", form: str) -> dict[str, Any] | None:
    """A row of the test split to begin with, and a button for the next one."""
    size = run.spec.sizes.get("test", 0)
    if not size:
        return None
    what = {"image": "image", "text": "text", "series": "series"}.get(form, "row")
    with st.container(key="lm_deploy_sample", horizontal=True, vertical_alignment="center"):
        if st.button(f"Next test {what}", icon=":material/skip_next:", key="deploy_next"):
            st.session_state[f"deploy_row_{run.id}"] = (_row(run) + 1) % size
        place = f"{rows.row_label(_row(run))} of {size:,}"
        parts.html(f'<span class="lm-f lm-s">test {what} {place}</span>')
    try:
        record = run.prepared().record("test", _row(run))
    except LaminaError as error:
        parts.html(f'<p class="lm-f">{escape(str(error))}</p>')
        return None
    return dict(record)


def _label(run: "Run", sample: Mapping[str, Any] | None) -> str | None:
    target = run.spec.target
    found = (sample or {}).get(target.name) if target else None
    return None if found is None else str(found)


def _truth(run: "Run", sample: Mapping[str, Any] | None, record: Mapping[str, Any]) -> str | None:
    """The true answer while nothing of the test row has been changed."""
    same = sample is not None and all(
        _same(sample.get(name), value) for name, value in record.items()
    )
    return _label(run, sample) if same else None


def _same(first: Any, second: Any) -> bool:
    one, two = inputs.number(first), inputs.number(second)
    if one is not None and two is not None:
        return abs(one - two) <= 1e-9 * max(1.0, abs(one))
    return str(first).strip() == str(second).strip()


def _bytes(value: Any) -> bytes | None:
    found = value.get("image") if isinstance(value, Mapping) else value
    return found if isinstance(found, bytes) else None
