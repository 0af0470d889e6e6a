"""How one column is treated: its type, gaps, scale and encoding, with what is in it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.data import names, rename
from builder.errors import LaminaError
from builder.project import Data, Project
from builder.ui import labels, parts, state
from builder.ui.dataset import heads, steps

if TYPE_CHECKING:
    from builder.data import Overview
    from builder.data.overview import ColumnView

TYPES = {
    "number": "Number",
    "category": "Category",
    "boolean": "Yes or no",
    "date": "Date and time",
    "text": "Free text",
}
MISSING = {
    "median": "Fill with the median",
    "mean": "Fill with the mean",
    "zero": "Fill with 0",
    "most_frequent": "Fill with the most frequent value",
    "own_category": "A category of their own",
    "drop_rows": "Leave these rows out",
}
SCALE = {
    "standard": "Mean 0, deviation 1",
    "minmax": "From 0 to 1",
    "robust": "By median and quartiles (outliers count less)",
    "none": "As it is",
}
ENCODE = {"onehot": "One 0/1 column per category", "embedding": "A code, for an Embedding layer"}
GAPS = {
    "number": ("median", "mean", "zero", "most_frequent", "drop_rows"),
    "date": ("median", "drop_rows"),
    "boolean": ("most_frequent", "zero", "drop_rows"),
    "category": ("own_category", "most_frequent", "drop_rows"),
    "text": ("own_category", "most_frequent", "drop_rows"),
}


OPEN = "column_dialog"
ALL = ""
"""In place of a column's name: the names of all columns."""


def ask(name: str) -> None:
    """Have `show` open the dialog for a column, or for the names of `ALL`."""
    st.session_state[OPEN] = (state.project_id(), name)


def show(project: Project, overview: "Overview") -> None:
    """Draw the dialog that is open, if one is: it outlives the page's being drawn anew by work that
    ends behind it.
    """
    owner, name = st.session_state.get(OPEN, (None, ALL))
    if owner is None or owner != state.project_id():
        return
    if name == ALL:
        draw = st.dialog("Name the columns", width="large", on_dismiss=_close)
        draw(_names)(project, overview)
        return
    if name not in {view.name for view in overview.columns}:
        _close()
        return
    called = heads.called(name, overview.headerless)
    title = called[:1].upper() + called[1:] if called != name else f"The column {called}"
    shown = called if name in overview.named.values() else ""
    draw = st.dialog(labels.plain(title), on_dismiss=_close)
    draw(_form)(project, overview, overview.column(name), shown)


def _close() -> None:
    st.session_state.pop(OPEN, None)


def _save(
    project: Project,
    data: Data,
    wanted: Mapping[str, str] | Sequence[str],
    headerless: bool,
) -> None:
    """Write the project, its columns called so, and close the dialog; or say why not."""
    try:
        with st.spinner("Looking at the columns …"):
            changed = heads.with_data(project, rename(data, wanted) if wanted != {} else data)
    except LaminaError as error:
        parts.failed(LaminaError(error.fact, remedy=error.remedy), key="column_failed")
        return
    _close()
    steps.save(project, changed, headerless=headerless)
    st.rerun()


def _form(project: Project, overview: "Overview", view: "ColumnView", shown: str) -> None:
    """`shown` is what the column is called where that may be changed."""
    parts.html(_facts(view, overview.rows), "column-facts")
    name = f"treat_{view.name}"
    called = ""
    if shown:
        called = st.text_input("Name", value=shown, key=f"{name}_name", max_chars=names.LONGEST)
    chosen: dict[str, Any] = {}
    chosen["type"] = _choice("Type", TYPES, tuple(TYPES), view.type, f"{name}_type")
    kind = chosen["type"]
    treatment = view.treatment
    if view.missing or treatment["missing"] == "drop_rows":
        allowed = GAPS[kind]
        now = treatment["missing"] if treatment["missing"] in allowed else allowed[0]
        chosen["missing"] = _choice("Gaps", MISSING, allowed, now, f"{name}_missing")
        if kind == "number" and chosen["missing"] != "drop_rows":
            chosen["flag_missing"] = st.toggle(
                "A 0/1 column beside it that says where the gaps were",
                value=treatment["flag_missing"] is not False,
                key=f"{name}_flag",
            )
    absent = st.text_input(
        "Also not known",
        value=", ".join(treatment["absent"]),
        placeholder="-999, 9999",
        help="Values of this column that stand for nothing known: they count as gaps, here and in "
        "every file to predict. Several are set apart by commas.",
        key=f"{name}_absent",
    )
    chosen["absent"] = tuple(word.strip() for word in absent.split(",") if word.strip())
    if kind in ("number", "date"):
        chosen["scale"] = _choice("Scale", SCALE, tuple(SCALE), treatment["scale"], f"{name}_scale")
    if kind == "number":
        chosen["log"] = st.toggle(
            "Take the logarithm first",
            value=bool(treatment["log"]),
            help="Good for amounts that range over powers of ten, such as prices.",
            key=f"{name}_log",
        )
    if kind in ("category", "boolean", "text"):
        chosen["encode"] = _choice(
            "Encoding", ENCODE, tuple(ENCODE), treatment["encode"], f"{name}_encode"
        )
    parts.html(
        '<p class="lm-f lm-s">Filling, scaling and codes are learnt from training rows only.</p>'
    )
    if st.button("Apply", type="primary", key=f"{name}_apply"):
        data = heads.treated(project.data, view.name, _told(view, chosen))
        wanted = {view.name: called} if called.strip() != shown else {}
        _save(project, data, wanted, overview.headerless)


def _names(project: Project, overview: "Overview") -> None:
    now = list(overview.named.values())
    known = [] if overview.headerless else now
    count = f"{len(now):,} name{'s' * (len(now) != 1)}"
    parts.html(
        f'<p class="lm-m">{count} in the file\'s order, set apart by commas or one a line. A list '
        "that came with the file can be pasted; of lines such as “age: continuous.” what stands "
        "before the colon is taken. Roles, types, target and split follow their columns.</p>",
        "names-help",
    )
    text = st.text_area(
        "Names",
        value=names.written(known) if known else "",
        placeholder=", ".join(f"name of column {place + 1}" for place in range(min(3, len(now)))),
        height=220,
        key="all_names",
    )
    if overview.preview:
        first = [str(overview.preview[0].get(name, "…")) for name in now]
        row = " · ".join(cell[:24] for cell in first[:40])
        parts.html(f'<p class="lm-f lm-s">The first row: {escape(row)}</p>', "names-row")
    with st.container(key="lm_names_buttons", horizontal=True):
        apply = st.button("Apply", type="primary", key="names_apply")
        own = any(old != new for old, new in overview.named.items())
        if own and st.button("As in the file", key="names_back"):
            text, apply = "", True
    if not apply:
        return
    try:
        wanted = names.parse(text)
    except LaminaError as error:
        parts.failed(LaminaError(error.fact, remedy=error.remedy), key="column_failed")
        return
    _save(project, project.data, wanted, overview.headerless)


def _choice(title: str, words: dict[str, str], allowed: tuple[str, ...], now: str, key: str) -> str:
    return str(
        st.selectbox(
            title,
            allowed,
            index=allowed.index(now) if now in allowed else 0,
            format_func=lambda value: words[value],
            key=key,
        )
    )


def _told(view: "ColumnView", chosen: dict[str, Any]) -> dict[str, Any]:
    """What differs from how it is treated now; the rest stays a guess."""
    now = {"type": view.type, **view.treatment}
    told = {key: value for key, value in chosen.items() if value != now.get(key)}
    if told.get("flag_missing") is True and now["flag_missing"] is None:
        del told["flag_missing"]
    return told


def _facts(view: "ColumnView", rows: int) -> str:
    facts = [f"{view.unique:,} different values"]
    share = view.missing / rows if rows else 0
    facts.append(f"{view.missing:,} empty ({share * 100:.1f} %)" if view.missing else "no gaps")
    for key in ("min", "median", "mean", "max", "std"):
        if key in view.numbers:
            facts.append(f"{key} {heads.short(view.numbers[key])} {view.unit}".strip())
    line = f'<p class="lm-m">{escape(" · ".join(facts))}</p>'
    most = max((count for _, count in view.top), default=1)
    bars = "".join(
        f'<div class="lm-bar"><span class="nm">{escape(text[:40]) or "(blank)"}</span>'
        f'<span class="tr"><i style="width:{count / most * 100:.0f}%"></i></span>'
        f'<span class="lm-f lm-s">{count:,}</span></div>'
        for text, count in view.top[:8]
    )
    why = f'<p class="lm-warn lm-s">Left out: {escape(view.why)}.</p>' if view.why else ""
    said = "".join(f'<p class="lm-f lm-s">“{escape(text)}”</p>' for text in view.examples)
    return line + bars + said + why
