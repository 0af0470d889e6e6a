"""Optuna's part: what to try next, when to give up a trial, and what mattered.

The study lives in memory and is made from the sweep's own records, so that the folder needs no
database and no lock of another library. Each draw is seeded by the sweep's seed and the trial's
number: a sweep that was killed and goes on draws what it would have drawn.
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from builder.sweeps import grid, halving, space
from builder.sweeps.folder import ENDED, Trial
from builder.sweeps.plan import Plan
from builder.sweeps.space import Parameter, Settings

if TYPE_CHECKING:
    import optuna

REDRAWS = 30
"""So often a draw that was tried already is drawn again."""
FEWEST = 8
"""Trials from which importance says something."""
BEST, TENTH = 5, 0.1
"""It looks at what the best tenth have in common, at five of them at least: fewer say little."""


class Study:
    """A study in memory for a plan."""

    def __init__(self, plan: Plan) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan = plan
        self.study: optuna.Study = optuna.create_study(
            directions=[one.direction for one in plan.objectives], pruner=_pruner(plan)
        )
        self.open: dict[int, optuna.Trial] = {}  # by our number
        self.told: dict[int, int] = {}  # epochs reported of open trials
        self.tried: set[str] = set()
        several = len(plan.objectives) > 1 and plan.pruner == "halving"
        self.halving = halving.Halving(plan) if several else None

    def draw(self, number: int) -> Settings | None:
        """Settings for the next trial, not tried before; None where all have been tried."""
        limit = grid.finite(self.plan.parameters)
        if limit is not None and len(self.tried) >= limit:
            return None
        for attempt in range(REDRAWS):
            self.study.sampler = _sampler(self.plan, number, attempt)
            trial = self.study.ask()
            settings = _suggest(trial, self.plan.parameters)
            if space.key(settings) not in self.tried:
                self._opened(number, trial, settings)
                return settings
            self._forget(trial)
        trial = self.study.ask()
        settings = _suggest(trial, self.plan.parameters)
        self._opened(number, trial, settings)
        return settings

    def enter(self, number: int, settings: Mapping[str, JsonValue]) -> None:
        """A trial whose settings are given: from the grid, or from the records."""
        fixed = {
            one.field: settings[one.field] if one.ranged else _stored(settings[one.field])
            for one in self.plan.parameters
            if one.field in settings
        }
        self.study.enqueue_trial(fixed)
        trial = self.study.ask()
        self._opened(number, trial, _suggest(trial, self.plan.parameters))

    def report(self, number: int, values: Sequence[Sequence[float]]) -> bool:
        """Tell the objectives' values after each epoch so far; whether to give the trial up.

        Epochs that were told before are skipped.
        """
        trial = self.open[number]
        done = self.told.get(number, 0)
        self.told[number] = max(done, len(values))
        for epoch in range(done + 1, len(values) + 1):
            if len(self.plan.objectives) > 1:
                if self.halving and self.halving.falls(number, epoch, values[epoch - 1]):
                    return True
                continue
            trial.report(values[epoch - 1][0], epoch)
            if self.plan.pruner != "none" and trial.should_prune():
                return True
        return False

    def close(self, number: int, state: str, values: Sequence[float] = ()) -> None:
        """The trial has ended: complete, pruned or failed."""
        from optuna.trial import TrialState

        trial = self.open.pop(number)
        if state == "complete":
            self.study.tell(trial, list(values))
        else:
            ended = TrialState.PRUNED if state == "pruned" else TrialState.FAIL
            self.study.tell(trial, state=ended)

    def importance(self) -> dict[str, float]:
        """How much each parameter mattered for being among the best (`among_best`); the shares sum
        to 1.

        PED-ANOVA (Watanabe et al., 2023). Trials that were given up count as not among the best:
        without them what got them given up would seem to matter little. Empty below eight complete
        trials. Slow at the first call: Optuna loads scikit-learn.
        """
        from optuna.trial import TrialState

        complete = self.study.get_trials(states=(TrialState.COMPLETE,))
        pruned = self.study.get_trials(states=(TrialState.PRUNED,))
        if len(complete) < FEWEST or len(self.plan.parameters) < 2:
            return {}
        import optuna.importance

        count = len(complete) + len(pruned)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            evaluator = optuna.importance.PedAnovaImportanceEvaluator(
                target_quantile=among_best(count) / count
            )
        found = optuna.importance.get_param_importances(
            _minimal(self.study, complete, pruned), evaluator=evaluator
        )
        return {name: round(value, 4) for name, value in found.items() if math.isfinite(value)}

    def _opened(self, number: int, trial: "optuna.Trial", settings: Settings) -> None:
        self.open[number] = trial
        self.told[number] = 0
        self.tried.add(space.key(settings))

    def _forget(self, trial: "optuna.Trial") -> None:
        from optuna.trial import TrialState

        self.study.tell(trial, state=TrialState.FAIL)


def among_best(count: int) -> int:
    """How many of so many trials importance calls the best."""
    return max(BEST, math.ceil(count * TENTH))


def _minimal(
    study: "optuna.Study", complete: Sequence[Any], pruned: Sequence[Any]
) -> "optuna.Study":
    """The first objective alone, of trials as they are now: safe to look at in another thread.
    Those that were given up stand beside the worst.
    """
    import optuna

    alone = optuna.create_study(direction=study.directions[0])
    values = [one.values[0] for one in complete]
    worst = max(values) if study.directions[0].name == "MINIMIZE" else min(values)
    for one, value in zip((*complete, *pruned), (*values, *(worst for _ in pruned)), strict=True):
        alone.add_trial(
            optuna.create_trial(params=one.params, distributions=one.distributions, value=value)
        )
    return alone


def restored(
    plan: Plan, trials: Sequence[Trial], epochs: Mapping[int, Sequence[Sequence[float]]]
) -> Study:
    """The study as the records tell it; `epochs` gives the objectives' values by trial.

    Trials that are running or stopped stay open.
    """
    study = Study(plan)
    for one in trials:
        study.enter(one.number, one.settings)
        study.report(one.number, epochs.get(one.number, ()))
        if one.state in ENDED:
            study.close(one.number, one.state, one.values)
    return study


def _sampler(plan: Plan, number: int, attempt: int) -> "optuna.samplers.BaseSampler":
    import optuna

    seed = (plan.seed * 1_000_003 + number * 101 + attempt) % 2**32
    if plan.sampler != "tpe" or attempt > REDRAWS // 2:
        return optuna.samplers.RandomSampler(seed=seed)
    first = max(4, min(10, plan.trials // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=first, constant_liar=plan.parallel > 1
        )


def _pruner(plan: Plan) -> "optuna.pruners.BasePruner":
    import optuna

    if len(plan.objectives) > 1:  # Optuna prunes by one
        return optuna.pruners.NopPruner()
    if plan.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=halving.least(plan.epochs), reduction_factor=halving.REDUCTION
        )
    if plan.pruner == "median":
        return optuna.pruners.MedianPruner(
            n_startup_trials=max(2, min(5, plan.trials // 4)),
            n_warmup_steps=max(1, plan.epochs // 5),
        )
    return optuna.pruners.NopPruner()


def _suggest(trial: "optuna.Trial", parameters: Sequence[Parameter]) -> Settings:
    """Draw each parameter that is active beside those before it."""
    settings: Settings = {}
    for one in parameters:
        if one.active(settings):
            settings[one.field] = _suggest_one(trial, one)
    return settings


def _suggest_one(trial: "optuna.Trial", parameter: Parameter) -> JsonValue:
    if not parameter.ranged:
        known = {_stored(value): value for value in parameter.values}
        return known[str(trial.suggest_categorical(parameter.field, list(known)))]
    low, high = parameter.ends
    if parameter.integer:
        step = 1 if parameter.log else int(parameter.step or 1)
        return trial.suggest_int(parameter.field, int(low), int(high), step=step, log=parameter.log)
    return trial.suggest_float(parameter.field, low, high, step=parameter.step, log=parameter.log)


def _stored(value: JsonValue) -> str:
    """A choice as Optuna keeps it: text, so that 1, true and [1] stay apart."""
    return json.dumps(value)
