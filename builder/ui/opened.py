"""What the Evaluate and Explain pages share: the run that is looked at, and its report."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import Report, SplitReport, columns, columns_known, evaluate_run, stamp
from builder.progress import Progress
from builder.ui import chrome, labels, parts, places, standing, state, work

TITLES = {"train": "Train", "validation": "Validation", "test": "Test"}
ENDED = {"failed": "failed", "stopped": "was stopped", "finished": "ended"}
QUICK = 2000
"""So many rows are predicted before a person could read that they are."""
MANY = 20_000
"""So many rows' columns are read before a person could read that they are."""
PATIENCE = 0.5
"""Seconds that the page waits before it shows that something is on its way."""


def styles() -> None:
    """The two pages' own styles."""
    sheet = (places.UI / "screens" / "evidence.css").read_text(encoding="utf-8")
    st.html(f"<style>{sheet}</style>")


def run_or_stop(page: str) -> Any:
    """The chosen run, else the project's newest that a person began and that keeps a checkpoint
    (of a sweep or an ablation alone, its best trial's).

    Without one, says so and ends the page.
    """
    from builder import runs

    project = state.project_id()
    chosen = state.run_id()
    if chosen is None:
        kept = [row for row in runs.list_runs(project) if standing.keeps(row)]
        chosen = next((row.id for row in standing.in_order(kept)), None)
        if chosen is not None:
            state.set_run(chosen)
    if chosen is None:
        _nothing(page, "There is no trained run yet", "Train this project's network first.")
    try:
        run = runs.open_run(str(chosen))
    except LaminaError as error:
        with st.container(key=f"lm_body_{page}_lost"):
            if parts.failed(error, button="Look at another run", key=f"{page}_lost"):
                state.set_run(None)
                st.rerun()
        st.stop()
    if not run.checkpoints():
        _unkept(page, run)
    return run


def _unkept(page: str, run: Any) -> None:
    """Says why the run cannot be looked at, with the way to where more is told."""
    now = run.status
    title, sentence = "This run keeps no checkpoint yet", "Wait for its first epoch to end."
    if now.status in ENDED:
        title = f"This run {ENDED[now.status]} before it kept a checkpoint"
        sentence = (now.error or {}).get("fact") or now.message or "Train says more about it."
    _nothing(page, title, sentence, run)


def _nothing(page: str, title: str, sentence: str, run: Any = None) -> None:
    def another() -> None:
        if st.button("Look at another run", key=f"{page}_another"):
            state.set_run(None)
            st.rerun()

    if state.project_id() is not None:
        crumbs = [state.project().name, *([name_of(run)] if run else []), chrome.TITLES[page]]
        chrome.bar(crumbs, actions=another if run else None)
    with st.container(key=f"lm_body_{page}_none"):
        if parts.empty(title, sentence, "Go to Train", key=f"{page}_none"):
            state.go("train")
    st.stop()


def checkpoint_of(run: Any, page: str) -> str:
    """The checkpoint that the page looks at: the one chosen, else the best."""
    choices = checkpoints(run)
    kept = st.session_state.get(f"{page}_checkpoint")
    return str(kept) if kept in choices else next(iter(choices))


def chooser(
    run: Any, page: str, checkpoint: str, turned: Callable[[str], None] | None = None
) -> None:
    """One button that says which run and checkpoint the page looks at, and opens the choice of
    both. `turned` hears the id of another run before the page turns to it.
    """
    choices = checkpoints(run)
    # another key where something was chosen: then it is closed
    with st.popover(
        labels.plain(f"{name_of(run)} · {choices[checkpoint]}"),
        icon=":material/history:",
        key=f"{page}_looked_at_{run.id}_{checkpoint}",
        help="Look at another run of this project, or at another checkpoint of this run",
    ):
        _choose_run(run, page, turned)
        _choose_checkpoint(run, page, choices, checkpoint)


def _choose_checkpoint(run: Any, page: str, choices: dict[str, str], chosen: str) -> None:
    key = f"{page}_checkpoint_choice_{run.id}"

    def remember() -> None:
        st.session_state[f"{page}_checkpoint"] = st.session_state[key]

    st.selectbox(
        "Checkpoint",
        list(choices),
        index=list(choices).index(chosen),
        format_func=choices.__getitem__,
        key=key,
        width=300,
        on_change=remember,
    )


def _choose_run(run: Any, page: str, turned: Callable[[str], None] | None) -> None:
    """The choice among the project's runs that keep a checkpoint, each with its figure and where
    it comes from; turns the page to the one that is chosen, which is then looked at at its best.
    """
    from builder import runs

    rows = runs.list_runs(str(run.info.get("project_id") or "") or None)
    mine = [row for row in rows if row.id == run.id or standing.keeps(row)]
    found = standing.told(sorted(mine, key=lambda row: bool(row.sweep)))
    if run.id not in found:
        return
    widget = f"{page}_run_{run.id}"

    def turn() -> None:
        if turned is not None:
            turned(st.session_state[widget])
        state.set_run(st.session_state[widget])
        st.session_state.pop(f"{page}_checkpoint", None)

    st.selectbox(
        "Run",
        list(found),
        index=list(found).index(run.id),
        format_func=lambda one: found.get(one, one),
        key=widget,
        width=300,
        on_change=turn,
    )


def name_of(run: Any) -> str:
    """What the run is called."""
    return str(run.info.get("name") or run.id)


def checkpoints(run: Any) -> dict[str, str]:
    """Checkpoints to choose from: name → what it is called."""
    found: dict[str, str] = {}
    for kept in run.checkpoints():
        if kept.best:
            found = {"best": f"best, epoch {kept.epoch}", **found}
        if kept.name != "best":
            found[kept.name] = f"{kept.name}, epoch {kept.epoch}"
    return found


@st.cache_resource(max_entries=8, show_spinner=False)
def _shelf(run_id: str, mark: str) -> dict[str, SplitReport]:
    """The split reports of a checkpoint, kept between reruns; filled by `report`."""
    del run_id, mark
    return {}


def report(run: Any, checkpoint: str, split: str) -> SplitReport:
    """The report on one split, kept between reruns.

    While many rows are predicted for the first time, a busy card with a Stop ends the page.
    """
    mark, _ = stamp(run, checkpoint)
    shelf = _shelf(run.id, mark)
    if split not in shelf:
        if run.spec.sizes.get(split, 0) > QUICK:
            found = _followed(run, checkpoint, split, mark)
        else:
            found = evaluate_run(run, checkpoint, (split,))
        shelf.update(found.splits)
    return shelf[split]


def _followed(run: Any, checkpoint: str, split: str, mark: str) -> Report:
    def predict(report: Progress) -> Report:
        what = f"Predicting the {split} split"
        report(what, 0, 0)
        return evaluate_run(
            run, checkpoint, (split,), lambda _, done, total: report(what, done, total)
        )

    found = work.followed(
        f"predict_{split}",
        predict,
        fresh=(run.id, mark),
        patience=PATIENCE,
        kept="Nothing was changed.",
        again="Predict after all",
        stopped=f"Predicting the {split} split was stopped",
        place=lambda: st.container(key=f"lm_body_predicting_{split}"),
    )
    if found is None:
        st.stop()
    return found


def ready_columns(run: Any, split: str) -> None:
    """Read a large split's raw columns, which the page looks at next; where that takes a while, a
    busy card with a Stop ends the page.
    """
    prepared = run.prepared()
    if run.spec.sizes.get(split, 0) <= MANY or columns_known(prepared, split):
        return
    found = work.followed(
        f"columns_{split}",
        lambda report: columns(prepared, split, report),
        fresh=(run.id, split),
        patience=PATIENCE,
        kept="The page needs them to tell groups of rows apart.",
        again="Read them after all",
        stopped=f"Reading the columns of the {split} split was stopped",
        place=lambda: st.container(key=f"lm_body_predicting_columns_{split}"),
    )
    if found is None:
        st.stop()


def sizes(run: Any) -> list[str]:
    """The splits that have rows."""
    return [name for name in TITLES if run.spec.sizes.get(name)]
