"""The form for a new sweep: fields of recipe and nodes with their spaces, and how to search."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import chrome, parts, state, work

if TYPE_CHECKING:
    from builder.project import Project
    from builder.sweeps import Parameter
    from builder.sweeps.suggest import Suggestion

SAMPLERS = {
    "tpe": "Learns from trials (TPE)",
    "random": "Random",
    "grid": "Every combination",
}
PRUNERS = {
    "median": "Worse than the median",
    "halving": "Successive halving",
    "none": "None",
}
FIRST = ("recipe.optimizer.lr",)
"""What a new form begins with."""


def show() -> None:
    """Draw the form."""
    from builder.sweeps import suggest

    project = state.project()
    begin = st.empty()
    offered = {one.field: one for one in suggest.suggestions(project)}
    _begin_with(offered)
    check = _checked(project)
    with st.container(key="lm_body_sweep_form"):
        left, right = st.columns([8, 5], gap="small")
        with left:
            over, problem = _space(offered)
        with right:
            figures, fit = _verdict(check)
            how = _how(project, figures or [project.recipe.monitor])
            _meaning(project, over, how)
    with begin.container():
        chrome.bar(
            (project.name, "Runs", "New sweep"),
            actions=lambda: _actions(project, over, how, blocked=bool(problem) or not fit),
        )


def _actions(
    project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any], *, blocked: bool
) -> None:
    _back()
    if st.button(
        "Start the sweep",
        type="primary",
        icon=":material/play_arrow:",
        key="sweep_start",
        disabled=blocked or not over,
    ):
        _start(project, over, how)


def _back() -> None:
    if st.button("All runs", icon=":material/arrow_back:", key="sweep_form_back"):
        state.go("runs")


def _start(project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any]) -> None:
    from builder import sweeps

    try:
        begun = sweeps.start(project, over, project_id=state.project_id() or "", **how)
    except LaminaError as error:
        st.session_state["sweep_refused"] = error
        st.rerun()
    st.session_state.pop("sweep_trial", None)
    state.go("runs", sweep=begun.id)


# --- what varies


def _held() -> list[dict[str, Any]]:
    """The parameters in the form: {"field", "parameter"}, as the person added them."""
    held: list[dict[str, Any]] = st.session_state.setdefault("sweep_over", [])
    return held


def _begin_with(offered: Mapping[str, "Suggestion"]) -> None:
    """A form of this project; fields that it does not have any more are dropped."""
    asked = state.project_id()
    if st.session_state.get("sweep_over_of") != asked:
        st.session_state["sweep_over_of"] = asked
        st.session_state["sweep_over"] = [
            {"field": name, "parameter": offered[name].parameter}
            for name in FIRST
            if name in offered
        ]


def _space(offered: Mapping[str, "Suggestion"]) -> tuple[list["Parameter"], str]:
    """The card with what varies; the parameters, and what is wrong with them."""
    found, problem = [], ""
    with parts.card("What varies", "each trial draws one value of each", key="sweep_space"):
        for entry in list(_held()):
            try:
                found.append(_row(entry, offered))
            except LaminaError as error:
                problem = str(error)
                parts.failed(error, key=f"sweep_bad_{entry['field']}")
        _add(offered)
        refused = st.session_state.pop("sweep_refused", None)
        if refused is not None:
            parts.failed(refused, key="sweep_refused_card")
    return found, problem


def _row(entry: dict[str, Any], offered: Mapping[str, "Suggestion"]) -> "Parameter":
    """One parameter with its space; raises LaminaError where that cannot be."""
    from builder.sweeps import suggest

    field: str = entry["field"]
    given: Parameter = entry["parameter"]
    where = offered[field].where if field in offered else ""
    with st.container(key=f"lm_sweep_row_{field}"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"lm_sweep_head_{field}"
        ):
            parts.html(
                f'<div class="lm-row"><b>{escape(suggest.title(field))}</b>'
                f'<span class="lm-f lm-s">{escape(where)}</span><span class="lm-sp"></span>'
                f'<span class="lm-mono lm-f">{escape(field)}</span></div>'
            )
            if st.button(
                "Remove",
                icon=":material/close:",
                key=f"sweep_remove_{field}",
                type="tertiary",
                width="content",
            ):
                _held().remove(entry)
                st.rerun()
        changed = _range(given) if given.ranged else _choices(given)
        return changed.model_copy(update={"when": _condition(field)})


def _range(given: "Parameter") -> "Parameter":
    from builder.sweeps.text import check_range

    low, high = given.ends
    one, two, three = st.columns([4, 4, 3], vertical_alignment="bottom")
    name = given.field
    whole = given.integer
    step = (low or high / 10) / 2
    low = one.number_input("From", value=low, format="%.6g", step=step, key=f"sweep_low_{name}")
    high = two.number_input("To", value=high, format="%.6g", step=step, key=f"sweep_high_{name}")
    log = three.toggle(
        "Logarithmic",
        value=given.log,
        key=f"sweep_log_{name}",
        help="Draw evenly by order of magnitude, as learning rates want it.",
    )
    changed = given.model_copy(update={"low": low, "high": high, "log": log, "integer": whole})
    check_range(changed)
    return changed


def _choices(given: "Parameter") -> "Parameter":
    from builder.sweeps.space import shown
    from builder.sweeps.text import values_of

    words = st.multiselect(
        "Values",
        [shown(one) for one in given.values],
        default=[shown(one) for one in given.values],
        accept_new_options=True,
        key=f"sweep_values_{given.field}",
        label_visibility="collapsed",
        help="Type a value to add it.",
    )
    if len(words) < 2:
        raise LaminaError(
            "One value is no choice.", place=given.field, remedy="Add another, or remove the field."
        )
    by_word = {shown(one): one for one in given.values}
    values = [
        by_word[word] if word in by_word else values_of(word, given.field)[0] for word in words
    ]
    return given.model_copy(update={"values": tuple(values)})


def _condition(field: str) -> Any:
    """Only where another parameter has one of some values: folded away."""
    from builder.sweeps import suggest
    from builder.sweeps.space import Condition, shown

    others = [
        entry["parameter"]
        for entry in _held()
        if entry["field"] != field and not entry["parameter"].ranged
    ]
    if not others:
        return None
    with st.popover("Only when …", key=f"sweep_when_{field}", type="tertiary"):
        names = {one.field: one for one in others}
        other = st.selectbox(
            "This counts only when",
            [None, *names],
            format_func=lambda name: suggest.title(name) if name else "always",
            key=f"sweep_when_field_{field}",
        )
        if other is None:
            return None
        values = names[other].values
        chosen = st.multiselect(
            "is one of", list(values), format_func=shown, key=f"sweep_when_values_{field}"
        )
    return Condition(field=other, values=tuple(chosen)) if chosen else None


def _add(offered: Mapping[str, "Suggestion"]) -> None:
    held = {entry["field"] for entry in _held()}
    free = [name for name in offered if name not in held]
    st.selectbox(
        "Add a field",
        free,
        index=None,
        format_func=lambda name: _offer(offered, name),
        placeholder="Add a field of the recipe or of a node …",
        label_visibility="collapsed",
        key="sweep_add",
        on_change=lambda: _added(offered),
    )
    with st.expander("Any other field", key="sweep_other"):
        st.text_input(
            "FIELD=VALUES",
            placeholder="recipe.optimizer.betas=[0.9,0.999],[0.8,0.99]",
            help="A range 1e-4..1e-1:log, or values with commas between; see docs/sweeps.md.",
            key="sweep_text",
            on_change=_written,
        )


def _offer(offered: Mapping[str, "Suggestion"], name: str | None) -> str:
    one = offered.get(name or "")
    return f"{one.title} · {one.where}" if one else ""


def _added(offered: Mapping[str, "Suggestion"]) -> None:
    name = str(st.session_state.get("sweep_add"))
    if name in offered and all(entry["field"] != name for entry in _held()):
        _held().append({"field": name, "parameter": offered[name].parameter})
    st.session_state["sweep_add"] = None


def _written() -> None:
    from builder import sweeps
    from builder.sweeps import space

    text = st.session_state.get("sweep_text", "").strip()
    if not text:
        return
    try:
        (found,) = space.fit([sweeps.parse(text)], state.project())
    except LaminaError as error:
        st.session_state["sweep_refused"] = error
        return
    _held()[:] = [entry for entry in _held() if entry["field"] != found.field]
    _held().append({"field": found.field, "parameter": found})
    st.session_state["sweep_text"] = ""


# --- how


def _checked(project: "Project") -> "work.Job[list[str]]":
    """The check of the project, in a thread of its own; it gives what may be an objective."""

    def check(_: work.Report) -> list[str]:
        from builder import runs
        from builder.sweeps import launch

        return launch.figures(runs.check(project))

    return work.job(work.own("sweep_check"), check, fresh=project.digest())


def _verdict(check: "work.Job[list[str]]") -> tuple[list[str], bool]:
    """What may be an objective, and whether the project can run; says so where it cannot."""
    if not check.finished(wait=0.3):
        st.fragment(_wait, run_every=0.5)(check)
        return [], False
    try:
        return list(check.outcome() or []), True
    except LaminaError as error:
        if parts.failed(error, button="Go to Build", key="sweep_unfit"):
            state.go("build")
        return [], False


def _wait(check: "work.Job[list[str]]") -> None:
    if check.finished():
        st.rerun()
    parts.html('<p class="lm-f lm-s">The project is being checked …</p>', "sweep-checking")


def _how(project: "Project", figures: Sequence[str]) -> dict[str, Any]:
    from builder.sweeps import grid
    from builder.ui.screens.sweep_view import figure_name

    with parts.card("How", key="sweep_how"):
        sampler = st.segmented_control(
            "Next values",
            list(SAMPLERS),
            default="tpe",
            required=True,
            format_func=SAMPLERS.__getitem__,
            key="sweep_sampler",
        )
        first = [project.recipe.monitor] if project.recipe.monitor in figures else figures[:1]
        objectives = st.multiselect(
            "Best by",
            figures,
            default=first,
            format_func=figure_name,
            max_selections=3,
            key="sweep_objectives",
            help="With two or three there is no single best: a Pareto front is shown.",
        )
        one, two = st.columns(2)
        trials = one.number_input(
            "Trials",
            min_value=1,
            max_value=grid.LARGEST,
            value=20,
            key="sweep_trials",
            disabled=sampler == "grid",
            help="Each is a run of its own, kept on the Runs page.",
        )
        single = len(objectives) == 1 and objectives[0] not in ("seconds", "parameters")
        pruner = two.selectbox(
            "Give up early",
            list(PRUNERS) if single else ["none"],
            format_func=PRUNERS.__getitem__,
            key="sweep_pruner",
            help="Trials that fall behind are stopped; their curves stay.",
        )
        name = st.text_input("Name", max_chars=120, placeholder="by number", key="sweep_name")
    return {
        "sampler": str(sampler),
        "objectives": list(objectives),
        "trials": None if sampler == "grid" else int(trials),
        "pruner": pruner,
        "name": name,
    }


def _meaning(project: "Project", over: Sequence["Parameter"], how: Mapping[str, Any]) -> None:
    """What will happen, in a sentence."""
    from builder import runs
    from builder.sweeps import grid

    device = project.recipe.device if project.recipe.device != "auto" else "cpu"
    try:
        points = len(grid.grid(over)) if how["sampler"] == "grid" and over else None
    except LaminaError as error:
        parts.failed(error, key="sweep_grid_failed")
        return
    count = points if points is not None else how["trials"]
    at_once = min(runs.limits(device), count or 1)
    words = (
        f"{count:,} run{'s' * (count != 1)} of up to {project.recipe.epochs:,} epochs, "
        f"{at_once} at once. Single runs go before them. You may close this page."
    )
    parts.html(f'<p class="lm-m lm-s">{escape(words)}</p>', "sweep-meaning")
