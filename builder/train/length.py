"""How long a run is in steps, and whether that can be enough; without torch."""

import math
from collections.abc import Sequence

from builder.project import Recipe, usual_batch_size

SHORT, SHORT_CYCLE, USUAL = 300, 75, 1_000
"""Steps under which a whole run is very short (with one cycle, whose rate rises far above, under
which), and about which small data is given.
"""
MOST = 100_000


def batch_size(rows: int) -> int:
    """The usual one for so many rows; never more than there are."""
    return max(1, min(usual_batch_size(rows), rows))


def steps_per_epoch(recipe: Recipe, rows: int) -> int:
    """Batches of an epoch of so many training rows."""
    return max(1, math.ceil(rows / (recipe.batch_size or batch_size(rows))))


def more_epochs(recipe: Recipe, rows: int) -> int | None:
    """Epochs for about 1,000 steps, where the recipe's whole run is very short and nothing asks
    for an early end; None where it is long enough.
    """
    short = SHORT_CYCLE if recipe.schedule.name == "onecycle" else SHORT
    each = steps_per_epoch(recipe, rows)
    if not rows or recipe.early_stopping is not None or recipe.epochs * each >= short:
        return None
    return max(enough_epochs(each), recipe.epochs + 1)


def fitted(recipe: Recipe, rows: int, before: int = 0) -> Recipe:
    """A recipe that nobody has touched, with epochs that fit the data; any other as it is. `before`
    is how many training rows there were when its epochs were last fitted.
    """
    usual = Recipe()
    if recipe not in (usual, _long_enough(usual, before)):
        return recipe
    return _long_enough(usual, rows)


def _long_enough(recipe: Recipe, rows: int) -> Recipe:
    epochs = more_epochs(recipe, rows)
    return recipe if epochs is None else recipe.model_copy(update={"epochs": epochs})


def enough_epochs(steps_per_epoch: float) -> int:
    """Epochs for about 1,000 steps, as a round number."""
    wanted = min(MOST, math.ceil(USUAL / max(steps_per_epoch, 1.0)))
    return _round(wanted, (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10))


def _round(wanted: int, digits: Sequence[float]) -> int:
    if wanted <= 10:
        return wanted
    power = 10 ** (len(str(wanted)) - 1)
    near: int = min((round(digit * power) for digit in digits), key=lambda n: abs(n - wanted))
    return near
