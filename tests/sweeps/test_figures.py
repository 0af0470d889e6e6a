"""The best trial, the Pareto front, and comparison over seeds."""

import math
from dataclasses import replace
from typing import Any

import pytest

from builder.errors import LaminaError
from builder.sweeps import figures
from builder.sweeps.folder import Trial
from builder.sweeps.plan import Objective, Plan
from builder.sweeps.space import Parameter
from builder.sweeps.text import parse


def plan(*objectives: tuple[str, str]) -> Plan:
    return Plan.model_validate(
        {
            "id": "x",
            "name": "x",
            "created": 0.0,
            "parameters": [parse("recipe.seed=0,1").model_dump()],
            "objectives": [{"figure": name, "direction": way} for name, way in objectives],
            "trials": 4,
        }
    )


def done(number: int, *values: float, **settings: object) -> Trial:
    return Trial(number, settings, "complete", values=values)  # type: ignore[arg-type]


def test_the_best_is_by_direction_and_only_among_complete_trials() -> None:
    trials = [done(1, 0.5), done(2, 0.9), Trial(3, {}, "pruned", values=()), Trial(4, {}, "failed")]
    assert figures.best(trials, plan(("validation_accuracy", "maximize"))) == trials[1]
    assert figures.best(trials, plan(("validation_loss", "minimize"))) == trials[0]
    assert figures.best(trials[2:], plan(("validation_loss", "minimize"))) is None


def test_the_pareto_front_leaves_out_what_another_beats() -> None:
    both = plan(("validation_accuracy", "maximize"), ("seconds", "minimize"))
    trials = [
        done(1, 0.9, 10),
        done(2, 0.8, 5),
        done(3, 0.7, 6),
        done(4, 0.9, 12),
        done(5, 0.9, 10),
    ]
    assert [one.number for one in figures.pareto(trials, both)] == [1, 2, 5]
    assert figures.best([trials[3], *trials[:3]], both) == trials[0]  # of equal ones the one there


def test_the_time_left_follows_the_pace_of_the_trials_and_leaves_pauses_out() -> None:
    four = plan(("validation_loss", "minimize"))
    first = replace(done(1, 0.5), started=100.0, ended=110.0)
    assert figures.time_left([], four, 100.0) is None
    assert figures.time_left([replace(first, state="running", ended=0.0)], four, 105.0) is None
    assert figures.time_left([first], four, 110.0) == pytest.approx(30.0)
    beside = replace(done(2, 0.5), started=100.0, ended=110.0)  # two at once: twice the pace
    assert figures.time_left([first, beside], four, 110.0) == pytest.approx(10.0)
    later = Trial(3, {}, "running", started=500.0, epoch=1, epochs=2)  # after a pause
    assert figures.time_left([first, beside, later], four, 505.0) == pytest.approx(9.0)
    ended = [replace(done(n, 0.5), started=100.0, ended=110.0) for n in range(1, 5)]
    assert figures.time_left(ended, four, 110.0) is None


def seeded(number: int, value: float, without: str, seed: int) -> Trial:
    return Trial(number, {"recipe.seed": seed, "without": without}, "complete", values=(value,))


def test_a_node_is_compared_with_the_base_seed_by_seed() -> None:
    trials = [
        seeded(1, 1.0, "", 0),
        seeded(2, 1.5, "drop1", 0),
        seeded(3, 2.0, "", 1),
        seeded(4, 2.7, "drop1", 1),
        seeded(5, 9.0, "drop1", 2),  # its base failed
    ]
    base, other = figures.groups(trials)
    assert (base.count, base.mean) == (2, 1.5)
    assert math.isnan(base.difference)
    assert (other.count, other.pairs) == (3, 2)
    assert other.difference == pytest.approx(0.6)
    assert other.difference_deviation == pytest.approx(0.1414, abs=1e-4)


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ((1.9, 2.0, 2.1), "clearly worse"),
        ((0.1, 0.2, 0.3), "clearly better"),
        ((1.9, 2.9, 1.1), "may be luck"),
        ((1.5, 2.7), "may be luck"),  # two seeds need more than twelve standard errors
    ],
)
def test_a_difference_is_called_clear_only_where_it_is_hardly_luck(
    without: tuple[float, ...], words: str
) -> None:
    trials = [
        trial
        for seed, value in enumerate(without)
        for trial in (
            seeded(2 * seed + 1, 1.0 + seed / 10, "", seed),
            seeded(2 * seed + 2, value, "drop1", seed),
        )
    ]
    lower = plan(("validation_loss", "minimize")).objectives[0]
    base, other = figures.groups(trials)
    assert base.verdict(lower) == ""
    assert other.verdict(lower) == words


@pytest.mark.parametrize(
    ("nodes", "name", "settings", "called"),
    [
        (("dense2",), "without dense2", {"recipe.seed": 7, "without": ""}, "with dense2 · 1"),
        (
            ("dense2",),
            "without dense2",
            {"recipe.seed": 8, "without": "dense2"},
            "without dense2 · 2",
        ),
        (("a", "b"), "without each of 2 nodes", {"recipe.seed": 8, "without": ""}, "as it is · 2"),
        (("a",), "mine", {"recipe.seed": 7, "without": "a"}, "mine · without a · 1"),
    ],
    ids=["with", "without", "several", "named"],
)
def test_a_run_of_an_ablation_is_called_by_what_it_tries(
    nodes: tuple[str, ...], name: str, settings: dict[str, Any], called: str
) -> None:
    over = (
        Parameter(field="recipe.seed", values=(7, 8, 9)),
        Parameter(field="without", values=("", *nodes)),
    )
    objective = Objective(figure="validation_loss")
    plan = Plan(
        id="x",
        name=name,
        kind="ablation",
        created=0,
        parameters=over,
        objectives=(objective,),
        trials=6,
    )
    assert plan.called(4, settings) == called
    assert (
        plan.model_copy(update={"kind": "search", "name": "sweep 1"}).called(4, settings)
        == "sweep 1 · 4"
    )


def test_every_figure_is_given_over_the_trials_whose_runs_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = {
        "a": {"validation_accuracy": 0.9, "validation_loss": 0.3, "train_loss": 0.1},
        "b": {"validation_accuracy": 0.7, "validation_loss": math.nan, "epoch": 3.0},
    }

    class Kept:
        def __init__(self, run: str) -> None:
            if run not in kept:
                raise LaminaError("There is no such run.")
            self.figures = kept[run]

        def checkpoint(self, name: str) -> "Kept":
            assert name == "best"
            return self

    monkeypatch.setattr(figures, "Run", Kept)
    trials = [replace(done(n, 0.5), run=run) for n, run in enumerate(("a", "b", "gone"), 1)]
    (one,) = figures.spreads([*trials, Trial(4, {}, "failed", run="a")])
    assert (one.figure, one.count, one.lowest, one.highest) == ("validation_accuracy", 2, 0.7, 0.9)
    assert one.mean == pytest.approx(0.8)
    assert one.deviation == pytest.approx(0.1414, abs=1e-4)


def test_trials_of_several_folds_are_one_group() -> None:
    trials = [done(n, value, **{"data.split.fold": n}) for n, value in enumerate((0.8, 0.9), 1)]
    (group,) = figures.groups(trials)
    assert (group.count, group.settings) == (2, {})
    assert group.mean == pytest.approx(0.85)
