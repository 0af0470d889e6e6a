"""Projects on the command line: templates, check, fix, code."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import errors, project
from builder.cli import root

if TYPE_CHECKING:
    from builder.compile import Check, Fix, Issue
    from builder.data.specs import PreparedSpec


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
def check(file: root.ProjectFile, as_json: root.Json = False) -> None:
    """Shapes, parameters and cost of every node, and whether it can train; leave with 1 where there
    are errors.
    """
    given = drawn(file)
    found = checks(given)
    refusal = refused(given, found)
    short = None if refusal else length_note(given)
    document = {
        "ok": refusal is None and all(item.ok for item in found.values()),
        "parameters": sum(item.parameters for item in found.values()),
        "macs": sum(item.macs for item in found.values()),
        "issues": [
            {**issue, "graph": name}
            for name, item in found.items()
            for issue in item.to_dict()["issues"]
        ]
        + [{**one.to_dict(), "graph": None} for one in (refusal, short) if one],
        "graphs": {name: item.to_dict() for name, item in found.items()},
    }

    def text() -> str:
        more = [_issue_text(one) for one in (refusal, short) if one]
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


def drawn(file: Path) -> project.Project:
    """The project of that file; LaminaError where no network is drawn in it."""
    given = root.load(file)
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


def length_note(given: project.Project) -> "Issue | None":
    """A warning where the whole run is very short, with the setting that makes it longer."""
    from builder.compile import Issue
    from builder.train import recipe

    spec = specs_of(given)
    said = recipe.short(given.recipe, spec.sizes.get("train", 0)) if spec.target else ""
    return Issue(None, "short_run", "warning", "A very short run", said) if said else None


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
