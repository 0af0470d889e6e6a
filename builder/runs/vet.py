"""What only the networks themselves tell before a run: whether weights fit them, which nodes a
pattern means, whether rows can be mixed. They are built on the meta device, where nothing is
computed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from builder.compile import build
from builder.errors import LaminaError
from builder.home import room
from builder.project import Project
from builder.runs.run import Run
from builder.train import checkpoint, groups, mix

if TYPE_CHECKING:
    from torch import nn

    from builder.tasks.base import Task

PLACE = "recipe.start_from"


def networks(project: Project, source: str, task: "Task") -> Path | None:
    """Raise LaminaError where recipe and networks do not go together; gives the file of weights to
    begin with, where there is one.
    """
    recipe = project.recipe
    if recipe.mix is not None:
        context = task.context
        forms = {name: spec.form for name, spec in context.inputs.items()}
        ordinary = context.target is not None and "rows" in task.views
        mix.check(recipe.mix, forms, ordinary, own_feed=False)
    if not (recipe.rates or recipe.freeze or recipe.start_from):
        return None
    with torch.device("meta"):
        models = {graph: build(source, graph) for graph in project.graphs}
    groups.factors(recipe.rates, models)
    free = {
        (graph, name)
        for graph, model in models.items()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }
    groups.freeze(recipe.freeze, models, free, "recipe.freeze")
    return _weights(recipe.start_from, models) if recipe.start_from else None


def _weights(wish: str, models: "Mapping[str, nn.Module]") -> Path:
    """The file to begin from, checked against the graphs by names, shapes and values."""
    try:
        return _fitting(_file(wish), models)
    except LaminaError as error:
        where = f"{error.place}: " if error.place and error.place != PLACE else ""
        raise LaminaError(
            f"{where}{error.fact}", place=PLACE, remedy=error.remedy, code=error.code
        ) from error


def _file(wish: str) -> Path:
    path = Path(wish).expanduser()
    if path.name == wish and not path.suffix and (room("runs") / wish).is_dir():
        run = Run(wish)
        run.weights("best")  # what is damaged is told of as a run's
        return run.checkpoint("best").path
    if not path.is_file():
        raise LaminaError(
            f"{wish!r} is neither a run nor a file.",
            place=PLACE,
            remedy="Choose a run from the list, or a .safetensors file.",
        )
    return path


def _fitting(path: Path, models: "Mapping[str, nn.Module]") -> Path:
    wanted = checkpoint.join({name: model.state_dict() for name, model in models.items()})
    given = checkpoint.shapes(path)
    problem = checkpoint.fit_problem({name: tuple(x.shape) for name, x in wanted.items()}, given)
    if problem:
        raise LaminaError(
            f"These weights are of another graph: {problem}.",
            place=PLACE,
            remedy="Choose weights of the same graph, or begin without.",
        )
    finite(checkpoint.weights(path), PLACE)
    return path


def finite(weights: Mapping[str, Any], place: str) -> None:
    """Raise LaminaError for weights that no training can go on from."""
    for name, x in weights.items():
        if x.is_floating_point() and not bool(x.isfinite().all()):
            raise LaminaError(
                f"The weights of {name.rpartition('.')[0]!r} are not finite.",
                place=place,
                remedy="Choose an earlier checkpoint.",
                code="checkpoint_damaged",
            )
