"""`python -m builder.runs.whole FOLDER`: build and try the compiled step of a run, beside it and at
the lowest priority; ends with whoever started it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from builder import project as projects
from builder import tasks
from builder.compile import build
from builder.data.prepared import Prepared, open_prepared
from builder.data.specs import PreparedSpec
from builder.home import room
from builder.project import Project
from builder.tasks.base import Batch
from builder.train import allocator
from builder.train.whole import artefact, eligible
from builder.train.whole.artefact import Facts
from builder.train.whole.build import build as build_step


def command(folder: Path) -> list[str]:
    """How it is started."""
    return [sys.executable, "-m", "builder.runs.whole", str(folder)]


def main(folder: Path) -> None:
    """Write what came of it into the run's folder."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(room("compiled"))
    if hasattr(os, "nice"):
        os.nice(19)
    torch.set_num_threads(1)
    allocator.keep()
    artefact.write(folder, made(folder))


def made(folder: Path) -> Facts:
    """Build the step from what the folder holds."""
    from builder.runs.execute import stored_to_model

    project = projects.load(folder / "project.lamina.json")
    spec = PreparedSpec.model_validate_json((folder / "spec.json").read_bytes())
    prepared = open_prepared(spec.key)
    torch.manual_seed(project.recipe.seed)
    source = (folder / "model.py").read_text(encoding="utf-8")
    models = {graph: build(source, graph) for graph in project.graphs}
    task = tasks.make(tasks.context(project, spec, prepared.preparation))
    phases = task.phases()
    reason = eligible.unfit(project.recipe, phases, models)
    if reason:
        return Facts(reason=reason)
    batches = examples(project, prepared, stored_to_model(prepared))
    if isinstance(batches, str):
        return Facts(reason=batches)
    torch.set_num_threads(project.recipe.threads or 1)
    return build_step(folder, project.recipe, phases[0], models[phases[0].graphs[0]], batches)


def examples(
    project: Project, prepared: Prepared, ready: Mapping[str, Callable[[Tensor], Tensor]]
) -> list[Batch] | str:
    """The first training rows in as many whole batches as a call takes; words where there are not
    enough.
    """
    size = project.recipe.batch_size or 1
    tensors = prepared.tensors("train")
    count = len(next(iter(tensors.values())))
    if count < size * eligible.STEPS:
        return f"An epoch has fewer than {eligible.STEPS} whole batches."
    found: list[Batch] = []
    for number in range(eligible.STEPS):
        first = number * size
        batch = {name: x[first : first + size].clone() for name, x in tensors.items()}
        for name, function in ready.items():
            batch[name] = function(batch[name])
        batch["row"] = torch.arange(first, first + size)
        found.append(batch)
    return found


def _end_with_parent() -> None:
    """Standard input closes when the run's worker ends, however it ends."""
    os.read(0, 1)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
