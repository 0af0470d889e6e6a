"""Parameters from their text.

`recipe.optimizer.lr=1e-4..1e-1:log` · `graphs.model.head.out_features=32,64` ·
`recipe.label_smoothing=0..0.2:step=0.05` · `recipe.optimizer.lr=1e-4..1e-2:log:n=3` (3 values) ·
`recipe.optimizer.momentum=0..0.99 if recipe.optimizer.name=SGD`.
"""

import json
import math
import re

from pydantic import JsonValue

from builder.errors import LaminaError
from builder.sweeps.grid import LARGEST
from builder.sweeps.space import Condition, Parameter, tidy

_RANGE = re.compile(r"(?P<low>[^,:\s\"]+?)\.\.(?P<high>[^,:\s\"]+)(?P<options>(:[^:,]+)*)")


def parse(text: str) -> Parameter:
    """A parameter from its text. Raises LaminaError with the place and an example."""
    head, _, condition = text.partition(" if ")
    field, equals, raw = head.partition("=")
    field, raw = field.strip(), raw.strip()
    if not equals or not field or not raw:
        raise LaminaError(
            f"{text!r} names no values.",
            place=field or "over",
            remedy="Write FIELD=LOW..HIGH or FIELD=A,B,C: recipe.optimizer.lr=1e-4..1e-1:log.",
        )
    when = _condition(condition.strip(), field) if condition else None
    found = _RANGE.fullmatch(raw)
    if found is None:
        return Parameter(field=field, values=values_of(raw, field), when=when)
    return _range(field, found["low"], found["high"], found["options"], when)


def _condition(text: str, field: str) -> Condition:
    other, equals, raw = text.partition("=")
    if not equals or not other.strip() or not raw.strip():
        raise LaminaError(
            f"{text!r} is no condition.",
            place=field,
            remedy="Write … if recipe.optimizer.name=SGD.",
        )
    return Condition(field=other.strip(), values=values_of(raw.strip(), field))


def values_of(raw: str, field: str) -> tuple[JsonValue, ...]:
    """Values between commas; brackets keep a list together. Raises LaminaError for doubles."""
    parts = re.split(r",(?![^\[]*\])", raw)
    values: list[JsonValue] = []
    for part in (one.strip() for one in parts):
        try:
            value: JsonValue = json.loads(part)
        except ValueError:
            value = part
        if value in values and any(type(one) is type(value) for one in values if one == value):
            raise LaminaError(
                f"{part} is given twice.", place=field, remedy="Give each value once."
            )
        values.append(value)
    return tuple(values)


def _range(field: str, low: str, high: str, options: str, when: Condition | None) -> Parameter:
    ends = (_number(low, field), _number(high, field))
    written_whole = all(re.fullmatch(r"[-+]?\d+", end) for end in (low, high))
    log, step, count = False, None, None
    for option in options.split(":")[1:]:
        key, _, value = option.strip().partition("=")
        if key == "log" and not value:
            log = True
        elif key == "step" and value:
            step = _number(value, field)
        elif key == "n" and value:
            count = _number(value, field)
        else:
            raise LaminaError(
                f"{option!r} is no option of a range.",
                place=field,
                remedy="There are log, step=, n=.",
            )
    found = Parameter(
        field=field, low=ends[0], high=ends[1], step=step, log=log, integer=written_whole, when=when
    )
    check_range(found)
    return found if count is None else spread(found, count)


def _number(text: str, field: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LaminaError(f"{text!r} is no number.", place=field, remedy="Write 1e-4..1e-1.")
    return value


def check_range(parameter: Parameter) -> None:
    """Raise LaminaError for a range that is upside down, a point, or has no logarithm."""
    low, high = parameter.ends
    place = parameter.field
    if low > high:
        raise LaminaError(
            f"The range is upside down: {low:g} is above {high:g}.",
            place=place,
            remedy=f"Write {high:g}..{low:g}.",
        )
    if low == high:
        raise LaminaError(
            f"The range has one value, {low:g}.",
            place=place,
            remedy="Set it in the project.",
        )
    if parameter.log and low <= 0:
        raise LaminaError(
            f"A logarithmic range begins above 0, not at {low:g}.",
            place=place,
            remedy="Raise the lower end, or leave out :log.",
        )
    if parameter.step is not None and (parameter.log or not 0 < parameter.step <= high - low):
        fact = "A logarithmic range has no step." if parameter.log else "The step does not fit."
        raise LaminaError(fact, place=place, remedy="Give n=5 for five values instead.")


def spread(parameter: Parameter, count: float) -> Parameter:
    """The range as that many values. Raises LaminaError for less than two."""
    if not 2 <= count <= LARGEST or count != int(count):
        raise LaminaError(
            f"n={count:g} is no number of values.", place=parameter.field, remedy="At least 2."
        )
    low, high = parameter.ends
    shares = [at / (int(count) - 1) for at in range(int(count))]
    spread = [
        low * (high / low) ** share if parameter.log else low + (high - low) * share
        for share in shares
    ]
    values: list[float] = [round(one) if parameter.integer else tidy(one) for one in spread]
    return Parameter(
        field=parameter.field, values=tuple(dict.fromkeys(values)), when=parameter.when
    )
