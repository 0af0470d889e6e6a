"""Training: a recipe resolved, and a loop that yields what happens. Torch is imported when it is
used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from builder.train.plan import Event, Plan

if TYPE_CHECKING:
    from builder.data.specs import PreparedSpec
    from builder.project import Recipe
    from builder.train.recipe import Resolved

__all__ = ["Event", "Plan", "fit", "resolve"]


def fit(plan: Plan) -> Iterator[Event]:
    """Train, step by step; each event is to be stored or shown by whoever asks for it.

    The models of the plan are moved to the recipe's device and changed in place. Raises LaminaError
    (StepFailed with the node) where a step fails, memory runs out or the loss is no finite number.
    """
    from builder.train.loop import Loop

    return Loop(plan).run()


def resolve(recipe: "Recipe", spec: "PreparedSpec", *, macs: int = 0) -> "Resolved":
    """The recipe with batch size, device and threads chosen; LaminaError where it cannot run (see
    recipe.resolve).
    """
    from builder.train.recipe import resolve as resolve_recipe

    return resolve_recipe(recipe, spec, macs=macs)
