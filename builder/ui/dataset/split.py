"""The two cards below the table: how rows are shared out, and how the classes lie in each part."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from builder.project import Project, Split
from builder.ui import forms, parts, tokens
from builder.ui.components.splitbar import MOST, splitbar
from builder.ui.dataset import heads
from builder.ui.figures import number
from builder.wording import percent

if TYPE_CHECKING:
    from builder.data import Overview

KINDS = {
    "stratified": "Stratified: each class alike in every part",
    "random": "Random",
    "group": "By group: a group is never torn apart",
    "time": "By time: the latest rows are the test",
    "given": "As the data comes",
}
SHORT = {"random": "random", "given": "as the data comes split", "stratified": "stratified"}
PARTS = ("train", "validation", "test")
FEW = 4
"""So many classes are told apart by colour; of more, each is a column of its own."""
NAMED = 16
"""So many columns have room for their names."""
BEAT = "That is the figure to beat."
TRACK = 180  # pixels that the longest bar of the class balance has at least

Save = Callable[[Project], None]
Counts = Mapping[str, list[int]]
"""Rows per class, in the order of the classes, for each part."""


def show(
    project: Project,
    overview: "Overview",
    counts: Counts | None,
    save: Save,
    *,
    makes: bool = False,
) -> None:
    """Both cards, side by side. `makes`: the network learns to make such rows."""
    with st.container(key="lm_split_row", horizontal=True):
        with parts.card(key="split"):
            _head(project, overview, save)
            _bar(project, overview, save)
        if overview.balance or overview.problem == "regression":
            with parts.card(key="balance"):
                parts.html(_balance(overview, counts, makes=makes), "class-balance")


def _head(project: Project, overview: "Overview", save: Save) -> None:
    split = project.data.split
    by = heads.called(split.group or split.time or overview.target or "", overview.headerless)
    words = SHORT.get(split.kind, f"by {split.kind}")
    if split.kind in ("group", "time", "stratified") and by:
        words = f"by {by}" if split.kind != "stratified" else f"stratified by {by}"
    if split.kind == "stratified" and overview.problem == "regression":
        words = "random"
    if _keeps(split, overview) and project.data.options.get("test_path"):
        alike = f"stratified by {by}" if overview.problem == "classification" and by else "random"
        words = f"test from its own file, the rest {alike}"
    elif _keeps(split, overview):
        words = SHORT["given"]
    if split.folds is not None:
        words += f", fold {split.fold} of {split.folds} as validation"
    with st.container(
        key="lm_split_head",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        parts.html(parts.heading("Split", f"{words}, seed {split.seed}"))
        with st.popover("Change", type="tertiary", key="split_change"):
            _form(project, overview, save)


def _keeps(split: Split, overview: "Overview") -> bool:
    """Whether the parts that the data brings are kept; shares say nothing of these."""
    return overview.given and split.kind in ("given", "stratified")


def _form(project: Project, overview: "Overview", save: Save) -> None:
    split = project.data.split
    kinds = [kind for kind in KINDS if kind != "given" or overview.given]
    kind = st.selectbox(
        "How",
        kinds,
        index=kinds.index(split.kind) if split.kind in kinds else 0,
        format_func=lambda one: KINDS[one],
        key=f"split_kind_{split.kind}",
    )
    names = [view.name for view in overview.columns if view.name != overview.target]
    column = None
    if kind in ("group", "time"):
        if kind == "time":
            names = [v.name for v in overview.columns if v.type in ("date", "number")] or names
        now = split.group if kind == "group" else split.time
        column = st.selectbox(
            "Column",
            names,
            index=names.index(now) if now in names else None,
            format_func=lambda one: heads.called(one, overview.headerless),
            key=f"split_column_{kind}_{now}",
        )
    shares = _shares(split)
    if split.folds is not None:
        parts.html(
            f'<p class="lm-m lm-s">Validation is fold {split.fold} of {split.folds} of a '
            "cross-validation; its share is not used.</p>"
        )
    seed = forms.whole_number(
        "Seed",
        st.number_input(
            "Seed",
            0.0,
            2.0**53 - 1,
            float(split.seed),
            step=1.0,
            format=forms.WHOLE,
            key=f"split_seed_{split.seed}",
        ),
    )
    ready = (kind not in ("group", "time") or column is not None) and sum(shares) <= MOST
    ready = ready and seed is not None
    if st.button("Apply", type="primary", key="split_apply", disabled=not ready):
        asked = {
            "kind": kind,
            "validation": shares[0],
            "test": shares[1],
            "seed": seed or 0,
            "group": column if kind == "group" else None,
            "time": column if kind == "time" else None,
        }
        made = split.model_copy(update=asked)  # with what the form does not show
        data = project.data.model_copy(update={"split": made})
        save(project.model_copy(update={"data": data}))


def _shares(split: Split) -> tuple[float, float]:
    """Validation and test, exact by number; said where too little is left to learn from."""
    validation, test = (
        st.number_input(
            f"{name.capitalize()}, % of all rows",
            0.0,
            100 * MOST,
            round(now * 100, 1),
            step=1.0,
            format="%g",
            key=f"split_{name}_{now}",
        )
        / 100
        for name, now in (("validation", split.validation), ("test", split.test))
    )
    if validation + test > MOST:
        parts.html(
            f'<p class="lm-err lm-s">Only {max(0.0, 1 - validation - test) * 100:.0f} % would be '
            f"left to learn from; leave at least {(1 - MOST) * 100:.0f} %.</p>"
        )
    return round(validation, 3), round(test, 3)


def _bar(project: Project, overview: "Overview", save: Save) -> None:
    if not sum(overview.sizes.values()):
        parts.html(
            '<p class="lm-m lm-s">The rows cannot be shared out yet; see what is to decide.</p>',
            "split-bar",
        )
        return
    split = project.data.split
    moved = splitbar(
        "split_bar",
        overview.sizes,
        (split.validation, split.test),
        movable=split.folds is None and split.kind != "given" and not _keeps(split, overview),
    )
    parts.html(LOCKED, "split-bar")
    if moved is not None and moved != (split.validation, split.test):
        validation, test = moved
        made = split.model_copy(update={"validation": validation, "test": test})
        save(project.model_copy(update={"data": project.data.model_copy(update={"split": made})}))


LOCKED = (
    f'<div class="lm-row lm-s lm-m lm-lock"><span class="lm-ok">{parts.icon("lock", False)}'
    "</span><span>Test rows stay locked until Evaluate. Filling, scaling and category codes are "
    "learnt from train rows only.</span></div>"
)


def _balance(overview: "Overview", counts: Counts | None, *, makes: bool = False) -> str:
    if overview.problem == "regression":
        return _spread(overview)
    classes = [name for name, _ in overview.balance]
    total = sum(count for _, count in overview.balance) or 1
    most, largest = max(overview.balance, key=lambda pair: pair[1])
    share = largest / total
    tone = (
        "Balanced"
        if share < 1.15 / len(classes)
        else "Mild imbalance"
        if share < 0.8
        else "Strong imbalance"
    )
    rows = counts or {"all rows": [count for _, count in overview.balance]}
    widest = max(sum(values) for values in rows.values()) or 1
    if len(classes) > FEW:
        head = f'<span class="lm-s lm-f">{len(classes):,} classes, rows of each</span>'
        drawn = _columns(rows, classes)
    else:
        keys = "".join(_key(place, name) for place, name in enumerate(classes))
        head = f'<span class="lm-row lm-s lm-keys">{keys}</span>'
        lines = "".join(_class_bar(name, v, widest, classes) for name, v in rows.items())
        drawn = f'<div class="lm-bbs">{lines}</div>'
    told = percent(share, 1)
    said = f"always answering “{escape(most)}” is right {told} of the time. " + BEAT
    if makes:
        said = f"“{escape(most)}” is {told} of all rows. The judge of what is made "
        said += "learns these classes; what is made should show each of them."
    return (
        f'<div class="lm-row"><h3>Class balance</h3><span class="lm-sp"></span>{head}</div>'
        f'{drawn}<p class="lm-s lm-m lm-beat">{tone}: {said}</p>'
    )


def _key(place: int, name: str) -> str:
    """A class's colour and name; a long name is cut by the page, and told whole on hover."""
    return (
        f'<span class="lm-key" title="{escape(name)}"><i '
        f'style="background:{tokens.of_class(place)}"></i><span>{escape(name)}</span></span>'
    )


def _columns(rows: Counts, classes: Sequence[str]) -> str:
    """Many classes: a row of columns for each part, one column a class, as high as its rows are
    many within the part; names stand below where they are short.
    """
    lines = []
    for name, counts in rows.items():
        most = max(counts, default=1) or 1
        columns = "".join(
            f'<i style="height:{max(n / most * 100, 3 if n else 0):.0f}%" '
            f'title="{escape(called)}: {n:,}"></i>'
            for called, n in zip(classes, counts, strict=True)
        )
        lines.append(
            f'<span>{name.capitalize()}</span><div class="cs">{columns}</div>'
            f"<span>{sum(counts):,}</span>"
        )
    if len(classes) <= NAMED and all(len(name) <= 4 for name in classes):
        below = "".join(f"<span>{escape(name)}</span>" for name in classes)
        lines.append(f'<span></span><div class="cn">{below}</div><span></span>')
    return f'<div class="lm-cols">{"".join(lines)}</div>'


def _class_bar(name: str, counts: Sequence[int], widest: int, classes: Sequence[str]) -> str:
    """One split's bar: a number stands in its class's piece, beside the bar where it is too long
    for it.
    """
    room = TRACK / widest
    fits = [n * room >= 7 * len(f"{n:,}") + 8 for n in counts]
    pieces = "".join(
        f'<i style="flex:{n};background:{tokens.of_class(i)}" title="{escape(classes[i])}: {n:,}">'
        f"{f'{n:,}' if fits[i] else ''}</i>"
        for i, n in enumerate(counts)
        if n
    )
    beside = "".join(
        f'<span class="lm-key" title="{escape(classes[i])}"><i '
        f'style="background:{tokens.of_class(i)}"></i>{n:,}</span>'
        for i, n in enumerate(counts)
        if not fits[i]
    )
    return (
        f'<div class="lm-bb"><span>{name.capitalize()}</span><div class="tr" '
        f'style="width:{sum(counts) / widest * 100:.1f}%">{pieces}</div>'
        f'<div class="by">{beside}</div></div>'
    )


def _spread(overview: "Overview") -> str:
    view = overview.column(overview.target or "")
    name = heads.called(view.name, overview.headerless)
    most = max(view.counts, default=1) or 1
    step = 440 / max(len(view.counts), 1)
    bars = "".join(
        f'<rect x="{i * step:.1f}" y="{90 - max(count / most * 88, 0.5):.1f}" '
        f'width="{max(step - 1.5, 1):.1f}" '
        f'height="{max(count / most * 88, 0.5):.1f}" rx="1.5" fill="var(--train)" '
        'fill-opacity=".75"/>'
        for i, count in enumerate(view.counts)
    )
    drawing = parts.picture(
        f'<svg width="440" height="90" viewBox="0 0 440 90" preserveAspectRatio="none">{bars}</svg>'
        "",
        f"histogram of {name}",
    )
    figures = {
        key: float(value) for key, value in view.numbers.items() if not isinstance(value, str)
    }
    return (
        f'<div class="lm-row"><h3>Spread of {escape(name)}</h3></div><div class="lm-wide">'
        f"{drawing}</div>"
        '<div class="lm-row lm-s lm-f" style="justify-content:space-between"><span>'
        f"{number(figures.get('min', 0.0))}</span>"
        f'<span>{number(figures.get("max", 0.0))}</span></div><p class="lm-s lm-m lm-beat">Always '
        "answering the mean "
        f"({number(figures.get('mean', 0.0))}) misses by {number(figures.get('std', 0.0))} "
        "(root mean square). "
        f"{BEAT}</p>"
    )
