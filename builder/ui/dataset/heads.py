"""From an overview to the table that is the form, and from a change there to the project."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from builder.errors import LaminaError
from builder.project import Column, Data, Project
from builder.ui.components import table

if TYPE_CHECKING:
    from builder.data import Overview
    from builder.data.overview import ColumnView

WORDS = {"image": "images", "tokens": "texts", "series": "series"}


def heads(overview: "Overview") -> list[dict[str, Any]]:
    """The columns as the table component takes them, the target first."""
    blamed = {
        name
        for finding in overview.findings
        if finding.severity == "error"
        for name in finding.columns
    }
    ordered = sorted(overview.columns, key=lambda view: (view.role != "target", view.position))
    return [
        _head(view, overview.rows, view.name in blamed, bool(overview.balance), overview.headerless)
        for view in ordered
    ]


def called(name: str, headerless: bool) -> str:
    """A column as a person reads it: "#0" of a file without a head is "column 1"."""
    from builder.data.runtime import naming

    return naming.called(name, headerless)


def _head(
    view: "ColumnView", rows: int, blamed: bool, classes: bool, headerless: bool
) -> dict[str, Any]:
    head: dict[str, Any] = {
        "name": view.name,
        "label": called(view.name, headerless),
        "role": view.role,
        "type": view.type,
        "tone": "leak" if blamed and view.role == "feature" else "",
        "why": f"Left out: {view.why}." if view.why else "",
        "missing": view.missing / rows if rows else 0,
    }
    present = max(rows - view.missing, 1)
    if view.top and (view.type != "number" or (view.role == "target" and classes)):
        head["top"] = [[text, count / present] for text, count in view.top]
        head["kinds"] = view.unique
    elif view.counts:
        most = max(view.counts) or 1
        head["bars"] = [count / most for count in view.counts]
        head["low"] = short(view.numbers.get("min", view.edges[0]))
        head["high"] = short(view.numbers.get("max", view.edges[-1]))
        if view.unit:
            head["high"] += f" {view.unit}"
        head["examples"] = list(view.examples)
    return head


def texts(overview: "Overview", data: Data, count: int) -> dict[str, list[str]]:
    """The first texts of each text column, to stand beside the table."""
    from builder.data import read

    wanted = [view.name for view in overview.media if view.form == "tokens"]
    if not wanted:
        return {}
    raw = read(data)
    return {name: [str(value)[:400] for value in raw.media[name].values[:count]] for name in wanted}


def short(value: Any) -> str:
    """A number in few digits (1,484,705 is "1.48 M"), a moment without its time of day."""
    if isinstance(value, str):
        return value[:10]
    number = float(value)
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    if 1e6 <= abs(number) < 9.995e8:
        return f"{number / 1e6:.3g} M"
    if abs(number) >= 1e6 or abs(number) < 1e-3:
        digits, power = f"{number:.1e}".split("e")
        return f"{digits}e{int(power)}"
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def cells(overview: "Overview", columns: list[dict[str, Any]]) -> list[list[str | None]]:
    """The preview's rows as text, in the order of the table's columns."""
    names = [column["name"] for column in columns]
    days = {name for name in names if _only_days([row.get(name) for row in overview.preview])}
    return [
        [_cell(_moment(row.get(name), name in days)) for name in names] for row in overview.preview
    ]


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:00)?(.*)")
"""How a moment is written in the preview, its day, its time, and seconds where there are some."""


def _only_days(values: Sequence[Any]) -> bool:
    """Whether these are moments without a time of day, as far as there are some."""
    given = [value for value in values if value is not None and value == value]
    return all(isinstance(value, str) and value.endswith("T00:00:00") for value in given)


def _moment(value: Any, day: bool) -> Any:
    """A moment as a person writes it: "2024-03-01", "2024-03-01 14:30"; anything else as it is."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    return found[1] if day else f"{found[1]} {found[2]}{found[4]}"


def _cell(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:200]


def sentence(overview: "Overview", *, makes: bool = False) -> tuple[str, str]:
    """What is predicted from what, with {target} where its name stands; and the size of the
    data. `makes`: the network learns to make such rows, and predicts none.
    """
    features = sum(view.role == "feature" for view in overview.columns)
    sources = [WORDS.get(view.form, view.form) for view in overview.media]
    if features:
        sources.append(f"{features:,} column{'s' if features > 1 else ''}")
    title = "Choose what to predict"
    if makes:
        title = "Learn to make " + (" and ".join(sources) or "rows like these")
    elif overview.target:
        title = "Predict {target} from " + (" and ".join(sources) or "nothing yet")
    facts = [f"{overview.rows:,} rows"]
    if not overview.media:
        facts.append(f"{len(overview.columns):,} columns")
    if overview.balance and not makes:
        facts.append(f"{len(overview.balance):,} classes")
    return title, ", ".join(facts)


def headline(title: str, target: str, facts: str) -> str:
    """The sentence as markup, where it does not stand in the table."""
    said = escape(title).replace("{target}", f"<em>{escape(target)}</em>")
    return f'<div class="lm-predict"><h2>{said}</h2><span class="lm-f">{escape(facts)}</span></div>'


def apply(project: Project, change: table.Change, overview: "Overview") -> Project:
    """The project after a new role or type; the task follows the target's kind."""
    data = project.data
    if change.kind == "type":
        signs = _written(overview, change.column) if change.value == "number" else {}
        return with_data(project, treated(data, change.column, {"type": change.value, **signs}))
    if change.column == overview.target and change.value != "target":
        return project
    if change.value == "target":
        columns = {
            name: column.model_copy(update={"role": None})
            if column.role == "target" or name == change.column
            else column
            for name, column in data.columns.items()
        }
        data = data.model_copy(update={"target": change.column, "columns": columns})
        split = data.split
        if change.column in (split.group, split.time):
            data = data.model_copy(update={"split": _plain(data)})
        return with_data(project, data)
    data = treated(data, change.column, {"role": change.value})
    if change.value in ("group", "time"):
        split = data.split.model_copy(
            update={"kind": change.value, "group": None, "time": None, change.value: change.column}
        )
        data = data.model_copy(update={"split": split})
    elif change.column in (data.split.group, data.split.time):
        data = data.model_copy(update={"split": _plain(data)})
    return with_data(project, data)


def _written(overview: "Overview", name: str) -> Mapping[str, Any]:
    """How a column's numbers are written, where the overview found signs in them ("1h 5m")."""
    for finding in overview.findings:
        if finding.code == "written_numbers" and name in finding.columns:
            return dict(finding.remedies[0].edits["columns"][name])
    return {}


def _plain(data: Data) -> Any:
    return data.split.model_copy(update={"kind": "stratified", "group": None, "time": None})


def treated(data: Data, name: str, changes: Mapping[str, Any]) -> Data:
    """The data with a column's treatment changed; what is back to its default is left out."""
    before = data.columns.get(name, Column()).model_dump(exclude_defaults=True)
    after = {key: value for key, value in {**before, **changes}.items() if value not in (None, ())}
    columns = {key: column for key, column in data.columns.items() if key != name}
    if after:
        columns[name] = Column.model_validate(after)
    return data.model_copy(update={"columns": columns})


def _rows(data: Data) -> int:
    """The training rows; 0 where there are none, or the data is gone."""
    from builder.data import inspect

    try:
        return inspect(data).sizes.get("train", 0) if data.source else 0
    except LaminaError:
        return 0


def with_data(project: Project, data: Data) -> Project:
    """The project with other data, its task of the kind that the target asks for, and as many
    epochs as the rows need where nobody has touched the recipe yet.
    """
    from builder.data import inspect
    from builder.train import length

    overview = inspect(data)
    kind: Literal["classification", "regression"] | None = overview.problem
    task = project.task
    if kind is not None and task.kind in ("classification", "regression") and task.kind != kind:
        task = task.model_copy(update={"kind": kind, "loss": None, "metrics": None})
    recipe = project.recipe
    if overview.target is not None:
        recipe = length.fitted(recipe, overview.sizes.get("train", 0), _rows(project.data))
    return project.model_copy(update={"data": data, "task": task, "recipe": recipe})
