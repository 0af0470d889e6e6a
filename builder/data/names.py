"""Names that a person gives to the columns of a table: the option, its text, and its checks."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from builder.data.options import Option
from builder.data.runtime import naming
from builder.errors import LaminaError
from builder.wording import one_line

PLACE = "data.options.names"
LONGEST = 200
SHOWN = 30
"""So many names are told where their number is wrong."""
ENDINGS: Mapping[int, str] = {1: "st", 2: "nd", 3: "rd"}
OPTION = Option(
    "names",
    "names",
    "Column names",
    help="One for each column, in the file's order, set apart by commas or one a line: for a file "
    "without a header, or in place of it.",
    advanced=True,
)


DECLARED = re.compile(
    r"(?P<name>[^:]+?)\s*:\s*(?:|.*,.*|.*\.|"
    r"(?:continuous|numeric|real|integer|float|discrete|nominal|categorical|binary|boolean|"
    r"label|date|time|timestamp|string|text|ignore)\b.*)",
    re.IGNORECASE,
)
"""A line that says what its column holds: "age: continuous", "sex: Female, Male", "n: 1."."""
CLASSES = re.compile(r"[^:]+,[^:]+\.")
"""The line of classes that a list of names begins with (C4.5): ">50K, <=50K."."""
CLASS = "class"
"""What the last column of such a list is called, of which it gives the values alone."""


def parse(text: str) -> list[str] | dict[str, str]:
    """The names in a text: JSON (a list, or an object from old to new names), one a line, or one
    line cut at tabs, semicolons, commas or spaces. Of a line such as "age: continuous." (UCI's
    lists of names) only what stands before the colon counts, and comments (|, #, %) do not.

    Each line is judged by itself, so a name may be added to such a list; what is no declaration
    keeps its colon ("ratio a:b") unless most lines read "name: what it is". A list that begins
    with its classes and names no target leaves the last column to them: it is called "class".

    Raises LaminaError for JSON that is neither.
    """
    text = text.strip()
    if text.startswith(("[", "{")):
        return _json(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) <= 1:
        return _cut(lines[0]) if lines else []
    named = [line for line in lines if not line.startswith(("|", "# ", "%"))]
    if all(line.endswith(",") for line in named[:-1]) and any("," in x[:-1] for x in named):
        return _cut(" ".join(named).rstrip(","))  # one list, wrapped
    return _declared(named) or [_plain(line) for line in named]


def _declared(lines: Sequence[str]) -> list[str]:
    """The names of lines of which some say what their column holds; none where no line does."""
    glossary = 2 * sum(": " in line for line in lines) > len(lines)
    found = [_before_colon(line, glossary) for line in lines]
    if not any(found):
        return []
    classes = CLASSES.fullmatch(lines[0]) is not None
    names = [name or _plain(line) for name, line in zip(found, lines, strict=True)][classes:]
    if classes and all(found[1:]) and CLASS not in names:
        names.append(CLASS)
    return names


def _before_colon(line: str, glossary: bool) -> str:
    """The name of a line that goes on with what its column holds; empty for any other line."""
    found = DECLARED.fullmatch(line)
    if found:
        return found["name"].strip('"')
    return line.partition(": ")[0].strip().strip('"') if glossary and ": " in line else ""


def _plain(line: str) -> str:
    return line.rstrip(",;").strip().strip('"')


def written(names: Sequence[str] | Mapping[str, str]) -> str:
    """Names as text that `parse` reads again: by commas where none of them holds a separator."""
    if isinstance(names, Mapping):
        return json.dumps(dict(names), ensure_ascii=False)
    line = ", ".join(names)
    if len(names) > 1 and _cut(line) == list(names):
        return line
    text = "\n".join(names)
    return text if len(names) > 1 and parse(text) == list(names) else json.dumps(list(names))


def _json(text: str) -> list[str] | dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    values = found.values() if isinstance(found, dict) else found
    if values is None or not all(isinstance(value, str) for value in values):
        raise _no_names()
    return dict(found) if isinstance(found, dict) else list(found)


def _no_names() -> LaminaError:
    return LaminaError(
        "These are no names.",
        place=PLACE,
        remedy='Write age, sex, income; as JSON ["age", "sex", "income"], or {"old": "new"} for '
        "some of them.",
    )


def _cut(line: str) -> list[str]:
    separator = next((mark for mark in "\t;, " if mark in line), ",")
    row = next(csv.reader(io.StringIO(line), delimiter=separator, skipinitialspace=True), [])
    return [cell.strip() for cell in row]


def given(options: Mapping[str, Any], have: Sequence[str]) -> tuple[str, ...]:
    """What the columns are called, which the file calls `have` (#0, #1, … without a header): as
    the option says.

    A list names all of them, by place. An object names some, by what the file calls them: so
    each keeps its name in another file with its columns in another order, which is why the Data
    page writes an object wherever there is a header. In a file without one, what is left unnamed
    beside named columns is called "column 3". Raises LaminaError for names that are too many or
    too few, empty, too long, that come twice, or that look like a position.
    """
    wanted: Any = options.get("names")
    if wanted is None or wanted in ([], {}):
        return tuple(have)
    if isinstance(wanted, Mapping):
        names = _some(wanted, have)
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str):
        names = list(wanted)
    else:
        raise _no_names()
    if len(names) != len(have):
        raise _miscounted(names, have)
    found = tuple(_clean(name, place, have[place]) for place, name in enumerate(names))
    if naming.numbered(have):
        found = tuple(naming.called(name, True) for name in found)
        if found == tuple(naming.called(name, True) for name in have):
            return tuple(have)
    for place, name in enumerate(found):
        first = found.index(name)
        if first != place:
            raise LaminaError(
                f"Two columns would be called {name!r}: the {_nth(first)} and the {_nth(place)}.",
                place=PLACE,
                remedy="Give each column a name of its own.",
            )
    return found


def _some(wanted: Mapping[str, Any], have: Sequence[str]) -> list[Any]:
    names: list[Any] = list(have)
    for old, new in wanted.items():
        if old not in have:
            shown = [naming.called(name, naming.numbered(have)) for name in have[:8]]
            raise LaminaError(
                f"The file has no column {old!r} that could be called {new!r}.",
                place=PLACE,
                remedy=f"Its columns are {', '.join(shown)}{' …' if len(have) > 8 else ''}; take "
                "the entry out or mend it.",
            )
        names[have.index(old)] = new
    return names


def _miscounted(names: Sequence[Any], have: Sequence[str]) -> LaminaError:
    count, less = len(names), len(names) < len(have)
    shown = [one_line(str(name))[:40] for name in names]
    if count > SHOWN:
        shown = [*shown[: SHOWN - 1], "…", shown[-1]]
    return LaminaError(
        f"There {'is' if count == 1 else 'are'} {count:,} name{'s' * (count != 1)} for "
        f"{len(have):,} column{'s' * (len(have) != 1)}.",
        place=PLACE,
        remedy=(
            f"Add {len(have) - count:,}, the target's name among them."
            if less
            else f"Take {count - len(have):,} out."
        )
        + f" The order is the file's. These were read: {', '.join(shown)}.",
    )


def _clean(name: Any, place: int, old: str) -> str:
    if not isinstance(name, str):
        raise _no_names()
    text: str = " ".join(one_line(name).split())
    if not text:
        raise LaminaError(
            f"The name of the {_nth(place)} column is empty.",
            place=PLACE,
            remedy="Write a name, as short as you like.",
        )
    if len(text) > LONGEST:
        raise LaminaError(
            f"The name of the {_nth(place)} column has {len(text):,} characters, more than "
            f"{LONGEST}.",
            place=PLACE,
            remedy="Write a shorter one; one name may have been set apart from the next by "
            "something else than commas.",
        )
    if naming.POSITION.fullmatch(text) and text != old:
        raise LaminaError(
            f"A column cannot be called {text!r}: that means a position.",
            place=PLACE,
            remedy="Put a letter before it.",
        )
    return text


def _nth(place: int) -> str:
    number = place + 1
    ending = "th" if number % 100 // 10 == 1 else ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"
