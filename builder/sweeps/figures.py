"""What came of a sweep: the best trial, the Pareto front, settings compared over seeds, and every
figure over seeds or folds.
"""

import math
import statistics
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from builder.errors import LaminaError
from builder.runs import Run
from builder.sweeps import space
from builder.sweeps.folder import ENDED, Trial
from builder.sweeps.plan import REPEATS, Objective, Plan
from builder.sweeps.space import Settings


def best(trials: Sequence[Trial], plan: Plan) -> Trial | None:
    """The complete trial with the best first objective, of equal ones the best in the next; None
    before there is one. It is on the Pareto front.
    """
    found: Trial | None = None
    for one in _complete(trials):
        if found is None or _first(one, found, plan):
            found = one
    return found


def _first(one: Trial, other: Trial, plan: Plan) -> bool:
    """Whether it is better in the first objective in which the two differ."""
    for objective, mine, its in zip(plan.objectives, one.values, other.values, strict=False):
        if mine != its:
            return objective.better(mine, its)
    return False


def pareto(trials: Sequence[Trial], plan: Plan) -> list[Trial]:
    """Complete trials that no other beats in one objective without losing in another."""
    complete = _complete(trials)
    return [
        one
        for one in complete
        if not any(_dominates(other, one, plan.objectives) for other in complete)
    ]


def time_left(trials: Sequence[Trial], plan: Plan, now: float) -> float | None:
    """Seconds until the last trial ends at the pace so far, pauses between trials left out; None
    where none has ended yet or none is to come.
    """
    ended = [one for one in trials if one.ended and one.state in ENDED]
    open_ = [one for one in trials if one.state == "running"]
    to_come = plan.trials - len([one for one in trials if one.state in ENDED])
    spans = [(one.started, one.ended) for one in ended] + [(one.started, now) for one in open_]
    worked = _covered([(begun, end) for begun, end in spans if begun])
    if not ended or not worked or to_come <= 0:
        return None
    begun = sum(min(1.0, one.epoch / one.epochs) for one in open_ if one.epochs)
    return worked / (len(ended) + begun) * max(0.0, to_come - begun)


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """How many seconds lie in at least one of the spans."""
    covered, reached = 0.0, -math.inf
    for begun, end in sorted(spans):
        covered += max(0.0, end - max(begun, reached))
        reached = max(reached, end)
    return covered


def _complete(trials: Sequence[Trial]) -> list[Trial]:
    return [one for one in trials if one.state == "complete" and one.values]


def _dominates(one: Trial, other: Trial, objectives: Sequence[Objective]) -> bool:
    pairs = list(zip(objectives, one.values, other.values))
    worse = any(objective.better(b, a) for objective, a, b in pairs)
    return not worse and any(objective.better(a, b) for objective, a, b in pairs)


STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""How many standard errors are clear at 1, 2, … degrees of freedom (Student's t, 97.5 %)."""


def _student(freedom: int) -> float:
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    return 2.23 if freedom < 20 else 2.09 if freedom < 60 else 2.0  # never too small


@dataclass(frozen=True)
class Group:
    """Trials that differ by their seed or fold alone. `difference` is to the first group (the
    base), over the seeds that both have; `deviation` of one seed's difference; NaN where it is not
    defined.
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
        """Whether the difference is hardly luck: a paired t-test over the seeds, two-sided, 5 %."""
        if self.pairs < 2 or not math.isfinite(self.difference_deviation):
            return False
        error = self.difference_deviation / math.sqrt(self.pairs)
        return abs(self.difference) > _student(self.pairs - 1) * error

    def verdict(self, objective: Objective) -> str:
        """The difference to the base in words; empty for the base itself."""
        if not self.pairs:
            return ""
        if not self.clear:
            return "may be luck"
        return "clearly better" if objective.better(self.difference, 0.0) else "clearly worse"


def apart(trial: Trial) -> Settings:
    """What a trial's group is known by: its settings without seed and fold."""
    return {name: value for name, value in trial.settings.items() if name not in REPEATS}


def groups(trials: Sequence[Trial]) -> list[Group]:
    """The first objective by settings without seed and fold, in the order of the trials."""
    by_key: dict[str, tuple[Settings, dict[Any, float]]] = {}
    for one in sorted(_complete(trials), key=lambda trial: trial.number):
        settings = apart(one)
        _, values = by_key.setdefault(space.key(settings), (settings, {}))
        values[tuple(one.settings.get(name) for name in REPEATS)] = one.values[0]
    base = next(iter(by_key.values()))[1] if by_key else {}
    found = []
    for settings, values in by_key.values():
        differences = [values[turn] - base[turn] for turn in values if turn in base]
        is_base = values is base
        found.append(
            Group(
                settings,
                len(values),
                statistics.fmean(values.values()),
                _deviation(list(values.values())),
                math.nan if is_base or not differences else statistics.fmean(differences),
                math.nan if is_base else _deviation(differences),
                0 if is_base else len(differences),
            )
        )
    return found


@dataclass(frozen=True)
class Spread:
    """A figure of the best epoch over the complete trials. `deviation` is of a single trial (sample
    standard deviation), NaN for one trial.
    """

    figure: str
    count: int
    mean: float
    deviation: float
    lowest: float
    highest: float

    def to_dict(self) -> dict[str, Any]:
        """JSON (NaN is written as null by the command line)."""
        return asdict(self)


def spreads(trials: Sequence[Trial], split: str = "validation") -> list[Spread]:
    """Every figure of a split over the complete trials, read from their runs; those that not all
    have are left out.
    """
    found: dict[str, list[float]] = {}
    complete = [one for one in _complete(trials) if one.run]
    for one in complete:
        with suppress(LaminaError):  # a run that was deleted
            for name, value in Run(one.run).checkpoint("best").figures.items():
                if name.startswith(f"{split}_"):
                    found.setdefault(name, []).append(value)
    most = max(map(len, found.values()), default=0)
    return [
        Spread(
            name,
            len(values),
            statistics.fmean(values),
            _deviation(values),
            min(values),
            max(values),
        )
        for name, values in found.items()
        if len(values) == most and all(map(math.isfinite, values))
    ]


def _deviation(values: Sequence[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else math.nan
