"""The data page: a source, then the table as the form, its findings, its split, and what suits
it.
"""

import dataclasses
import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.project import Project
from builder.ui import chrome, forms, intake, parts, state, work
from builder.ui.components import table
from builder.ui.dataset import heads, media, side, sources, split, steps, treatment

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from builder import data
    from builder.data import options

INSPECT, PREPARE = "inspect_data", "prepare_media"
READ = "reading_turn"
TEXTS = 8  # so many texts stand beside the table


def show() -> None:
    """Draw the page."""
    chrome.page("data")
    project = state.project()
    steps.guard(project)
    if not project.data.source or st.session_state.get("replace_data") == state.project_id():
        chrome.bar([project.name, "choose data"], actions=lambda: _back(project))
        sources.choose(project)
        return
    overview = _overview(project)
    if overview is None:
        return
    overview = _with_inputs(overview, project)
    errors = side.decide(overview)
    chrome.bar(
        [project.name, intake.data_name(project.data)],
        saved="Saved",
        actions=lambda: _actions(project, overview, errors),
    )
    with st.container(key="lm_data", horizontal=True):
        with st.container(key="lm_data_main"):
            _main(project, overview)
        with st.container(key="lm_data_side"):
            preparing = bool(overview.media) and work.at_work(PREPARE)
            side.findings(project, overview, preparing=preparing)
            side.suggestion(project, overview)
            side.notes(project, overview)


def _back(project: Project) -> None:
    steps.buttons()
    if project.data.source and st.button("Keep the data as it is", key="keep_data"):
        st.session_state.pop("replace_data", None)
        st.rerun()


def _overview(project: Project) -> "data.Overview | None":
    """What is in the data; None while it is being read, or where it cannot be, which the page then
    says.
    """
    from builder import data

    asked = project.data.model_dump_json(exclude={"augment"})
    running = work.job(
        INSPECT, lambda report: data.inspect(project.data, progress=report), fresh=asked
    )
    if not running.finished(0.6):
        chrome.bar([project.name, intake.data_name(project.data)])
        with st.container(key="lm_body_inspect"):
            work.show(running, key="inspect")
        return None
    error: LaminaError | None = None
    try:
        found = running.outcome()
    except LaminaError as raised:
        found, error = None, raised
    if found is not None:
        return found
    chrome.bar(
        [project.name, intake.data_name(project.data)], actions=lambda: _actions(project, None, 0)
    )
    with st.container(key="lm_body_failed"):
        told = error or LaminaError("Reading was stopped.", remedy="Your project is as it was.")
        if parts.failed(told, button="Choose other data", key="inspect"):
            st.session_state["replace_data"] = state.project_id()
            st.rerun()
        if st.button("Read it again", key="read_again"):
            work.forget(INSPECT)
            st.rerun()
    return None


def _with_inputs(overview: "data.Overview", project: Project) -> "data.Overview":
    """With what does not fit of the inputs, which is the network's and the data's."""
    from builder import data

    if not project.graph.nodes and not project.data.inputs:
        return overview
    stale = data.stale_inputs(project)
    findings = sorted((*overview.findings, *stale), key=lambda one: data.SEVERITY[one.severity])
    return dataclasses.replace(overview, findings=tuple(findings))


def _actions(project: Project, overview: "data.Overview | None", errors: int) -> None:
    steps.buttons()
    turn = st.session_state.get(READ, 0)  # a fresh popover is closed
    with st.popover("How it is read", key=f"reading_{turn}"):
        _reading(project, overview)
    if st.button("Replace data", key="replace_data_button", icon=":material/swap_horiz:"):
        st.session_state["replace_data"] = state.project_id()
        st.rerun()
    if errors:
        parts.html(parts.badge(f"{errors} to decide", "err"), "to-decide")
    ready = bool(overview and not errors and project.graph.nodes)
    if st.button(
        "Build",
        key="go_build",
        type="primary" if ready else "secondary",
        icon=":material/chevron_right:",
        icon_position="right",
    ):
        state.go("build")


def _reading(project: Project, overview: "data.Overview | None") -> None:
    """The source's own form, filled with what was guessed."""
    from builder import data

    source = data.catalogue()[project.data.source]
    guessed = dict(overview.options) if overview else {}
    values = {**guessed, **project.data.options}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
    plain = [_unfolded(option) for option in source.params if option.kind != "names"]
    chosen = forms.fields(
        plain,
        values,
        key=f"reading_{digest[:8]}",
        choices=overview.choices if overview else {},
    )
    kept = {
        name: value
        for name, value in chosen.items()
        if name in project.data.options or value != guessed.get(name)
    }
    if "names" in project.data.options:  # they have a dialog of their own
        kept["names"] = project.data.options["names"]
    if st.button("Read it so", type="primary", key="reading_apply", disabled=bool(chosen.refused)):
        try:
            changed = project.data.model_copy(update={"options": kept})
            data.inspect(changed)
            steps.save(project, heads.with_data(project, changed))
            st.session_state[READ] = int(st.session_state.get(READ, 0)) + 1
        except LaminaError as error:
            parts.failed(error, key="reading")
            return
        st.rerun()


def _unfolded(option: "options.Option") -> "options.Option":
    return dataclasses.replace(option, advanced=False)


def _main(project: Project, overview: "data.Overview") -> None:
    makes = _makes(project)
    title, facts = heads.sentence(overview, makes=makes)
    target = heads.called(overview.target or "", overview.headerless)
    above = st.container(key="lm_data_above")
    pictured = any(view.form in media.PICTURED for view in overview.media)
    if pictured:
        with above:
            parts.html(heads.headline(title, target, facts), "headline")
        title = target = facts = ""
    columns, rows, more = _table(project, overview)
    top, cards = _places(above, pictured and len(columns) == 1)
    with top:
        change = table.show(
            columns,
            rows,
            key="data_table",
            title=title,
            target=target,
            facts=facts,
            note="Guessed from the file. Change any role or type.",
            naming=_naming(overview),
            more=more,
            compact=bool(overview.media),
        )
        if change is not None:
            _changed(project, overview, change)
        treatment.show(project, overview)
    save = partial(_save, project, overview.headerless)
    with st.container(key="lm_data_below"):
        split.show(project, overview, split_counts(project, overview), save, makes=makes)
        if overview.media:
            below = st.container()
            with cards if pictured else below:
                prepared = _prepared(project)
            if prepared is not None:
                media.show(project, prepared, save, cards, below)


def _naming(overview: "data.Overview") -> str:
    """What the button says that names the columns; nothing where they cannot be named."""
    if not overview.named:
        return ""
    return "Name the columns" if overview.headerless else "Rename columns"


def _places(above: "DeltaGenerator", beside: bool) -> "tuple[DeltaGenerator, DeltaGenerator]":
    """Where the table stands, and what is looked at: above it, or where it is a single column, the
    target, beside it.
    """
    if not beside:
        return st.container(key="lm_data_top"), above
    with st.container(key="lm_data_pair", horizontal=True):
        return st.container(key="lm_data_top"), st.container(key="lm_data_cards")


def _makes(project: Project) -> bool:
    """Whether the network makes things, in place of predicting a target."""
    from builder import tasks

    return "rows" not in tasks.get(project.task.kind).views


def _table(
    project: Project, overview: "data.Overview"
) -> tuple[list[dict[str, Any]], list[list[str | None]], str]:
    """Columns and rows of the table; beside media only the heads, and a few texts."""
    columns = heads.heads(overview)
    rows = heads.cells(overview, columns)
    if not overview.media:
        return columns, rows, f"Rows 1 to {len(rows):,} of {overview.rows:,}."
    texts = heads.texts(overview, project.data, TEXTS)
    if not texts:
        return columns, [], ""
    rows = rows or [[] for _ in next(iter(texts.values()))]
    called = {view.name: view.facts.get("cells") or (view.name,) for view in overview.media}
    for name, values in texts.items():
        label = heads.called(called[name][0], overview.headerless)
        columns.append(
            {"name": name, "label": label, "role": "feature", "type": "text", "fixed": True}
        )
        rows = [[*row, value] for row, value in zip(rows, values, strict=False)]
    return columns, rows, f"Rows 1 to {len(rows):,} of {overview.rows:,}."


def _changed(project: Project, overview: "data.Overview", change: table.Change) -> None:
    if change.kind in ("names", "open"):
        treatment.ask(treatment.ALL if change.kind == "names" else change.column)
        return
    if change.column == overview.target and change.kind == "role" and change.value != "target":
        st.toast("Choose another column as the Target instead.")
        return
    try:
        _save(project, overview.headerless, heads.apply(project, change, overview))
    except LaminaError as error:
        parts.failed(error, key="column")


def _save(before: Project, headerless: bool, after: Project) -> None:
    steps.save(before, after, headerless=headerless)
    st.rerun()


def split_counts(project: Project, overview: "data.Overview") -> dict[str, list[int]] | None:
    """Rows per class in each part; None where the target is no class or the rows cannot be shared
    out.
    """
    if overview.problem != "classification" or not overview.sizes:
        return None
    from builder import data
    from builder.data.rows import arrange, relabelled

    asked = (project.data.model_dump_json(exclude={"augment"}), overview.rows)
    kept = st.session_state.get("split_counts")
    if kept and kept[0] == asked:
        return dict(kept[1])
    own = project.data.model_copy(update={"target": overview.target})
    rows = arrange(relabelled(data.read(own), own), own, "classification")
    if rows.y is None:
        return None
    counts = {
        name: rows.y[rows.of(code)].bincount(minlength=len(rows.classes)).tolist()
        for code, name in enumerate(split.PARTS)
        if len(rows.of(code))
    }
    st.session_state["split_counts"] = (asked, counts)
    return counts


def _prepared(project: Project) -> "data.Prepared | None":
    """Images, texts and series are prepared at once, so that they can be looked at as the network
    sees them; None, which the page says, while that is not so.
    """
    from builder import data

    asked = project.model_copy(
        update={"data": project.data.model_copy(update={"augment": ()})}
    ).digest()
    running = work.job(PREPARE, lambda report: data.prepare(project, report), fresh=asked)
    if not running.finished(0.5):
        work.show(running, key="media")
        return None
    try:
        prepared = running.outcome()
    except LaminaError as error:
        parts.failed(error, key="media")
        return None
    if prepared is None and parts.empty(
        "Preparing was stopped", "Nothing half-made was kept.", "Prepare", key="media"
    ):
        work.forget(PREPARE)
        st.rerun()
    return prepared
