"""A control for each kind of field: draws it, and gives values by path."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder.project import Optimizer, Schedule
from builder.ui import labels
from builder.ui.recipe import arguments
from builder.ui.recipe.declared import ARGUMENTS, Field

if TYPE_CHECKING:
    from builder.ui.recipe.form import Form

Draw = Callable[["Form", Field, Any], dict[str, Any]]
WIDE = ("optimizer", "schedule", "graphs", "rates", "nodes", "classes")
WHOLE = "%.16g"
"""Fields for whole numbers take any number: one that takes whole ones reads 2.5 as 2, 1e9 as 1."""
MOST_CLASSES = 24
"""Beyond so many classes their weights are set in the project file."""


def _help(field: Field) -> str:
    return f"{field.help}\n\n*Why this default?* {field.why}"


def _key(form: "Form", path: str) -> str:
    return f"{form.key}_{path.replace('.', '_')}"


def _beside(form: "Form", path: str) -> None:
    if path in form.beside:
        form.beside[path]()


def number(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """A number, whole or not; empty where that means something. Limits are told at the field."""
    whole = field.kind == "whole"
    known = None if value is None else float(value)
    typed = st.number_input(
        field.title,
        value=known,
        step=1.0 if whole else 0.1,
        format=WHOLE if whole else "%.6g",
        placeholder=field.empty or None,
        help=_help(field),
        key=_key(form, field.path),
    )
    form.slot(field.path)
    _beside(form, field.path)
    if typed is None and not field.empty:
        typed = known
    return {field.path: counted(typed) if whole else typed}


def counted(typed: float | None) -> int | float | None:
    """A whole number as one; what is none stays as it was typed, so that it is told and not cut."""
    return int(typed) if typed is not None and typed.is_integer() else typed


def choice(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """One of a few; "off" first where it may be left out."""
    options = [None, *field.choices] if field.empty else list(field.choices)
    chosen = st.selectbox(
        field.title,
        options,
        index=options.index(value) if value in options else 0,
        format_func=lambda one: field.empty if one is None else field.choices[one],
        help=_help(field),
        key=_key(form, field.path),
    )
    form.slot(field.path)
    return {field.path: chosen}


def text(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """A line of text; empty means none."""
    typed = st.text_input(
        field.title,
        value=str(value or ""),
        placeholder=field.empty or None,
        help=_help(field),
        key=_key(form, field.path),
    ).strip()
    form.slot(field.path)
    return {field.path: typed or (None if field.empty else value)}


def device(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """What can be trained on here, and what the project names although it is not here."""
    words = dict(form.devices)
    options = [*words] if value in words else [*words, value]
    chosen = st.selectbox(
        field.title,
        options,
        index=options.index(value),
        format_func=lambda name: words.get(name, f"{name} (not here)"),
        help=_help(field),
        key=_key(form, field.path),
    )
    form.slot(field.path)
    return {field.path: chosen}


def nodes(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """Some of the nodes with weights, or patterns of their names."""
    held = list(value or ())
    chosen = st.multiselect(
        field.title,
        [*form.nodes, *(name for name in held if name not in form.nodes)],
        default=held,
        accept_new_options=True,
        placeholder="every node learns",
        help=_help(field),
        key=_key(form, field.path),
    )
    form.slot(field.path)
    return {field.path: tuple(chosen)}


def rates(form: "Form", field: Field, value: Mapping[str, float]) -> dict[str, Any]:
    """Nodes (or patterns), and a multiple for each."""
    key = _key(form, field.path)
    held = list(value or {})
    chosen = st.multiselect(
        field.title,
        [*form.nodes, *(name for name in held if name not in form.nodes)],
        default=held,
        accept_new_options=True,
        placeholder="one rate for all nodes",
        help=_help(field),
        key=key,
    )
    found: dict[str, Any] = {}
    for place, name in zip(_places(len(chosen)), chosen):
        with place:
            found[name] = st.number_input(
                f"× rate of {labels.plain(name)}",
                value=float(value.get(name, 0.1)),
                format="%.6g",
                key=f"{key}_{name}",
            )
            form.slot(f"{field.path}.{name}")
    form.slot(field.path)
    return {field.path: found}


def classes(form: "Form", field: Field, value: Any) -> dict[str, Any]:
    """Off, balanced, or a weight for each class."""
    key = _key(form, field.path)
    words = {"off": "off", "balanced": "balanced: rare classes count more", "own": "one for each"}
    now = "own" if isinstance(value, Mapping) else value or "off"
    few = len(form.classes) <= MOST_CLASSES or now == "own"
    options = list(words) if few else ["off", "balanced"]
    chosen = st.columns(3)[0].selectbox(
        field.title,
        options,
        index=options.index(now),
        format_func=lambda one: words[one],
        help=_help(field),
        key=key,
    )
    found: Any = None if chosen == "off" else chosen
    if chosen == "own":
        held = value if isinstance(value, Mapping) else {}
        found = {}
        for place, name in zip(_places(len(form.classes)), form.classes):
            with place:
                weight = held.get(name, 1.0)
                found[name] = st.number_input(
                    labels.plain(name), value=float(weight), key=f"{key}_{name}"
                )
    form.slot(field.path)
    return {field.path: found}


def optimizer(form: "Form", field: Field, value: Optimizer) -> dict[str, Any]:
    """Its name and rate, and all its arguments folded."""
    return {field.path: _optimizer(form, field, value, field.path)}


def _optimizer(form: "Form", field: Field, value: Optimizer, path: str) -> dict[str, Any]:
    from builder.train import optim

    key = _key(form, path)
    names = [*optim.names()]
    names += [] if value.name in names else [value.name]
    one, two, three = st.columns(3)
    with one:
        name = st.selectbox(
            "Optimiser", names, index=names.index(value.name), help=_help(field), key=f"{key}_name"
        )
        form.slot(f"{path}.name")
    given = dict(value.arguments()) if name == value.name else {"lr": value.lr}
    known = optim.arguments(name) if name in optim.names() else {}
    with two:
        rate = st.number_input(
            "Learning rate",
            value=float(value.lr),
            format="%.6g",
            step=float(value.lr) / 2,
            help=f"{ARGUMENTS['lr']} It can be changed while training.\n\n"
            "*Why this default?* 0.001 suits AdamW on most networks; the finder looks for yours.",
            key=f"{key}_lr",
        )
        form.slot(f"{path}.lr")
        _beside(form, f"{path}.lr")
    rest = {argument: default for argument, default in known.items() if argument != "lr"}
    decay = {}
    if "weight_decay" in rest:
        with three:
            decay = arguments.fields(
                {"weight_decay": rest.pop("weight_decay")},
                given,
                key=f"{key}_{name}",
                path=path,
                slot=form.slot,
                columns=1,
            )
    opened = form.open.startswith(f"{path}.") and form.open not in (f"{path}.lr", f"{path}.name")
    with st.expander(f"More of {name}", expanded=opened, key=f"{key}_more"):
        chosen = arguments.fields(rest, given, key=f"{key}_{name}", path=path, slot=form.slot)
    return {"name": name, "lr": rate, **decay, **chosen}


def graphs(form: "Form", field: Field, value: Mapping[str, Optimizer]) -> dict[str, Any]:
    """For each of several graphs: the recipe's optimiser, or one of its own."""
    found: dict[str, Any] = {}
    for graph in form.project.graphs:
        path = f"{field.path}.{graph}"
        own = st.toggle(
            f"An optimiser of its own for {graph}",
            value=graph in value,
            help=_help(field),
            key=_key(form, path),
        )
        if own:
            found[graph] = _optimizer(form, field, value.get(graph, form.held.optimizer), path)
    form.slot(field.path)
    return {field.path: found}


def schedule(form: "Form", field: Field, value: Schedule) -> dict[str, Any]:
    """Its name and warm-up, and all its options folded."""
    from builder.train import schedule as schedules
    from builder.train import schedulers

    key, path = _key(form, field.path), field.path
    names = [*schedules.names()]
    names += [] if value.name in names else [value.name]
    one, two, _ = st.columns(3)
    with one:
        name = st.selectbox(
            field.title,
            names,
            index=names.index(value.name),
            format_func=lambda each: field.choices.get(each, each),
            help=_help(field),
            key=f"{key}_name",
        )
        form.slot(f"{path}.name")
    with two:
        warmup = st.number_input(
            "Warm-up",
            value=float(value.warmup),
            step=0.05,
            help="The share of the run over which the rate rises from nearly zero.\n\n"
            "*Why this default?* 0: small networks start well at full rate; 0.05 to 0.1 helps "
            "transformers and large batches.",
            key=f"{key}_warmup",
        )
        form.slot(f"{path}.warmup")
    known: Mapping[str, Any] = (
        schedulers.arguments(name)
        if name in schedulers.names()
        else schedules.OPTIONS.get(name, {})
    )
    given = value.options if name == value.name else {}
    options: dict[str, Any] = {}
    if known:
        opened = form.open.startswith(f"{path}.options")
        said = field.choices.get(name, name).partition(":")[0]
        with st.expander(f"More of {said}", expanded=opened, key=f"{key}_more"):
            options = arguments.fields(
                known, given, key=f"{key}_{name}", path=f"{path}.options", slot=form.slot
            )
    form.slot(path)
    return {path: {"name": name, "warmup": warmup, "options": options}}


def _places(count: int) -> list[Any]:
    """Columns for so many fields, four in a row."""
    return [place for _ in range(0, count, 4) for place in st.columns(4)][:count]


BY_KIND: Mapping[str, Draw] = {
    "whole": number,
    "number": number,
    "choice": choice,
    "text": text,
    "device": device,
    "nodes": nodes,
    "rates": rates,
    "classes": classes,
    "optimizer": optimizer,
    "graphs": graphs,
    "schedule": schedule,
}
