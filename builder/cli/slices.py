"""For whom a run is worse, on the command line: rows by a condition, figures by a column."""

from typing import Any

from builder import errors
from builder.cli import root

VERDICTS = {
    "worse": "worse than the rest",
    "better": "better than the rest",
    "lower": "lower than the rest",
    "higher": "higher than the rest",
    "unclear": "may be chance",
    "few": "too few rows to tell",
}
SPLITS = ("train", "validation", "test")


def one_slice(
    run: Any, checkpoint: str, of: str, metric: str | None, split: str | None, as_json: bool
) -> None:
    """Print the figure of a kept slice, or of the rows that meet a condition, against the rest."""
    from builder import evaluate as evaluation

    kept = _slice(run, of, split)
    report = _report(run, checkpoint, kept.split)
    columns = evaluation.columns(run.prepared(), kept.split) if kept.condition else None
    (said,) = evaluation.judged(report, [kept], columns, metric)
    apart = said.against
    document = {
        "slice": kept.name,
        "condition": kept.condition,
        "split": kept.split,
        "rows": len(kept.rows),
        "of": report.rows,
        "metric": apart.name,
        "here": _known(apart.here),
        "rest": _known(apart.there),
        "difference": _known(apart.gap),
        "interval": [_known(end) for end in apart.interval],
        "sure": apart.sure,
        "verdict": said.verdict,
        "looks": said.looks,
        "chosen_by_its_answers": bool(kept.by) and kept.by == run.id,
    }
    root.emit(document, as_json, lambda: _slice_text(document, said.among))


def by_column(
    run: Any,
    checkpoint: str,
    by: str,
    metric: str | None,
    split: str | None,
    of: str | None,
    as_json: bool,
) -> None:
    """Print the figure for each value of a column, worst first."""
    from builder import evaluate as evaluation

    if of is not None:
        raise errors.LaminaError(
            "A slice is judged alone, a column by all its values.",
            place="--by",
            remedy="Take --slice or --by.",
        )
    split = split or evaluation.usual_split(run)
    report = _report(run, checkpoint, split)
    columns = evaluation.columns(run.prepared(), split)
    if by == evaluation.ANY:
        found = evaluation.standing_out(report, columns, metric)
    else:
        found = evaluation.by_column(report, columns, by, metric)
    document = {"run": run.id, "split": split, "rows": report.rows, **found.to_dict()}
    root.emit(document, as_json, lambda: _groups_text(document))


def _slice(run: Any, of: str, split: str | None) -> Any:
    """The kept slice of that name, else what a condition selects."""
    from builder import evaluate as evaluation

    if split is not None:
        _check(run, split)
    for one in evaluation.slices(run, split):
        if one.name == of:
            return one
    if not evaluation.is_condition(of):
        return evaluation.slice_named(run, of, split)
    split = split or evaluation.usual_split(run)
    rows = evaluation.rows_of(run, split, of)
    if not len(rows):
        raise errors.LaminaError(
            f"No row of the {split} split meets '{of}'.", place="--slice", remedy="Widen it."
        )
    return evaluation.Slice(of, split, tuple(rows.tolist()), "", of, "", of)


def _report(run: Any, checkpoint: str, split: str) -> Any:
    from builder import evaluate as evaluation

    _check(run, split)
    report = evaluation.evaluate(run.id, checkpoint, splits=(split,))
    if split not in report.splits:
        raise errors.LaminaError(
            "This run predicts nothing row by row, so it has no slices.",
            place=run.id,
            remedy="Look at its figures as a whole: leave --slice and --by out.",
        )
    return report.splits[split]


def _check(run: Any, split: str) -> None:
    if split not in SPLITS or not run.spec.sizes.get(split):
        have = ", ".join(name for name in SPLITS if run.spec.sizes.get(name))
        raise errors.LaminaError(
            f"There are no rows in a split '{split}'.", place="--split", remedy=f"One of {have}."
        )


def _known(value: float) -> float | None:
    return value if value == value else None


def _slice_text(document: dict[str, Any], among: str) -> str:
    here, rest, gap = (_number(document[key]) for key in ("here", "rest", "difference"))
    low, high = (_number(end) for end in document["interval"])
    chance = "" if document["sure"] else f", which may be chance{among}"
    if document["verdict"] == "few":
        chance = ": too few rows to tell"
    lines = [
        f"{document['slice']}: {document['rows']} of {document['of']} {document['split']} rows",
        f"{document['metric']} {here}, on the rest {rest}: {gap} ({low} to {high}){chance}",
    ]
    if document["chosen_by_its_answers"]:
        lines.append("This run's own answers chose these rows, so this says nothing about it.")
    return "\n".join(lines)


def _groups_text(document: dict[str, Any]) -> str:
    metric = document["metric"]
    some = any(one["counted"] != one["rows"] for one in document["groups"])
    lines = [
        (
            one["value"],
            f"{one['rows']:,}",
            *([f"{one['counted']:,}"] if some else []),
            _number(one[metric]),
            " to ".join(map(_number, one["interval"])),
            VERDICTS[one["verdict"]],
        )
        for one in document["groups"]
    ]
    named = metric.replace("_", " ")
    of = "where it stands out" if document["by"] == "*" else f"by {document['by']}"
    head = f"{named} {of}, {document['rows']:,} {document['split']} rows: "
    heads = (
        "group" if document["by"] == "*" else document["by"],
        "rows",
        *(["counted"] if some else []),
        named,
    )
    if not lines:
        return f"{head}{_number(document['whole'])} on all\nNo group differs beyond chance."
    text = root.table(lines, (*heads, "95 % interval", "beyond chance?"))
    rare = document["rows_of_rare_values"]
    more = f"\n{rare:,} rows have rarer values." if rare else ""
    return f"{head}{_number(document['whole'])} on all\n{text}{more}"


def _number(value: float | None) -> str:
    return "–" if value is None else str(root.number(value))
