"""Ready networks whose sizes are fitted to the data, for the gallery and `lamina new`."""

import sys
from functools import cache
from typing import TYPE_CHECKING

from builder import scan
from builder.errors import LaminaError
from builder.project import Column, Data, Project, TaskChoice
from builder.templates.base import Template

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec

__all__ = ["Template", "fitting", "get", "make", "problem", "suggest", "templates"]


@cache
def templates() -> dict[str, type[Template]]:
    """Every template by name, in the order of the gallery. Imports neither torch nor pandas."""
    found = scan.classes(sys.modules[__name__], Template)  # type: ignore[type-abstract]
    order = ("table", "image", "series", "text")
    return {item.name: item for item in sorted(found, key=lambda t: order.index(t.data_kind))}


def get(name: str) -> type[Template]:
    """The template of that name. Raises LaminaError with the near names where there is none."""
    import difflib

    known = templates()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    raise LaminaError(f"No template is called '{name}'.", place="template", remedy=hint)


def make(name: str, data: Data | None = None) -> Project:
    """A ready project from the template; its sizes fitted to `data`, or to the template's own data,
    when it is named after template and data.

    Prepares the data where that has not been done. Raises LaminaError where the data does not
    fit, saying why.
    """
    from builder import data as data_package

    template = get(name)
    given = template.data() if data is None else data_package.suggest(data)
    task = TaskChoice(kind=_task(template, given))
    spec = data_package.specs(Project(data=given, task=task))
    if reason := template.unfit(spec):
        raise LaminaError(reason, place=f"template {name}")
    wanted = given.model_copy(
        update={
            "inputs": template.inputs or given.inputs,
            "prepare": given.prepare or template.prepare,
        }
    )
    if wanted != given:
        spec = data_package.specs(Project(data=wanted, task=task))
    made = template.build(spec, wanted)
    return made if data is not None else made.model_copy(update={"name": _title(template, wanted)})


def _title(template: type[Template], data: Data) -> str:
    """What a project on a template's own data is called: "Digits CNN", "Breast cancer MLP"."""
    known = str(data.options.get("name", "")).replace("_", " ").capitalize()
    return template.called.format(data=known).strip() if known else template.title


def _task(template: type[Template], data: Data) -> str:
    """The template's only task, else the one that the target calls for."""
    return template.tasks[0] if len(template.tasks) == 1 else problem(data)


def problem(data: Data) -> str:
    """ "classification" or "regression": what the data's target calls for."""
    from builder.data import columns, read

    raw = read(data)
    if raw.problem and data.target in (None, raw.target):
        return raw.problem
    profiles = raw.profiles
    guess = columns.guess_target(raw, profiles)
    target = columns.find(data.target, raw.frame, "data.target") if data.target else guess
    if target is None:
        return "classification"
    decided = columns.decisions(data, raw.frame).get(target, Column()).type
    found: str = columns.guess_problem(profiles[target], raw.frame[target], decided)
    return found


def fitting(spec: "PreparedSpec") -> dict[str, str | None]:
    """Every template's name with None where it fits the data, else the reason why not."""
    return {name: template.unfit(spec) for name, template in templates().items()}


def suggest(spec: "PreparedSpec") -> str:
    """The template to begin with on this data. Raises LaminaError where none fits."""
    fit = [item for item in templates().values() if item.unfit(spec) is None]
    if not fit:
        raise LaminaError(
            "No template fits this data.",
            place="template",
            remedy="Check on the Data page that a target and at least one feature are chosen.",
        )
    return max(fit, key=lambda item: item.rank(spec)).name
