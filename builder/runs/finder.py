"""Look for a learning rate or a batch size before a run, by short trials; nothing is kept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.progress import Progress, silent
from builder.project import Project
from builder.train import limits

if TYPE_CHECKING:
    from builder.runs.launch import Ready
    from builder.train.finder import BatchSearch, RateSearch
    from builder.train.plan import Plan


def find_rate(
    project: Project,
    *,
    data_path: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    steps: int = 100,
    report: Progress = silent,
) -> "RateSearch":
    """Loss by learning rate over so many steps, and the rate to begin with.

    `report` is told how far it is, and may raise to end the search. Raises LaminaError where the
    project could not run.
    """
    limits.check_steps(steps)
    from builder.runs import launch
    from builder.train import finder

    ready = launch.check(project, data_path=data_path, overrides=overrides)
    return finder.find_rate(plan(ready), steps, report)


def find_batch(
    project: Project,
    *,
    data_path: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    seconds: float = 20.0,
    report: Progress = silent,
) -> "BatchSearch":
    """Rows per second by batch size, up to what fits in the device's free memory, and the smallest
    size that is about as fast as the fastest.

    Raises LaminaError where the project could not run.
    """
    limits.check_seconds(seconds)
    from builder.runs import launch, room
    from builder.train import finder

    ready = launch.check(project, data_path=data_path, overrides=overrides)
    recipe = ready.resolved.recipe
    device = room.of(recipe.device)

    def sized(size: int) -> Any:
        return recipe.model_copy(update={"batch_size": size, "accumulate": 1})

    def fits(size: int) -> bool:
        need = room.estimate(sized(size), ready.checks, ready.prepared, launch.BATCH)
        return device is None or need.total <= device.memory_free

    rows = ready.prepared.spec.sizes["train"]
    return finder.find_batch(
        lambda size: plan(ready, sized(size)),
        rows,
        seconds=seconds,
        fits=fits,
        report=report,
    )


def plan(ready: "Ready", recipe: Any = None) -> "Plan":
    """A plan of what was checked, with networks of its own and nobody listening."""
    import torch

    from builder import tasks
    from builder.compile import build
    from builder.data.augment import for_inputs
    from builder.runs.execute import stored_to_model
    from builder.train.plan import Plan

    recipe = recipe or ready.resolved.recipe
    project = ready.project.model_copy(update={"recipe": recipe})
    spec = ready.prepared.spec
    torch.manual_seed(recipe.seed)
    return Plan(
        recipe=recipe,
        task=tasks.make(tasks.context(project, spec, ready.prepared.preparation)),
        models={graph: build(ready.source.text, graph) for graph in project.graphs},
        data={"train": ready.prepared.tensors("train")},
        target=spec.target,
        prepare=stored_to_model(ready.prepared),
        augment=for_inputs(project.data.augment, spec.inputs),
    )
