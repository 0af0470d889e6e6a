"""The Deploy page: predict new input, and take the network along."""

import functools
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, opened, parts, state
from builder.ui.screens import deploy_inputs as inputs

if TYPE_CHECKING:
    from builder.export import Predictions
    from builder.runs import Run

IMAGES = ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff", "pgm", "ppm"]
TABLES = ["csv", "tsv", "txt", "json", "jsonl", "parquet", "xlsx", "xls", "ts"]
PREVIEW = 200


def show() -> None:
    """Draw the page."""
    chrome.page("deploy")
    project = state.project()
    run = opened.run_or_stop("deploy")
    choices = opened.checkpoints(run)
    kept = st.session_state.get("deploy_checkpoint")
    checkpoint = kept if kept in choices else next(iter(choices))
    chrome.bar(
        (project.name, opened.name_of(run), "Deploy"),
        actions=lambda: _checkpoint(choices, checkpoint),
    )
    try:
        with st.container(key="lm_body_deploy"):
            left, right = st.columns([8, 5], gap="small")
            with right:
                _take_along(run, checkpoint)
            with left:
                _predict(run, checkpoint)
    except LaminaError as error:
        with st.container(key="lm_body_deploy_failed"):
            if parts.failed(error, button="See all runs", key="deploy_failed"):
                state.go("runs")


def _checkpoint(choices: Mapping[str, str], chosen: str) -> None:
    def remember() -> None:
        st.session_state["deploy_checkpoint"] = st.session_state["deploy_checkpoint_choice"]

    st.selectbox(
        "Checkpoint",
        list(choices),
        index=list(choices).index(chosen),
        format_func=choices.__getitem__,
        key="deploy_checkpoint_choice",
        width=190,
        label_visibility="collapsed",
        on_change=remember,
    )


# --- predict


def _predict(run: "Run", checkpoint: str) -> None:
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
            _files(run, checkpoint, form)
            return
        beside = form in ("image", "text")
        left, right = (
            st.columns([1, 1], gap="medium") if beside else (st.container(), st.container())
        )
        with left:
            record, truth = _record(run, settings, form, str(way))
        if record is None:
            return
        with right:
            try:
                row = ready.predict([record])[0]
            except ValueError as error:
                parts.failed(_sentence(error), key="predict_failed")
                return
            inputs.answer(row, ready.facts, truth)


def _record(
    run: "Run", settings: Mapping[str, Any], form: inputs.Form, way: str
) -> tuple[dict[str, Any] | None, str | None]:
    """What the person entered, and the truth where it is an unchanged row of the test split."""
    if way == "Draw":
        return _drawn(settings), None
    sample = _sample(run, form)
    if form == "table":
        record = inputs.fields(settings, sample or {}, f"{run.id}_{_row(run)}")
        return record, _truth(run, sample, record)
    column = inputs.media_column(settings)
    if form == "text":
        given = str((sample or {}).get(column) or "")
        text = st.text_area(
            "Text", value=given, key=f"deploy_text_{run.id}_{_row(run)}", height=120
        )
        if not text.strip():
            parts.html('<p class="lm-f">Write or paste a text.</p>')
            return None, None
        return {column: text}, _truth(run, sample, {column: text}) if text == given else None
    if form == "series":
        return _series(run, column, sample)
    return _image(run, column, sample)


def _image(
    run: "Run", column: str, sample: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, str | None]:
    upload = st.file_uploader("An image", type=IMAGES, key=f"deploy_image_{run.id}")
    if upload is not None:
        uploaded = upload.getvalue()
        _shown(uploaded)
        return {column: uploaded}, None
    content = _bytes((sample or {}).get(column))
    if content is None:
        parts.html('<p class="lm-f">Choose an image, or look at one of the test rows.</p>')
        return None, None
    _shown(content)
    return {column: content}, _label(run, sample)


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
    given = ", ".join(f"{step:.4g}" for step in flat)
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
    content = draw("deploy_draw", (int(part["height"]), int(part["width"])))
    if content is None:
        parts.html('<p class="lm-f">Draw with the mouse or a finger.</p>')
        return None
    return {inputs.media_column(settings): content}


# --- rows of the test split


def _row(run: "Run") -> int:
    return int(st.session_state.get(f"deploy_row_{run.id}", 0))


def _sample(run: "Run", form: str) -> dict[str, Any] | None:
    """A row of the test split to begin with, and a button for the next one."""
    rows = run.spec.sizes.get("test", 0)
    if not rows:
        return None
    what = {"image": "image", "text": "text", "series": "series"}.get(form, "row")
    with st.container(key="lm_deploy_sample", horizontal=True, vertical_alignment="center"):
        if st.button(f"Next test {what}", icon=":material/skip_next:", key="deploy_next"):
            st.session_state[f"deploy_row_{run.id}"] = (_row(run) + 1) % rows
        parts.html(f'<span class="lm-f lm-s">test row {_row(run) + 1:,} of {rows:,}</span>')
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


# --- files


def _files(run: "Run", checkpoint: str, form: str) -> None:
    kinds = IMAGES if form == "image" else TABLES
    uploads = st.file_uploader(
        "Images" if form == "image" else "A table with the columns of the training data",
        type=kinds,
        accept_multiple_files=form == "image",
        key=f"deploy_file_{form}",
    )
    given = uploads if isinstance(uploads, list) else [uploads] if uploads else []
    if not given:
        parts.html('<p class="lm-f">A CSV gives a CSV with predictions and probabilities.</p>')
        return
    try:
        found = _of_files(run.id, checkpoint, [(item.name, item.getvalue()) for item in given])
    except LaminaError as error:
        parts.failed(error, key="predict_file_failed")
        return
    from builder.export.portable.files import flat

    lines = flat(found.records[:PREVIEW], found.rows[:PREVIEW])
    st.dataframe(lines, hide_index=True, height=min(320, 38 + 35 * len(lines)))
    note = f"first {PREVIEW} of {len(found.rows):,} rows" if len(found.rows) > PREVIEW else ""
    with st.container(key="lm_deploy_result", horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {len(found.rows):,} predictions",
            found.to_csv(),
            file_name="predictions.csv",
            mime="text/csv",
            icon=":material/download:",
            key="deploy_download",
        )
        if note:
            parts.html(f'<span class="lm-f lm-s">{note}</span>')


def _of_files(run_id: str, checkpoint: str, given: Sequence[tuple[str, bytes]]) -> "Predictions":
    """Predict uploads; they are written aside under their own plain names and removed again."""
    from builder.export import predict

    with tempfile.TemporaryDirectory(prefix="lamina-predict-") as folder:
        paths = []
        for index, (name, content) in enumerate(given):
            path = Path(folder) / str(index) / _plain(name)
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(str(path))
        found = predict(run_id, paths, checkpoint)
    records = tuple({key: _named(value) for key, value in row.items()} for row in found.records)
    return type(found)(found.run, found.checkpoint, records, found.rows)


def _named(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value


def _plain(name: str) -> str:
    plain = Path(name.replace("\\", "/")).name.replace("\0", "").strip()
    return "upload" if plain in ("", ".", "..") else plain[-120:]


def _sentence(error: ValueError) -> LaminaError:
    if isinstance(error, LaminaError):
        return error
    return LaminaError(str(error), remedy="Correct the field and it is predicted again.")


# --- take it along


def _take_along(run: "Run", checkpoint: str) -> None:
    """The formats, and the commands."""
    from builder.export import formats

    with parts.card("Take it along", key="take"):
        for name, kind in formats().items():
            with st.container(
                key=f"lm_format_{name}", horizontal=True, vertical_alignment="center"
            ):
                parts.html(
                    f'<b>{escape(kind.title)}</b><div class="lm-m lm-s">{escape(kind.help)}</div>'
                )
                st.download_button(
                    "Download",
                    functools.partial(_artefact, run.id, name, checkpoint),
                    file_name=f"{_slug(run)}{'.zip' if kind.folder else kind.suffix}",
                    mime="application/zip" if kind.folder else "application/octet-stream",
                    on_click="ignore",
                    type="primary" if name == "python" else "secondary",
                    icon=":material/download:",
                    key=f"deploy_export_{name}",
                )
    with parts.card("In a terminal", key="commands"):
        _commands(run, checkpoint)


def _artefact(run_id: str, name: str, checkpoint: str) -> bytes:
    """The artefact's bytes; a folder comes as a zip."""
    from builder.export import export, formats

    folder = Path(tempfile.mkdtemp(prefix="lamina-download-"))
    try:
        kind = formats()[name]
        path = folder / f"{_plain(run_id)}{'.zip' if kind.folder else kind.suffix}"
        return export(run_id, name, path, checkpoint).read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _slug(run: "Run") -> str:
    name = str(run.info.get("name") or run.id)
    if name.startswith("run "):  # a number alone says nothing in a folder of downloads
        name = f"{run.project().name} {name}"
    return (
        "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-")[:60] or "network"
    )


def program() -> str:
    """How a terminal calls Lamina: `lamina` where that is this one, else the script beside the
    running interpreter, else the module.
    """
    script = Path(sys.executable).with_name("lamina.exe" if os.name == "nt" else "lamina")
    found = shutil.which("lamina")
    if found and Path(found).resolve() == script.resolve():
        return "lamina"
    words = [str(script)] if script.is_file() else [sys.executable, "-m", "builder"]
    return shlex.join(words)


def _commands(run: "Run", checkpoint: str) -> None:
    from builder.export import example, predictor

    option = "" if checkpoint == "best" else f" --checkpoint {checkpoint}"
    parts.html('<div class="lm-m lm-s">Write the folder, then predict where only torch is.</div>')
    command = example(predictor(run.id, checkpoint).preparation.settings)
    st.code(
        f"{program()} export {run.id} --to python{option} -o network\ncd network && {command}",
        language="bash",
    )
    parts.html('<div class="lm-m lm-s">Or predict from here.</div>')
    st.code(
        f"{program()} predict {run.id}{option} {command.removeprefix('python predict.py ')}",
        language="bash",
    )
