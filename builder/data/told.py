"""What a change of a project's data is, in the few words that stand beside Undo."""

from collections.abc import Callable, Mapping
from typing import Any

from builder.data.base import Source
from builder.data.read import catalogue
from builder.data.runtime import naming
from builder.project import Column, Data, Split, Step

FIELDS = {
    "role": "role of {}",
    "type": "type of {}",
    "missing": "gaps of {}",
    "absent": "values of {} that mean not known",
    "written": "signs of {}",
    "flag_missing": "gap column of {}",
    "scale": "scale of {}",
    "encode": "encoding of {}",
    "log": "logarithm of {}",
}
STEPS = {"relabel": "spellings", "tokens": "texts", "image": "images", "series": "series"}
PARTS = {"random": "at random", "given": "as the data comes", "stratified": "stratified"}


def told(before: Data, after: Data, headerless: bool = False) -> str:
    """The change in words: "type of age: category"; of several, the first and how many more."""

    def called(name: str) -> str:
        return naming.called(name, headerless)

    if before.source != after.source or before.options.get("path") != after.options.get("path"):
        return "other data" if before.source else "the data"
    if before.options.get("names") != after.options.get("names"):
        return "names of columns"
    found = [
        *([f"target: {called(after.target)}"] if _moved(before, after) and after.target else []),
        *_columns(before, after, called),
        *_options(before, after),
        *_steps("preparation of", before.prepare, after.prepare),
        *_steps("augmentation:", before.augment, after.augment),
        *(["inputs of the network"] if before.inputs != after.inputs else []),
    ]
    if before.split != after.split and not any(line.startswith("role") for line in found):
        found.append(_split(before.split, after.split, called))
    if not found:
        return "the data"
    return found[0] if len(found) == 1 else f"{found[0]}, and {len(found) - 1} more"


def _moved(before: Data, after: Data) -> bool:
    return before.target != after.target


def _columns(before: Data, after: Data, called: Callable[[str], str]) -> list[str]:
    found = []
    for name in dict.fromkeys((*before.columns, *after.columns)):
        old = before.columns.get(name, Column()).model_dump()
        new = after.columns.get(name, Column()).model_dump()
        for field, words in FIELDS.items():
            if old[field] == new[field] or (field == "role" and _moved(before, after)):
                continue
            value = new[field]
            shown = f": {value.replace('_', ' ')}" if isinstance(value, str) else ""
            found.append(words.format(called(name)) + shown)
    return found


def _options(before: Data, after: Data) -> list[str]:
    source: type[Source] | Source | None = catalogue().get(after.source)
    titles: Mapping[str, Any] = {one.name: one.title for one in source.params} if source else {}
    names = dict.fromkeys((*before.options, *after.options))
    return [
        f"how it is read: {titles.get(name, name)}"
        for name in names
        if before.options.get(name) != after.options.get(name)
    ]


def _steps(words: str, before: tuple[Step, ...], after: tuple[Step, ...]) -> list[str]:
    if before == after:
        return []
    kinds = [step.kind for step in (*after, *before) if step not in before or step not in after]
    named = list(dict.fromkeys(STEPS.get(kind, kind.replace("_", " ")) for kind in kinds))
    return [f"{words} {', '.join(named)}" if named else words.rstrip(":") + " order"]


def _split(before: Split, after: Split, called: Callable[[str], str]) -> str:
    if (before.kind, before.group, before.time) == (after.kind, after.group, after.time):
        return "seed of the split" if before.seed != after.seed else "shares of the split"
    by = after.group or after.time
    return f"split: by {called(by)}" if by else f"split: {PARTS.get(after.kind, after.kind)}"
