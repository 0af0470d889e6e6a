"""Data that a person brings: kept under LAMINA_HOME, its kind recognised, a project made of it."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import streamlit as st

from builder import project as files
from builder import workspace
from builder.errors import LaminaError
from builder.home import room
from builder.project import Data, Project
from builder.ui import parts, state
from builder.ui.dataset import heads

CHUNK = 1 << 20


class Uploaded(Protocol):
    """What st.file_uploader gives."""

    name: str

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place in it."""


def keep(uploads: Sequence[Uploaded | BinaryIO], names: Sequence[str]) -> Path:
    """Write uploads under LAMINA_HOME/uploads/<digest>/ and give the file, or the folder where
    there are several.

    The same content is kept once. Raises LaminaError where the disk is full; nothing
    half-written stays.
    """
    plain = [_plain(name) for name in names]
    digest = hashlib.sha256("/".join(plain).encode())
    for upload in uploads:
        upload.seek(0)
        while chunk := upload.read(CHUNK):
            digest.update(chunk)
    folder = room("uploads") / digest.hexdigest()[:24]
    if not folder.is_dir():
        aside = folder.with_suffix(".part")
        try:
            aside.mkdir(exist_ok=True)
            for upload, name in zip(uploads, plain, strict=True):
                upload.seek(0)
                with (aside / name).open("wb") as file:
                    while chunk := upload.read(CHUNK):
                        file.write(chunk)
            aside.replace(folder)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise LaminaError(
                f"The file cannot be kept: {error.strerror}.",
                place=plain[0],
                remedy="Free some disk space, or give its path instead of uploading it.",
            ) from error
    return folder / plain[0] if len(plain) == 1 else folder


def _plain(name: str) -> str:
    """A file name without folders, dots that lead out, or too great a length."""
    plain = Path(name.replace("\\", "/")).name.replace("\0", "").strip()
    return "upload" if plain in ("", ".", "..") else plain[-120:]


def forget(path: Path) -> None:
    """Remove an upload that turned out to be of no use."""
    inside = room("uploads").resolve()
    for folder in (path.resolve(), path.resolve().parent):
        if folder.parent == inside:
            shutil.rmtree(folder, ignore_errors=True)
            return


def recognised(path: Path) -> Data:
    """The data that a file or folder holds; of files uploaded together, by the first that is
    recognised.

    Raises LaminaError where no source reads it; the place is the file's name, not where the
    upload lies.
    """
    from builder import data

    uploads = path.resolve().parent == room("uploads").resolve() and path.is_dir()
    tried = [path, *sorted(path.iterdir())] if uploads else [path]
    for place, candidate in enumerate(tried):
        try:
            return data.recognise([candidate])
        except LaminaError as error:
            if place == len(tried) - 1:
                raise plainly(error, path) from error
    raise AssertionError("unreachable")


def plainly(error: LaminaError, path: Path) -> LaminaError:
    """The error, with an upload's own name where the path stood under which it is kept."""
    if not path.resolve().is_relative_to(room("uploads").resolve()):
        return error
    short = "the files" if path.is_dir() else path.name
    return LaminaError(
        error.fact.replace(str(path), short),
        place=error.place.replace(str(path), short),
        remedy=error.remedy.replace(str(path), short),
        code=error.code,
    )


def bring(path: Path, name: str | None = None) -> str:
    """A project about this file, saved; its id. Raises LaminaError where it cannot be read; then
    nothing is kept.
    """
    from builder import data

    found = recognised(path)
    try:
        guessed = data.suggest(data.share_out(found))
        where = Path(str(found.options.get("path") or path))
        made = heads.with_data(Project(name=name or title(where)), guessed)
    except LaminaError as error:
        raise plainly(error, path) from error
    return workspace.create(made)


def title(path: Path) -> str:
    """A project's name from a file's: "sales 2024.csv.gz" → "sales 2024"."""
    name = path.name
    for _ in range(2):
        stem = Path(name).stem
        if 0 < len(Path(name).suffix) <= 8:
            name = stem
    return (name.strip(". ") or "untitled")[:120]


def data_name(data: Data) -> str:
    """The file, files or set that the data is, in a word; not the folder that keeps uploads."""
    named = data.options.get("path") or data.options.get("name")
    if not named:
        return data.source
    path = Path(str(named))
    if path.parent.resolve() != room("uploads").resolve() or not path.is_dir():
        return path.name
    first, *more = sorted(item.name for item in path.iterdir())
    return f"{first} and {more[0] if len(more) == 1 else f'{len(more)} more'}" if more else first


def drop_card() -> None:
    """The card that takes a file, a path or a project file."""
    with st.container(key="lm_drop"):
        parts.html(
            f'<div class="lm-row"><span class="lm-acc">{parts.icon("up", False)}</span><b>Bring '
            "your own data</b></div>"
            '<p class="lm-m lm-s" style="margin-top:5px">Drop a CSV, Parquet or Excel file, a zip '
            "of images, series or "
            "text. You choose what to predict; Lamina suggests the network.</p>"
        )
        with st.container(key="lm_drop_row", horizontal=True, vertical_alignment="center"):
            turn = st.session_state.setdefault("upload_turn", 0)
            uploads = st.file_uploader(
                "Choose a file",
                key=f"upload_{turn}",
                label_visibility="collapsed",
                accept_multiple_files=True,
            )
            _path_popover()
            _import_popover()
        if uploads:
            _take_upload(uploads)
        error = st.session_state.get("intake_error")
        if isinstance(error, LaminaError):
            parts.failed(error, key="intake")


def _path_popover() -> None:
    """A path is typed and opened by Enter or the button; a refusal is told beside the field."""
    with st.popover("Give a path", type="tertiary", key="path_popover"):
        with st.form("path_form", border=False):
            typed = st.text_input(
                "A file or folder on this machine", key="path_typed", placeholder="/home/me/data"
            )
            wished = st.form_submit_button("Open", key="path_open", type="primary")
        if wished and typed.strip():
            st.session_state.pop("intake_error", None)
            _take(Path(typed.strip()).expanduser())
        error = st.session_state.get("path_error")
        if isinstance(error, LaminaError):
            parts.failed(error, key="path")


def _take_upload(uploads: Sequence[Uploaded]) -> None:
    st.session_state["upload_turn"] += 1
    st.session_state.pop("path_error", None)
    names = [upload.name for upload in uploads]
    path: Path | None = None
    try:
        with st.spinner(f"Reading {names[0]} …"):
            path = keep(uploads, names)
            opened = bring(path, title(Path(names[0])))
    except LaminaError as error:
        if path is not None:
            forget(path)
        st.session_state["intake_error"] = error
        st.rerun()
    st.session_state.pop("intake_error", None)
    state.go("data", project=opened)


def _take(path: Path) -> None:
    try:
        with st.spinner(f"Reading {path.name} …"):
            opened = bring(path)
    except LaminaError as error:
        # told in the popover, which stays open; that it is about the path need not be said there
        place = "" if error.place.endswith("path") else error.place
        st.session_state["path_error"] = LaminaError(error.fact, place=place, remedy=error.remedy)
        st.rerun()
    st.session_state.pop("path_error", None)
    state.go("data", project=opened)


def _import_popover() -> None:
    turn = st.session_state.setdefault("import_turn", 0)
    with st.popover("Import a project", type="tertiary", key="import_popover"):
        given = st.file_uploader(
            f"A project that was exported: a file of up to {files.MAX_BYTES // 10**6} MB, or a zip "
            "with its data",
            type=["json", "zip", "lamina"],
            max_upload_size=workspace.MAX_BUNDLE >> 20,
            key=f"import_{turn}",
        )
        error = st.session_state.get("import_error")
        if isinstance(error, LaminaError) and given is None:
            parts.failed(error, key="import")
    if given is None:
        return
    st.session_state["import_turn"] += 1
    path: Path | None = None
    try:
        path = keep([given], [given.name])
        opened = workspace.import_file(path)
    except LaminaError as error:
        st.session_state["import_error"] = error  # told in the popover, which stays open
        st.rerun()
    finally:
        if path is not None:
            forget(path)
    st.session_state.pop("import_error", None)
    state.go("build", project=opened)
