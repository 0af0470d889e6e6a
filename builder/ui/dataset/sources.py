"""Choose where data comes from: an upload, a path, or a set by name; each form drawn from its
source's declaration.
"""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from builder.data.base import Source
from builder.data.options import Option
from builder.errors import LaminaError
from builder.progress import Progress
from builder.project import Data, Project
from builder.ui import forms, intake, parts, work
from builder.ui.dataset import heads, steps

JOB = "read_source"


def choose(project: Project, *, key: str = "source") -> None:
    """The page's body while there is no data: kinds on the left, the chosen one's form on the
    right.
    """
    if work.under_way(work.own(JOB)):
        _reading(project)
        return
    with st.container(key="lm_body_sources"):
        with st.container(key="lm_sources", horizontal=True):
            with st.container(key="lm_sources_file"):
                _file(key)
            with st.container(key="lm_sources_sets"):
                _sets(key)
        error = st.session_state.pop("source_error", None)
        if isinstance(error, LaminaError):
            parts.failed(error, key="source")


def _file(key: str) -> None:
    from builder.data import catalogue

    parts.html(
        f'<div class="lm-row"><span class="lm-acc">{parts.icon("up", False)}</span><h3>Your own '
        "file or folder</h3></div>"
        '<p class="lm-m lm-s" style="margin-top:5px">CSV, TSV, Excel, Parquet or JSON lines; a zip '
        "or folder of images "
        "or texts by class; IDX and .ts files. Files that belong together go in one drop.</p>"
    )
    turn = st.session_state.setdefault("source_turn", 0)
    uploads = st.file_uploader(
        "Upload",
        key=f"{key}_upload_{turn}",
        accept_multiple_files=True,
        label_visibility="collapsed",
    )
    typed = st.text_input(
        "Or a path on this machine", key=f"{key}_path", placeholder="/home/me/data/train.csv"
    )
    kinds = {"": "by itself"} | {
        kind: source.title for kind, source in catalogue().items() if _by_path(source)
    }
    chosen = st.selectbox(
        "Read as", list(kinds), format_func=lambda kind: kinds[kind], key=f"{key}_kind"
    )
    options = forms.Given()
    if chosen:
        source = catalogue()[chosen]
        rest = [option for option in source.params if option.name != "path"]
        parts.html(f'<p class="lm-m lm-s">{parts.esc(source.help)}</p>')
        options = forms.fields(rest, {}, key=f"{key}_{chosen}")
    pressed = st.button(
        "Read it",
        key=f"{key}_read",
        type="primary",
        disabled=not (typed or uploads) or bool(options.refused),
    )
    if not pressed:
        return
    try:
        path = Path(typed.strip()).expanduser()
        if uploads:
            path = intake.keep(uploads, [upload.name for upload in uploads])
            st.session_state["source_turn"] += 1
        data = intake.recognised(path) if not chosen else Data(source=chosen)
        _begin(data.model_copy(update={"options": {"path": str(path), **data.options, **options}}))
    except LaminaError as error:
        st.session_state["source_error"] = error
        st.rerun()


def _by_path(source: Source) -> bool:
    return any(option.name == "path" for option in source.params)


def _sets(key: str) -> None:
    from builder.data import catalogue

    parts.html(
        f'<div class="lm-row"><span class="lm-acc">{parts.icon("table", False)}</span><h3>A set by '
        "name</h3></div>"
    )
    named = {kind: source for kind, source in catalogue().items() if not _by_path(source)}
    kind = st.radio(
        "Kind",
        list(named),
        format_func=lambda one: named[one].title,
        captions=[source.help for source in named.values()],
        key=f"{key}_set_kind",
        label_visibility="collapsed",
    )
    options = forms.fields(_short(named[kind].params), {}, key=f"{key}_{kind}")
    chosen = named[kind].params[0]
    said = explained(chosen.help).get(str(options.get(chosen.name, chosen.default)), "")
    if said:
        parts.html(f'<p class="lm-m lm-s">{parts.esc(said)}</p>')
    if st.button("Use this set", key=f"{key}_use_set", disabled=bool(options.refused)):
        defaults = {chosen.name: chosen.default} if chosen.default is not None else {}
        _begin(Data(source=kind, options={**defaults, **options}))


def _short(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """The first option's help tells of every set; beside the field stands only the chosen one's
    part.
    """
    first = options[0]
    plain = Option(first.name, first.kind, first.title, first.default, "", first.choices)
    return (plain, *options[1:])


def explained(text: str) -> Mapping[str, str]:
    """From "digits: Handwritten digits; iris: Iris flowers" to what is said of each choice."""
    pairs = (part.partition(": ") for part in text.split("; "))
    return {name.strip(): said.strip() for name, mark, said in pairs if mark}


def _begin(data: Data) -> None:
    from builder import data as data_package

    def read(report: Progress) -> Data:
        data_package.read(data, report)
        return data_package.suggest(data_package.share_out(data))

    work.forget(work.own(JOB))
    work.job(work.own(JOB), read, fresh=0)
    st.rerun()


def _reading(project: Project) -> None:
    running: work.Job[Data] = st.session_state["lamina_jobs"][work.own(JOB)][1]
    if not running.finished(0.2):
        with st.container(key="lm_body_reading"):
            work.show(running, key="reading")
        return
    work.forget(work.own(JOB))
    try:
        data = running.outcome()
    except LaminaError as error:
        st.session_state["source_error"] = error
        st.rerun()
    if data is not None:
        steps.save(project, heads.with_data(project, data))
        st.session_state.pop("replace_data", None)
    st.rerun()
