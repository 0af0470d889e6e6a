"""The Train page before a run: the recipe, what it will cost, and the start."""

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.project import Project, Recipe
from builder.ui import chrome, labels, parts, state
from builder.ui.recipe import Form
from builder.ui.recipe.controls import WHOLE, counted
from builder.ui.recipe.declared import title
from builder.ui.screens import train_find

REFUSED = "train_refused"
UNFIT = "Mend what is told below first."
NO_DATA = LaminaError(
    "This project has no data yet, so there is nothing to learn from.",
    remedy="Choose data on the Data page; then it can be trained.",
)


def show(project: Project, project_id: str) -> None:
    """The form at the left; finders, costs and earlier runs at the right."""
    started = False
    kept = f"train_held_{project_id}"
    reason = st.session_state.get(kept, "")

    def actions() -> None:
        nonlocal started
        place = st.empty()
        started = place.button(
            "Train",
            type="primary",
            key="train_start",
            icon=":material/play_arrow:",
            disabled=bool(reason),
            help=reason or None,
        )
        if started:  # seen at once, while the form and the start take their time
            place.button("Starting …", key="train_starting", disabled=True)

    chrome.bar([project.name, "recipe"], actions=actions)
    with st.container(key="lm_body_train"):
        left, right = st.columns([2, 1], gap="medium")
        spec = _spec(project)
        with left:
            form = _form(project, project_id, spec)
            changed = _saved(form, project)
            launched = launcher(f"train_{project_id}")
        with right:
            train_find.cards(changed or project, project_id)
            resolved = _resolved(form, changed, spec)
            _before(changed or project, spec, resolved, project_id)
            _earlier(project_id)
        if changed is not None:
            with left:
                _again(form, changed)
                if started and resolved is not None:
                    _start(form, changed, project_id, *launched)
    unfit = changed is None or (resolved is None and not isinstance(spec, LaminaError))
    now = held(form) if unfit else ""
    st.session_state[kept] = now
    if started or now != reason:  # a start goes to its run: here it was refused
        st.rerun()


def held(form: Form) -> str:
    """Why nothing can be trained now: fields hold what is not saved."""
    titles = " and ".join(dict.fromkeys(map(title, form.wrong)))
    return f"Mend {titles} first: what is there now cannot be used." if titles else UNFIT


def _spec(project: Project) -> Any:
    """What the data gives; the error that says why there is nothing."""
    from builder import data

    try:
        return data.specs(project)
    except LaminaError as error:
        return error


def _form(project: Project, project_id: str, spec: Any) -> Form:
    beside = {
        "optimizer.lr": lambda: train_find.button("rate", project_id),
        "batch_size": lambda: train_find.button("batch", project_id),
    }
    form = Form(
        project,
        project.recipe,
        key=f"recipe_{project_id}_{train_find.taken(project_id)}",
        devices=devices(),
        classes=classes_of(spec),
        nodes=nodes_of(project, spec),
        beside={} if isinstance(spec, LaminaError) else beside,
    )
    form.draw()
    return form


def classes_of(spec: Any) -> tuple[str, ...]:
    """The target's classes; none where it has none."""
    target = getattr(spec, "target", None)
    return tuple(map(str, target.classes)) if target is not None and target.kind == "class" else ()


def nodes_of(project: Project, spec: Any) -> tuple[str, ...]:
    """The nodes with weights; "graph/node" of several graphs."""
    from builder import compile as compiling

    if isinstance(spec, LaminaError):
        return ()
    found: list[str] = []
    for name, graph in project.graphs.items():
        checked = compiling.check(graph, spec.inputs, modules=project.modules).nodes
        own = [node for node, told in checked.items() if told.parameters and "/" not in node]
        found += own if len(project.graphs) == 1 else [f"{name}/{node}" for node in own]
    return tuple(found)


def devices() -> list[tuple[str, str]]:
    """What can be trained on, as (name for the recipe, words with free memory and load)."""
    from builder import runs

    found = [("auto", "automatic")]
    for device in runs.devices():
        load = f", {device.load * 100:.0f} % busy" if device.load is not None else ""
        free = f"{device.memory_free / 1e9:.1f} of {device.memory_total / 1e9:.1f} GB free"
        found.append((device.name, f"{device.title}: {free}{load}"))
    return found


def _saved(form: Form, project: Project) -> Project | None:
    """The project with the form's recipe, saved where it differs; None where a field is wrong."""
    made = form.recipe()
    if made is None:
        return None
    if made == project.recipe:
        return project
    changed = project.model_copy(update={"recipe": made})
    try:
        state.save_project(changed)
    except LaminaError as error:
        parts.failed(error)
    return changed


def launcher(key: str) -> tuple[str, int]:
    """Who trains it, in how many processes: folded; where it does not fit, the reason."""
    from builder.runs import launchers

    known = launchers.catalogue()
    with st.expander("Workers :gray[· one process, several, or a cluster]", key=f"{key}_workers"):
        one, two, _ = st.columns(3)
        name = one.selectbox(
            "Launcher",
            list(known),
            format_func=lambda each: known[each].title,
            help="Who starts the processes that train together.\n\n*Why this default?* One process "
            "is quickest for what one device can do.",
            key=f"{key}_launcher",
        )
        count: Any = two.number_input(
            "Processes",
            value=1.0 if name == launchers.DEFAULT else 2.0,
            step=1.0,
            format=WHOLE,
            disabled=name == launchers.DEFAULT,
            help="Each takes its share of every batch.\n\n*Why this default?* Two show that it "
            "works; one for each GPU is usual.",
            key=f"{key}_processes_{name}",
        )
        parts.html(f'<p class="lm-f lm-s">{escape(known[name].help)}</p>')
        count = 1 if name == launchers.DEFAULT else counted(count or 0.0)
        try:
            launchers.check(name, count, "cpu")
        except LaminaError as error:
            said = f"{error.fact} {error.remedy or ''}"
            parts.html(f'<p class="lm-err lm-s">{escape(said)}</p>', "field-wrong")
    return name, count


def _resolved(form: Form, project: Project | None, spec: Any) -> Any:
    """The recipe with every choice made; None, and the mistake at its field, if it cannot run."""
    from builder import train

    if project is None or isinstance(spec, LaminaError):
        return None
    try:
        found = train.resolve(project.recipe, spec)
    except LaminaError as error:
        if not form.told(error):
            parts.failed(error, key="train_unfit")
        return None
    form.sound()
    return found


def _before(project: Project, spec: Any, resolved: Any, project_id: str) -> None:
    """What should be looked at before the start."""
    from builder import compile as compiling
    from builder import tasks

    with parts.card("Before you train", key="train_before"):
        if isinstance(spec, LaminaError):
            if parts.failed(
                spec if project.data.source else NO_DATA, button="Go to Data", key="train_data"
            ):
                state.go("data")
            return
        recipe: Recipe = resolved.recipe if resolved is not None else project.recipe
        batch, there = recipe.batch_size or 64, spec.sizes.get("train", 0)
        whole = 0 < there < batch
        try:
            wanted = tasks.output_shapes(project, spec)
            checks = {
                name: compiling.check(
                    graph,
                    spec.inputs,
                    modules=project.modules,
                    output_shape=wanted[name],
                    batch_size=there if whole else batch,
                )
                for name, graph in project.graphs.items()
            }
        except LaminaError as error:
            if parts.failed(error, button="Go to Data", key="train_data"):
                state.go("data")
            return
        rows = ", ".join(f"{count:,} {name}" for name, count in spec.sizes.items())
        lines = [
            ("Rows", rows),
            *_sizes(checks),
        ]
        if whole:
            lines.insert(1, ("Rows in a batch", f"{there:,}, all there are to train on"))
        _lines(lines)
        if resolved is not None:
            _choices(resolved.choices)
            if "length" in resolved.choices:
                _longer(project, spec, project_id)
        errors = [
            issue for one in checks.values() for issue in one.issues if issue.severity == "error"
        ]
        for issue in errors[:3]:
            parts.html(
                f'<div class="lm-err lm-s" style="margin-top:6px">{parts.icon("cross")} '
                f"<b>{escape(issue.title)}</b> {escape(issue.message)}</div>",
                "train-issue",
            )
        if errors and st.button("Repair on the canvas", key="train_repair"):
            state.go("build")


def _sizes(checks: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What all graphs need together, and the parameters of each where there are several."""
    parameters = sum(one.parameters for one in checks.values())
    macs = sum(one.macs for one in checks.values())
    memory = sum(one.memory_bytes for one in checks.values())
    several = checks if len(checks) > 1 else {}
    return [
        ("Parameters", f"{parameters:,}"),
        *((f"of {name}", f"{one.parameters:,}") for name, one in several.items()),
        ("Multiply-adds per row", f"{macs:,}"),
        ("Memory", f"{_megabytes(memory)} at this batch size"),
    ]


def _longer(project: Project, spec: Any, project_id: str) -> None:
    """The press that makes a very short run long enough."""
    from builder.train import length

    epochs = length.more_epochs(project.recipe, spec.sizes.get("train", 0))
    if epochs and st.button(f"Make it {epochs:,} epochs", key="train_longer"):
        train_find.take(project, project_id, {"epochs": epochs})
        st.rerun()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else "less than 1 MB"


def _lines(lines: list[tuple[str, str]]) -> None:
    parts.html(
        "".join(
            f'<div class="lm-row" style="justify-content:space-between;margin-top:4px">'
            f'<span class="lm-f lm-s">{escape(name)}</span>'
            f'<b class="lm-s" style="text-align:right">{escape(value)}</b></div>'
            for name, value in lines
        )
    )


def _choices(choices: Any) -> None:
    """What was left open and is chosen now, with the reason."""
    said = "".join(
        f'<p class="lm-f lm-s" style="margin:3px 0 0"><b class="lm-m">'
        f"{escape(name.replace('_', ' ').capitalize())}</b> {escape(words)}</p>"
        for name, words in choices.items()
        if name not in ("memory", "threads", "optimizer")  # the start tells them, with the cost
    )
    parts.html(f'<div style="margin-top:8px">{said}</div>', "train-choices")


def _earlier(project_id: str) -> None:
    from builder import runs

    rows = runs.list_runs(project_id)[:6]
    if not rows:
        return
    with parts.card("Earlier runs", key="train_earlier"):
        for row in rows:
            tone = {"finished": "ok", "failed": "err", "running": "acc"}.get(row.status, "n")
            with st.container(
                key=f"lm_earlier_{row.id}", horizontal=True, vertical_alignment="center"
            ):
                if st.button(
                    labels.plain(row.name or row.id), key=f"open_{row.id}", type="tertiary"
                ):
                    st.session_state.pop("train_recipe", None)
                    state.set_run(row.id)
                    st.rerun()
                parts.html(parts.badge(row.status, tone))  # type: ignore[arg-type]


def _again(form: Form, project: Project) -> None:
    """A start that was refused is told until the recipe has changed."""
    digest, error = st.session_state.get(REFUSED, ("", None))
    if error is None:
        return
    if digest != project.digest():
        st.session_state.pop(REFUSED)
        form.sound()
        return
    if not form.told(error):
        where = (error.place or "").partition(".")[0]
        page = {"data": "data", "task": "data", "graphs": "build"}.get(where.split(" ")[0], "")
        page = page or ("build" if where.startswith("node ") else "")
        button = f"Go to {chrome.TITLES[page]}" if page else ""
        if parts.failed(error, button=button, key="train_refused"):
            state.go(page)


def _start(form: Form, project: Project, project_id: str, name: str, workers: int) -> None:
    from builder import runs

    try:
        run = runs.start(project, project_id=project_id, launcher=name, workers=workers)
    except LaminaError as error:
        st.session_state[REFUSED] = (project.digest(), error)
        _again(form, project)
        return
    st.session_state.pop(REFUSED, None)
    st.session_state.pop("train_recipe", None)
    state.set_run(run.id)
    st.rerun()
