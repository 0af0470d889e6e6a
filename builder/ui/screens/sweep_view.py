"""One sweep, live: progress, the trials as lines and as a table, what mattered, the best so far."""

import time
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, comparison, labels, parts, signs, state
from builder.ui.components.parallel import Picked, parallel
from builder.ui.components.trials import charts
from builder.ui.components.trials import trials as trials_table
from builder.ui.components.trials.rows import lines, waits
from builder.ui.screens import sweep_charts

if TYPE_CHECKING:
    from builder.sweeps import Plan, State, Sweep, Trial

UNDER_WAY = "Each trial is an ordinary run. They go on when you close this tab."
DONE = "All trials are done."
STOPPING = "It is being stopped: each trial under way ends after the step that it is in."


def show(found: "Sweep") -> None:
    """Draw the sweep as it stands. The table of trials follows the figures of those under way."""
    plan, now, trials = found.plan, found.state, found.trials()
    _progress(plan, now, trials, stopping=found.stopping)
    if not trials:
        with parts.card("The first trial is being prepared", key="sweep_wait"):
            parts.skeleton(3)
        return
    if plan.kind == "search":
        _search(found, plan, now, trials)
    else:
        _comparison(found, plan, trials)


def seen(found: "Sweep") -> Any:
    """What the page of a sweep shows apart from the figures of trials under way."""
    now, trials = found.state, found.trials()
    told = [(one.number, one.state, one.run, waits(one)) for one in trials]
    left = _left(found.plan, now, trials)
    said = (now.status, found.stopping, now.message, now.error)
    return found.id, said, now.importance, told, left


def _search(found: "Sweep", plan: "Plan", now: "State", trials: Sequence["Trial"]) -> None:
    left, right = st.columns([8, 5], gap="small")
    with left:
        several = len(plan.objectives) > 1
        strong = "the strong ones are on the front" if several else "the strongest is best"
        note = f"{strong}; drag along an axis to keep a part"
        with parts.card("Trials as lines", note, key="sweep_lines"):
            _take(_lines(found, plan, trials))
        marked = "; green: on the front" if several else ""
        with parts.card("Trials", f"a click opens one{marked}", key="sweep_table"):
            _take(_table(found, plan, trials))
    with right:
        if several:
            _take(sweep_charts.front(found, plan, trials, opened(plan, trials)))
        else:
            _take(sweep_charts.so_far(found, plan, trials, opened(plan, trials)))
        sweep_charts.importance(plan, now, trials)
        _details(found, plan, trials)


def _comparison(found: "Sweep", plan: "Plan", trials: Sequence["Trial"]) -> None:
    left, right = st.columns([8, 5], gap="small")
    with left:
        _take(sweep_charts.groups(found, plan, trials, opened(plan, trials)))
        with parts.card("Trials", "a click opens one", key="sweep_table"):
            _take(_table(found, plan, trials))
    with right:
        _details(found, plan, trials)


def _take(act: Picked | None) -> None:
    if act is not None and act.at > st.session_state.get("sweep_act", 0.0):
        st.session_state["sweep_act"] = act.at
        st.session_state["sweep_trial"] = act.trial
        st.rerun()


# --- progress


def _progress(
    plan: "Plan", now: "State", trials: Sequence["Trial"], *, stopping: bool = False
) -> None:
    from builder import sweeps

    shown = Counter("waits" if waits(one) else one.state for one in trials)
    ended = sum(one.state in sweeps.ENDED for one in trials)
    best = sweeps.best(trials, plan)
    items = [("trials", f"{ended}", f"of {plan.trials}")]
    if plan.kind == "search" and len(plan.objectives) == 1:
        value = comparison.figure(best.values[0]) if best else "–"
        note = f"trial {best.number}" if best else ""
        items.append(
            (
                f"best {comparison.figure_word(plan.objectives[0].figure)}",
                value,
                note,
            )
        )
    elif plan.kind == "search":
        front = len(sweeps.pareto(trials, plan))
        items.append(("on the Pareto front", str(front), "trial" if front == 1 else "trials"))
    items += [
        (word[0].lower(), str(shown[name]), "") for name, word in signs.TRIAL.items() if shown[name]
    ]
    items.append(("run time", comparison.lasted(sum(one.seconds for one in trials)), ""))
    left = _left(plan, now, trials)
    if left:
        items.append(("time left, about", left, ""))
    share = ended / plan.trials * 100
    cells = "".join(
        f'<div><div class="l">{escape(label)}</div><div class="v">{escape(value)}'
        f"<small>{escape(note)}</small></div></div>"
        for label, value, note in items
    )
    parts.html(
        f'<div class="lm-metrics sw-metrics">{cells}</div>'
        f'<div class="lm-meter" role="progressbar" aria-valuenow="{share:.0f}" aria-valuemin="0" '
        f'aria-valuemax="100"><i style="width:{share:.1f}%"></i></div>',
        "sweep-progress",
    )
    said = st.empty()  # always there, and of one line: what follows stays where it is
    if now.error:
        error = LaminaError(now.error.get("fact", ""), remedy=now.error.get("remedy", ""))
        with said.container():
            parts.failed(error, key="sweep_failed")
    else:
        usual = DONE if now.status == "finished" else UNDER_WAY
        words = STOPPING if stopping else now.message or usual
        with said.container():
            parts.html(f'<p class="lm-m lm-s">{escape(words)}</p>')


def _left(plan: "Plan", now: "State", trials: Sequence["Trial"]) -> str:
    """How long the trials to come will take at this pace; empty where nothing tells."""
    from builder import sweeps

    if now.status != "running":
        return ""
    seconds = sweeps.time_left(trials, plan, time.time())
    return "" if seconds is None else comparison.roughly(seconds)


# --- trials as lines and as a table


def _lines(found: "Sweep", plan: "Plan", trials: Sequence["Trial"]) -> Picked | None:
    return parallel(
        f"lines_{found.id}",
        charts.lines(plan, trials),
        higher=plan.objectives[0].direction == "maximize",
        objectives=len(plan.objectives),
        opened=opened(plan, trials),
        live=sweep_charts.live(found, "lines"),
    )


def _table(found: "Sweep", plan: "Plan", trials: Sequence["Trial"]) -> Picked | None:
    from builder.sweeps import suggest

    return trials_table(
        f"trials_{found.id}",
        lines(plan, trials),
        values=[
            {"label": comparison.figure_name(one.figure), "higher": one.direction == "maximize"}
            for one in plan.objectives
        ],
        settings=[
            {"name": one.field, "label": suggest.title(one.field)} for one in plan.parameters
        ],
        opened=opened(plan, trials),
        live=sweep_charts.live(found, "trials"),
    )


# --- one trial


def opened(plan: "Plan", trials: Sequence["Trial"]) -> int | None:
    """The trial that is looked at: clicked, else the best, else the newest."""
    from builder import sweeps

    wanted: int | None = st.session_state.get("sweep_trial")
    if any(one.number == wanted for one in trials):
        return wanted
    best = sweeps.best(trials, plan)
    return best.number if best else trials[-1].number if trials else None


def _details(found: "Sweep", plan: "Plan", trials: Sequence["Trial"]) -> None:
    from builder.sweeps import suggest
    from builder.sweeps.space import shown

    number = opened(plan, trials)
    trial = next((one for one in trials if one.number == number), None)
    if trial is None:
        return
    word, tone, sign = signs.TRIAL["waits" if waits(trial) else trial.state]
    with parts.card(key="sweep_trial"):
        parts.html(
            f'<div class="lm-row"><h3>Trial {trial.number}</h3><span class="lm-sp"></span>'
            f"{parts.badge(word, tone, sign)}</div>",
            "trial-title",
        )
        if trial.message:
            parts.html(f'<p class="lm-m lm-s">{escape(trial.message)}</p>')
        items = [
            *(
                (comparison.figure_name(one.figure), comparison.figure(value))
                for one, value in zip(plan.objectives, trial.values)
            ),
            *((suggest.title(name), shown(value)) for name, value in trial.settings.items()),
        ]
        cells = "".join(
            f'<dt>{escape(name)}</dt><dd class="lm-mono">{escape(value)}</dd>'
            for name, value in items
        )
        parts.html(f'<dl class="rn-facts">{cells}</dl>')
        _ways(found, plan, trial)


def _ways(found: "Sweep", plan: "Plan", trial: "Trial") -> None:
    kept = trial.state == "complete"
    why = None if kept else "No state of this network was kept."
    with st.container(key="lm_run_ways", horizontal=True):
        if trial.run:
            for page in ("train", "evaluate", "explain"):
                closed = page != "train" and not kept
                if st.button(
                    chrome.TITLES[page],
                    key=f"sweep_to_{page}",
                    disabled=closed,
                    help=why if closed else None,
                ):
                    state.go(page, project=plan.project_id or None, run=trial.run)
        if (
            state.project_id()
            and trial.state != "failed"
            and found.plan.kind != "folds"
            and st.button("Use these settings", key="sweep_adopt_trial")
        ):
            adopt(found, trial)


def adopt(found: "Sweep", trial: "Trial") -> None:
    """Put the trial's settings into the open project."""
    from builder import sweeps

    try:
        state.save_project(sweeps.settled(state.project(), trial.settings))
    except LaminaError as error:
        st.toast(f"The project has changed since: {error}")
        return
    st.toast(
        f"The project has the settings of trial {trial.number} of {labels.plain(found.plan.name)}."
    )
