"""The right side: what to look at before building, worst first, and the network that suits the
data.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.errors import LaminaError
from builder.progress import Progress
from builder.project import Project
from builder.ui import labels, parts, state, work
from builder.ui.dataset import heads, steps

if TYPE_CHECKING:
    from builder.data import Overview, Prepared
    from builder.data.base import Finding

TONES: dict[str, tuple[str, str, str]] = {
    "error": ("err", "cross", "lm-err"),
    "warning": ("warn", "warn", "lm-warn"),
    "note": ("note", "help", "lm-f"),
}
SHOWN = 12
JOB = "prepare_data"
SMALL_CELLS = 500_000
"""So many cells are prepared in about a second; the network is then suggested unasked."""


def findings(project: Project, overview: "Overview", *, preparing: bool = False) -> None:
    """A card per finding with its remedies as buttons. `preparing`: more may yet be found."""
    worst = [f for f in overview.findings if f.severity != "note"]
    note = _verdict(len(worst), len(overview.findings) - len(worst), preparing)
    parts.html(
        '<div class="lm-row"><h2>Before you build</h2><span class="lm-sp"></span><span '
        f'class="lm-f lm-s">{note}</span></div>',
        "findings",
    )
    for index, finding in enumerate(worst[:SHOWN]):
        _finding(project, finding, index)
    if len(worst) > SHOWN:
        parts.html(f'<p class="lm-f lm-s">and {len(worst) - SHOWN} more of less weight</p>')


def _verdict(worst: int, small: int, preparing: bool) -> str:
    """What the findings come to, in a few words."""
    if worst:
        return f"{worst} need a look" if worst > 1 else "1 needs a look"
    if preparing:
        return "still being prepared"
    return "nothing needs a look" if small else "all checks passed"


def notes(project: Project, overview: "Overview") -> None:
    """What is good to know, folded: findings of no weight, and what reading did by itself."""
    small = [f for f in overview.findings if f.severity == "note"]
    if small:
        word = "1 note" if len(small) == 1 else f"{len(small)} notes"
        with st.expander(f"{word}: {_first_words(small)}", key="finding_notes"):
            for index, finding in enumerate(small[: 3 * SHOWN]):
                _finding(project, finding, SHOWN + index)
    if overview.notes:
        with st.expander("What reading did", key="reading_notes"):
            parts.html(
                "".join(f'<p class="lm-m lm-s">{escape(note)}</p>' for note in overview.notes)
            )


def _first_words(findings: "Sequence[Finding]") -> str:
    titles = list(dict.fromkeys(finding.title.lower() for finding in findings))
    return ", ".join(titles[:3]) + (" …" if len(titles) > 3 else "")


def _finding(project: Project, finding: "Finding", index: int) -> None:
    tone, sign, colour = TONES[finding.severity]
    with st.container(key=f"lm_finding_{tone}_{index}"):
        parts.html(
            f'<div class="lm-fd"><span class="{colour}">{parts.icon(sign, False)}</span><div><b>'
            f"{escape(finding.title)}</b>"
            f'<p class="lm-m lm-s">{escape(finding.sentence)}</p></div></div>',
            f"finding-{finding.code}",
        )
        if not finding.remedies:
            return
        with st.container(key=f"lm_remedies_{index}", horizontal=True):
            for place, remedy in enumerate(finding.remedies):
                if st.button(
                    labels.plain(remedy.label),
                    key=f"remedy_{finding.code}_{index}_{place}",
                    type="primary"
                    if finding.severity == "error" and index == place == 0
                    else "secondary",
                ):
                    _apply(project, finding, place)


def _apply(project: Project, finding: "Finding", place: int) -> None:
    from builder import data

    remedy = finding.remedies[place]
    changed = data.edit(project.data, remedy.edits)
    steps.save(project, heads.with_data(project, changed), remedy.label)
    st.rerun()


def decide(overview: "Overview") -> int:
    """How many errors wait for a decision."""
    return sum(finding.severity == "error" for finding in overview.findings)


def suggestion(project: Project, overview: "Overview") -> None:
    """Prepare the data, name the network that suits it, and draw it on request.

    Small data with nothing left to decide is prepared without being asked, as long as no network
    is drawn: only the offer comes by itself, the network never.
    """
    job = work.own(JOB)
    with st.container(key="lm_suggest"):
        parts.html("<h3>Suggested network</h3>")
        if not work.under_way(job) and not _by_itself(project, overview):
            _ask(project, overview)
            return
        running = work.job(job, lambda report: _prepare(project, report), fresh=project.meaning())
        if not running.finished(0.3):
            work.show(running, key="prepare")
            return
        try:
            prepared = running.outcome()
        except LaminaError as error:
            if parts.failed(error, button="Try again", key="prepare"):
                work.forget(job)
                st.rerun()
            return
        if prepared is None:
            st.session_state.setdefault("lamina_unasked", set()).add(job)
            work.forget(job)
            st.rerun()
        _offer(project, prepared, overview.notes)


def _by_itself(project: Project, overview: "Overview") -> bool:
    """Whether the network is suggested without a click: quick, of use, and not stopped before."""
    cells = overview.rows * max(len(overview.columns), 1)
    small = not overview.media and cells <= SMALL_CELLS
    wanted = overview.target is not None and not decide(overview) and bool(overview.sizes)
    stopped = work.own(JOB) in st.session_state.get("lamina_unasked", ())
    return small and wanted and not project.graph.nodes and not stopped


def _prepare(project: Project, report: Progress) -> "Prepared":
    from builder import data

    return data.prepare(
        project.model_copy(update={"graphs": {"model": type(project.graph)()}}), report
    )


def _ask(project: Project, overview: "Overview") -> None:
    parts.html(
        '<p class="lm-m lm-s">Lamina prepares the data once and sizes a network to it.</p>',
        "suggest-text",
    )
    errors = decide(overview)
    if st.button(
        "Suggest a network",
        key="suggest_network",
        type="primary" if not errors and not project.graph.nodes else "secondary",
        disabled=overview.target is None,
    ):
        job = work.own(JOB)
        work.job(job, lambda report: _prepare(project, report), fresh=project.meaning())
        st.rerun()


def _offer(project: Project, prepared: "Prepared", known: Sequence[str]) -> None:
    """The network that fits, and what preparation did beside what is `known` from reading."""
    from builder import templates

    try:
        best = templates.suggest(prepared.spec)
    except LaminaError as error:
        parts.failed(error, key="suggest")
        return
    fitting = [name for name, why in templates.fitting(prepared.spec).items() if why is None]
    template = templates.get(best)
    sizes = prepared.spec.sizes
    parts.html(
        f'<p class="lm-m lm-s"><b>{escape(template.title)}.</b> {escape(template.help)} Sized to '
        f"{sizes['train']:,} training rows.</p>",
        "suggest-text",
    )
    with st.container(key="lm_suggest_buttons", horizontal=True, vertical_alignment="center"):
        empty = not project.graph.nodes
        word = "Use it" if empty else "Replace the network with it"
        if st.button(word, key="use_suggestion", type="primary" if empty else "secondary"):
            use(project, best)
        if len(fitting) > 1:
            with st.popover("Others that fit", type="tertiary", key="other_templates"):
                for name in fitting:
                    if name != best and st.button(
                        templates.get(name).title,
                        key=f"fit_{name}",
                        type="tertiary",
                        help=templates.get(name).help,
                    ):
                        use(project, name)
    own = [note for note in prepared.spec.notes if note not in known]
    if own:
        with st.expander("What preparation did", key="prepare_notes"):
            parts.html("".join(f'<p class="lm-m lm-s">{escape(note)}</p>' for note in own))


def use(project: Project, template: str) -> None:
    """Put the template's network, fitted to the project's data, in place of the project's own;
    then to Build.
    """
    from builder import templates

    try:
        with st.spinner("Sizing the network …"):
            made = templates.make(template, project.data)
    except LaminaError as error:
        parts.failed(error, key="use_template")
        return
    state.save_project(made.model_copy(update={"name": project.name}))
    st.session_state.pop(steps.SEEN, None)  # it may bring its own way of reading the data
    work.forget(work.own(JOB))
    state.go("build")
