"""What the table of runs shows, made from the index and the run folders, for the page and for the
route by which the table follows runs that are under way.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from builder import workspace
from builder.ui import comparison, manage, signs

if TYPE_CHECKING:
    from builder.runs.index import Row

BEST = (
    "On validation data, at the epoch whose network is kept as the best one: by the validation "
    "loss unless the recipe names another figure. Another epoch may have a better one."
)
SPARK = 40
"""So many points a run's small line has at most."""


def figures(rows: Sequence["Row"]) -> list[dict[str, Any]]:
    """The columns with figures: the headline figure at the best epoch and the last one, and the
    validation loss at the best epoch. "help" says which epoch that is.
    """
    main = comparison.headline(rows)
    loss = {"name": "best_loss", "label": "Loss at the best epoch", "help": BEST, "higher": False}
    if main is None:
        return [loss]
    word = comparison.label(main.removeprefix("validation_"))
    higher = comparison.higher_is_better(main)
    return [
        {"name": "best", "label": f"{word} at the best epoch", "help": BEST, "higher": higher},
        {"name": "last", "label": "Last", "help": f"{word} of the last epoch", "higher": higher},
        loss,
    ]


def settings(rows: Sequence["Row"]) -> list[dict[str, str]]:
    """The columns with settings: only those in which the runs differ, the telling ones first."""
    names = comparison.differing(comparison.settings(rows))[: comparison.MOST_SETTINGS]
    return [{"name": name, "label": comparison.label(name)} for name in names]


def lines(rows: Sequence["Row"]) -> list[dict[str, Any]]:
    """The rows for `runtable`."""
    found = comparison.settings(rows)
    names = [column["name"] for column in settings(rows)]
    main, named = comparison.headline(rows), called(rows)
    return [{**_line(row, found[row.id], names, main), "name": named[row.id]} for row in rows]


def called(rows: Sequence["Row"]) -> dict[str, str]:
    """What each run is called; with its project where there are runs of several."""
    own = {row.id: row.name or row.id for row in rows}
    if len({row.project_id for row in rows}) < 2:
        return own
    projects = {entry.id: entry.name for entry in workspace.projects()}
    return {
        row.id: f"{projects[row.project_id]} · {own[row.id]}"
        if row.project_id in projects
        else own[row.id]
        for row in rows
    }


def _line(
    row: "Row", found: Mapping[str, Any], names: Sequence[str], main: str | None
) -> dict[str, Any]:
    word, tone, sign = signs.run(row.status)
    return {
        "id": row.id,
        "note": row.note.splitlines()[0][:80] if row.note else "",
        "word": word,
        "tone": tone,
        "live": sign == "live",
        "sign": signs.path(sign),
        "spark": _course(row),
        "figures": comparison.figures(row, main),
        "settings": {name: _cell(found.get(name)) for name in names},
        "progress": f"{row.epoch} of {row.epochs}" if row.status in manage.ACTIVE else "",
        "duration": row.seconds,
        "lasted": comparison.lasted(row.seconds) if row.seconds else "",
        "device": row.device or "",
        "when": row.created,
        "begun": comparison.begun(row.created),
    }


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _course(row: "Row") -> list[float]:
    """The figure by which the run's best epoch is kept, by epoch, thinned: of two networks that
    compete the loss says nothing.
    """
    from builder import runs
    from builder.errors import LaminaError

    try:
        path = runs.open_run(row.id).folder / "epochs.jsonl"
        return _course_of(row.id, comparison.watched(row), path.stat().st_size, str(path))
    except (LaminaError, OSError):  # deleted meanwhile, or without an epoch so far
        return []


@lru_cache(maxsize=1000)
def _course_of(run: str, figure: str, size: int, path: str) -> list[float]:
    from builder import runs

    del size, path  # the file grows with each epoch; another home has another path
    _, ys = comparison.curve(runs.open_run(run).epochs(), figure, "epoch")
    return ys[:: max(1, len(ys) // SPARK)]
