"""From a run to an artefact on disk: written aside, then renamed; nothing half-done is left."""

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from builder import runs, scan
from builder.errors import LaminaError
from builder.export import formats as folder
from builder.export.base import Bundle, Format

if TYPE_CHECKING:
    from torch import nn

    from builder.runs import Run


@cache
def formats() -> dict[str, type[Format]]:
    """Every export format by name."""
    return {item.name: item for item in scan.classes(folder, Format)}  # type: ignore[type-abstract]


def bundle(run_id: str, checkpoint: str = "best") -> Bundle:
    """Everything that a prediction with this checkpoint needs; LaminaError where there is none."""
    from builder.explain import keepsakes

    run = runs.open_run(run_id)
    project = run.project()
    prepared = run.spec
    if prepared.target is None or "rows" not in run.task().views:
        raise LaminaError(
            "The run's network makes things in place of predicting rows.",
            place=f"run {run.id}",
            remedy=f"Let it make some: lamina sample {run.id}; or export it.",
        )
    model = run.model(checkpoint)
    graph = project.graphs.get("model") or project.graph
    target = prepared.target
    facts: dict[str, Any] = {
        "class": type(model).__name__,
        "inputs": [node.id for node in graph.nodes if node.layer == "Input"],
        "output": next((node.id for node in graph.nodes if node.layer == "Output"), None),
        "task": "classification" if target.kind == "class" else "regression",
        "target": target.name,
        "classes": list(target.classes),
        "mean": target.mean,
        "std": target.std,
        "input_specs": {
            name: spec.model_dump(mode="json") for name, spec in prepared.inputs.items()
        },
    }
    return _filled(run, checkpoint, model, facts, keepsakes.files(run))


def what_it_makes(run: "Run") -> Literal["text", "images"] | None:
    """What the run's network makes; None where it predicts rows."""
    task = run.task()
    if "samples" not in task.views:
        return None
    return "text" if task.measures == "token" else "images"


def maker(run_id: str, checkpoint: str = "best") -> Bundle:
    """Everything that making something with this checkpoint needs, for a run whose network does."""
    run = runs.open_run(run_id)
    task = run.task()
    graphs, free = task.context.graphs, task.context.free
    graph = next((name for name in graphs if free.get(name)), graphs[0])  # that no data feeds
    model = run.model(checkpoint, graph)
    facts: dict[str, Any] = {
        **task.details(),
        "class": type(model).__name__,
        "makes": what_it_makes(run),
        "inputs": [node.id for node in run.project().graphs[graph].nodes if node.layer == "Input"],
    }
    return _filled(run, checkpoint, model, facts)


def _filled(
    run: "Run",
    checkpoint: str,
    model: "nn.Module",
    facts: Mapping[str, Any],
    explanations: Mapping[str, bytes] = MappingProxyType({}),
) -> Bundle:
    kept = run.checkpoint(checkpoint)
    return Bundle(
        run=run.id,
        name=run.project().name,
        checkpoint=kept.name,
        source=run.source,
        weights=model.state_dict(),
        preparation=run.preparation,
        facts=facts,
        figures=dict(kept.figures),
        explanations=explanations,
    )


def export(run_id: str, to: str, path: Path | str, checkpoint: str = "best") -> Path:
    """Write the artefact and give its path; one that ends with .zip packs a folder.

    Raises LaminaError for an unknown format, a path that is taken, a run that does not fit.
    """
    if to not in formats():
        raise LaminaError(
            f"There is no export format '{to}'.",
            place="--to",
            remedy=f"Choose one of: {', '.join(formats())}.",
        )
    kind = formats()[to]
    path = Path(path)
    _free(path)
    makes = what_it_makes(runs.open_run(run_id))
    made = maker(run_id, checkpoint) if makes else bundle(run_id, checkpoint)
    if reason := kind.unfit(made):
        raise LaminaError(reason, place=f"export {to}")
    aside = Path(tempfile.mkdtemp(prefix=".lamina-export-", dir=path.parent))
    try:
        inner = aside / path.stem
        kind().write(made, inner)
        if kind.folder and path.suffix == ".zip":
            _pack(inner, aside / "packed.zip")
            inner = aside / "packed.zip"
        if path.is_dir():
            path.rmdir()
        inner.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return path


def _free(path: Path) -> None:
    taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken:
        raise LaminaError(
            "There is something already.",
            place=str(path),
            remedy="Choose another path, or delete what is there.",
        )
    if not path.absolute().parent.is_dir():
        raise LaminaError(
            f"The folder {path.parent} does not exist.",
            place=str(path),
            remedy="Make it first, or choose another path.",
        )


def _pack(source: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in sorted(source.rglob("*")):
            if item.is_file():
                archive.write(item, Path(source.name) / item.relative_to(source))
