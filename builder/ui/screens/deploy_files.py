"""Deploy: predict a file or many; the predictions leave as a CSV."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.progress import Progress, silent
from builder.ui import parts, rows, work

if TYPE_CHECKING:
    from builder.export import Predictions
    from builder.runs import Run

IMAGES = ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff", "pgm", "ppm"]
TABLES = ["csv", "tsv", "txt", "json", "jsonl", "parquet", "xlsx", "xls", "ts"]
PREVIEW = 200
PATIENCE = 0.3
"""Seconds that the page waits before it shows that the files are on their way."""
JOB = "deploy_files"


def show(run: "Run", checkpoint: str, form: str) -> None:
    """Draw the uploader, and what the network says of the files."""
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
    invert = form == "image" and st.toggle(
        "Read them as negatives",
        key=f"deploy_files_inverted_{run.id}",
        help="Exchanges light and dark: for dark on light where the training images are light on "
        "dark, or the other way round",
    )
    try:
        found = _followed(run, checkpoint, given, invert)
    except LaminaError as error:
        parts.failed(error, key="predict_file_failed")
        return
    if found is not None:
        _answers(run, found)


@dataclass(frozen=True)
class Answers:
    """What is shown of the predictions, and the CSV with all of them."""

    count: int
    lines: list[dict[str, Any]]
    csv: bytes
    notes: tuple[str, ...]


def _answers(run: "Run", found: Answers) -> None:
    for note in found.notes:
        parts.html(
            f'<div class="lm-row lm-s lm-warn" style="align-items:flex-start">{parts.icon("warn")}'
            f"<span>{escape(note)}</span></div>",
            "note",
        )
    lines = [
        {rows.column_label(run.spec, key): value for key, value in line.items()}
        for line in found.lines
    ]
    st.dataframe(lines, hide_index=True, height=min(320, 38 + 35 * len(lines)))
    note = f"first {PREVIEW} of {found.count:,} rows" if found.count > PREVIEW else ""
    with st.container(key="lm_deploy_result", horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {found.count:,} prediction{'' if found.count == 1 else 's'}",
            found.csv,
            file_name="predictions.csv",
            mime="text/csv",
            icon=":material/download:",
            key="deploy_download",
            on_click="ignore",
        )
        if note:
            parts.html(f'<span class="lm-f lm-s">{note}</span>')


def _followed(run: "Run", checkpoint: str, given: Sequence[Any], invert: bool) -> Answers | None:
    """The answers, made once per upload; None while they are on their way or were stopped."""
    mark = (run.id, checkpoint, invert, *(item.file_id for item in given))
    kept: tuple[object, Answers] | None = st.session_state.get(JOB)
    if kept is not None and kept[0] == mark:
        return kept[1]
    uploads = [(item.name, item.getvalue()) for item in given]
    found = work.followed(
        JOB,
        lambda report: answered(run.id, checkpoint, uploads, report, invert),
        fresh=mark,
        patience=PATIENCE,
        kept="Nothing was kept.",
        again="Predict after all",
    )
    if found is not None:
        st.session_state[JOB] = (mark, found)
    return found


def answered(
    run_id: str,
    checkpoint: str,
    given: Sequence[tuple[str, bytes]],
    progress: Progress = silent,
    invert: bool = False,
) -> Answers:
    """Predict uploads; what is new stands first, where it is seen without scrolling."""
    from builder.export.portable.files import flat

    found = predicted(run_id, checkpoint, given, progress, invert)
    progress("Writing the table", 0, 0)
    brought = set(found.records[0])
    lines = [
        {key: line[key] for key in sorted(line, key=lambda name: name in brought)}
        for line in flat(found.records[:PREVIEW], found.rows[:PREVIEW])
    ]
    return Answers(len(found.rows), lines, found.to_csv().encode(), found.notes)


def predicted(
    run_id: str,
    checkpoint: str,
    given: Sequence[tuple[str, bytes]],
    progress: Progress = silent,
    invert: bool = False,
) -> "Predictions":
    """Predict uploads; they are written aside under their own plain names and removed again."""
    from builder.export import predict

    with tempfile.TemporaryDirectory(prefix="lamina-predict-") as folder:
        paths = []
        for index, (name, content) in enumerate(given):
            path = Path(folder) / str(index) / plain(name)
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(str(path))
        found = predict(run_id, paths, checkpoint, progress, invert)
    records = tuple({key: _named(value) for key, value in row.items()} for row in found.records)
    return replace(found, records=records)


def _named(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value


def plain(name: str) -> str:
    """A name as a file of its own can bear it: no folders, nothing that leads anywhere."""
    found = Path(name.replace("\\", "/")).name.replace("\0", "").strip()
    return "upload" if found in ("", ".", "..") else found[-120:]
