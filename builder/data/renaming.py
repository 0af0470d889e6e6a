"""Columns called otherwise, and whatever names them in a project's data called along."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from builder.data import columns, names
from builder.data.base import Raw
from builder.data.read import read, source_of
from builder.data.runtime import naming
from builder.errors import LaminaError
from builder.project import Binding, Data

NAMING = ("column", "target", "label", "time", "group")
"""Options of sources that name one column; `columns` names several, set apart by commas."""


def rename(data: Data, wanted: Sequence[str] | Mapping[str, str]) -> Data:
    """The data with its columns called otherwise: target, roles, split, inputs and steps follow.

    `wanted` are the names of all columns in the file's order (none: as the file has them), or
    some, by what they are called now. Names as the file has them leave no trace, so that data
    renamed back is prepared already. Raises LaminaError for names that cannot be (see
    `names.given`), and for a source without columns of a file.
    """
    raw = read(data)
    if not raw.named or "names" not in {option.name for option in source_of(data).params}:
        raise LaminaError(
            "The columns of this data have their names from its source.",
            place="data.source",
            remedy="Columns of tables can be renamed.",
        )
    options = _options(data.options, _all(wanted, raw), tuple(raw.named))
    called = names.given(options, tuple(raw.named))
    follow = dict(zip(raw.named.values(), called, strict=True))
    return _followed(data.model_copy(update={"options": options}), raw, follow)


def _all(wanted: Sequence[str] | Mapping[str, str], raw: Raw) -> list[str]:
    """What every column shall be called, in the file's order."""
    if not isinstance(wanted, Mapping):
        return [str(name) for name in wanted] or list(raw.named)
    now = tuple(raw.named.values())
    for name in wanted:
        if name not in now:
            raise LaminaError(
                f"The data has no column {naming.called(name, raw.headerless)!r}.",
                place=names.PLACE,
                remedy="It may have been renamed meanwhile; look at the columns again.",
            )
    return [wanted.get(name, name) for name in now]


def _options(
    options: Mapping[str, Any], wanted: list[str], have: tuple[str, ...]
) -> dict[str, Any]:
    """The options with these names: a list for a file without a header, else what differs."""
    rest = {key: value for key, value in options.items() if key != "names"}
    called = names.given({"names": wanted}, have)
    if called == have:
        return rest
    if naming.numbered(have):
        return {**rest, "names": list(called)}
    changed = {old: new for old, new in zip(have, called, strict=True) if old != new}
    return {**rest, "names": changed}


def _followed(data: Data, raw: Raw, follow: Mapping[str, str]) -> Data:
    import pandas as pd

    frames = (raw.frame, pd.DataFrame(columns=list(follow)))

    def now(name: str) -> str:
        """The new name of a column that is named or counted; what is none stays as it is."""
        for frame in frames:
            try:
                return follow.get(found := columns.find(name, frame, ""), found)
            except LaminaError:
                continue
        return name

    split = data.split
    target = now(data.target) if data.target is not None else _kept(raw, follow)
    return data.model_copy(
        update={
            "options": _told(data.options, now),
            "target": target,
            "columns": {now(name): column for name, column in data.columns.items()},
            "split": split.model_copy(
                update={
                    "group": split.group and now(split.group),
                    "time": split.time and now(split.time),
                }
            ),
            "prepare": tuple(
                step.model_copy(update={"column": now(str(step.settings()["column"]))})
                if step.kind == "relabel" and "column" in step.settings()
                else step
                for step in data.prepare
            ),
            "inputs": {name: _bound(binding, now) for name, binding in data.inputs.items()},
        }
    )


def _kept(raw: Raw, follow: Mapping[str, str]) -> str | None:
    """The target by name where a new name would have another column guessed; else None."""
    before = columns.guess_target(raw, raw.profiles)
    if before is None:
        return None
    profiles = {
        follow.get(name, name): replace(one, name=follow.get(name, name))
        for name, one in raw.profiles.items()
    }
    own = None if raw.target is None else follow.get(raw.target, raw.target)
    after = replace(raw, frame=raw.frame.rename(columns=dict(follow)), target=own)
    meant = follow.get(before, before)
    return None if columns.guess_target(after, profiles) == meant else meant


def _bound(binding: Binding, now: Callable[[str], str]) -> Binding:
    if not isinstance(binding.columns, tuple):
        return binding
    return binding.model_copy(update={"columns": tuple(map(now, binding.columns))})


def _told(options: Mapping[str, Any], now: Callable[[str], str]) -> dict[str, Any]:
    told = {
        key: now(value) if key in NAMING and isinstance(value, str) and value else value
        for key, value in options.items()
    }
    if isinstance(several := options.get("columns"), str):
        told["columns"] = ", ".join(now(n.strip()) for n in several.split(",") if n.strip())
    return told
