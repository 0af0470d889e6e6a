"""The server's side of an open canvas: one desk per project, with its journal and its verdict."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from builder import compile as compiler
from builder import lint, workspace
from builder.compile import Check, Issue
from builder.errors import LaminaError
from builder.graph.document import MODULE, Document
from builder.graph.journal import Journal
from builder.graph.modules import uses
from builder.graph.spec import Graph
from builder.layers.base import Shape
from builder.project import Position, Project, View
from builder.ui.canvas import inside, wire
from builder.ui.canvas.edits import joined
from builder.ui.canvas.facts import Facts
from builder.ui.canvas.saver import Saver
from builder.ui.canvas.verdicts import Verdicts

DEFAULT_BATCH = 128
MOST_DESKS = 64


class Stale(Exception):
    """Another tab or program was quicker; the asker is given what is there now."""


class Desk:
    """A project that is open on a canvas. Its methods may be called from several threads.

    Edits are durable in the journal before they are acknowledged; the project file follows at once
    in a thread of its own (`flush` waits for it). What other pages or programs write into the file
    is taken in.
    """

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id
        self.file = workspace.folder(project_id) / workspace.FILE
        self._lock = threading.RLock()
        self._project = workspace.open_project(project_id)
        self._seen = _stamp(self.file)
        self._journal = Journal(self.file.parent, initial=document_of(self._project).to_dict())
        self._saver = Saver(self._write)
        self._trouble = ""
        self._verdicts = Verdicts()
        self._adopt()
        self.facts = Facts(self._project)

    def stamp(self) -> str:
        """Changes whenever `state` would say something else."""
        with self._lock:
            self._look()
            return self._stamp()

    def state(self) -> dict[str, Any]:
        """All that the canvas shows, as JSON."""
        with self._lock:
            self._look()
            document = self._journal.state
            checks = self._checks(document)
            return {
                "stamp": self._stamp(),
                "revision": self._journal.revision,
                "name": self._project.name,
                "document": wire.document(document),
                "checks": {
                    name: self._verdicts.told(name, document.graph(name), document.modules)
                    for name in checks
                },
                "wants": wire.wants(self.facts.wants, document.graphs),
                "patterns": [*self._project.recipe.freeze, *self._project.recipe.rates],
                "undo": self._journal.can_undo,
                "redo": self._journal.can_redo,
                "batch": self._batch(),
                "data": bool(self._project.data.source),
                "busy": self.facts.busy,
                "trouble": self._trouble or self.facts.trouble,
            }

    def edit(self, base: int, edits: Sequence[Mapping[str, Any]], key: str = "") -> None:
        """Carry out edits in order, each as one step of undo; those that were carried out when
        they were first sent under that key are not done twice.

        Raises Stale where `base` is not the revision, LaminaError at the first edit that cannot be.
        """
        with self._lock:
            self._look()
            try:
                for number, entry in enumerate(edits):
                    operation, arguments, graph = joined(entry)
                    name = f"{key}.{number}" if key else ""
                    apply = partial(self._journal.apply, operation, arguments, base, graph)
                    base = self._once(name, apply)
            finally:
                self._saver.wake()

    def undo(self, base: int, key: str = "") -> None:
        """Take the last step back; as `edit`."""
        self._turn(partial(self._journal.undo, base), key)

    def redo(self, base: int, key: str = "") -> None:
        """Do the last undone step again; as `edit`."""
        self._turn(partial(self._journal.redo, base), key)

    def source(self) -> dict[str, Any]:
        """The generated source and its map; of repaired graphs where errors stand in the way."""
        with self._lock:
            document = self._journal.state
            checks = self._checks(document)
            revision = self._journal.revision
            inputs, shapes = self.facts.inputs, self._shapes(document)
        graphs = {name: graph for name, graph in document.graphs.items() if graph.nodes}
        repaired, trouble = False, ""
        text, lines = "", dict[int, str]()
        modules: Mapping[str, Graph] = document.modules
        try:
            if not graphs:
                raise LaminaError("There are no layers yet.")
            for name, graph in graphs.items():
                if not checks[name].ok:
                    shape = shapes[name]
                    again = partial(self._verdict, graph, output_shape=shape)
                    _, modules = inside.mended(again(modules), graph, modules, again)
                    graphs[name], _ = compiler.fix(
                        graph, inputs, modules=modules, output_shape=shape
                    )
                    repaired = True
            made = compiler.generate(graphs, inputs, modules)
            text, lines = made.text, made.lines
        except LaminaError as error:
            trouble = f"The source appears when the network is whole. {error}"
        return {
            "text": text,
            "lines": {str(line): node for line, node in lines.items()},
            "revision": revision,
            "repaired": repaired,
            "trouble": trouble,
        }

    def flush(self) -> None:
        """Wait until the project file holds all edits."""
        self._saver.wait()

    def _turn(self, step: Callable[..., int], key: str) -> None:
        with self._lock:
            self._look()
            try:
                self._once(key, step)
            except LaminaError as error:
                if error.code != "nothing":
                    raise
            self._saver.wake()

    def _once(self, key: str, step: Callable[..., int]) -> int:
        known = self._journal.done(key) if key else None
        if known is not None:
            return known
        try:
            return step(key=key)
        except LaminaError as error:
            if error.code == "stale":
                raise Stale from error
            raise

    def _stamp(self) -> str:
        return f"{self._journal.revision}.{self.facts.version}.{len(self._trouble)}"

    def _batch(self) -> int:
        return self._project.recipe.batch_size or DEFAULT_BATCH

    def _shapes(self, document: Document) -> dict[str, Shape | None]:
        """What the Output of each graph must give; None where any shape will do."""
        return {name: self.facts.wants.shapes.get(name) for name in document.graphs}

    def _checks(self, document: Document) -> dict[str, Check]:
        """The verdict on each graph, and on each module that nothing uses."""
        self.facts.follow(self._project.model_copy(update={"graphs": dict(document.graphs)}))
        shapes = self._shapes(document)
        loose = {f"{MODULE}{name}": None for name in document.modules if not uses(document, name)}
        told = f"{self.facts.version}.{self._batch()}"
        return self._verdicts.of(
            {name: document.graph(name) for name in (*shapes, *loose)},
            lambda name: self._check(document, name, shapes.get(name)),
            (document.modules, told),
        )

    def _check(self, document: Document, name: str, shape: Shape | None) -> Check:
        """A graph's verdict, with the warnings of the lint rules."""
        graph = document.graph(name)
        check = self._verdict(graph, document.modules, shape)
        if not graph.nodes:  # the canvas says where to begin; nothing is wrong yet
            return replace(check, issues=())
        again = partial(self._verdict, graph, output_shape=shape)
        after, _ = inside.mended(check, graph, document.modules, again)
        opened = inside.opened(check, graph, document.modules, again)
        check = opened if after is check else inside.assuming(opened, after)
        if name not in document.graphs:
            return inside.unused(check, graph)
        if self.facts.busy:  # what comes in is being found out, so nobody has to choose it
            check = replace(check, issues=tuple(filter(self._sure, check.issues)))
            if not self.facts.inputs:
                return check
        kind = self._project.task.kind if self._project.data.source else ""
        weak = lint.run(graph, check, kind, output_shape=shape, modules=document.modules)
        return replace(check, issues=(*check.issues, *weak))

    def _sure(self, issue: Issue) -> bool:
        """Whether a mistake is one whatever the data gives that is still being read."""
        return issue.code != "no_data" and (bool(self.facts.inputs) or not issue.table)

    def _verdict(
        self, graph: Graph, modules: Mapping[str, Graph], output_shape: Shape | None
    ) -> Check:
        return compiler.check(
            graph,
            self.facts.inputs,
            modules=modules,
            output_shape=output_shape,
            batch_size=self._batch(),
        )

    def _merged(self, document: Document) -> Project:
        view = View(
            positions={
                graph: {node: Position(x=x, y=y) for node, (x, y) in table.items()}
                for graph, table in document.positions.items()
                if table
            },
            notes=self._project.view.notes,
        )
        graphs, modules = dict(document.graphs), dict(document.modules)
        return self._project.model_copy(update={"graphs": graphs, "modules": modules, "view": view})

    def _look(self) -> None:
        """Take in what another page or program wrote into the project file."""
        if self._saver.busy or _stamp(self.file) == self._seen:
            return
        self._seen = _stamp(self.file)
        self._project = workspace.open_project(self.project_id)
        self._adopt()
        self._verdicts = Verdicts()

    def _adopt(self) -> None:
        outside = document_of(self._project)
        own = self._journal.state
        if (outside.graphs, outside.modules) != (dict(own.graphs), dict(own.modules)):
            value = outside.to_dict()
            self._journal.apply("replace_document", {"value": value}, self._journal.revision)

    def _write(self) -> None:
        """Write the project file; the slow part, the disk, without holding up those who edit."""
        with self._lock:
            merged = self._merged(self._journal.state)
            outside = _stamp(self.file) != self._seen
        trouble = ""
        try:
            if outside:  # keep what another page has just set
                fresh = workspace.open_project(self.project_id)
                own = {"graphs": merged.graphs, "modules": merged.modules, "view": merged.view}
                merged = fresh.model_copy(update=own)
            workspace.save_project(self.project_id, merged)
        except LaminaError as error:
            trouble = str(error)
        with self._lock:
            self._trouble = trouble
            if not trouble:
                self._project = merged
                self._seen = _stamp(self.file)


def document_of(project: Project) -> Document:
    """The part of a project that the canvas edits."""
    return Document(
        dict(project.graphs),
        dict(project.modules),
        {
            graph: {node: (at.x, at.y) for node, at in table.items()}
            for graph, table in project.view.positions.items()
        },
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


_desks: OrderedDict[str, Desk] = OrderedDict()
_opening = threading.Lock()


def desk(project_id: str) -> Desk:
    """The desk of a kept project. Raises LaminaError where there is no such project (any more)."""
    workspace.folder(project_id)
    with _opening:
        known = _desks.get(project_id)
        if known is None or known.file != workspace.folder(project_id) / workspace.FILE:
            known = _desks[project_id] = Desk(project_id)
            while len(_desks) > MOST_DESKS:
                _desks.popitem(last=False)
        _desks.move_to_end(project_id)
    return known
