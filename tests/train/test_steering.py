"""Orders while a run trains: applied between two steps, replayed bit for bit, or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from builder.errors import LaminaError
from builder.train import checkpoint, fit, orders
from builder.train.plan import (
    Epoch,
    Evaluated,
    Event,
    Finished,
    Generated,
    Looked,
    Ordered,
    Plan,
    Samples,
    Snapshot,
    Started,
    Steps,
    Symptom,
)
from tests.train.conftest import shift
from tests.train.test_techniques import same, weights

Make = Callable[..., Plan]


class At:
    """Orders that arrive after certain steps; the loop asks after each step here."""

    def __init__(self, given: dict[int, list[dict[str, Any]]]) -> None:
        self.given = given
        self.step = 0

    def __call__(self) -> list[dict[str, Any]]:
        self.step += 1
        return self.given.get(self.step, [])


def run(make_plan: Make, given: dict[int, list[dict[str, Any]]], **parts: Any) -> Any:
    plan = make_plan(parts.pop("kind", "image"), orders=At(given), **parts)
    return plan, list(fit(plan))


def of(events: list[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


CHANGES: dict[str, dict[str, Any]] = {
    "lr": {"lr": 0.05},
    "weight_decay": {"weight_decay": 0.9},
    "batch_size": {"batch_size": 30},
    "augment": {"augment": False},
    "freeze": {"freeze": ["conv*", "norm1"]},
    "patience": {"patience": 1},
    "all": {
        "lr": 0.01,
        "weight_decay": 0.1,
        "batch_size": 11,
        "augment": False,
        "freeze": ["head"],
    },
}
SETTINGS: dict[str, Any] = {
    "augment": shift,
    "save_every": 0.0,
    "recipe": {
        "epochs": 5,
        "schedule": {"name": "cosine"},
        "early_stopping": {"patience": 4, "min_delta": 1.0},
        "mix": {"alpha": 0.3},
    },
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_changes_the_run_and_its_replay_gives_the_same_weights(
    make_plan: Make, name: str
) -> None:
    order = {"order": "set", **CHANGES[name]}
    left, _ = run(make_plan, {}, **SETTINGS)
    steered, events = run(make_plan, {8: [order]}, **SETTINGS)
    (applied,) = of(events, Ordered)
    assert applied.accepted
    assert applied.step == 8
    assert not same(weights(left), weights(steered))
    replayed = make_plan("image", replay={8: [applied.order]}, **SETTINGS)
    again = list(fit(replayed))
    assert same(weights(steered), weights(replayed))
    assert of(again, Finished)[0].step == of(events, Finished)[0].step


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_set_is_still_set_after_a_crash(
    make_plan: Make, tmp_path: Path, name: str
) -> None:
    order = {"order": "set", **CHANGES[name]}
    whole, events = run(make_plan, {8: [order]}, **SETTINGS)
    saved = next(e.saved for e in of(events, Snapshot) if e.saved.step == 10 and e.saved.tensors)
    checkpoint.write_saved(tmp_path, saved, ("last",), "best")
    resumed = make_plan("image", resume=checkpoint.load(tmp_path), **SETTINGS)
    again = list(fit(resumed))
    assert same(weights(whole), weights(resumed))
    ends = [of(found, Epoch)[-1].figures["validation_loss"] for found in (events, again)]
    assert ends[0] == ends[1]


def test_a_batch_size_holds_from_the_next_epoch_on_and_the_schedule_keeps_its_course(
    make_plan: Make,
) -> None:
    recipe = {"schedule": {"name": "linear"}, "epochs": 4}
    given = {2: [{"order": "set", "batch_size": 45}]}
    _, events = run(make_plan, given, kind="table", recipe=recipe)
    assert [epoch.figures["step"] for epoch in of(events, Epoch)] == [6, 8, 10, 12]
    rates = [float(value) for found in of(events, Steps) for value in found.values[:, 3]]
    assert rates == sorted(rates, reverse=True)
    assert rates[6] == pytest.approx(0.001 * (1 - 6 / 23), rel=1e-4)
    assert of(events, Steps)[0].steps == 24
    assert of(events, Steps)[-1].steps == 12


def test_augmentation_is_switched_off_and_on_again(make_plan: Make) -> None:
    calls = []

    def counted(batch: Any, generator: torch.Generator) -> Any:
        calls.append(1)
        return batch

    given = {4: [{"order": "set", "augment": False}], 9: [{"order": "set", "augment": True}]}
    run(make_plan, given, augment=counted, recipe={"epochs": 2})
    assert len(calls) == 12 - 5


def test_frozen_nodes_stand_still_until_they_are_let_go(make_plan: Make) -> None:
    seen: dict[int, Tensor] = {}
    given = {4: [{"order": "set", "freeze": ["conv1"]}], 8: [{"order": "set", "freeze": []}]}
    plan = make_plan("image", orders=At(given), save_every=0.0, recipe={"epochs": 2})
    for event in fit(plan):
        if isinstance(event, Snapshot):
            seen[event.saved.step] = event.saved.weights["conv1.weight"]
    assert torch.equal(seen[4], seen[8])
    assert not torch.equal(seen[3], seen[4])
    assert not torch.equal(seen[8], seen[9])


def test_patience_ends_a_run_that_had_none(make_plan: Make) -> None:
    given = {1: [{"order": "set", "patience": 1}]}
    recipe = {"epochs": 30, "optimizer": {"name": "SGD", "lr": 1e-9}, "monitor": "train_loss"}
    _, events = run(make_plan, given, kind="table", recipe=recipe)
    assert of(events, Finished)[0].epoch < 30
    assert "has not improved for one epoch" in of(events, Finished)[0].reason


def test_a_checkpoint_is_kept_by_order_with_its_state(make_plan: Make, tmp_path: Path) -> None:
    whole, events = run(make_plan, {5: [{"order": "checkpoint"}]}, kind="table")
    kept = next(event for event in of(events, Snapshot) if event.names)
    assert kept.names == ("step-00000005",)
    keeper = checkpoint.Keeper(tmp_path, "best")
    for event in of(events, Snapshot):
        keeper.put(event.saved, best=event.best, extra=event.names)
    keeper.close()
    checkpoint.settle(tmp_path, "best")
    saved = checkpoint.load(tmp_path, "step-00000005")
    assert saved is not None
    resumed = make_plan("table", resume=saved)
    list(fit(resumed))
    assert same(weights(whole), weights(resumed))


def test_an_evaluation_by_order_tells_figures_and_changes_nothing(make_plan: Make) -> None:
    left, _ = run(make_plan, {}, augment=shift)
    plan, events = run(make_plan, {3: [{"order": "evaluate"}]}, augment=shift)
    (told,) = of(events, Evaluated)
    assert told.step == 3
    assert 0 < told.figures["validation_accuracy"] <= 1
    assert same(weights(left), weights(plan))
    _, events = run(
        make_plan,
        {3: [{"order": "evaluate"}]},
        data={"train": plan.data["train"]},
    )
    assert not of(events, Ordered)[0].accepted
    assert "held out" in of(events, Ordered)[0].message


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"weight_decay": -0.1}, "of at least 0"),
    ({"weight_decay": 11}, "too high"),
    ({"batch_size": 0}, "of at least 1"),
    ({"batch_size": 2.5}, "whole number"),
    ({"batch_size": 91}, "90 training rows only"),
    ({"augment": "no"}, "neither true nor false"),
    ({"augment": True}, "no augmentation"),
    ({"freeze": "conv1"}, "no list of node names"),
    ({"freeze": ["conv9"]}, "No node with weights"),
    ({"freeze": ["*"]}, "Nothing would be left"),
    ({"patience": 0}, "of at least 1"),
    ({"lr": 0.1, "colour": 1}, "takes no 'colour'"),
    ({"lr": 0.1, "batch_size": 1000}, "90 training rows only"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED)
def test_a_setting_that_makes_no_sense_is_refused_as_a_whole(
    make_plan: Make, change: dict[str, Any], words: str
) -> None:
    left, _ = run(make_plan, {})
    plan, events = run(make_plan, {3: [{"order": "set", **change}]})
    (answer,) = of(events, Ordered)
    assert not answer.accepted
    assert words in answer.message
    assert same(weights(left), weights(plan))


def test_an_optimiser_without_weight_decay_says_so(make_plan: Make) -> None:
    recipe = {"optimizer": {"name": "LBFGS", "lr": 0.01}, "epochs": 1}
    order = {"order": "set", "weight_decay": 0.1}
    _, events = run(make_plan, {2: [order]}, kind="table", recipe=recipe)
    assert "LBFGS has no weight decay" in of(events, Ordered)[0].message


def test_every_setting_says_what_it_takes() -> None:
    for setting in orders.SETTINGS.values():
        assert setting.title
        assert setting.help.endswith(".")
        with pytest.raises(LaminaError) as caught:
            orders.check({"order": "set", setting.name: object()})
        assert setting.name in caught.value.place


class Watch:
    """A doctor that says one thing per probe and epoch, and remembers how often it was asked."""

    def __init__(self) -> None:
        self.points = self.asked = 0

    def steps(self, values: Any, seconds: float, waited: float, batch: Any) -> list[Symptom]:
        assert 0 <= waited <= seconds
        assert not batch or "target" in batch
        self.points += len(values)
        return []

    def probe(self, rows: Any, step: int, epoch: int) -> list[Symptom]:
        self.asked += 1
        return [Symptom("test", "Test", f"{len(rows)} nodes.", step, epoch, node=rows[0]["node"])]

    def epoch(self, figures: Any, answers: Any) -> list[Symptom]:
        assert sum(answers["predicted"]) == sum(answers["true"])
        return [Symptom("end", "End", "An epoch.", int(figures["step"]), int(figures["epoch"]))]

    def ordered(self, order: Any, step: int, epoch: int) -> None:
        raise AssertionError("nobody gives an order here")

    def failed(self, error: Any) -> list[Symptom]:
        return [Symptom("failure", "Failure", str(error), 0, 0)]

    def state(self) -> dict[str, Any]:
        return {"points": self.points}

    def load(self, state: Any) -> None:
        self.points = state["points"]


def test_a_doctor_is_told_everything_and_its_symptoms_are_events(
    make_plan: Make, tmp_path: Path
) -> None:
    doctor = Watch()
    plan = make_plan(doctor=doctor, health_every=1e-9, save_every=0.0)
    events = list(fit(plan))
    assert doctor.points == 24
    told = of(events, Symptom)
    assert {one.kind for one in told} == {"test", "end"}
    assert next(one for one in told if one.kind == "test").node == "fc1"
    saved = next(e.saved for e in of(events, Snapshot) if e.saved.step == 10 and e.saved.tensors)
    second = Watch()
    list(fit(make_plan(doctor=second, resume=saved)))
    assert second.points == 24


def test_started_steps_and_samples_come_in_order(make_plan: Make) -> None:
    events = list(fit(make_plan()))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert of(events, Samples)
    assert not of(events, Generated), "a classifier makes nothing"


def test_a_slow_sample_is_followed_by_another_in_time_a_quick_one_costs_a_fiftieth(
    make_plan: Make,
) -> None:
    plan = make_plan()
    assert plan.sample_pause(0.01) == 10.0
    assert plan.sample_pause(0.4) == pytest.approx(20.0)
    assert plan.sample_pause(5.0) == 25.0, "not 250: nobody waits four minutes for a text"
    assert plan.sample_pause(20.0) == 60.0, "most of the time is still training"
    assert make_plan(sample_every=0.0).sample_pause(0.4) == float("inf")


def test_a_long_epoch_is_looked_at_and_its_weights_are_those_of_one_that_was_not(
    make_plan: Make,
) -> None:
    looked = list(fit(make_plan(look_every=1e-9, look_share=1e9, flush_every=0.0)))
    alone = list(fit(make_plan(look_every=0.0, flush_every=0.0)))
    looks, epochs = of(looked, Looked), of(looked, Epoch)
    assert looks
    assert all(look.figures.keys() >= {"validation_loss"} for look in looks)
    ends = {epoch.figures["step"] for epoch in epochs}
    assert any(look.step not in ends for look in looks)
    assert not of(alone, Looked)
    here, there = (of(events, Snapshot)[-1].saved.weights for events in (looked, alone))
    assert all(torch.equal(here[name], there[name]) for name in there)
    told = [[{**e.figures, "time": 0} for e in of(events, Epoch)] for events in (looked, alone)]
    assert told[0] == told[1]


def test_a_look_that_would_take_more_than_its_share_is_left_to_the_epochs_end(
    make_plan: Make,
) -> None:
    assert not of(list(fit(make_plan(look_every=1e-9, look_share=1e-9, flush_every=0.0))), Looked)
