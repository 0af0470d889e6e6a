"""What data and task say about the graphs: inputs, outputs, which of them there must be. It is
found out beside the editing.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.layers.base import Shape
from builder.project import Project

if TYPE_CHECKING:
    from builder.data.specs import InputSpec, PreparedSpec

PATIENCE = 0.5
"""Seconds that opening a project waits for shapes; prepared data answers well within."""


@dataclass(frozen=True)
class Wants:
    """What a task wants of a project's graphs.

    `shapes` are those at their Outputs (None: any will do); `held` says of graphs why they must
    stay under their names; `idle` are graphs that no phase trains; `closed` says why there can be
    no further graph ("" where there can).
    """

    shapes: Mapping[str, Shape | None] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    idle: frozenset[str] = frozenset()
    closed: str = ""


class Facts:
    """The specs of a project's data, found in a thread; `version` counts the news."""

    def __init__(self, project: Project) -> None:
        self.inputs: Mapping[str, InputSpec] = {}
        self.wants = Wants()
        self.version = 0
        self.busy = ""
        self.trouble = ""
        self._key = ""
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._next: Project | None = None
        self.follow(project)
        self.wait(PATIENCE)

    def follow(self, project: Project) -> None:
        """Find out anew where the data, the task or the Input nodes changed."""
        key = _key(project)
        with self._lock:
            if key == self._key:
                return
            self._key = key
            if not project.data.source:
                self._tell({}, Wants(), "")
                return
            self.busy = "Reading the data …"
            self.version += 1
            if self._running is None:
                self._running = threading.Thread(
                    target=self._run, args=(project,), name="lamina-facts", daemon=True
                )
                self._running.start()
            else:
                self._next = project

    def wait(self, seconds: float) -> None:
        """Until what is being found out is known, at most so long."""
        worker = self._running
        if worker is not None:
            worker.join(seconds)

    def _run(self, project: Project) -> None:
        from builder import data

        while True:
            inputs: Mapping[str, Any] = {}
            wants = Wants()
            trouble = ""
            try:
                spec = data.specs(project)
                inputs = spec.inputs
                wants = wanted(project, spec)
            except LaminaError as error:
                trouble = f"Data: {error}"
            except Exception:  # the thread must answer, or the canvas would wait for ever
                logging.getLogger("lamina").exception("the data's shapes could not be found")
                trouble = "Data: it could not be read; the server's log says why."
            with self._lock:
                if self._next is None:
                    self._tell(inputs, wants, trouble)
                    self._running = None
                    return
                project = self._next
                self._next = None

    def _tell(self, inputs: Mapping[str, Any], wants: Wants, trouble: str) -> None:
        self.inputs, self.wants, self.trouble = inputs, wants, trouble
        self.busy = ""
        self.version += 1


def wanted(project: Project, spec: "PreparedSpec") -> Wants:
    """What the project's task wants of its graphs. Raises LaminaError where the task is unknown or
    has wrong settings.
    """
    from builder import tasks

    shapes = tasks.output_shapes(project, spec)
    context = tasks.context(project, spec)
    task = tasks.get(project.task.kind)
    if task.unfit(context) is not None:
        return Wants(shapes)
    trained = {name for phase in task(context).phases() for name in phase.graphs}
    idle = frozenset(project.graphs) - trained
    held: dict[str, str] = {}
    for name in project.graphs:
        rest = {key: graph for key, graph in project.graphs.items() if key != name}
        if _unfit(project, spec, rest):
            held[name] = f"The task “{task.title}” needs a graph of this name."
        elif name in project.recipe.optimizers or name in project.task.outputs:
            held[name] = "The recipe names this graph."
    further = next(f"net{n}" for n in range(1000) if f"net{n}" not in project.graphs)
    more = {**project.graphs, further: Graph()}
    closed = ""
    if _unfit(project, spec, more):
        closed = f"The task “{task.title}” has exactly these graphs."
    shapes = {name: None if name in idle else shape for name, shape in shapes.items()}
    return Wants(shapes, held, idle, closed)


def _unfit(project: Project, spec: "PreparedSpec", graphs: Mapping[str, Graph]) -> bool:
    from builder import tasks

    if not graphs:  # that a project keeps one is no matter of the task
        return False
    other = project.model_copy(update={"graphs": dict(graphs)})
    return tasks.get(project.task.kind).unfit(tasks.context(other, spec)) is not None


def _key(project: Project) -> str:
    """Changes with all that the answers depend on."""
    inputs = {
        name: [
            [node.id, node.params.get("form"), node.params.get("shape")]
            for node in graph.nodes
            if node.layer == "Input"
        ]
        for name, graph in project.graphs.items()
    }
    data = project.data.model_dump(mode="json", exclude={"augment"})
    named = [sorted(project.recipe.optimizers), project.task.model_dump(mode="json")]
    return json.dumps([data, named, inputs], sort_keys=True)
