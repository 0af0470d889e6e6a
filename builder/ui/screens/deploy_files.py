"""Deploy: predict a file or many; the predictions leave as a CSV."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import parts, rows

if TYPE_CHECKING:
    from builder.export import Predictions
    from builder.runs import Run

IMAGES = ["png", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff", "pgm", "ppm"]
TABLES = ["csv", "tsv", "txt", "json", "jsonl", "parquet", "xlsx", "xls", "ts"]
PREVIEW = 200


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
    try:
        found = predicted(run.id, checkpoint, [(item.name, item.getvalue()) for item in given])
    except LaminaError as error:
        parts.failed(error, key="predict_file_failed")
        return
    from builder.export.portable.files import flat

    for note in found.notes:
        parts.html(
            f'<div class="lm-row lm-s lm-warn" style="align-items:flex-start">{parts.icon("warn")}'
            f"<span>{escape(note)}</span></div>",
            "note",
        )
    lines = flat(found.records[:PREVIEW], found.rows[:PREVIEW])
    brought = set(found.records[0])
    lines = [  # what is new stands first, where it is seen without scrolling
        {
            rows.column_label(run.spec, key): line[key]
            for key in sorted(line, key=lambda name: name in brought)
        }
        for line in lines
    ]
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


def predicted(run_id: str, checkpoint: str, given: Sequence[tuple[str, bytes]]) -> "Predictions":
    """Predict uploads; they are written aside under their own plain names and removed again."""
    from builder.export import predict

    with tempfile.TemporaryDirectory(prefix="lamina-predict-") as folder:
        paths = []
        for index, (name, content) in enumerate(given):
            path = Path(folder) / str(index) / plain(name)
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(str(path))
        found = predict(run_id, paths, checkpoint)
    records = tuple({key: _named(value) for key, value in row.items()} for row in found.records)
    return replace(found, records=records)


def _named(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value


def plain(name: str) -> str:
    """A name as a file of its own can bear it: no folders, nothing that leads anywhere."""
    found = Path(name.replace("\\", "/")).name.replace("\0", "").strip()
    return "upload" if found in ("", ".", "..") else found[-120:]
