"""What the Evaluate and Explain pages share: the run that is looked at, and its report."""

from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import Report, SplitReport, evaluate_run, stamp
from builder.progress import Progress
from builder.ui import parts, places, standing, state, work

TITLES = {"train": "Train", "validation": "Validation", "test": "Test"}
QUICK = 2000
"""So many rows are predicted before a person could read that they are."""
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
        _nothing(page, "This run keeps no checkpoint yet", "Wait for its first epoch to end.")
    return run


def _nothing(page: str, title: str, sentence: str) -> None:
    with st.container(key=f"lm_body_{page}_none"):
        if parts.empty(title, sentence, "Go to Train", key=f"{page}_none"):
            state.go("train")
    st.stop()


def choose_run(run: Any, key: str) -> None:
    """The choice among the project's runs that keep a checkpoint, each with its figure and where
    it comes from; turns the page to the one that is chosen.
    """
    from builder import runs

    rows = runs.list_runs(str(run.info.get("project_id") or "") or None)
    mine = [row for row in rows if row.id == run.id or standing.keeps(row)]
    found = standing.told(sorted(mine, key=lambda row: bool(row.sweep)))
    if run.id not in found:
        return
    widget = f"{key}_run_{run.id}"

    def turn() -> None:
        state.set_run(st.session_state[widget])

    st.selectbox(
        "Run",
        list(found),
        index=list(found).index(run.id),
        format_func=lambda one: found.get(one, one),
        key=widget,
        width=300,
        label_visibility="collapsed",
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
        place=lambda: st.container(key=f"lm_body_predicting_{split}"),
    )
    if found is None:
        st.stop()
    return found


def sizes(run: Any) -> list[str]:
    """The splits that have rows."""
    return [name for name in TITLES if run.spec.sizes.get(name)]
