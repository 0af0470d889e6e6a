"""What people call the columns of a table without a head: "#5" in files and keys is "column 6".
The standard library only."""

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

POSITION = re.compile(r"#(\d{1,9})")
MENTIONED = re.compile(r"(?:\b([Cc]olumn) )?(?:'#(\d{1,6})'|(?<![\w#&])#(\d{1,6})\b)")
COLUMN = re.compile(r"\b([Cc]olumn) (?:'#(\d{1,6})'|#(\d{1,6})\b)")


def numbered(names: Iterable[str]) -> bool:
    """Whether all the names of a table's columns are positions: then it has no head."""
    known = [str(name) for name in names]
    return bool(known) and all(POSITION.fullmatch(name) for name in known)


def free(name: str, taken: Container[str]) -> str:
    """The name; where it is taken, with the first number behind it that makes it another."""
    found, number = name, 2
    while found in taken:
        found, number = f"{name} ({number})", number + 1
    return found


def called(name: str, headless: bool) -> str:
    """A column as a person reads it: "#0" of a table without a head is "column 1"."""
    found = POSITION.fullmatch(name) if headless else None
    return f"column {int(found[1]) + 1}" if found else name


def told(text: str, headless: bool) -> str:
    """A sentence about a table without a head: "column 1" where it says '#0', #0, column '#0'."""
    return MENTIONED.sub(_place, text) if headless else text


def told_column(text: str, headless: bool) -> str:
    """The same only where "column" stands before it, so that quoted cells stay as they are."""
    return COLUMN.sub(_place, text) if headless else text


def _place(match: "re.Match[str]") -> str:
    *_, quoted, plain = match.groups()
    return f"{match[1] or 'column'} {int(quoted or plain) + 1}"


def texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Of a fitted preparation: the column of a text, as records have it, to what the table calls
    it, where that is another name.
    """
    parts = (part for part in settings["inputs"].values() if part["form"] == "tokens")
    found = {part["column"]: tuple(part.get("cells") or ()) for part in parts}
    return {name: cells[0] for name, cells in found.items() if len(cells) == 1}


def headless(settings: Mapping[str, Any]) -> bool:
    """Whether a fitted preparation was made from a table without a head."""
    names: list[str] = []
    for part in settings["inputs"].values():
        names += [column["name"] for column in part.get("columns", ())]
        names += part.get("cells") or ([part["column"]] if part["form"] == "tokens" else [])
    target = (settings.get("target") or {}).get("name")
    return numbered([*names, *([target] if target else [])])
