"""Fork from here: a new run that goes on from a kept state, with a changed recipe."""

from html import escape
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.project import Project, Recipe, Step
from builder.runs.fork import Difference, begins, differences, nearly_over
from builder.ui import chrome, comparison, forms, parts, state
from builder.ui.recipe import Form
from builder.ui.screens import train_recipe

ASKED = "train_fork"


def asked() -> tuple[str, str] | None:
    """The run and the checkpoint that somebody wants to fork, if any."""
    found = st.session_state.get(ASKED)
    return found if isinstance(found, tuple) else None


def ask(run_id: str, checkpoint: str) -> None:
    """Show the form from now on, from its top."""
    chrome.to_top()
    st.session_state[ASKED] = (run_id, checkpoint)


def leave() -> None:
    """Back to the run."""
    st.session_state.pop(ASKED, None)


def show(run: Any, wished: str) -> None:
    """The form at the left, what will change at the right."""
    started = False
    held = f"fork_held_{run.id}"
    reason = st.session_state.get(held, "")

    def actions() -> None:
        nonlocal started
        if st.button("Cancel", key="fork_cancel"):
            leave()
            st.rerun()
        started = st.button(
            "Start the fork",
            type="primary",
            key="fork_start",
            disabled=bool(reason),
            help=reason or None,
        )

    from builder.train import checkpoint

    project = run.project()
    name = str(run.info.get("name") or run.id)
    chrome.bar([project.name, name, "fork"], actions=actions)
    with st.container(key="lm_body_train"):
        left, right = st.columns([2, 1], gap="medium")
        with left:
            found, called = _from(run, wished, name)
            project = begins(run, found.name)
            form = Form(
                project,
                begun(project.recipe, found.epoch),
                key=f"fork_{run.id}_{found.name}",
                devices=train_recipe.devices(),
                classes=train_recipe.classes_of(run.spec),
                nodes=train_recipe.nodes_of(project, run.spec),
            )
            form.draw(without=("start_from",))
            augment = _augment(project, run)
            made = form.recipe()
        changes = {} if made is None else overrides(project, made, augment)
        with right:
            differing = [] if made is None else _differing(project, made, augment, changes)
            rows = run.spec.sizes.get("train", 0)
            over = nearly_over(made, found.epoch, rows) if made is not None else ""
            _summary(found, differing, over, full=checkpoint.whole(run.folder, found.name))
            refused = st.container()
        if made is not None:
            form.sound()
            if started:
                _start(run, found.name, changes, called, form, refused)
    now = train_recipe.held(form) if made is None else ""
    st.session_state[held] = now
    if now != reason:
        st.rerun()


def begun(held: Recipe, epoch: int) -> Recipe:
    """The run's recipe; where its epochs are over already, as many again."""
    return held if held.epochs > epoch else held.model_copy(update={"epochs": epoch + held.epochs})


def _from(run: Any, wished: str, name: str) -> tuple[Any, str]:
    kept = run.checkpoints()
    names = [one.name for one in kept]
    if not names:
        raise LaminaError("The run has kept no state yet.", remedy="Wait for its first epoch.")
    with parts.card("From", "what the new run begins with", key="fork_from"):
        one, two = st.columns(2)
        chosen = one.selectbox(
            "Kept state",
            kept,
            index=names.index(wished) if wished in names else 0,
            format_func=lambda each: f"{each.name}: epoch {each.epoch}, step {each.step:,}",
            key=f"fork_state_{run.id}",
            help="“last”, every epoch of a run that keeps all, and states that you had kept hold "
            "the optimiser's memory too; from “best” it begins afresh.",
        )
        called = two.text_input(
            "Name", placeholder=f"{name}, forked at epoch {chosen.epoch}", key=f"fork_name_{run.id}"
        )
    return chosen, called.strip()


def _augment(project: Project, run: Any) -> tuple[Step, ...]:
    """The random changes of training rows; those that fit an input of the run."""
    from builder.data import augment

    fitting = {
        kind: one
        for kind, one in augment.catalogue().items()
        if any(one.unfit(spec) is None for spec in run.spec.inputs.values())
    }
    held = {step.kind: step for step in project.data.augment}
    if not fitting and not held:
        return project.data.augment
    with st.expander("Augmentation :gray[· random changes of training rows]"):
        chosen = st.multiselect(
            "Steps",
            [*fitting, *(kind for kind in held if kind not in fitting)],
            default=list(held),
            format_func=lambda kind: fitting[kind].title if kind in fitting else kind,
            help="Each training batch is changed a little, so that the network sees more.",
            key=f"fork_augment_{run.id}",
        )
        steps = []
        for kind in chosen:
            given = held[kind].settings() if kind in held else {}
            if kind in fitting and fitting[kind].params:
                key = f"fork_{run.id}_{kind}"
                given = forms.fields(fitting[kind].params, given, key=key)
            steps.append(Step.model_validate({"kind": kind, **given}))
    return tuple(steps)


def overrides(project: Project, made: Recipe, augment: tuple[Step, ...]) -> dict[str, Any]:
    """What differs from the run, by dotted names as a fork takes them."""
    before, after = project.recipe.model_dump(mode="json"), made.model_dump(mode="json")
    found = {
        f"recipe.{name}": value
        for name, value in after.items()
        if value != before[name] and name not in ("start_from",)
    }
    if augment != project.data.augment:
        found["data.augment"] = [step.model_dump(mode="json") for step in augment]
    return found


def _differing(
    project: Project, made: Recipe, augment: tuple[Step, ...], changes: dict[str, Any]
) -> list[Difference]:
    data = project.data.model_copy(update={"augment": augment})
    after = project.model_copy(update={"recipe": made, "data": data})
    return differences(project, after, changes)


def _summary(found: Any, differing: list[Difference], over: str = "", *, full: bool) -> None:
    with parts.card("What changes", key="fork_changes"):
        lines = [
            f'<div class="lm-s" style="margin-top:4px"><span class="lm-f">'
            f"{escape(comparison.label(one.name))}</span><br>"
            f"{escape(one.was)} → <b>{escape(one.now)}</b></div>"
            for one in differing
        ]
        none = '<p class="lm-m lm-s">Nothing yet: the fork would go on like its parent.</p>'
        afresh = (
            f'<p class="lm-m lm-s">“{escape(found.name)}” holds weights only: the optimiser '
            "and the random numbers begin afresh, so the fork goes another way than its parent.</p>"
        )
        parts.html(("" if full else afresh) + "".join(lines) or none, "fork-changes")
        if over:
            words = f'<p class="lm-s">{parts.badge("Rate used up", "warn")} {escape(over)}</p>'
            parts.html(words, "fork-over")
        parts.html(
            f'<p class="lm-f lm-s" style="margin-top:10px">It goes on after epoch {found.epoch}, '
            f"step {found.step:,}. The run itself is left alone; both curves are laid over each "
            "other.</p>"
        )


def _start(
    run: Any, checkpoint: str, changes: dict[str, Any], name: str, form: Form, place: Any
) -> None:
    from builder import runs

    try:
        made = runs.fork(run.id, checkpoint, changes, name=name)
    except LaminaError as error:
        if not (form.open and form.told(error)):
            with place:
                parts.failed(error, key="fork_refused")
        return
    leave()
    state.set_run(made.id)
    st.rerun()
