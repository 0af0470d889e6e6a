"""What a trained network makes, on the command line: texts, images."""

from pathlib import Path
from typing import Annotated, Any

import typer

from builder import errors
from builder.cli import root


@root.app.command()
def sample(
    run: root.RunId,
    prompt: Annotated[str | None, typer.Option(help="The text to go on from.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="temperature=0.7, top_k=20, count=16, …"),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same number makes the same again.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .txt, or a .png for images."),
    ] = None,
    checkpoint: root.Checkpoint = "best",
    as_json: root.Json = False,
) -> None:
    """Let the network make something: go on with a text, draw images."""
    found = root.find_run(run)
    from builder.evaluate import make

    options = found.task().sampling()
    given = chosen(options, settings or []) if options else {}
    if prompt is not None:
        given["prompt"] = prompt
    made = make(found, given, checkpoint, seed)
    if made is None:
        raise errors.LaminaError(
            "This run makes nothing; it predicts.",
            place=f"run {found.id}",
            remedy=f"Use `lamina predict {found.id} INPUT`.",
        )
    document: dict[str, Any] = {"run": found.id, "seed": seed, **made.values}
    images = made.tensors.get("images")
    if output is not None:
        _write(output, made.values.get("text"), images)
        document["file"] = str(output)
    elif images is not None and not as_json:
        raise errors.LaminaError(
            "Images cannot be printed.", place="--output", remedy="Add -o images.png."
        )
    root.emit(document, as_json, lambda: _text(document))


def chosen(options: Any, given: list[str]) -> dict[str, Any]:
    """Settings from NAME=VALUE; LaminaError for what cannot be read so."""
    known = {option.name: option for option in options}
    found: dict[str, Any] = {}
    for item in given:
        name, equals, raw = item.partition("=")
        if not equals or name not in known:
            raise errors.LaminaError(
                f"'{item}' is no setting.",
                place="--set",
                remedy=f"Write NAME=VALUE; there are: {', '.join(known) or 'none'}.",
            )
        found[name] = _value(known[name].kind, raw, item)
    return found


def _value(kind: str, raw: str, item: str) -> Any:
    try:
        return int(raw) if kind == "int" else float(raw) if kind == "float" else raw
    except ValueError as error:
        raise errors.LaminaError(
            f"'{item}': {raw!r} is no number.", place="--set", remedy="Write a number."
        ) from error


def _write(path: Path, text: Any, images: Any) -> None:
    if images is None:
        path.write_text(str(text), encoding="utf-8")
        return
    from builder.data.media import sheet

    path.write_bytes(sheet(images))


def _text(document: dict[str, Any]) -> str:
    if "text" in document:
        return f"{document['prompt']}{document['text']}"
    return f"{document['count']} images are in {document['file']}."
