"""The loop: it learns, yields what happens, goes on bit for bit, obeys, and says why it fails."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.train import checkpoint, fit
from builder.train.failures import StepFailed
from builder.train.plan import (
    Epoch,
    Event,
    Finished,
    Health,
    Noted,
    Ordered,
    Plan,
    Samples,
    Snapshot,
    Started,
    Steps,
    Tick,
)
from tests.train.conftest import Mlp, rows, shift

Make = Callable[..., Plan]


def last(events: list[Event], kind: type) -> Any:
    return [event for event in events if isinstance(event, kind)][-1]


def weights(plan: Plan) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in plan.models["model"].state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def test_a_run_learns_and_tells_every_step_and_epoch(make_plan: Make) -> None:
    events = list(fit(make_plan(recipe={"epochs": 12, "optimizer": {"name": "Adam", "lr": 0.02}})))
    started, figures = events[0], last(events, Epoch).figures
    assert isinstance(started, Started)
    assert (started.steps_per_epoch, started.rows) == (6, 90)
    steps = [value for event in events if isinstance(event, Steps) for value in event.values[:, 0]]
    assert steps == list(range(1, 73))
    assert figures["epoch"] == 12
    assert figures["step"] == 72
    assert figures["validation_accuracy"] > 0.9
    assert figures["train_loss"] < 0.5
    assert last(events, Finished).status == "finished"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_convolutions_learn_in_either_precision_with_augmentation(
    make_plan: Make, precision: str
) -> None:
    plan = make_plan(
        "image",
        recipe={"epochs": 8, "precision": precision, "optimizer": {"lr": 0.01}},
        augment=shift,
    )
    figures = last(list(fit(plan)), Epoch).figures
    assert figures["validation_accuracy"] > 0.9
    assert all(w.dtype == torch.float32 for w in plan.models["model"].parameters())


def until(plan: Plan, step: int) -> checkpoint.Saved:
    """Run until a snapshot at that step and then abandon the run, as a kill would."""
    for event in fit(plan):
        if isinstance(event, Snapshot) and event.saved.step >= step and event.saved.tensors:
            return event.saved
    raise AssertionError("the run ended before that step")


ROUGH: dict[str, Any] = {
    "epochs": 3,
    "schedule": {"name": "onecycle", "warmup": 0.1},
    "clip_norm": 1.0,
}


@pytest.mark.parametrize("kind", ["table", "image", "series"])
@pytest.mark.parametrize("step", [1, 6, 9])
def test_a_killed_run_goes_on_bit_for_bit(
    make_plan: Make, tmp_path: Path, kind: str, step: int
) -> None:
    parts = {"recipe": ROUGH, "save_every": 0.0}
    if kind == "image":
        parts["augment"] = shift
    whole = make_plan(kind, **parts)
    events = list(fit(whole))
    saved = until(make_plan(kind, **parts), step)
    checkpoint.write_saved(tmp_path, saved, ("last",), "best_and_last")
    torch.rand(17)
    resumed = make_plan(kind, **parts, resume=checkpoint.load(tmp_path))
    again = list(fit(resumed))
    assert same(weights(whole), weights(resumed))
    drop = ("time",)
    ours, theirs = (
        [
            {k: v for k, v in event.figures.items() if k not in drop}
            for event in found
            if isinstance(event, Epoch) and event.figures["step"] > saved.step
        ]
        for found in (again, events)
    )
    assert ours == theirs


OPTIMISERS = ["ASGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "LBFGS"]
OPTIMISERS += ["Muon", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_learns_and_is_resumed_bit_for_bit(
    make_plan: Make, tmp_path: Path, name: str
) -> None:
    rate = {"LBFGS": 0.001, "Adadelta": 1.0, "Rprop": 0.001}.get(name, 0.01)
    extra = {"momentum": 0.9} if name == "SGD" else {}
    recipe = {"epochs": 3, "optimizer": {"name": name, "lr": rate, **extra}}
    whole = make_plan(recipe=recipe, save_every=0.0)
    epochs = [event.figures for event in fit(whole) if isinstance(event, Epoch)]
    assert name == "LBFGS" or epochs[-1]["train_loss"] < epochs[0]["train_loss"]
    checkpoint.write_saved(
        tmp_path, until(make_plan(recipe=recipe, save_every=0.0), 8), ("last",), "best"
    )
    resumed = make_plan(recipe=recipe, resume=checkpoint.load(tmp_path))
    list(fit(resumed))
    assert same(weights(whole), weights(resumed))


@pytest.mark.parametrize(
    "name", ["constant", "onecycle", "cosine", "step", "exponential", "plateau", "linear"]
)
def test_every_schedule_runs_and_shows_its_rates(make_plan: Make, name: str) -> None:
    events = list(fit(make_plan(recipe={"schedule": {"name": name, "warmup": 0.2}})))
    rates = [rate for event in events if isinstance(event, Steps) for rate in event.values[:, 3]]
    assert rates[0] < 0.0003
    assert max(rates) <= 0.001 * 1.000001
    assert max(rates) > 0.0009


class Script:
    """Orders given before chosen polls."""

    def __init__(self, *orders: list[dict[str, Any]]) -> None:
        self.orders = iter(orders)

    def __call__(self) -> list[dict[str, Any]]:
        return next(self.orders, [])


def test_the_rate_is_set_at_a_safe_point_and_a_replay_gives_the_same_weights(
    make_plan: Make,
) -> None:
    steered = make_plan(orders=Script([], [], [{"order": "set", "lr": 0.05}]))
    events = list(fit(steered))
    applied = last(events, Ordered)
    assert applied.accepted
    rates = [float(v) for event in events if isinstance(event, Steps) for v in event.values[:, 3]]
    assert rates[applied.step - 1] == pytest.approx(0.001)
    assert rates[applied.step] == pytest.approx(0.05)
    replayed = make_plan(replay={applied.step: [applied.order]})
    list(fit(replayed))
    assert same(weights(steered), weights(replayed))


def test_the_schedule_goes_on_in_proportion_after_the_rate_was_set(make_plan: Make) -> None:
    recipe = {"schedule": {"name": "linear"}}
    events = list(fit(make_plan(recipe=recipe, orders=Script([], [{"order": "set", "lr": 0.1}]))))
    rates = [float(v) for event in events if isinstance(event, Steps) for v in event.values[:, 3]]
    assert rates[2] == pytest.approx(0.1)
    assert all(later < earlier for earlier, later in pairwise(rates[2:]))


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"order": "set", "lr": -1}, "above 0"),
        ({"order": "set", "lr": "fast"}, "above 0"),
        ({"order": "set", "lr": float("nan")}, "above 0"),
        ({"order": "set"}, "above 0"),
        ({"order": "resume"}, "not paused"),
        ({"order": "explode"}, "no order 'explode'"),
        ({}, "no order None"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_changes_nothing(
    make_plan: Make, order: dict[str, Any], words: str
) -> None:
    left = make_plan()
    list(fit(left))
    given = make_plan(orders=Script([], [order]))
    answer = last(list(fit(given)), Ordered)
    assert not answer.accepted
    assert words in answer.message
    assert same(weights(left), weights(given))


def test_a_pause_keeps_the_state_on_disk_and_changes_nothing(make_plan: Make) -> None:
    left = make_plan()
    list(fit(left))
    plan = make_plan(
        orders=Script([], [{"order": "pause"}], [{"order": "pause"}], [{"order": "resume"}])
    )
    events = list(fit(plan))
    words = [event.message for event in events if isinstance(event, Ordered)]
    assert words == ["Paused.", "The run is paused already.", "Going on."]
    assert any(isinstance(event, Tick) for event in events)
    assert any(isinstance(e, Snapshot) and e.urgent and e.saved.tensors for e in events[:-3])
    assert same(weights(left), weights(plan))


def test_what_a_validation_needs_first_is_told_while_it_is_made(
    make_plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.train.evaluation.SIGN_EVERY", 0)
    plan = make_plan(recipe={"epochs": 2})
    phase, work = plan.task.validation(), iter(["Half.", "Done, and kept."])
    assert phase is not None
    ready = replace(phase, ready=lambda _: work)
    monkeypatch.setattr(plan.task, "validation", lambda: ready)
    events = list(fit(plan))
    told = [event.message for event in events if isinstance(event, Tick) and event.message]
    assert told == ["Half.", "Done, and kept."]
    assert [event.message for event in events if isinstance(event, Noted)] == ["Done, and kept."]
    silent = [n for n, event in enumerate(events) if isinstance(event, Tick) and not event.message]
    assert silent, "the words are taken back"
    assert same(weights(plan), weights(_left(make_plan)))


def _left(make_plan: Make) -> Plan:
    plan = make_plan(recipe={"epochs": 2})
    list(fit(plan))
    return plan


def test_stop_ends_at_once_and_stop_after_epoch_at_its_end(make_plan: Make) -> None:
    now = list(fit(make_plan(orders=Script([], [], [{"order": "stop"}]))))
    later = list(fit(make_plan(orders=Script([], [], [{"order": "stop_after_epoch"}]))))
    assert (last(now, Finished).status, last(now, Finished).step) == ("stopped", 3)
    assert (last(later, Finished).status, last(later, Finished).step) == ("stopped", 6)
    assert last(now, Snapshot).saved.step == 3


def test_early_stopping_ends_the_run_with_its_reason(make_plan: Make) -> None:
    recipe = {
        "epochs": 50,
        "optimizer": {"name": "SGD", "lr": 1e-9},
        "early_stopping": {"patience": 2, "min_delta": 0.1},
    }
    events = list(fit(make_plan(recipe=recipe)))
    end = last(events, Finished)
    assert end.epoch == 3
    assert "The validation loss has not improved for 2 epochs." in end.reason


def test_the_best_epoch_is_kept_by_the_monitored_figure(make_plan: Make) -> None:
    recipe = {
        "epochs": 6,
        "monitor": "validation_accuracy",
        "optimizer": {"name": "Adam", "lr": 0.02},
    }
    events = list(fit(make_plan(recipe=recipe)))
    epochs = [event.figures["validation_accuracy"] for event in events if isinstance(event, Epoch)]
    best = [event.saved.epoch for event in events if isinstance(event, Snapshot) and event.best]
    assert best[-1] == epochs.index(max(epochs)) + 1


def test_a_probe_of_the_nodes_tells_their_health_and_changes_nothing(make_plan: Make) -> None:
    plain, probed = make_plan(), make_plan(health_every=1e-9)
    list(fit(plain))
    events = list(fit(probed))
    assert same(weights(plain), weights(probed))
    rows = {row["node"]: row for row in last(events, Health).rows}
    assert list(rows) == ["fc1", "norm1", "relu1", "drop1", "head"]
    assert rows["fc1"]["gradient"] > 0
    assert 0 < rows["head"]["update_ratio"] < 1
    assert 0 <= rows["relu1"]["dead"] < 1
    assert "gradient" not in rows["relu1"]
    assert sum(row["time_share"] for row in rows.values()) == pytest.approx(1)


def test_dead_units_are_found(make_plan: Make) -> None:
    plan = make_plan(health_every=1e-9, recipe={"epochs": 1})
    with torch.no_grad():
        plan.models["model"].norm1.bias[:8] = -100  # type: ignore[index,union-attr]
    rows = {row["node"]: row for row in last(list(fit(plan)), Health).rows}
    assert rows["relu1"]["dead"] == pytest.approx(0.5)


def test_a_loss_that_is_not_finite_names_the_node_and_what_to_do(make_plan: Make) -> None:
    plan = make_plan()
    with torch.no_grad():
        plan.models["model"].head.weight.fill_(1e38)  # type: ignore[union-attr,operator]
    with pytest.raises(StepFailed, match="no longer a finite number at step 1") as caught:
        list(fit(plan))
    assert caught.value.node == "head"
    assert "Lower the learning rate" in caught.value.remedy


def test_data_that_is_not_finite_is_named(make_plan: Make) -> None:
    data = {"train": rows("table", 90, 1)}
    data["train"]["table"][0, 0] = float("inf")
    with pytest.raises(StepFailed, match="data of 'table' is not finite"):
        list(fit(make_plan(data=data)))


class Wrong(Mlp):
    def forward(self, table: Tensor) -> Tensor:
        return self.head(self.fc1(table)[:, :3])


def test_a_step_that_fails_names_the_node_of_the_line(make_plan: Make) -> None:
    line = Wrong.forward.__code__.co_firstlineno + 1
    plan = make_plan(models={"model": Wrong()}, lines={__file__: {line: "head"}})
    with pytest.raises(StepFailed, match=r"first step failed: .*mat1 and mat2") as caught:
        list(fit(plan))
    assert caught.value.node == "head"


class Hungry(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)

    def forward(self, table: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")


def test_out_of_memory_proposes_a_smaller_batch(make_plan: Make) -> None:
    with pytest.raises(StepFailed, match="Set the batch size to 8"):
        list(fit(make_plan(models={"model": Hungry()})))


def test_a_single_row_left_over_joins_the_batch_before_it(make_plan: Make) -> None:
    events = list(fit(make_plan(train=33, recipe={"epochs": 1})))
    assert events[0].steps_per_epoch == 2  # type: ignore[union-attr]
    assert last(events, Finished).step == 2


def test_without_validation_rows_the_training_loss_judges(make_plan: Make) -> None:
    plan = make_plan(data={"train": rows("table", 90, 1)})
    events = list(fit(plan))
    assert not any("validation_loss" in e.figures for e in events if isinstance(e, Epoch))
    assert any(isinstance(event, Snapshot) and event.best for event in events)


def test_rows_too_large_to_hold_are_read_from_the_map_with_the_same_result(
    make_plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = make_plan("image")
    list(fit(held))
    monkeypatch.setattr("builder.train.feeds.RESIDENT_BYTES", 100)
    mapped = make_plan("image")
    events = list(fit(mapped))
    assert "memory map" in events[0].choices["train rows"]  # type: ignore[union-attr]
    for name, x in weights(held).items():
        torch.testing.assert_close(weights(mapped)[name], x)


def _events(plan: Plan) -> Iterator[Event]:
    yield from fit(plan)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(make_plan: Make) -> None:
    plans = [make_plan(seed=3), make_plan(seed=3), make_plan(seed=4)]
    for plan in plans:
        list(_events(plan))
    assert same(weights(plans[0]), weights(plans[1]))
    assert not same(weights(plans[0]), weights(plans[2]))


def test_a_failing_model_never_raises_anything_but_an_error_for_people(make_plan: Make) -> None:
    class Odd(Mlp):
        def forward(self, table: Tensor) -> Tensor:
            raise ValueError("odd\nand long")

    with pytest.raises(LaminaError, match="odd"):
        list(fit(make_plan(models={"model": Odd()})))


def test_watched_validation_rows_are_told_after_each_epoch_with_truth_and_certainty(
    make_plan: Make,
) -> None:
    events = list(fit(make_plan(recipe={"epochs": 2})))
    told = [event for event in events if isinstance(event, Samples)]
    assert [event.epoch for event in told] == [1, 2]
    last = told[-1].values
    assert set(last) == {"prediction", "target", "confidence", "row"}
    assert len(last["prediction"]) == len(last["target"]) == 12
    assert all(1 / 3 <= share <= 1 for share in last["confidence"])
