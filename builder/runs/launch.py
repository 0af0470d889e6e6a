"""Start a run: check everything first, write the run folder in one piece, put it into the queue."""

import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from builder import project as projects
from builder import wording
from builder.errors import LaminaError
from builder.home import room
from builder.project import Data, Project
from builder.runs import folder as folders
from builder.runs import launchers, lease
from builder.runs.folder import Status
from builder.runs.orders import queue_marker
from builder.runs.queue import USUAL
from builder.runs.run import Run
from builder.train import files

if TYPE_CHECKING:
    from builder.compile import Check, Source
    from builder.data.prepared import Prepared
    from builder.train.recipe import Resolved


Fill = Callable[[Path], None]
BATCH = 32
"""Rows that a graph's check counts its memory for."""
NUMBERED = re.compile(r"run ([0-9]{1,9})")


@dataclass(frozen=True)
class Ready:
    """A project that has been found fit to run, with all that its run folder will hold."""

    project: Project  # the recipe resolved
    prepared: "Prepared"
    source: "Source"
    checks: "Mapping[str, Check]"
    resolved: "Resolved"
    weights: Path | None
    memory: int  # bytes on the device, estimated
    launcher: str
    workers: int


def start(
    project: Project,
    *,
    project_id: str = "",
    data_path: str | None = None,
    detach: bool = True,
    overrides: Mapping[str, Any] | None = None,
    name: str = "",
    priority: int = USUAL,
    marks: Mapping[str, Any] | None = None,
    launcher: str = launchers.DEFAULT,
    workers: int = 1,
) -> Run:
    """Check the project, write its run folder and hand it to a worker; `detach=False` trains here
    and now.

    `overrides` sets fields by their dotted names ("recipe.epochs": 3), `data_path` the data's path.
    Data that is not prepared yet is prepared first. Raises LaminaError, and leaves nothing behind,
    where the run could not work. Without a `name`, the third run of a kept project is "run 3"; one
    of a project that is not kept is called as the project. Runs of a smaller `priority` go first;
    `marks` (JSON) are kept in the run's info. `launcher` ("local", "torchrun", "ray") says who
    starts the `workers` processes that train it together.
    """
    ready = check(
        project, data_path=data_path, overrides=overrides, launcher=launcher, workers=workers
    )
    name = wording.one_line(name).strip() or _name(project, project_id)
    return begin(
        ready, project_id=project_id, name=name, detach=detach, priority=priority, marks=marks
    )


def begin(
    ready: Ready,
    *,
    project_id: str,
    name: str,
    detach: bool = True,
    priority: int = USUAL,
    marks: Mapping[str, Any] | None = None,
    fill: Fill | None = None,
) -> Run:
    """Write the run folder of what was checked and hand it on; `fill` adds to the folder before it
    is there for others.
    """
    if detach:
        lease.ensure_current()
    run_id = folders.new_id()
    path = _write(run_id, ready, project_id, name, marks or {}, fill)
    from builder.data import hold
    from builder.runs import index

    hold(ready.prepared.spec.key, run_id)
    if not detach:
        launchers.launch(path, folders.raise_fence(path))
    else:
        device = ready.resolved.recipe.device
        marker = {"device": device, "time": time.time(), "priority": priority}
        marker["memory"] = ready.memory
        files.write_json(queue_marker(run_id), marker)
    index.put(index.read_row(run_id))
    return Run(run_id)


def check(
    project: Project,
    *,
    data_path: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    launcher: str = launchers.DEFAULT,
    workers: int = 1,
) -> Ready:
    """Everything that `start` checks, without starting. Raises LaminaError with the field and the
    remedy.
    """
    from builder import compile as compiler
    from builder import data, metrics, tasks, train
    from builder.runs import room as memory
    from builder.runs import vet
    from builder.train.recipe import check_monitor

    project = _overridden(project, data_path, overrides)
    if not project.graph.nodes:
        raise LaminaError(
            "The graph is empty.", place="graphs", remedy="Add layers, or begin with a template."
        )
    projects.check_outputs(project)
    prepared = data.prepare(project)
    spec = prepared.spec
    graphs = tuple(project.graphs)
    task = tasks.make(tasks.context(project, spec, prepared.preparation))
    metrics.check(task.metrics(), task.measures)
    check_monitor(project.recipe, task.metrics(), validated=bool(spec.sizes.get("validation")))
    _check_optimizer_names(project)
    checks = {}
    for name, graph in project.graphs.items():
        shape = task.output_shape(name)
        checks[name] = compiler.check(
            graph, spec.inputs, modules=project.modules, output_shape=shape
        )
        _refuse(name, checks[name], alone=len(graphs) == 1)
    _check_augment(project, spec.inputs)
    source = compiler.generate(project.graphs, spec.inputs, project.modules)
    macs = sum(found.macs for found in checks.values())
    resolved = train.resolve(project.recipe, spec, macs=macs)
    launchers.check(launcher, workers, resolved.recipe.device)
    resolved = _among(resolved, project.recipe.threads, launcher, workers)
    need = memory.estimate(resolved.recipe, checks, prepared, BATCH)
    said = {**resolved.choices, "memory": memory.check(resolved.recipe, need)}
    resolved = replace(resolved, choices=said)
    fixed = project.model_copy(update={"recipe": resolved.recipe})
    weights = vet.networks(fixed, source.text, task)
    total = need.total * (workers if resolved.recipe.device == "cpu" else 1)
    return Ready(fixed, prepared, source, checks, resolved, weights, total, launcher, workers)


def _among(resolved: "Resolved", threads: int | None, launcher: str, workers: int) -> "Resolved":
    """The recipe for one of several workers: the cores are shared out, unless `threads` were asked
    for.
    """
    if launcher == launchers.DEFAULT:
        return resolved
    recipe, choices = resolved.recipe, dict(resolved.choices)
    choices["launcher"] = f"{launcher}, {workers} worker{'s' * (workers != 1)}"
    if threads is None:
        each = max(1, min(recipe.threads or 1, launchers.cores() // workers))
        recipe = recipe.model_copy(update={"threads": each})
        choices["threads"] = f"{each} for each worker"
    return replace(resolved, recipe=recipe, choices=choices)


def _name(project: Project, project_id: str) -> str:
    """What a run is called for which nobody chose a name: the next number of its project's."""
    if not project_id:
        return project.name
    from builder.runs import index

    names = [row.name for row in index.sync().values() if row.project_id == project_id]
    taken = [int(found[1]) for name in names if (found := NUMBERED.fullmatch(name))]
    return f"run {max([len(names), *taken]) + 1}"


def _overridden(
    project: Project, data_path: str | None, overrides: Mapping[str, Any] | None
) -> Project:
    changes = dict(overrides or {})
    if data_path is not None:
        project = project.model_copy(update={"data": _data_from(data_path, project.data)})
    if not changes:
        return project
    raw = project.model_dump(mode="json")
    for field, value in changes.items():
        *parents, last = field.split(".")
        target = raw
        for part in parents:
            inner = target.get(part)
            if inner is None:
                inner = target[part] = {}
            if not isinstance(inner, dict):
                raise LaminaError("There is no such field.", place=field)
            target = inner
        target[last] = value
    try:
        return Project.model_validate(raw)
    except ValidationError as error:
        raise projects.complaint(error) from error


def _data_from(data_path: str, data: Data) -> Data:
    """The data section with its rows from another file or folder.

    A source that does not read it gives way to the one that does. Raises LaminaError where there is
    nothing at the path, or nothing that Lamina reads.
    """
    from builder.data import catalogue, recognise
    from builder.data.paths import locate

    path = locate(data_path, "data.options.path")
    source = catalogue().get(data.source)
    takes = source is not None and any(option.name == "path" for option in source.params)
    if source is not None and takes and source.unfit(path) is None:
        return data.model_copy(update={"options": {**data.options, "path": data_path}})
    found = recognise([path])
    return data.model_copy(update={"source": found.source, "options": found.options})


def _check_optimizer_names(project: Project) -> None:
    for name in project.recipe.optimizers:
        if name not in project.graphs:
            raise LaminaError(
                f"There is no graph {name!r}.",
                place="recipe.optimizers",
                remedy=f"The graphs are: {', '.join(project.graphs)}.",
            )


def _check_augment(project: Project, inputs: Mapping[str, Any]) -> None:
    """The augmentations' settings, and that each fits an input."""
    from builder.data import augment

    augment.check(project.data.augment, inputs)


def _refuse(graph: str, found: "Check", *, alone: bool) -> None:
    errors = [issue for issue in found.issues if issue.severity == "error"]
    if not errors:
        return
    first = errors[0]
    node = first.node or ""
    place = f"node '{node}'" if alone and node else f"{graph} {node}".strip()
    fix = f"{first.fixes[0].label}." if first.fixes else ""
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    title = first.title
    if node and title.startswith(f"{node} "):  # the place names it already
        title = f"It{title.removeprefix(node)}"
    raise LaminaError(f"{title}: {first.message}{more}", place=place, remedy=fix, code=first.code)


def _write(
    run_id: str,
    ready: Ready,
    project_id: str,
    name: str,
    marks: Mapping[str, Any],
    fill: Fill | None,
) -> Path:
    """The run folder, whole or not there."""
    final = room("runs") / run_id
    aside = room("runs") / f".{run_id}.{os.getpid()}"
    recipe = ready.resolved.recipe
    main = next(iter(ready.checks.values()))
    info = {
        **marks,
        "id": run_id,
        "name": name,
        "note": "",
        "project_id": project_id,
        "created": time.time(),
        "task": ready.project.task.kind,
        "device": recipe.device,
        "launcher": ready.launcher,
        "workers": ready.workers,
        "epochs": recipe.epochs,
        "parameters": sum(found.parameters for found in ready.checks.values()),
        "macs": main.macs,
        "memory": ready.memory,
        "recipe": recipe.model_dump(mode="json"),
        "choices": dict(ready.resolved.choices),
        "digest": ready.project.digest(),
        "source_digest": ready.source.digest,
        "data": ready.prepared.spec.key,
        "lines": ready.source.lines,
        "sizes": ready.prepared.spec.sizes,
    }
    with files.disk_errors(str(room("runs"))):
        try:
            aside.mkdir()
            (aside / "project.lamina.json").write_text(projects.dumps(ready.project), "utf-8")
            (aside / "model.py").write_text(ready.source.text, encoding="utf-8")
            (aside / "spec.json").write_text(ready.prepared.spec.model_dump_json(), "utf-8")
            files.write_json(aside / "preparation.json", ready.prepared.preparation)
            files.write_json(aside / "run.json", info)
            if ready.weights is not None:
                shutil.copyfile(ready.weights, aside / "start.safetensors")
            words = "Waiting for a worker."
            waiting = Status(epochs=recipe.epochs, device=recipe.device, message=words)
            folders.write_status(aside, waiting)
            for choice, said in ready.resolved.choices.items():
                folders.add_log(aside, f"{choice}: {said}")
            if fill is not None:
                fill(aside)
            os.rename(aside, final)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return final
