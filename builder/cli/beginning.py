"""`lamina new`: a ready project on a template's own data or on yours."""

import difflib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import errors, project
from builder.cli import root

if TYPE_CHECKING:
    from builder.data.options import Option

DataPaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="A table (CSV, TSV, Parquet, Excel, JSON lines), a folder or zip of images, IDX .gz, "
        "a .ts file, text files; several times for one file per class.",
    ),
]
Target = Annotated[str | None, typer.Option(help="The column to predict; #0 is the first.")]
SourceName = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="KIND",
        help="How the data is read, where the guess is wrong: table, windows, text, series, images "
        "…; windows cuts windows from a long table by time. sklearn and generated need no --data.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="One of the source's own options, as the Data page shows them: length=96; several "
        "times. A wrong name lists them.",
    ),
]
Out = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")]


@root.app.command()
def new(
    output: Out,
    template: Annotated[
        str | None, typer.Option(help="See `lamina templates`; without it, the one that suits.")
    ] = None,
    data: DataPaths = None,
    target: Target = None,
    test: Annotated[Path | None, typer.Option(help="The test part, where it is apart.")] = None,
    source: SourceName = None,
    options: Options = None,
    name: Annotated[str | None, typer.Option(help="The project's name.")] = None,
    as_json: root.Json = False,
) -> None:
    """Write a ready project, its sizes fitted to the data."""
    from builder import templates

    reads = templates.get(template).reads if template else ""
    wish = (source or "", options or ())
    named = bool(data or source)
    chosen = data_from(data or [], target, test, reads, *wish) if named else None
    if chosen is None and (target or test or options):
        raise errors.LaminaError(
            "--target, --test and --option speak of data that is not named.",
            place="--data",
            remedy="Name it with --data PATH.",
        )
    if template is None:
        if chosen is None:
            raise errors.LaminaError(
                "Neither a template nor data is named.",
                place="lamina new",
                remedy="Add --template NAME (see `lamina templates`) or --data PATH.",
            )
        template = _suggested(chosen)
    made = _made(template, chosen)
    title = name or (data[0].stem.split(".")[0] if data else made.name) or template
    made = _renamed(made, title)
    kept = _write(made, output)
    guess, doubts = understood(made), _doubts(made) if chosen else []
    document = {
        "file": str(output),
        "template": template,
        "name": made.name,
        "replaced": kept,
        **guess,
        "findings": [{"title": title, "sentence": sentence} for title, sentence in doubts],
    }

    def text() -> str:
        more = f" The older file is now {kept}." if kept else ""
        nodes = len(made.graph.nodes)
        told = [f"Mind: {title}. {sentence}" for title, sentence in doubts]
        first = f"{output}: {template} with {nodes} nodes.{more}"
        return "\n".join([first, _guess_text(guess), *told])

    root.emit(document, as_json, text)


def data_from(
    paths: list[Path],
    target: str | None,
    test: Path | None,
    prefer: str = "",
    kind: str = "",
    given: Sequence[str] = (),
) -> project.Data:
    """The data section for files, recognised by name and content (the source `prefer` first), or
    read by the source `kind`; `given` are options of it ("length=96").

    LaminaError where no source fits, or there is no such source or option.
    """
    from builder import data

    found = _of_kind(kind, paths) if kind else data.recognise([paths[0]], prefer)
    source = data.catalogue()[found.source]
    if len(paths) > 1 and found.source != "text_files":
        raise errors.LaminaError(
            f"{len(paths)} files are named, but {source.title} takes one.",
            place="--data",
            remedy="Several files are for texts, one file per class; a test part goes to --test.",
        )
    if test and not kind:
        found = data.recognise([paths[0], test], prefer)
        source = data.catalogue()[found.source]
    known = {option.name: option for option in source.params}
    if test and "test_path" not in known:
        raise errors.LaminaError(
            f"{source.title} takes no test file of its own.",
            place="--test",
            remedy="Put the parts side by side as train/ and test/, or leave --test out.",
        )
    chosen = dict(found.options)
    if test:
        chosen["test_path"] = str(test.absolute())
    for item in given:
        name, value = _option(known, item)
        chosen[name] = value
    if target and found.source == "windows" and not {"target", "label"} & set(chosen):
        chosen["target"] = target
    changes = {"options": chosen} | ({"target": target} if target else {})
    return data.share_out(found.model_copy(update=changes))


def _of_kind(kind: str, paths: list[Path]) -> project.Data:
    """The data section of a source that was asked for by name."""
    from builder import data
    from builder.data.paths import locate

    known = data.catalogue()
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise errors.LaminaError(
            f"There is no source '{kind}'.",
            place="--source",
            remedy=f"{hint}There are {', '.join(sorted(known))}.",
        )
    reads = any(option.name == "path" for option in known[kind].params)
    if not paths:
        return project.Data(source=kind)
    if not reads:
        raise errors.LaminaError(
            f"{known[kind].title} reads no file.",
            place="--data",
            remedy="Leave out --data, or name another --source.",
        )
    path = locate(str(paths[0]), "--data")
    if why := known[kind].unfit(path):
        raise errors.LaminaError(
            why, place="--source", remedy="Leave --source out to have it guessed."
        )
    return project.Data(source=kind, options={"path": str(path.absolute())})


def _option(known: "Mapping[str, Option]", item: str) -> tuple[str, Any]:
    """Name and value of "length=96". LaminaError that names the source's options."""
    from builder.data.options import read_option

    name, equals, text = item.partition("=")
    name = name.strip()
    if not equals or name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        fact = f"The source has no option '{name}'." if equals else f"'{item}' is no option."
        raise errors.LaminaError(
            fact,
            place="--option",
            remedy=f"{hint}Write NAME=VALUE; its options are {', '.join(sorted(known))}.",
        )
    return name, read_option(known[name], text.strip(), "--option")


def understood(made: project.Project) -> dict[str, Any]:
    """What a project's data was taken for: target, classes, columns (or "image", …), rows."""
    from builder import data, tasks
    from builder.data.runtime.naming import told

    spec = data.specs(made)
    target = spec.target if "rows" in tasks.get(made.task.kind).views else None
    origins = [origin for item in spec.inputs.values() for origin in item.origins]
    media = [item.form for item in spec.inputs.values() if item.form not in ("vector", "codes")]
    return {
        "target": target.name if target else None,
        "target_called": told(f"'{target.name}'", data.read(made.data).headerless)
        if target
        else None,
        "task": made.task.kind,
        "classes": list(target.classes) if target else [],
        "columns": list(dict.fromkeys(origins)) if not media else [],
        "media": media,
        "rows": sum(spec.sizes.values()),
        "sizes": dict(spec.sizes),
        "split": made.data.split.kind,
        "time": made.data.split.time,
    }


def _doubts(made: project.Project) -> list[tuple[str, str]]:
    """What the Data page would warn of: title and sentence."""
    from builder import data

    found = data.inspect(made.data).findings
    return [(item.title.rstrip("."), item.sentence) for item in found if item.severity != "note"]


MEDIA = {"image": "images", "tokens": "texts", "series": "series"}


def _guess_text(guess: dict[str, Any]) -> str:
    if guess["target"] is None:
        read = ", ".join(MEDIA[form] for form in guess["media"]) or "columns"
        return f"Learns from {read}, {guess['rows']:,} rows; there is nothing to predict."
    known = len(guess["classes"])
    kind = f"{known} classes" if known else "a number"
    columns = len(guess["columns"])
    words = [f"{columns} column{'' if columns == 1 else 's'}"] if columns else []
    words += [MEDIA[form] for form in guess["media"]]
    what, source = guess["target_called"], ", ".join(words)
    by_time = guess["split"] == "time"
    more = f" Split by time ({guess['time']}): the last rows are the test." if by_time else ""
    return f"Predicts {what} ({kind}) from {source}, {guess['rows']:,} rows.{more}"


def _made(template: str, chosen: project.Data | None) -> project.Project:
    """The template on the data; a refusal names the option that mends it."""
    from builder import templates

    try:
        return templates.make(template, chosen)
    except errors.LaminaError as error:
        table = chosen is not None and chosen.source == "table"
        if table and templates.get(template).data_kind == "series":
            raise errors.LaminaError(
                error.fact,
                place=error.place,
                remedy="To cut windows from rows that follow each other in time, add --source "
                "windows (and --option length=96, --option horizon=24 …).",
            ) from error
        if "Choose regression" not in error.remedy and "mlp-regression" not in error.fact:
            raise
        raise errors.LaminaError(
            error.fact,
            place=error.place,
            remedy="Add --template mlp-regression to predict it as a number, or name another "
            "target with --target COL.",
        ) from error


def _suggested(chosen: project.Data) -> str:
    from builder import data, templates

    given = data.suggest(chosen)
    task = project.TaskChoice(kind=templates.problem(given))
    return templates.suggest(data.specs(project.Project(data=given, task=task)))


def _renamed(made: project.Project, title: str) -> project.Project:
    return made.model_copy(update={"name": title[:120]})


def _write(made: project.Project, output: Path) -> str | None:
    """Save; an older file of that name and other content is kept beside it, and its new name
    returned.
    """
    if output.is_dir():
        raise errors.LaminaError("That is a folder.", place=str(output), remedy="Name a file.")
    if not output.parent.is_dir():
        raise errors.LaminaError(
            f"The folder {output.parent} does not exist.", place="-o", remedy="Make it first."
        )
    kept, content = None, project.dumps(made).encode()
    if output.exists() and output.stat().st_size and output.read_bytes() != content:
        kept = _kept_aside(output)
    project.save(made, output)
    return kept


def _kept_aside(output: Path) -> str:
    """Move the file to x.old and return that name; an older project there is replaced, any other
    file is not (x.old2 …).
    """
    for count in itertools.count(1):
        kept = Path(f"{output}.old{count if count > 1 else ''}")
        if not kept.exists() or _is_project(kept):
            output.replace(kept)
            return str(kept)
    raise AssertionError("the count has no end")


def _is_project(file: Path) -> bool:
    try:
        project.load(file)
    except (errors.LaminaError, OSError):
        return False
    return True
