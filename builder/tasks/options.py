"""Settings of tasks and of what they make: checked in one place, with words for what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder import wording
from builder.data.options import Option
from builder.errors import LaminaError


def count(given: Mapping[str, Any], name: str, known: Sequence[str]) -> int | None:
    """A whole number above 0 among a task's options; None where it is not given.

    Raises LaminaError for any other value, and for an option that is not among `known`.
    """
    for other in given:
        if other not in known:
            raise LaminaError(
                f"The option {other!r} is not known to this task.",
                place=f"task.options.{other}",
                remedy=f"It knows: {', '.join(known)}.",
            )
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise LaminaError(
            f"{value!r} is no whole number above 0.",
            place=f"task.options.{name}",
            remedy="Leave it out for the usual.",
        )
    return value


def complete(options: Sequence[Option], given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """All options with their values, defaults filled in.

    Raises LaminaError for one that is not known, of another kind or out of range.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise LaminaError(
                f"There is no setting {name!r}.",
                place=place,
                remedy=f"There are: {', '.join(known) or 'none'}.",
            )
    return {
        name: option.default if given.get(name) is None else _checked(option, given[name], place)
        for name, option in known.items()
    }


def _checked(option: Option, value: Any, place: str) -> Any:
    where = f"{place}.{option.name}"
    if option.kind == "text":
        if not isinstance(value, str) or len(value) > 100_000:
            raise LaminaError("A text of at most 100,000 characters is wanted.", place=where)
        return value
    if option.kind == "choice":
        if value not in option.choices:
            raise LaminaError(
                f"{value!r} is none of {', '.join(option.choices)}.",
                place=where,
                remedy="Choose one of them.",
            )
        return value
    number = isinstance(value, int if option.kind == "int" else int | float)
    low = option.low if option.low is not None else float("-inf")
    high = option.high if option.high is not None else float("inf")
    if isinstance(value, bool) or not number or not low <= value <= high:
        raise LaminaError(
            f"{value!r} is no {'whole ' * (option.kind == 'int')}number from "
            f"{wording.number(low)} to {wording.number(high)}.",
            place=where,
            remedy=f"The default is {option.default}.",
        )
    return value
