"""What came of a sweep: the best trial, the Pareto front, and settings compared over seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from builder.sweeps import space
from builder.sweeps.folder import Trial
from builder.sweeps.plan import SEED, Objective, Plan
from builder.sweeps.space import Settings


def best(trials: Sequence[Trial], plan: Plan) -> Trial | None:
    """The complete trial with the best first objective; None before there is one."""
    found: Trial | None = None
    for one in _complete(trials):
        if found is None or plan.objectives[0].better(one.values[0], found.values[0]):
            found = one
    return found


def pareto(trials: Sequence[Trial], plan: Plan) -> list[Trial]:
    """Complete trials that no other beats in one objective without losing in another."""
    complete = _complete(trials)
    return [
        one
        for one in complete
        if not any(_dominates(other, one, plan.objectives) for other in complete)
    ]


def _complete(trials: Sequence[Trial]) -> list[Trial]:
    return [one for one in trials if one.state == "complete" and one.values]


def _dominates(one: Trial, other: Trial, objectives: Sequence[Objective]) -> bool:
    pairs = list(zip(objectives, one.values, other.values))
    worse = any(objective.better(b, a) for objective, a, b in pairs)
    return not worse and any(objective.better(a, b) for objective, a, b in pairs)


@dataclass(frozen=True)
class Group:
    """Trials that differ by their seed alone. `difference` is to the first group (the base), over
    the seeds that both have; `deviation` of one seed's difference; NaN where it is not defined.
    """

    settings: Settings
    count: int
    mean: float
    deviation: float
    difference: float = math.nan
    difference_deviation: float = math.nan
    pairs: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON (NaN is written as null by the command line)."""
        return asdict(self)

    @property
    def clear(self) -> bool:
        """Whether the difference is more than twice its standard error."""
        if self.pairs < 2 or not math.isfinite(self.difference_deviation):
            return False
        return abs(self.difference) > 2 * self.difference_deviation / math.sqrt(self.pairs)


def groups(trials: Sequence[Trial]) -> list[Group]:
    """The first objective by settings without the seed, in the order of the trials."""
    by_key: dict[str, tuple[Settings, dict[Any, float]]] = {}
    for one in sorted(_complete(trials), key=lambda trial: trial.number):
        settings = {name: value for name, value in one.settings.items() if name != SEED}
        _, values = by_key.setdefault(space.key(settings), (settings, {}))
        values[one.settings.get(SEED)] = one.values[0]
    base = next(iter(by_key.values()))[1] if by_key else {}
    found = []
    for settings, values in by_key.values():
        apart = [values[seed] - base[seed] for seed in values if seed in base]
        is_base = values is base
        found.append(
            Group(
                settings,
                len(values),
                statistics.fmean(values.values()),
                _deviation(list(values.values())),
                math.nan if is_base or not apart else statistics.fmean(apart),
                math.nan if is_base else _deviation(apart),
                0 if is_base else len(apart),
            )
        )
    return found


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan
