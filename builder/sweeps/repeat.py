"""Many runs of one question: the same over seeds, over the folds of a cross-validation, and without
each of some nodes over seeds.
"""

from collections.abc import Sequence

from builder import runs
from builder.errors import LaminaError
from builder.project import Project
from builder.sweeps import fields
from builder.sweeps.folder import Sweep
from builder.sweeps.grid import LARGEST
from builder.sweeps.launch import start
from builder.sweeps.plan import SEED
from builder.sweeps.space import Parameter

MOST_SEEDS = 100


def seeds(project: Project, count: int = 5, *, name: str = "", project_id: str = "") -> Sweep:
    """Train the project with that many seeds (2 to 100), from its own upwards."""
    over = [_seeds(project, count)]
    return start(
        project,
        over,
        sampler="grid",
        name=name or f"{count} seeds",
        project_id=project_id,
        kind="seeds",
    )


def folds(project: Project, count: int = 5, *, name: str = "", project_id: str = "") -> Sweep:
    """Cross-validate: share the rows beside the test into that many folds, and train once for each
    with that fold as validation.

    Raises LaminaError (place "data.split.folds") where the data cannot be shared so.
    """
    if not 2 <= count <= LARGEST:
        raise LaminaError(
            f"{count:,} {'fold is' if count == 1 else 'folds are'} not possible.",
            place="data.split.folds",
            remedy=f"Give 2 to {LARGEST:,}, and no more than there are rows.",
        )
    split = project.data.split.model_copy(update={"folds": count, "fold": 1})
    data = project.data.model_copy(update={"split": split})
    return start(
        project.model_copy(update={"data": data}),
        [Parameter(field=fields.FOLD, values=tuple(range(1, count + 1)))],
        sampler="grid",
        name=name or f"{count} folds",
        project_id=project_id,
        kind="folds",
    )


def ablate(
    project: Project,
    nodes: Sequence[str] = (),
    *,
    count: int = 3,
    name: str = "",
    project_id: str = "",
) -> Sweep:
    """Train the project as it is and without each of these nodes, each over `count` seeds.

    Without `nodes`: every node that can be bypassed. Raises LaminaError for a node that cannot,
    with the reason.
    """
    over = _seeds(project, count)
    if nodes:
        for node in nodes:
            reason = unfit(project, node)
            if reason is not None:
                raise reason
    else:
        nodes = removable(project)
    if not nodes:
        raise LaminaError("No node of this graph can be bypassed.", place="graphs")
    without = Parameter(field=fields.WITHOUT, values=("", *dict.fromkeys(nodes)))
    words = f"without {nodes[0]}" if len(nodes) == 1 else f"without each of {len(nodes)} nodes"
    return start(
        project,
        [over, without],  # each node once before the next seed
        sampler="grid",
        name=name or words,
        project_id=project_id,
        kind="ablation",
    )


def _seeds(project: Project, count: int) -> Parameter:
    if not 2 <= count <= MOST_SEEDS:
        raise LaminaError(
            f"{count} seeds are not possible.", place="seeds", remedy="Give 2 to 100."
        )
    first = project.recipe.seed
    return Parameter(field=SEED, values=tuple(range(first, first + count)))


def removable(project: Project) -> list[str]:
    """The nodes that can be bypassed, in the graph's order."""
    return [node.id for node in project.graph.nodes if unfit(project, node.id) is None]


def unfit(project: Project, node: str) -> LaminaError | None:
    """Why the node cannot be bypassed; None where it can."""
    try:
        without = fields.bypass(project, [node])
    except LaminaError as error:
        return error
    try:
        runs.check(without)
    except LaminaError as error:
        return LaminaError(
            f"The graph does not work without '{node}': {error.fact}",
            place=f"node '{node}'",
            remedy="Choose a node whose output has the shape of its input.",
        )
    return None
