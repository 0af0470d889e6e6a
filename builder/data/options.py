"""What a form is drawn from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builder.errors import LaminaError
from builder.wording import number


@dataclass(frozen=True)
class Option:
    """One setting of a source or a task; forms and the command line's help are drawn from it.

    Values are plain JSON.
    """

    name: str
    kind: Literal["path", "text", "choice", "bool", "int", "float", "names"]
    title: str
    default: Any = None  # None: required for a path, else guessed from the data
    help: str = ""
    choices: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()  # a path: what may be uploaded (".csv")
    folder: bool = False  # a path: a folder will do as well
    advanced: bool = False  # folded away until asked for
    low: float | None = None  # a number: the least and the most that is allowed
    high: float | None = None


WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


def read_option(option: Option, text: str, place: str) -> Any:
    """The value that a text gives to an option. Raises LaminaError that says what it may be."""
    if option.kind == "path":
        return str(Path(text).expanduser().absolute())
    if option.kind == "text":
        return text
    if option.kind == "names":
        from builder.data import names

        return names.parse(text)
    if option.kind == "choice":
        if text in option.choices:
            return text
        raise LaminaError(
            f"{option.name} cannot be '{text}'.",
            place=place,
            remedy=f"Take one of {', '.join(option.choices)}.",
        )
    try:
        value = json.loads(text.lower())
    except ValueError:
        value = None
    if option.kind == "bool":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        fits = fits and (option.kind == "float" or isinstance(value, int))
    low, high = option.low, option.high
    within = fits and (low is None or value >= low) and (high is None or value <= high)
    if not within:
        bounded = low is not None and high is not None
        bounds = f" from {number(low or 0)} to {number(high or 0)}" if bounded else ""
        raise LaminaError(
            f"{option.name} must be {WORDS[option.kind]}{bounds}, not '{text}'.",
            place=place,
            remedy=option.help,
        )
    return value
