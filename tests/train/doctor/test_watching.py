"""The doctor of real runs: told by the loop, kept over a resume, silent in a sound run."""

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.train import checkpoint, doctor, fit
from builder.train.doctor import watching
from builder.train.plan import Epoch, Event, Plan, Snapshot, Symptom
from tests.train.conftest import Mlp, rows

Make = Callable[..., Plan]


def watched(plan: Plan, **more: Any) -> Plan:
    plan = replace(plan, flush_every=0.0, health_every=1e-9, health_share=1e9, **more)
    return replace(plan, doctor=doctor.watch(plan, {}))


def said(plan: Plan) -> list[tuple[str, str, str | None]]:
    found: list[Event] = []
    with contextlib.suppress(LaminaError):
        _until_it_fails(plan, found)
    return [(one.kind, one.state, one.node) for one in found if isinstance(one, Symptom)]


def _until_it_fails(plan: Plan, events: list[Event]) -> None:
    for event in fit(plan):
        events.append(event)


def dead() -> nn.Module:
    model = Mlp()
    with torch.no_grad():
        model.norm1.bias.fill_(-10.0)
    return model


def test_a_sound_run_is_left_in_peace(make_plan: Make) -> None:
    assert said(watched(make_plan())) == []


def test_a_dead_layer_is_named_once_while_the_run_goes_on(make_plan: Make) -> None:
    found = said(watched(make_plan(models={"model": dead()})))
    assert found.count(("dead_relu", "found", "relu1")) == 1


def test_watching_changes_no_weight(make_plan: Make) -> None:
    plain, looked = make_plan(), watched(make_plan())
    list(fit(plain))
    list(fit(looked))
    for left, right in zip(plain.models["model"].parameters(), looked.models["model"].parameters()):
        assert torch.equal(left, right)


def test_a_row_that_is_not_a_number_is_told_with_its_place_before_the_run_fails(
    make_plan: Make,
) -> None:
    data = {"train": rows("table", 90, 1), "validation": rows("table", 30, 2)}
    data["train"]["table"][17, 2] = float("nan")
    plan = watched(make_plan(data=data))
    events: list[Event] = []
    with pytest.raises(LaminaError, match="finite"):
        _until_it_fails(plan, events)
    told = [event for event in events if isinstance(event, Symptom)]
    assert [(one.kind, one.node, one.severity) for one in told] == [
        ("not_finite", "table", "error")
    ]


def test_what_stands_is_kept_with_the_checkpoint(make_plan: Make, tmp_path: Path) -> None:
    plan = watched(make_plan(models={"model": dead()}), save_every=0.0)
    seen: list[str] = []
    for event in fit(plan):
        if isinstance(event, Symptom):
            seen.append(event.kind)
        if isinstance(event, Snapshot) and event.saved.tensors and "dead_relu" in seen:
            checkpoint.write_saved(tmp_path, event.saved, ("last",), "best")
            break
    resumed = watched(
        make_plan(models={"model": dead()}, resume=checkpoint.load(tmp_path)), save_every=0.0
    )
    assert ("dead_relu", "found", "relu1") not in said(resumed)


def test_an_order_that_raised_the_rate_is_told_with_the_rate_before_it(make_plan: Make) -> None:
    plan = make_plan(replay={12: [{"order": "set", "lr": 50.0}]})
    plan = watched(replace(plan, recipe=plan.recipe.model_copy(update={"epochs": 20})))
    events: list[Event] = []
    with contextlib.suppress(LaminaError):
        _until_it_fails(plan, events)
    told = [e for e in events if isinstance(e, Symptom) and e.kind == "rate_too_high"]
    assert told[0].state == "found"
    assert "at step 12" in told[0].message
    (change,) = told[0].changes
    assert change["order"]["lr"] == plan.recipe.optimizer.lr
    assert change["before"] == 12
    assert [e.state for e in told].count("gone") == 0


def test_rows_in_the_order_of_their_classes_are_noticed(
    make_plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builder.train.feeds import RowFeed

    begin = RowFeed.begin

    def in_order(feed: RowFeed, epoch: int) -> None:
        begin(feed, epoch)
        feed.order = feed.source.tensors["target"].argsort(stable=True)

    monkeypatch.setattr(RowFeed, "begin", in_order)
    assert "not_shuffled" in [kind for kind, *_ in said(watched(make_plan()))]


def test_a_model_of_several_inputs_without_a_graph_is_watched_too(make_plan: Make) -> None:
    class Odd(Mlp):
        def forward(self, table: Tensor) -> Tensor:
            return super().forward(table) * 1e-8

    kinds = {kind for kind, *_ in said(watched(make_plan(models={"model": Odd()})))}
    assert kinds <= {"no_better", "class_collapse", "vanishing_gradients", "update_ratio"}


def test_weights_that_are_all_zero_are_named_and_not_taken_for_dead_units(make_plan: Make) -> None:
    model = Mlp()
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    kinds = {kind for kind, *_ in said(watched(make_plan(models={"model": model})))}
    assert "alike_weights" in kinds
    assert kinds.isdisjoint({"dead_relu", "rate_too_low", "vanishing_gradients"})


def test_a_constant_input_is_told_with_its_node_at_the_first_look(make_plan: Make) -> None:
    data = {"train": rows("table", 90, 1), "validation": rows("table", 30, 2)}
    data["train"]["table"].fill_(3.0)
    assert said(watched(make_plan(data=data)))[0] == ("blank_inputs", "found", "table")


def test_inputs_of_ten_thousand_are_told_with_their_node(make_plan: Make) -> None:
    data = {"train": rows("table", 90, 1), "validation": rows("table", 30, 2)}
    data["train"]["table"].mul_(1e4)
    assert ("unscaled_inputs", "found", "table") in said(watched(make_plan(data=data)))


def test_smoothed_labels_cost_the_blind_guess_as_well(make_plan: Make) -> None:
    plan = make_plan()
    plain = watching.guess(plan)
    soft = replace(plan, recipe=plan.recipe.model_copy(update={"label_smoothing": 0.2}))
    assert plain == pytest.approx(math.log(3)), "even classes: nothing to add"
    assert watching.guess(soft) == pytest.approx(plain)
    assert plan.target is not None
    target = plan.target.model_copy(update={"counts": (80, 10, 10)})
    plain, more = (watching.guess(replace(one, target=target)) for one in (plan, soft))
    assert plain == pytest.approx(0.639, abs=1e-3)
    assert more == pytest.approx(0.808, abs=1e-3)


def chance(count: int, seed: int) -> dict[str, Tensor]:
    """Rows that tell nothing of their class."""
    x = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))
    return {"table": x, "target": torch.arange(count) % 3}


@pytest.mark.parametrize(
    "more",
    [{"epochs": 3}, {"epochs": 400, "early_stopping": {"patience": 2}}],
    ids=["all", "early"],
)
def test_a_run_that_ends_no_better_than_guessing_says_so_with_its_last_epoch(
    make_plan: Make, more: dict[str, Any]
) -> None:
    data = {"train": chance(90, 1), "validation": chance(60, 3)}
    recipe = {**more, "optimizer": {"name": "SGD", "lr": 1e-3}}
    plan = watched(make_plan(data=data, recipe=recipe))
    events = list(fit(plan))
    told = [(one, at) for at, one in enumerate(events) if isinstance(one, Symptom)]
    ends = [(one, at) for one, at in told if one.kind == "no_better"]
    assert len(ends) == 1
    (one, at) = ends[0]
    assert not any(isinstance(event, Epoch) for event in events[at:])
    assert one.epoch == max(event.figures["epoch"] for event in events if isinstance(event, Epoch))


def test_a_better_figure_of_long_ago_is_remembered(make_plan: Make) -> None:
    watch = watching.Watch(make_plan(recipe={"epochs": 500}), {})
    for epoch in range(1, 301):
        loss = 0.1 if epoch == 1 else 1.2
        figures = {
            "epoch": epoch,
            "step": epoch,
            "validation_loss": loss,
            "validation_accuracy": loss,
        }
        watch.epoch(figures, {})
    again = watching.Watch(make_plan(recipe={"epochs": 500}), {})
    again.load(watch.state())
    assert again.facts().bests["validation_loss"] == 0.1
    assert again.facts().bests["validation_accuracy"] == 1.2


def test_classes_are_counted_in_the_training_rows_as_they_are(make_plan: Make) -> None:
    data = {"train": rows("table", 90, 1), "validation": rows("table", 30, 2)}
    kept = data["train"]["target"] != 1
    data["train"] = {name: x[kept] for name, x in data["train"].items()}
    plan = watched(make_plan(data=data))
    counts = torch.bincount(data["train"]["target"], minlength=3)
    facts = plan.doctor.facts()  # type: ignore[union-attr]
    assert facts.target.counts == tuple(counts.tolist())
    assert ("not_shuffled", "found", None) not in said(plan)
