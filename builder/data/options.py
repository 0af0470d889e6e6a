"""What a form is drawn from."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Option:
    """One setting of a source or a task; forms and the command line's help are drawn from it.

    Values are plain JSON.
    """

    name: str
    kind: Literal["path", "text", "choice", "bool", "int", "float"]
    title: str
    default: Any = None  # None: required for a path, else guessed from the data
    help: str = ""
    choices: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()  # a path: what may be uploaded (".csv")
    folder: bool = False  # a path: a folder will do as well
    advanced: bool = False  # folded away until asked for
    low: float | None = None  # a number: the least and the most that is allowed
    high: float | None = None
