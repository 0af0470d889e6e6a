"""Successive halving of trials with several objectives, which Optuna has for one objective alone.

At each rung a trial goes on that is among the best third of those that came so far, ranked by
non-dominated sorting: the Pareto front first, then the front of the rest, and so on (MO-ASHA:
Schmucker et al., 2021, "Multi-objective Asynchronous Successive Halving"). A front is never parted.
"""

import math
from collections.abc import Mapping, Sequence

from builder.sweeps.plan import Plan

REDUCTION = 3
"""One of so many goes on."""


def least(epochs: int) -> int:
    """The epoch of the first rung; the next ones are at three times as many each."""
    return max(1, epochs // REDUCTION**2)


class Halving:
    """The rungs of a sweep; told of each trial's values in the order of its epochs."""

    def __init__(self, plan: Plan) -> None:
        self.signs = [1.0 if one.direction == "minimize" else -1.0 for one in plan.objectives]
        self.rungs: dict[int, dict[int, tuple[float, ...]]] = {}
        epoch = least(plan.epochs)
        while epoch < plan.epochs:
            self.rungs[epoch] = {}
            epoch *= REDUCTION

    def falls(self, number: int, epoch: int, values: Sequence[float]) -> bool:
        """Whether the trial with these values after that epoch is to be given up."""
        rung = self.rungs.get(epoch)
        if rung is None:
            return False
        rung[number] = tuple(
            sign * value if math.isfinite(value) else math.inf
            for sign, value in zip(self.signs, values, strict=True)
        )
        ranks = fronts(rung)
        last = sorted(ranks.values())[max(0, len(ranks) // REDUCTION - 1)]
        return ranks[number] > last


def fronts(losses: Mapping[int, tuple[float, ...]]) -> dict[int, int]:
    """The front of each: 0 where no other is better in one without being worse in another, 1 where
    that holds once those are set aside, and so on. Less is better.
    """
    found: dict[int, int] = {}
    left = dict(losses)
    while left:
        front = [
            number
            for number, own in left.items()
            if not any(_beats(other, own) for other in left.values())
        ]
        found |= dict.fromkeys(front, len(set(found.values())))
        left = {number: own for number, own in left.items() if number not in found}
    return found


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
