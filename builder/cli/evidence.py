"""What a run has learnt, on the command line: evaluate, explain, predict, export."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import errors, wording
from builder.cli import root
from builder.cli import slices as cli_slices

SPLITS = ("train", "validation", "test")


@root.app.command()
def evaluate(
    run: root.RunId,
    checkpoint: root.Checkpoint = "best",
    of: Annotated[
        str | None,
        typer.Option(
            "--slice",
            help="Some rows against the rest: a kept slice's name, or a condition on columns such "
            "as 'sex=Female & age<30'.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="For each value of a column, worst first; '*': what stands out of all columns.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(help="What --slice and --by compare: accuracy, recall, log_loss, mae, …"),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="The rows of --slice and --by: train, validation or test, if it has any"),
    ] = None,
    as_json: root.Json = False,
) -> None:
    """Figures on the training, validation and test rows, each apart; for whom they are worse."""
    found = root.find_run(run)
    from builder import evaluate as evaluation

    if by is not None:
        cli_slices.by_column(found, checkpoint, by, metric, split, of, as_json)
    elif of is not None:
        cli_slices.one_slice(found, checkpoint, of, metric, split, as_json)
    elif metric is not None or split is not None:
        given = "--metric" if metric is not None else "--split"
        raise errors.LaminaError(
            "It says what --slice and --by look at.", place=given, remedy="Add one of them."
        )
    else:
        document = evaluation_document(evaluation.evaluate(found.id, checkpoint).to_dict())
        root.emit(document, as_json, lambda: _evaluation_text(document))


def evaluation_document(report: dict[str, Any]) -> dict[str, Any]:
    """The report with each split at the top level: metrics by name and the confusion matrix."""
    document = {key: value for key, value in report.items() if key != "splits"}
    for name, split in report.get("splits", {}).items():
        document[name] = {**split.get("metrics", {}), **split}
    return document


def _evaluation_text(document: dict[str, Any]) -> str:
    shown = [name for name in SPLITS if name in document]
    metrics = list(
        dict.fromkeys(
            key for name in shown for key, value in document[name].items() if _figure(value)
        )
    )
    rows = [
        (
            metric.replace("_", " "),
            *(root.number(document[name].get(metric)) for name in shown),
        )
        for metric in metrics
    ]
    text = root.table(rows, ("", *shown))
    positive = next((document[name].get("positive") for name in shown), None)
    if positive is None:
        return text
    called = wording.one_line(str(positive))
    return f"{text}\nPrecision, recall and F1 are those of '{called}', the second of two classes."


def _figure(value: Any) -> bool:
    return isinstance(value, float)


@root.app.command()
def explain(
    run: root.RunId,
    method: Annotated[str, typer.Option(help="integrated_gradients, shap_values, occlusion, …")],
    rows: Annotated[str, typer.Option(help="Rows of the split, counted from 0: 0,3,10-19")] = "0",
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
    target: Annotated[str | None, typer.Option(help="The class; else the predicted one.")] = None,
    layer: Annotated[
        str | None, typer.Option(help="The node, for methods that look at one.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="What it is compared with; else what suits the data.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Judge each map, as the Explain page does.")
    ] = False,
    checkpoint: root.Checkpoint = "best",
    as_json: root.Json = False,
) -> None:
    """Why the network decides so: attributions with their checks."""
    found = root.find_run(run)
    if split not in SPLITS:
        raise errors.LaminaError(
            f"There is no split '{split}'.", place="--split", remedy=f"One of {', '.join(SPLITS)}."
        )
    chosen = row_numbers(rows)
    from builder.explain import explain as explain_run

    explanation = explain_run(
        found.id,
        method,
        split=split,
        rows=chosen,
        target=target,
        layer=layer,
        checkpoint=checkpoint,
        options={"baseline": baseline} if baseline else None,
        check=check,
        progress=_progress if sys.stderr.isatty() else None,
    )
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    document = explanation.to_dict()
    root.emit(document, as_json, lambda: _explanation_text(document))


def _progress(what: str, done: int, total: int) -> None:
    """One line that is written over, for a person who watches."""
    count = f" {done:,} of {total:,}" if total else ""
    print(f"\r\033[K{what}{count}", end="", file=sys.stderr, flush=True)


def row_numbers(text: str) -> tuple[int, ...]:
    """Row numbers from "0,3,10-19". Raises LaminaError for anything else."""
    if not text.strip(" ,"):
        raise errors.LaminaError(
            "No row is named.", place="--rows", remedy="Write numbers such as 0,3,10-19."
        )
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first and last.isdecimal():
            raise errors.LaminaError(
                f"There is no row {part.strip()}.", place="--rows", remedy="Count rows from 0."
            )
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise errors.LaminaError(
                f"'{part}' is no row.", place="--rows", remedy="Write numbers such as 0,3,10-19."
            )
        if dash and int(last) < int(first):
            raise errors.LaminaError(
                f"{part.strip()} runs backwards.",
                place="--rows",
                remedy=f"Write {last}-{first}.",
            )
        more = range(int(first), int(last if dash else first) + 1)
        if len(found) + len(more) > 100_000:
            raise errors.LaminaError(
                "These are too many rows.", place="--rows", remedy="At most 100,000."
            )
        found.extend(more)
    return tuple(found)


def _explanation_text(document: dict[str, Any]) -> str:
    lines = [str(document.get("method", ""))]
    for row in document.get("rows", []):
        error = row.get("completeness_error")
        check = f", completeness error {root.number(error)}" if error is not None else ""
        lines.append(f"prediction {row.get('prediction')}{check}")
        lines += [f"  {name}: {root.number(value)}" for name, value in _strongest(row)]
        if row.get("trust"):
            lines.append(f"verdict: {row['trust']['verdict']}")
    lines += [f"limit: {limit}" for limit in document.get("limits", [])]
    return "\n".join(lines)


def _strongest(row: dict[str, Any], count: int = 10) -> list[tuple[str, float]]:
    """The features that weigh most, by absolute value."""
    import numpy as np

    found: list[tuple[str, float]] = []
    for name, values in row.get("attributions", {}).items():
        flat = np.asarray(values, dtype=float).ravel()
        features = row.get("features") or {}
        names = features.get(name) if isinstance(features, dict) else features
        named = list(names)[: len(flat)] if names is not None else []
        if named and len(named) == len(flat):
            labels = [str(one) for one in named]
        elif named:  # a text: what is behind its last token is filling
            labels = [f"{one} (token {at})" for at, one in enumerate(named, start=1)]
        else:
            labels = [f"{name}[{at}]" for at in range(len(flat))]
        found += [(label, float(value)) for label, value in zip(labels, flat, strict=False)]
    return sorted(found, key=lambda item: -abs(item[1]))[:count]


@root.app.command()
def predict(
    run: root.RunId,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT…", help="Tables, images, folders of images, texts."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write a CSV here.")
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Read images as negatives: light for dark.")
    ] = False,
    checkpoint: root.Checkpoint = "best",
    as_json: root.Json = False,
) -> None:
    """Predict new input; a CSV gives a CSV with predictions and probabilities."""
    found = root.find_run(run)
    from builder.export import predict as predict_run

    predictions = predict_run(found.id, inputs, checkpoint, invert=invert)
    for note in predictions.notes:
        root.say(f"Note: {note}")
    document = predictions.to_dict()
    if output:
        _write(output, predictions.to_csv())
        document = {"run": found.id, "file": str(output), "rows": len(predictions.rows)}
        made = len(predictions.rows)
        count = "1 prediction is" if made == 1 else f"{made} predictions are"
        root.emit(document, as_json, lambda: f"{count} in {output}.")
        return
    root.emit(document, as_json, lambda: predictions.to_csv().rstrip("\n"))


def _write(path: Path, text: str) -> None:
    """All or nothing: written aside, then renamed; a link (/dev/stdout) is written through."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text, encoding="utf-8", newline="")
        return
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(text, encoding="utf-8", newline="")
        aside.replace(path)
    except OSError as error:  # told of the file that was asked for, not of the one aside
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        aside.unlink(missing_ok=True)


@root.app.command()
def export(
    run: root.RunId,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PATH", help="Where to write.")],
    to: Annotated[
        str, typer.Option("--to", help="python (a folder; .zip packs it) or safetensors")
    ] = "python",
    checkpoint: root.Checkpoint = "best",
    as_json: root.Json = False,
) -> None:
    """Take the network along, with its fitted preparation and class names."""
    found = root.find_run(run)
    from builder.export import export as export_run

    path = export_run(found.id, to, output, checkpoint)
    document = {"run": found.id, "format": to, "path": str(path)}
    root.emit(document, as_json, lambda: f"Written to {path}.")
