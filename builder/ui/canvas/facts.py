"""What the data says about a graph's inputs and its output, found out beside the editing."""

import json
import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError
from builder.layers.base import Shape
from builder.project import Project

if TYPE_CHECKING:
    from builder.data.specs import InputSpec

PATIENCE = 0.5
"""Seconds that opening a project waits for shapes; prepared data answers well within."""


class Facts:
    """The specs of a project's data, found in a thread; `version` counts the news."""

    def __init__(self, project: Project) -> None:
        self.inputs: Mapping[str, InputSpec] = {}
        self.output_shape: Shape | None = None
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
                self._tell({}, None, "")
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
        from builder import data, tasks

        while True:
            inputs: Mapping[str, Any] = {}
            shape: Shape | None = None
            trouble = ""
            try:
                spec = data.specs(project)
                inputs = spec.inputs
                shapes = tasks.output_shapes(project, spec)
                shape = shapes.get("model", next(iter(shapes.values())))
            except LaminaError as error:
                trouble = f"Data: {error}"
            except Exception:  # the thread must answer, or the canvas would wait for ever
                logging.getLogger("lamina").exception("the data's shapes could not be found")
                trouble = "Data: it could not be read; the server's log says why."
            with self._lock:
                if self._next is None:
                    self._tell(inputs, shape, trouble)
                    self._running = None
                    return
                project = self._next
                self._next = None

    def _tell(self, inputs: Mapping[str, Any], shape: Shape | None, trouble: str) -> None:
        self.inputs, self.output_shape, self.trouble = inputs, shape, trouble
        self.busy = ""
        self.version += 1


def _key(project: Project) -> str:
    inputs = [
        [node.id, node.params.get("form")] for node in project.graph.nodes if node.layer == "Input"
    ]
    data = project.data.model_dump(mode="json", exclude={"augment"})
    return json.dumps([data, project.task.model_dump(mode="json"), inputs], sort_keys=True)
