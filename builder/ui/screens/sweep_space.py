"""What a sweep varies, in the form: fields with their values or ranges, and what is wrong with each
beside it.
"""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.errors import LaminaError
from builder.ui import labels, parts, state

if TYPE_CHECKING:
    from builder.project import Project
    from builder.sweeps import Parameter
    from builder.sweeps.space import Condition
    from builder.sweeps.suggest import Suggestion

SPREAD = 5
"""So many values of a range are proposed for a grid."""


def show(
    project: "Project", offered: Mapping[str, "Suggestion"], *, grid: bool, loaded: bool
) -> tuple[list["Parameter"], bool]:
    """The card; the parameters, and whether they can be searched, as a `grid` or otherwise.

    Values are tried on the project once all is `loaded`: the optimisers come with torch.
    """
    from builder.sweeps import text

    _begin_with(offered)
    found: list[Parameter] = []
    problems: dict[str, LaminaError] = {}
    places: dict[str, Any] = {}
    with parts.card("What varies", "each trial draws one value of each", key="sweep_space"):
        for entry in list(_held()):
            with st.container(key=f"lm_sweep_row_{entry['field']}"):
                try:
                    entry["now"] = _row(entry, offered)
                    found.append(entry["now"])
                except LaminaError as error:
                    problems[entry["field"]] = error
                places[entry["field"]] = st.container()
        refused = st.session_state.pop("sweep_refused", None)
        _add(offered)
        if refused is not None:
            wrong(refused)
    if found and not problems:
        problems = _ungridded(found) if grid else {}
    if found and not problems and loaded:
        problems = _unfit(found, project)
    for field, what in problems.items():
        with places[field]:
            wrong(what)
            endless = [one for one in found if one.field == field and one.every() is None]
            if (
                grid
                and endless
                and st.button(f"Take {SPREAD} values of it", key=f"sweep_spread_{field}")
            ):
                _put(text.spread(endless[0], SPREAD))
                st.rerun()
    return found, bool(found) and not problems


def wrong(error: LaminaError) -> None:
    """What is wrong with a field, in a line below it."""
    parts.html(
        f'<p class="sw-wrong lm-s" role="alert">{parts.icon("cross")}<span><b>'
        f"{escape(error.fact)}</b> {escape(error.remedy)}</span></p>"
    )


def _unfit(found: list["Parameter"], project: "Project") -> dict[str, LaminaError]:
    """What the project refuses, by field."""
    from builder.sweeps import space

    try:
        space.fit(found, project)
    except LaminaError as error:
        fields = [one.field for one in found]
        return {error.place if error.place in fields else fields[-1]: error}
    return {}


def _ungridded(found: list["Parameter"]) -> dict[str, LaminaError]:
    """What a grid cannot go through: ranges without steps, or too many combinations."""
    from builder.sweeps import grid

    for one in found:
        if one.every() is None:
            fact = "Every combination needs single values; this range has no end of them."
            return {one.field: LaminaError(fact, remedy="Give a step, or:")}
    try:
        grid.grid(found)
    except LaminaError as error:
        return {found[-1].field: error}
    return {}


def _held() -> list[dict[str, Any]]:
    """The parameters in the form: {"field", "parameter"}, as the person added them."""
    held: list[dict[str, Any]] = st.session_state.setdefault("sweep_over", [])
    return held


def _begin_with(offered: Mapping[str, "Suggestion"]) -> None:
    """A form of this project, which varies the learning rate at first; fields that it does not
    have any more are dropped.
    """
    asked = state.project_id()
    if st.session_state.get("sweep_over_of") != asked:
        st.session_state["sweep_over_of"] = asked
        st.session_state["sweep_over"] = [
            {"field": name, "parameter": one.parameter}
            for name, one in offered.items()
            if name.startswith("recipe.") and name.endswith(".lr")
        ]


def _row(entry: dict[str, Any], offered: Mapping[str, "Suggestion"]) -> "Parameter":
    """One parameter with its space; raises LaminaError where that cannot be."""
    from builder.sweeps import suggest

    field: str = entry["field"]
    given: Parameter = entry["parameter"]
    where = offered[field].where if field in offered else ""
    with st.container(horizontal=True, vertical_alignment="center", key=f"lm_sweep_head_{field}"):
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
    return changed.model_copy(update={"when": _condition(given)})


def _range(given: "Parameter") -> "Parameter":
    from builder.sweeps.text import check_range

    low, high = given.ends
    one, two, three, four = st.columns([4, 4, 3, 4], vertical_alignment="bottom")
    name = given.field
    step = 1.0 if given.integer else abs(low or high / 10) / 2 or 0.1
    low = one.number_input("From", value=low, format="%.6g", step=step, key=f"sweep_low_{name}")
    high = two.number_input("To", value=high, format="%.6g", step=step, key=f"sweep_high_{name}")
    log = four.toggle(
        "Logarithmic",
        value=given.log,
        key=f"sweep_log_{name}",
        help="Draw evenly by order of magnitude, as learning rates want it.",
    )
    every = three.number_input(
        "In steps of",
        value=None if log else given.step,
        placeholder="–" if log else "any",
        format="%.6g",
        step=step,
        disabled=log,
        key=f"sweep_step_{name}_{log}",
    )
    changed = given.model_copy(update={"low": low, "high": high, "log": log, "step": every})
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


def _condition(given: "Parameter") -> Any:
    """Only where another parameter has one of some values: folded away."""
    from builder.sweeps import suggest
    from builder.sweeps.space import Condition, shown

    field, before = given.field, given.when
    others = [
        entry.get("now", entry["parameter"])
        for entry in _held()
        if entry["field"] != field and not entry["parameter"].ranged
    ]
    if not others:
        return None
    with st.popover(_when(before), key=f"sweep_when_{field}", type="tertiary"):
        names = {one.field: one for one in others}
        other = st.selectbox(
            "This counts only when",
            [None, *names],
            index=list(names).index(before.field) + 1 if before and before.field in names else 0,
            format_func=lambda name: suggest.title(name) if name else "always",
            key=f"sweep_when_field_{field}",
        )
        if other is None:
            return None
        values = names[other].values
        usual = [one for one in before.values if one in values] if before else None
        chosen = st.multiselect(
            "is one of",
            list(values),
            default=usual,
            format_func=shown,
            key=f"sweep_when_values_{field}_{other}",
        )
    if not chosen:
        raise LaminaError(
            f"It counts only when {suggest.title(other)} has a value, and none is chosen.",
            place=field,
            remedy="Choose one.",
        )
    return Condition(field=other, values=tuple(chosen))


def _when(condition: "Condition | None") -> str:
    """The condition in words, on the button that changes it."""
    from builder.sweeps import suggest
    from builder.sweeps.space import shown

    if condition is None:
        return "Only when …"
    values = " or ".join(shown(one) for one in condition.values)
    return labels.plain(f"Only when {suggest.title(condition.field)} is {values}")


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
        found = sweeps.parse(text)
        others = [entry.get("now", entry["parameter"]) for entry in _held()]
        beside = [one for one in others if found.when and one.field == found.when.field]
        (found,) = space.fit([*beside, found], state.project())[-1:]
    except LaminaError as error:
        st.session_state["sweep_refused"] = error
        return
    _put(found)
    st.session_state["sweep_text"] = ""


def _put(found: "Parameter") -> None:
    """The parameter in place of another of its field, with fields of its own in the form."""
    fresh = {"field": found.field, "parameter": found}
    held = _held()
    at = next((at for at, one in enumerate(held) if one["field"] == found.field), len(held))
    held[at : at + 1] = [fresh]
    for name in [str(key) for key in st.session_state]:
        if name.startswith("sweep_") and f"_{found.field}" in name:
            del st.session_state[name]
