"""Draws the declared fields, gives the recipe that they say, and tells mistakes at their fields."""

import copy
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st
from pydantic import BaseModel, ValidationError

from builder import wording
from builder.errors import LaminaError
from builder.project import Project, Recipe
from builder.ui import parts
from builder.ui.recipe import controls
from builder.ui.recipe.declared import GROUPS, Field, Group

HEADS = ("early_stopping", "mix", "average")
"""Parts of a recipe that are there or not, as their first field says."""


class Form:
    """One recipe on the page. `key` tells its widgets from another form's; `beside` draws what
    stands next to a field (a finder).
    """

    def __init__(
        self,
        project: Project,
        held: Recipe,
        *,
        key: str,
        devices: Sequence[tuple[str, str]],
        classes: Sequence[str] = (),
        nodes: Sequence[str] = (),
        beside: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        self.project, self.held, self.key = project, held, key
        self.devices, self.classes, self.nodes = devices, classes, nodes
        self.beside = beside or {}
        self.values: dict[str, Any] = {}
        self.slots: dict[str, Any] = {}
        self.wrong: tuple[str, ...] = tuple(st.session_state.get(self._wrong, ()))
        self.open = self.wrong[0] if self.wrong else ""

    @property
    def _wrong(self) -> str:
        return f"{self.key}_wrong"

    def draw(self, *, without: Sequence[str] = (), more: Mapping[str, Any] | None = None) -> None:
        """All groups; `without` leaves fields out, `more` adds to a group (its title → a call)."""
        for group in GROUPS:
            shown = [one for one in group.fields if self._there(one) and one.path not in without]
            if not shown:
                continue
            with self._box(group):
                self._rows(shown)
                if more and group.title in more:
                    more[group.title]()

    def _there(self, field: Field) -> bool:
        if field.path.partition(".")[0] not in Recipe.model_fields:
            return False
        if field.only == "classes":
            return bool(self.classes)
        return field.only != "graphs" or len(self.project.graphs) > 1

    def _box(self, group: Group) -> Any:
        name = group.title.lower().replace(" ", "_")
        if not group.folded:
            return parts.card(group.title, key=f"recipe_{name}")
        wrong = any(_under(path, one.path) for path in self.wrong for one in group.fields)
        title = f"{group.title} :gray[· {group.note}]"
        return st.expander(title, expanded=wrong, key=f"{self.key}_{name}")

    def _rows(self, fields: Sequence[Field]) -> None:
        row: list[Field] = []
        for one in fields:
            if any(head.path == one.of for head in row):  # what is chosen there decides
                self._row(row)
                row = []
            if not self._drawn_for(one):
                continue
            if one.kind in controls.WIDE:
                self._row(row)
                row = []
                self._field(one)
            else:
                row.append(one)
                if len(row) == 3:
                    self._row(row)
                    row = []
        self._row(row)

    def _row(self, row: Sequence[Field]) -> None:
        if not row:
            return
        for place, one in zip(st.columns(3), row):
            with place:
                self._field(one)

    def _drawn_for(self, field: Field) -> bool:
        if field.unless:
            return not set(self.project.graphs) <= set(self.values.get(field.unless) or ())
        if not field.of:
            return True
        chosen = self.values.get(field.of)
        return bool(chosen) and (not field.among or chosen in field.among)

    def _field(self, field: Field) -> None:
        draw = controls.BY_KIND[field.kind]
        self.values |= draw(self, field, self.now(field.path))

    def slot(self, path: str) -> None:
        """The place for a mistake, below the field that was just drawn."""
        self.slots[path] = st.empty()

    def now(self, path: str) -> Any:
        """What the held recipe has at the path; a part's own default where it has no such part."""
        value: Any = self.held
        for part in path.split("."):
            value = getattr(value, part, None)
        head, _, last = path.partition(".")
        if value is None and head in HEADS and not _is_head(path):
            return _default(head, last)
        return value

    def recipe(self) -> Recipe | None:
        """The recipe that the fields say; None, and each mistake at its field, if they say none."""
        raw = copy.deepcopy(self.held.model_dump())
        for head in HEADS:
            first = next((p for p in self.values if p.startswith(f"{head}.") and _is_head(p)), None)
            if first is None:
                continue
            if self.values[first] is None:
                raw[head] = None
                continue
            chosen = {p.partition(".")[2]: v for p, v in self.values.items() if p.startswith(head)}
            raw[head] = {**(raw[head] or {}), **chosen}
        raw |= {path: value for path, value in self.values.items() if "." not in path}
        try:
            return Recipe.model_validate(raw)
        except ValidationError as error:
            self._unfit(error)
            return None

    def _unfit(self, error: ValidationError) -> None:
        """Tell every mistake of the fields, each at its own."""
        by_place: dict[str, list[Any]] = {}
        for one in error.errors(include_url=False):
            by_place.setdefault(wording.place(one), []).append(one)
        told = []
        for path, found in by_place.items():
            fact, usual = wording.sentence(found)
            told.append(self._tell(path, fact, "", usual))
        self._mark(tuple(at for at in told if at))

    def refuse(self, path: str, fact: str, remedy: str = "", *, usual: str = "") -> bool:
        """Tell a mistake at its field; False where no field of the form is meant.

        Without a remedy the field's own is told, and where it has none, the usual one.
        """
        at = self._tell(path, fact, remedy, usual)
        if at:
            self._mark((at,))
        return bool(at)

    def _tell(self, path: str, fact: str, remedy: str, usual: str) -> str:
        """Write a mistake below its field; the field's path, empty where none is meant."""
        path = path.removeprefix("recipe.")
        near = [known for known in self.slots if _under(path, known) or _under(known, path)]
        if not near:
            return ""
        at = max(near, key=lambda known: (_under(path, known), len(known)))
        declared = (one for group in GROUPS for one in group.fields)
        own = next((one.remedy for one in declared if _under(at, one.path)), "")
        if at.endswith(
            ".lr"
        ):  # a field by itself: what is said of an optimiser's arguments misfits
            own = "Type a number above 0, such as 0.001."
        with self.slots[at].container():
            parts.html(
                f'<p class="lm-err lm-s" role="alert">{parts.icon("cross")} '
                f"{escape(fact)} {escape(remedy or own or usual)}</p>",
                "field-wrong",
            )
        return at

    def _mark(self, wrong: tuple[str, ...]) -> None:
        """Have the folded groups of these fields open."""
        if wrong and self.wrong != wrong:
            st.session_state[self._wrong] = wrong
            st.rerun()

    def told(self, error: LaminaError) -> bool:
        """The same of an error with a place in the recipe."""
        place = error.place or ""
        return place.startswith("recipe.") and self.refuse(place, error.fact, error.remedy or "")

    def sound(self) -> None:
        """Nothing is wrong any more: no folded group is opened for it."""
        st.session_state.pop(self._wrong, None)


def _is_head(path: str) -> bool:
    return path in ("early_stopping.patience", "mix.kind", "average.kind")


def _default(head: str, last: str) -> Any:
    from builder.project import Average, EarlyStopping, Mix

    kinds: dict[str, type[BaseModel]] = {
        "early_stopping": EarlyStopping,
        "mix": Mix,
        "average": Average,
    }
    return kinds[head].model_fields[last].default


def _under(path: str, other: str) -> bool:
    """Whether the path is the other or lies within it."""
    return path == other or path.startswith(f"{other}.")
