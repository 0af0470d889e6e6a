"""The space that a sweep searches: parameters with values and conditions, fitted to a project."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from builder.errors import LaminaError
from builder.project import Project, Strict
from builder.sweeps import fields

MOST_PARAMETERS = 50
Settings = dict[str, JsonValue]


class Condition(Strict):
    """Only where another parameter of the sweep has one of these values."""

    field: str
    values: tuple[JsonValue, ...]


class Parameter(Strict):
    """One field and what it may be: `values`, or a range from `low` to `high`."""

    field: str
    values: tuple[JsonValue, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    integer: bool = False
    when: Condition | None = None

    @property
    def ranged(self) -> bool:
        """Whether it is a range."""
        return self.low is not None

    def active(self, settings: Mapping[str, JsonValue]) -> bool:
        """Whether it takes part beside these settings of the others."""
        return self.when is None or (
            self.when.field in settings and settings[self.when.field] in self.when.values
        )

    def every(self) -> tuple[JsonValue, ...] | None:
        """All its values in order; None for a range without steps."""
        if not self.ranged:
            return self.values
        low, high = self.ends
        if self.integer:
            step = int(self.step or 1)
            return tuple(range(int(low), int(high) + 1, step)) if not self.log else None
        if self.step is None:
            return None
        count = math.floor((high - low) / self.step + 1e-9) + 1
        return tuple(tidy(low + at * self.step) for at in range(count))

    @property
    def ends(self) -> tuple[float, float]:
        """The range's ends."""
        if self.low is None or self.high is None:
            raise AssertionError("only a range has ends")
        return self.low, self.high

    def text(self) -> str:
        """What it may be, as a person reads it: "0.0001 to 0.1, logarithmic"."""
        if not self.ranged:
            return ", ".join(shown(value) for value in self.values)
        low, high = self.ends
        step = f", steps of {self.step:g}" if self.step and not self.integer else ""
        return f"{low:g} to {high:g}{', logarithmic' if self.log else ''}{step}"


def shown(value: JsonValue) -> str:
    """A value as it is written."""
    if isinstance(value, str):
        return value or "(none)"
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def tidy(value: float) -> float:
    """A number without the dust of binary fractions."""
    return float(f"{value:.6g}")


def key(settings: Mapping[str, Any]) -> str:
    """Equal for equal settings."""
    return json.dumps(settings, sort_keys=True)


# Fitted to a project


def fit(parameters: Sequence[Parameter], project: Project) -> tuple[Parameter, ...]:
    """The parameters checked against the project, those that others depend on first.

    Raises LaminaError: an unknown field, a value that the field does not take, a condition on what
    is not varied.
    """
    if not parameters:
        raise LaminaError(
            "There is nothing to vary.",
            place="over",
            remedy="Add recipe.optimizer.lr=1e-4..1e-1:log.",
        )
    if len(parameters) > MOST_PARAMETERS:
        raise LaminaError(
            f"{len(parameters)} parameters are too many.", place="over", remedy="At most 50."
        )
    ordered = _ordered(parameters)
    return tuple(_fit(one, _before(one, ordered), project) for one in ordered)


def _ordered(parameters: Sequence[Parameter]) -> list[Parameter]:
    by_field: dict[str, Parameter] = {}
    for one in parameters:
        if one.field in by_field:
            raise LaminaError("It is varied twice.", place=one.field, remedy="Name it once.")
        by_field[one.field] = one
    done: dict[str, Parameter] = {}

    def put(one: Parameter, above: tuple[str, ...]) -> None:
        if one.field in above:
            raise LaminaError("Its condition leads back to itself.", place=one.field)
        if one.when is not None:
            other = by_field.get(one.when.field)
            if other is None:
                raise LaminaError(
                    f"Its condition names {one.when.field!r}, which is not varied.",
                    place=one.field,
                    remedy="Vary that field too, or leave out the condition.",
                )
            put(other, (*above, one.field))
        done.setdefault(one.field, one)

    for one in parameters:
        put(one, ())
    return list(done.values())


def _before(parameter: Parameter, ordered: Sequence[Parameter]) -> Settings:
    """Settings under which the parameter is active."""
    settings: Settings = {}
    when = parameter.when
    by_field = {one.field: one for one in ordered}
    while when is not None:
        settings[when.field] = when.values[0]
        when = by_field[when.field].when
    return settings


def _fit(parameter: Parameter, before: Settings, project: Project) -> Parameter:
    project = fields.apply(project, before) if before else project
    field = fields.find(project, parameter.field)
    if parameter.ranged:
        if field.kind == "choice":
            known = f"Choose from: {', '.join(field.choices)}." if field.choices else ""
            raise LaminaError(
                "This field takes no range of numbers.",
                place=parameter.field,
                remedy=known or "Write its values with commas between.",
            )
        integer = field.kind == "int"
        if integer and any(end != int(end) for end in parameter.ends):
            raise LaminaError(
                "This field takes whole numbers.", place=parameter.field, remedy="Write 16..64."
            )
        if integer and parameter.step is not None and parameter.step != int(parameter.step):
            raise LaminaError("The step must be whole.", place=parameter.field)
        low, high = parameter.ends
        if parameter.step is not None:  # the last step is the end
            high = tidy(low + math.floor((high - low) / parameter.step + 1e-9) * parameter.step)
        parameter = parameter.model_copy(update={"integer": integer, "high": high})
        tried: tuple[JsonValue, ...] = (int(low), int(high)) if integer else (low, high)
    else:
        tried = parameter.values
    for value in tried:
        _check_value(project, parameter.field, value)
    return parameter


def _check_value(project: Project, field: str, value: JsonValue) -> None:
    """Raise LaminaError, naming the field, where the project refuses the value."""
    changed = fields.apply(project, {field: value}).recipe
    try:
        if field.startswith("recipe.optimizer."):
            from builder.train import optim

            optim.check(changed.optimizer)
        elif field.startswith("recipe.schedule."):
            from builder.train import schedule

            schedule.options(changed.schedule)
    except LaminaError as error:
        raise LaminaError(error.fact, place=field, remedy=error.remedy) from error
