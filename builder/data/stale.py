"""Bindings of inputs that were right for other data or another network (`data.inputs`)."""

from collections.abc import Mapping
from typing import Any

from builder.data import columns
from builder.data.base import Finding, Raw, Remedy
from builder.data.prepare import media_column, table_form, wanted_inputs
from builder.data.read import read
from builder.errors import LaminaError
from builder.project import Binding, Project, check_names


def stale_inputs(project: Project) -> tuple[Finding, ...]:
    """Inputs that name a node, columns or a form that is not there, with what can be done: what
    preparing and the command line refuse, in the same words.
    """
    raw = read(project.data)
    found: list[Finding] = []
    for name, binding in project.data.inputs.items():
        alone = project.data.model_copy(update={"inputs": {name: binding}})
        try:
            check_names(project.model_copy(update={"data": alone}))
        except LaminaError as error:
            found.append(_finding(error, "warning", Remedy("Take it out", _inputs({name: None}))))
    for name, binding in wanted_inputs(project).items():
        found += _columns(name, binding, raw, project) or _form(name, binding, raw)
    return tuple(found)


def _finding(error: LaminaError, severity: Any, *remedies: Remedy) -> Finding:
    words = f"{error.fact} {error.remedy}".strip()
    return Finding("stale_input", severity, "An input that does not fit", words, (), remedies)


def _inputs(edits: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputs": edits}


def _columns(name: str, binding: Binding, raw: Raw, project: Project) -> list[Finding]:
    """The first column of an input that is not there, or that is the target."""
    if not isinstance(binding.columns, tuple) or set(binding.columns) & set(raw.media):
        return []
    place = f"data.inputs.{name}.columns"
    target = project.data.target
    for column in binding.columns:
        try:
            known = columns.find(column, raw.frame, place)
            if target is None or known != columns.find(target, raw.frame, "data.target"):
                continue
            error = LaminaError(
                f"The input {name!r} takes the target {column!r}.",
                place=place,
                remedy="The model would be told the answer.",
            )
        except LaminaError as refused:
            if refused.place != place:
                return []  # the target itself is not there, which is another finding
            error = LaminaError(f"The input {name!r}: {refused.fact}", remedy=refused.remedy)
        rest = [other for other in binding.columns if other != column]
        every = Remedy("Take all columns", _inputs({name: {"columns": None, "form": None}}))
        without = Remedy(f"Leave out {column!r}", _inputs({name: {"columns": rest}}))
        return [_finding(error, "error", *([without, every] if rest else [every]))]
    return []


def _form(name: str, binding: Binding, raw: Raw) -> list[Finding]:
    """A form that the data does not have."""
    if binding.form in (None, "vector", "codes"):
        return []
    try:
        key, _ = media_column(name, binding, raw, list(raw.media), alone=True)
        if not key:
            table_form(name, raw, binding)
    except LaminaError as error:
        forms: list[str] = [media.form for media in raw.media.values()] or ["vector"]
        word = "columns" if forms[0] == "vector" else forms[0]
        edits = _inputs({name: {"form": forms[0], "columns": None}})
        return [_finding(error, "error", Remedy(f"Read it as {word}", edits))]
    return []
