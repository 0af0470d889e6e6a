"""What is tried next."""

import math

import pytest

from builder.sweeps import halving, space, study, trials
from builder.sweeps.folder import Trial
from builder.sweeps.plan import Objective, Plan
from builder.sweeps.space import Settings
from builder.sweeps.text import parse
from builder.train import orders


def plan(*texts: str, **settings: object) -> Plan:
    given = {
        "id": "20260101-000000-abcdef",
        "name": "test",
        "created": 0.0,
        "parameters": [parse(text).model_dump() for text in texts],
        "objectives": [{"figure": "validation_loss"}],
        "trials": 20,
        "epochs": 9,
    }
    return Plan.model_validate({**given, **settings})


LR = "recipe.optimizer.lr=1e-4..1e-1:log"
PAIR = (
    "recipe.optimizer.name=SGD,AdamW",
    "recipe.optimizer.momentum=0..0.9 if recipe.optimizer.name=SGD",
)


def loss(settings: Settings) -> float:
    lr = settings["recipe.optimizer.lr"]
    assert isinstance(lr, float)
    return abs(math.log10(lr) + 2)


def drawn(made: study.Study, numbers: range) -> list[Trial]:
    found = []
    for number in numbers:
        settings = made.draw(number)
        assert settings is not None
        made.report(number, [[loss(settings)]])
        made.close(number, "complete", [loss(settings)])
        found.append(Trial(number, settings, "complete", values=(loss(settings),)))
    return found


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_sweep_that_goes_on_draws_what_it_would_have_drawn(sampler: str) -> None:
    wanted = plan(LR, "recipe.batch_size=16,32,64", sampler=sampler)
    whole = drawn(study.Study(wanted), range(1, 17))
    first = whole[:8]
    again = study.restored(wanted, first, {one.number: [one.values] for one in first})
    assert drawn(again, range(9, 17)) == whole[8:]


def test_tpe_goes_where_it_is_good_and_random_does_not() -> None:
    late = {
        sampler: sum(loss(one.settings) for one in drawn(study.Study(made), range(1, 41))[20:])
        for sampler in ("tpe", "random")
        if (made := plan(LR, sampler=sampler))
    }
    assert late["tpe"] < late["random"] / 2


def test_nothing_is_tried_twice_and_a_finite_space_ends() -> None:
    made = study.Study(plan("recipe.batch_size=16,32,64", "recipe.clip_norm=null,1"))
    seen = set()
    for number in range(1, 7):
        settings = made.draw(number)
        assert settings is not None
        seen.add(space.key(settings))
        made.close(number, "failed")
    assert len(seen) == 6
    assert made.draw(7) is None


def test_conditional_parameters_are_drawn_only_beside_their_condition() -> None:
    made = study.Study(plan(*PAIR))
    for number in range(1, 12):
        settings = made.draw(number)
        assert settings is not None
        with_momentum = "recipe.optimizer.momentum" in settings
        assert with_momentum == (settings["recipe.optimizer.name"] == "SGD")
        made.close(number, "complete", [number])
        if settings["recipe.optimizer.name"] == "AdamW":
            break


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_a_trial_far_behind_is_given_up_and_a_leader_is_not(pruner: str) -> None:
    made = study.Study(plan(LR, pruner=pruner))
    for number in range(1, 7):
        made.draw(number)
        falling = [1 / epoch for epoch in range(1, 10)]
        assert not made.report(number, [[value * (0.9**number)] for value in falling])
        made.close(number, "complete", [0.1 * 0.9**number])
    made.draw(7)
    assert not made.report(7, [[0.1 / epoch] for epoch in range(1, 10)])
    made.close(7, "complete", [0.01])
    made.draw(8)
    assert made.report(8, [[9.0]] * 3)


def test_importance_knows_what_mattered() -> None:
    made = study.Study(plan(LR, "graphs.model.drop1.p=0..0.5", sampler="random"))
    assert made.importance() == {}
    drawn(made, range(1, 41))
    found = made.importance()
    assert found["recipe.optimizer.lr"] > found["graphs.model.drop1.p"]
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)


def test_what_got_trials_given_up_matters_too() -> None:
    """All that have a good rate are complete and alike; the others were given up."""
    made = study.Study(plan(LR, "graphs.model.drop1.p=0..0.5", sampler="random"))
    for number in range(1, 81):
        settings = made.draw(number)
        assert settings is not None
        bad = loss(settings) > 0.4
        made.close(number, "pruned" if bad else "complete", [] if bad else [0.001 * number])
    found = made.importance()
    assert found["recipe.optimizer.lr"] > 0.6


def test_several_objectives_are_told_together() -> None:
    two = [Objective(figure="validation_loss"), Objective(figure="seconds")]
    made = study.Study(plan(LR, objectives=two))
    for number in range(1, 12):
        settings = made.draw(number)
        assert settings is not None
        assert not made.report(number, [[1.0, 2.0]])
        made.close(number, "complete", [loss(settings), 3.0])
    assert made.draw(12) is not None


def test_halving_with_two_objectives_keeps_what_is_on_the_front_and_gives_up_what_is_behind() -> (
    None
):
    two = [Objective(figure="validation_loss"), Objective(figure="seconds")]
    made = study.Study(plan(LR, objectives=two, pruner="halving"))
    frontier = {number: [1 / number, float(number)] for number in range(1, 7)}
    for number, values in frontier.items():
        made.draw(number)
        assert not made.report(number, [values] * 9)
    for number, values in {7: [0.9, 6.5], 8: [math.nan, 7.0]}.items():
        made.draw(number)
        assert made.report(number, [values])
        made.close(number, "pruned")
    again = [Trial(number, {LR.partition("=")[0]: number / 100}) for number in frontier]
    kept = study.restored(made.plan, again, {number: [frontier[number]] for number in frontier})
    kept.draw(7)
    assert kept.report(7, [[0.9, 6.5]])


def test_fronts_are_peeled_off_one_after_the_other() -> None:
    losses = {1: (1.0, 3.0), 2: (3.0, 1.0), 3: (2.0, 3.0), 4: (3.0, 4.0), 5: (1.0, 3.0)}
    assert halving.fronts(losses) == {1: 0, 2: 0, 5: 0, 3: 1, 4: 2}


@pytest.mark.parametrize("pruner", sorted(trials.WHY))
def test_a_trial_given_up_says_when_and_why(pruner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []
    monkeypatch.setattr("builder.runs.order", lambda _run, wish, **_: given.append(wish))
    trials.prune(Trial(3, {}, run="r"), pruner, 4)
    orders.check(given[0])
    said = orders.reason(given[0])
    assert said.startswith("Given up by the sweep after epoch 4: ")
    assert trials.WHY[pruner] in said
    assert orders.reason({"order": "stop"}) == ""
