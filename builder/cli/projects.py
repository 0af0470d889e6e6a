"""Projects on the command line: templates, new, check, fix, code."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import errors, project
from builder.cli import root

if TYPE_CHECKING:
    from builder.compile import Check, Fix, Issue
    from builder.data.specs import PreparedSpec

DataPaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="A table (CSV, TSV, Parquet, Excel, JSON lines), a folder or zip of images, IDX .gz, "
        "a .ts file, text files; several times for one file per class.",
    ),
]
Target = Annotated[str | None, typer.Option(help="The column to predict; #0 is the first.")]
Out = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")]


@root.app.command("templates")
def templates_(as_json: root.Json = False) -> None:
    """List the ready networks."""
    from builder.templates import templates

    found = [
        {"name": t.name, "title": t.title, "help": t.help, "data": t.data_kind}
        for t in templates().values()
    ]
    rows = [(item["name"], item["data"], item["help"]) for item in found]
    root.emit(found, as_json, lambda: root.table(rows, ("template", "data", "what it is")))


@root.app.command()
def new(
    output: Out,
    template: Annotated[
        str | None, typer.Option(help="See `lamina templates`; without it, the one that suits.")
    ] = None,
    data: DataPaths = None,
    target: Target = None,
    test: Annotated[Path | None, typer.Option(help="The test part, where it is apart.")] = None,
    name: Annotated[str | None, typer.Option(help="The project's name.")] = None,
    as_json: root.Json = False,
) -> None:
    """Write a ready project, its sizes fitted to the data."""
    from builder import templates

    reads = templates.get(template).reads if template else ""
    chosen = data_from(data, target, test, reads) if data else None
    if chosen is None and (target or test):
        raise errors.LaminaError(
            "--target and --test speak of data that is not named.",
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


@root.app.command()
def check(file: root.ProjectFile, as_json: root.Json = False) -> None:
    """Shapes, parameters and cost of every node, and whether it can train; leave with 1 where there
    are errors.
    """
    given = drawn(file)
    found = checks(given)
    refusal = refused(given, found)
    document = {
        "ok": refusal is None and all(item.ok for item in found.values()),
        "parameters": sum(item.parameters for item in found.values()),
        "macs": sum(item.macs for item in found.values()),
        "issues": [
            {**issue, "graph": name}
            for name, item in found.items()
            for issue in item.to_dict()["issues"]
        ]
        + ([{**refusal.to_dict(), "graph": None}] if refusal else []),
        "graphs": {name: item.to_dict() for name, item in found.items()},
    }

    def text() -> str:
        more = [_issue_text(refusal)] if refusal else []
        return "\n\n".join([*map(_check_text, found.items()), *more])

    root.emit(document, as_json, text)
    if not document["ok"]:
        raise typer.Exit(root.WRONG_INPUT)


@root.app.command()
def fix(
    file: root.ProjectFile,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Else FILE itself.")
    ] = None,
    as_json: root.Json = False,
) -> None:
    """Apply the best repair for each error; leave with 1 where some remain."""
    from builder import compile as compiler
    from builder import tasks

    given = drawn(file)
    spec = specs_of(given)
    shapes = tasks.output_shapes(given, spec)
    graphs, applied = dict(given.graphs), []
    for name, graph in given.graphs.items():
        graphs[name], fixes = compiler.fix(
            graph, spec.inputs, modules=given.modules, output_shape=shapes[name]
        )
        applied += [_fix_document(name, item) for item in fixes]
    repaired = given.model_copy(update={"graphs": graphs})
    if applied or output:
        project.save(repaired, output or file)
    left = [
        issue["message"]
        for item in checks(repaired).values()
        for issue in item.to_dict()["issues"]
        if issue["severity"] == "error"
    ]
    document = {"file": str(output or file), "fixes": applied, "ok": not left, "left": left}

    def text() -> str:
        lines = [f"{item['label']} ({item['price']}): {item['why']}" for item in applied]
        lines += [f"No repair is known: {message}" for message in left]
        return "\n".join(lines or ["Nothing to repair."])

    root.emit(document, as_json, text)
    if left:
        raise typer.Exit(root.WRONG_INPUT)


@root.app.command()
def code(file: root.ProjectFile, as_json: root.Json = False) -> None:
    """Print the PyTorch source."""
    from builder import compile as compiler

    given = drawn(file)
    source = compiler.generate(given.graphs, specs_of(given).inputs, given.modules)
    document = {"source": source.text, "lines": source.lines, "digest": source.digest}
    root.emit(document, as_json, lambda: source.text.rstrip("\n"))


def data_from(
    paths: list[Path], target: str | None, test: Path | None, prefer: str = ""
) -> project.Data:
    """The data section for files, recognised by name and content (the source `prefer` first);
    LaminaError where none fits.
    """
    from builder import data

    found = data.recognise([paths[0], test] if test else [paths[0]], prefer)
    source = data.catalogue()[found.source]
    if len(paths) > 1 and found.source != "text_files":
        raise errors.LaminaError(
            f"{len(paths)} files are named, but {source.title} takes one.",
            place="--data",
            remedy="Several files are for texts, one file per class; a test part goes to --test.",
        )
    if test and not any(option.name == "test_path" for option in source.params):
        raise errors.LaminaError(
            f"{source.title} takes no test file of its own.",
            place="--test",
            remedy="Put the parts side by side as train/ and test/, or leave --test out.",
        )
    chosen = found.model_copy(update={"target": target} if target else {})
    return data.share_out(chosen)


def drawn(file: Path) -> project.Project:
    """The project of that file; LaminaError where no network is drawn in it."""
    given = project.load(file)
    if not any(graph.nodes for graph in given.graphs.values()):
        raise errors.LaminaError(
            "The project has no network: its graphs have no nodes.",
            place=file.name,
            remedy="The least that trains has data (a source), and a graph with nodes from an "
            'Input to an Output and edges between them; "lamina new --template NAME -o FILE" '
            "writes a whole one.",
        )
    return given


def specs_of(given: project.Project) -> "PreparedSpec":
    """What the data gives to the network; empty inputs for a project without data."""
    from builder import data
    from builder.data.specs import PreparedSpec

    if not given.data.source:
        return PreparedSpec(key="", inputs={}, target=None, sizes={})
    return data.specs(given)


def checks(given: project.Project) -> dict[str, "Check"]:
    """Every graph of the project, checked against its data; where the task itself is wrong, without
    what it needs of the graphs.
    """
    from builder import compile as compiler
    from builder import tasks

    spec = specs_of(given)
    try:
        shapes = tasks.output_shapes(given, spec)
    except errors.LaminaError:  # `refused` tells it
        shapes = dict.fromkeys(given.graphs)
    return {
        name: compiler.check(
            graph,
            spec.inputs,
            modules=given.modules,
            output_shape=shapes[name],
            batch_size=given.recipe.batch_size or 32,
        )
        for name, graph in given.graphs.items()
    }


def refused(given: project.Project, found: "Mapping[str, Check]") -> "Issue | None":
    """Why `train` would not start although the graphs fit; of a project without data, or whose
    graphs do not fit, the recipe alone is judged.
    """
    from builder import runs
    from builder.compile import Issue
    from builder.train import recipe

    try:
        if given.data.source and all(item.ok for item in found.values()):
            runs.check(given)
        else:
            recipe.check(given.recipe)
    except errors.LaminaError as error:
        return Issue(None, "recipe", "error", "It cannot train like this", str(error))
    return None


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
    return f"Predicts {what} ({kind}) from {source}, {guess['rows']:,} rows."


def _made(template: str, chosen: project.Data | None) -> project.Project:
    """The template on the data; a refusal of the target names the option that mends it."""
    from builder import templates

    try:
        return templates.make(template, chosen)
    except errors.LaminaError as error:
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
    """Save; an older, non-empty file of that name is kept beside it, and its new name returned."""
    if output.is_dir():
        raise errors.LaminaError("That is a folder.", place=str(output), remedy="Name a file.")
    if not output.parent.is_dir():
        raise errors.LaminaError(
            f"The folder {output.parent} does not exist.", place="-o", remedy="Make it first."
        )
    kept = None
    if output.exists() and output.stat().st_size:
        kept = _kept_aside(output)
    project.save(made, output)
    return kept


def _kept_aside(output: Path) -> str:
    """Move the file to the next free name (x.old, x.old2 …) and return that name."""
    for count in itertools.count(1):
        kept = Path(f"{output}.old{count if count > 1 else ''}")
        try:
            kept.touch(exist_ok=False)  # taken first, so that nobody else's file is replaced
        except FileExistsError:
            continue
        output.replace(kept)
        return str(kept)
    raise AssertionError("the count has no end")


def _fix_document(graph: str, fix: "Fix") -> dict[str, Any]:
    edits = [{"operation": operation, **arguments} for operation, arguments in fix.edits]
    return {"graph": graph, "label": fix.label, "why": fix.why, "price": fix.price, "edits": edits}


def _check_text(item: "tuple[str, Check]") -> str:
    name, found = item
    rows = [
        (
            node,
            " ".join(_shape(shape) for shape in info.inputs),
            " ".join(_shape(shape) for shape in info.outputs),
            f"{info.parameters:,}" if info.parameters else "",
            f"{info.macs:,}" if info.macs else "",
        )
        for node, info in found.nodes.items()
    ]
    lines = [f"{name}:", root.table(rows, ("node", "in", "out", "parameters", "MACs"))]
    memory = f"{found.memory_bytes / 2**20:.1f} MiB"
    lines.append(f"{found.parameters:,} parameters, {found.macs:,} MACs, {memory} to train")
    lines += [_issue_text(issue) for issue in found.issues]
    return "\n".join(lines)


def _issue_text(issue: "Issue") -> str:
    place = f" at {issue.node}" if issue.node else ""
    lines = [f"{issue.severity}{place} [{issue.code}]: {issue.message}"]
    lines += [f"    repair: {fix.label} ({fix.price})" for fix in issue.fixes]
    return "\n".join(lines)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"
