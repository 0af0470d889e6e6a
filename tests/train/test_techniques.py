"""What an expert would add to a loop: each does what it promises, and is resumed bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.project import Average as Averaging
from builder.project import Mix
from builder.train import checkpoint, fit, groups, mix, schedulers
from builder.train.average import Average
from builder.train.plan import Epoch, Event, Finished, Plan, Snapshot, Steps
from builder.train.step import parts
from tests.train.conftest import Mlp, shift

Make = Callable[..., Plan]


def weights(plan: Plan) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in plan.models["model"].state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


def figures(events: list[Event]) -> list[dict[str, float]]:
    return [dict(event.figures) for event in events if isinstance(event, Epoch)]


def snapshot(plan: Plan, step: int) -> checkpoint.Saved:
    for event in fit(plan):
        if isinstance(event, Snapshot) and event.saved.step >= step and event.saved.tensors:
            return event.saved
    raise AssertionError("the run ended before that step")


TECHNIQUES: dict[str, dict[str, Any]] = {
    "accumulate": {"accumulate": 3},
    "clip_value": {"clip_value": 0.01},
    "rates": {"rates": {"fc*": 0.1, "head": 2.0}},
    "freeze": {"freeze": ["norm1", "fc1"]},
    "ema": {"average": {"kind": "ema", "decay": 0.9}},
    "swa": {"average": {"kind": "swa", "start": 0.3, "lr": 0.02, "anneal": 1}},
    "mixup": {"mix": {"alpha": 0.5, "chance": 0.7}},
    "label_smoothing": {"label_smoothing": 0.2},
    "torch's schedule": {
        "schedule": {"name": "CyclicLR", "options": {"base_lr": 1e-4, "max_lr": 1e-2}}
    },
    "torch's plateau": {"schedule": {"name": "ReduceLROnPlateau", "options": {"patience": 0}}},
}


@pytest.mark.parametrize("name", TECHNIQUES)
def test_each_technique_makes_a_difference_and_is_resumed_bit_for_bit(
    make_plan: Make, tmp_path: Path, name: str
) -> None:
    recipe = {"epochs": 4, "optimizer": {"lr": 0.01}}
    plain = make_plan(recipe=recipe)
    list(fit(plain))
    settings = {"recipe": {**recipe, **TECHNIQUES[name]}, "save_every": 0.0}
    whole = make_plan(**settings)
    events = list(fit(whole))
    if name != "torch's plateau":
        assert not same(weights(plain), weights(whole)) or name in ("ema", "swa")
    saved = snapshot(make_plan(**settings), 14)
    checkpoint.write_saved(tmp_path, saved, ("last",), "best")
    torch.rand(11)
    resumed = make_plan(**settings, resume=checkpoint.load(tmp_path))
    again = list(fit(resumed))
    assert same(weights(whole), weights(resumed))
    left, right = figures(events)[-1], figures(again)[-1]
    assert {**left, "time": 0} == {**right, "time": 0}
    ends = [
        [one for one in found if isinstance(one, Snapshot)][-1].saved.weights
        for found in (events, again)
    ]
    assert same(dict(ends[0]), dict(ends[1]))


@pytest.mark.parametrize("kind", ["cutmix", "both"])
def test_images_are_cut_into_one_another_and_resumed_bit_for_bit(
    make_plan: Make, tmp_path: Path, kind: str
) -> None:
    recipe = {"epochs": 3, "mix": {"kind": kind, "alpha": 1.0}, "optimizer": {"lr": 0.01}}
    settings = {"recipe": recipe, "save_every": 0.0, "augment": shift}
    whole = make_plan("image", **settings)
    assert figures(list(fit(whole)))[-1]["validation_accuracy"] > 0.6
    saved = snapshot(make_plan("image", **settings), 8)
    checkpoint.write_saved(tmp_path, saved, ("last",), "best")
    resumed = make_plan("image", **settings, resume=checkpoint.load(tmp_path))
    list(fit(resumed))
    assert same(weights(whole), weights(resumed))


class Plain(nn.Module):
    """Without chance and without a normalisation, so that sums can be compared."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.relu1, self.head = nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)

    def forward(self, table: Tensor) -> Tensor:
        return self.head(self.relu1(self.fc1(table)))


def plain(make_plan: Make, **recipe: Any) -> Plan:
    torch.manual_seed(1)
    return make_plan(models={"model": Plain()}, recipe={"optimizer": {"name": "SGD"}, **recipe})


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_batch_in_parts_gives_the_step_of_the_whole_batch(make_plan: Make, count: int) -> None:
    whole, in_parts = plain(make_plan), plain(make_plan, accumulate=count)
    left, right = figures(list(fit(whole))), figures(list(fit(in_parts)))
    for name, x in weights(whole).items():
        torch.testing.assert_close(weights(in_parts)[name], x, atol=1e-5, rtol=1e-4)
    assert right[-1]["train_loss"] == pytest.approx(left[-1]["train_loss"], abs=1e-4)
    assert right[-1]["train_accuracy"] == left[-1]["train_accuracy"]


def test_parts_share_the_rows_and_carry_what_is_not_by_row() -> None:
    batch = {"x": torch.arange(7.0), "edges": torch.arange(3)}
    found = parts(batch, 7, 3)
    assert torch.cat([part["x"] for part in found]).tolist() == batch["x"].tolist()
    assert all(part["edges"].tolist() == [0, 1, 2] for part in found)
    assert len(parts(batch, 7, 50)) == 3, "no part of a single row"


def test_gradients_are_clipped_by_value(make_plan: Make) -> None:
    plan = plain(make_plan, clip_value=1e-9, epochs=1)
    before = weights(plan)
    list(fit(plan))
    for name, x in weights(plan).items():
        assert (x - before[name]).abs().max() < 1e-6


def test_a_rate_by_node_moves_its_weights_as_much_less(make_plan: Make) -> None:
    left, right = plain(make_plan, epochs=1), plain(make_plan, epochs=1, rates={"fc1": 1e-12})
    before = weights(right)
    list(fit(left))
    list(fit(right))
    assert torch.allclose(weights(right)["fc1.weight"], before["fc1.weight"], atol=1e-7)
    assert not torch.allclose(weights(right)["head.weight"], before["head.weight"], atol=1e-4)
    assert not torch.allclose(weights(left)["fc1.weight"], before["fc1.weight"], atol=1e-4)


def test_frozen_nodes_keep_weights_and_running_figures(make_plan: Make) -> None:
    plan = make_plan(recipe={"freeze": ["fc1", "norm*"], "optimizer": {"weight_decay": 0.5}})
    before = weights(plan)
    list(fit(plan))
    after = weights(plan)
    for name in before:
        moved = not torch.equal(before[name], after[name])
        assert moved == name.startswith("head"), name


def test_a_pattern_that_means_nothing_and_a_graph_with_nothing_to_learn_are_refused() -> None:
    models = {"model": Mlp()}
    with pytest.raises(LaminaError, match="Nodes with weights: fc1, head, norm1"):
        groups.factors({"conv*": 0.1}, models)
    keys = {("model", name) for name, _ in models["model"].named_parameters()}
    with pytest.raises(LaminaError, match="Nothing would be left"):
        groups.freeze(["*"], models, keys, "recipe.freeze")
    assert all(weight.requires_grad for weight in models["model"].parameters())


def test_the_moving_average_is_what_is_validated_and_kept(make_plan: Make) -> None:
    recipe = {"epochs": 2, "average": {"kind": "ema", "decay": 0.99}}
    plan = make_plan(recipe=recipe)
    events = list(fit(plan))
    kept = [event for event in events if isinstance(event, Snapshot)][-1].saved
    live = weights(plan)
    assert not torch.equal(kept.weights["head.weight"], live["head.weight"])
    assert torch.equal(kept.tensors["live/head.weight"], live["head.weight"])  # type: ignore[index]
    shown = figures(events)[-1]["validation_loss"]
    plan.models["model"].load_state_dict(dict(kept.weights))
    plan.models["model"].eval()
    held_out = plan.data["validation"]
    loss = nn.functional.cross_entropy(
        plan.models["model"](held_out["table"]), held_out["target"].long()
    )
    assert loss.item() == pytest.approx(shown, abs=1e-6)


def test_the_moving_average_is_the_sum_that_its_definition_gives() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = Average(Averaging(decay=0.5), {"model": model}, 1)
    expected = None
    for step, value in enumerate((1.0, 2.0, 4.0, 8.0), start=1):
        nn.init.constant_(model.weight, value)
        average.after_step()
        decay = min(0.5, step / (9 + step))
        expected = value if expected is None else decay * expected + (1 - decay) * value
    assert float(average.held["model"]["weight"]) == pytest.approx(expected)


def test_stochastic_averaging_is_the_mean_over_the_last_epochs() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = Average(Averaging(kind="swa", start=0.5), {"model": model}, 4)
    for epoch, value in enumerate((1.0, 2.0, 4.0, 9.0), start=1):
        nn.init.constant_(model.weight, value)
        average.after_epoch(epoch)
    assert float(average.held["model"]["weight"]) == pytest.approx((2 + 4 + 9) / 3)
    with average.applied():
        assert model.weight.item() == pytest.approx(5.0)
    assert model.weight.item() == 9.0


def test_mixed_rows_are_blends_and_their_loss_the_blend_of_losses() -> None:
    generator = torch.Generator().manual_seed(0)
    batch = {"x": torch.randn(6, 4), "target": torch.arange(6) % 3}
    found = mix.Mixer(Mix(alpha=1.0), ("x",), generator)(batch)
    assert found is not None
    share = float(found.share)
    assert 0.5 <= share <= 1
    model = Plain()
    calls = []
    model.head.register_forward_hook(lambda *_: calls.append(1))

    def loss(models: Any, rows: Any, _: Any) -> Any:
        logits = models["model"](rows["x"])
        value = nn.functional.cross_entropy(logits, rows["target"])
        return mix.Losses(value, {"output": logits})

    mixed = mix.loss(loss, {"model": model}, found, generator)
    assert len(calls) == 1, "one forward pass"
    logits = model(found.batch["x"])
    cross = nn.functional.cross_entropy
    expected = share * cross(logits, batch["target"]) + (1 - share) * cross(logits, found.other)
    assert mixed.loss.item() == pytest.approx(expected.item(), abs=1e-6)
    assert "forward" not in model.__dict__


def test_a_cut_image_is_of_two_images_in_the_shares_of_the_loss() -> None:
    generator = torch.Generator().manual_seed(3)
    x_BCHW = torch.arange(5.0)[:, None, None, None].expand(5, 1, 16, 16)
    batch = {"image": x_BCHW, "target": torch.arange(5)}
    found = mix.Mixer(Mix(kind="cutmix", alpha=1.0), ("image",), generator)(batch)
    assert found is not None
    for row in range(5):
        own = (found.batch["image"][row] == row).float().mean()
        if int(found.other[row]) != row:
            assert float(own) == pytest.approx(float(found.share))


@pytest.mark.parametrize(
    ("choice", "forms", "words"),
    [
        (Mix(), {"text": "tokens"}, "holds tokens"),
        (Mix(kind="cutmix"), {"table": "vector"}, "cuts images"),
    ],
)
def test_what_cannot_be_mixed_is_refused(choice: Mix, forms: dict[str, str], words: str) -> None:
    with pytest.raises(LaminaError, match=words):
        mix.check(choice, forms, target=True, own_feed=False)


def test_rows_without_a_target_cannot_be_mixed() -> None:
    with pytest.raises(LaminaError, match="a target each"):
        mix.check(Mix(), {"image": "image"}, target=False, own_feed=False)


GIVEN: dict[str, dict[str, Any]] = {
    "ConstantLR": {"total_iters": 2},
    "StepLR": {"step_size": 1},
    "MultiStepLR": {"milestones": [1, 2]},
    "ExponentialLR": {"gamma": 0.5},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "CyclicLR": {"base_lr": 1e-4, "max_lr": 1e-2, "step_size_up": 3},
    "LambdaLR": {"factors": [1, 0.5, 0.1]},
    "MultiplicativeLR": {"factors": [1, 0.5]},
    "SequentialLR": {
        "schedulers": [
            {"name": "ConstantLR"},
            {"name": "ExponentialLR", "options": {"gamma": 0.5}},
        ],
        "milestones": [2],
    },
    "ChainedScheduler": {
        "schedulers": [{"name": "LinearLR"}, {"name": "StepLR", "options": {"step_size": 2}}]
    },
}


@pytest.mark.parametrize("name", schedulers.names())
def test_every_schedule_of_torch_runs_by_its_name(make_plan: Make, name: str) -> None:
    recipe = {"schedule": {"name": name, "options": GIVEN.get(name, {})}, "epochs": 5}
    events = list(fit(make_plan(recipe=recipe)))
    rates = [float(v) for event in events if isinstance(event, Steps) for v in event.values[:, 3]]
    assert len(rates) == 30
    assert [event for event in events if isinstance(event, Finished)]
    assert name == "ReduceLROnPlateau" or len(set(rates)) > 1


def test_a_schedule_by_epoch_is_torchs_and_follows_a_warm_up(make_plan: Make) -> None:
    schedule = {"name": "PolynomialLR", "options": {"total_iters": 4, "power": 2}}
    recipe = {"schedule": schedule, "epochs": 4, "optimizer": {"name": "SGD", "lr": 0.1}}
    events = list(fit(make_plan(recipe=recipe)))
    rates = [float(v) for event in events if isinstance(event, Steps) for v in event.values[:, 3]]
    weight = nn.Parameter(torch.zeros(1))
    theirs = torch.optim.SGD([weight], lr=0.1)
    torchs = torch.optim.lr_scheduler.PolynomialLR(theirs, total_iters=4, power=2)
    for epoch in range(4):
        assert rates[epoch * 6] == pytest.approx(theirs.param_groups[0]["lr"], abs=1e-7)
        theirs.step()
        torchs.step()
    recipe["schedule"] = {**schedule, "warmup": 0.25}
    warmed = list(fit(make_plan(recipe=recipe)))
    rates = [float(v) for event in warmed if isinstance(event, Steps) for v in event.values[:, 3]]
    assert rates[:6] == sorted(rates[:6])
    assert rates[6] == pytest.approx(0.1)


def test_the_rate_settles_for_stochastic_averaging(make_plan: Make) -> None:
    average = {"kind": "swa", "start": 0.5, "lr": 0.05, "anneal": 1}
    events = list(fit(make_plan(recipe={"average": average})))
    rates = [float(v) for event in events if isinstance(event, Steps) for v in event.values[:, 3]]
    assert rates[0] == pytest.approx(0.001)
    assert rates[-1] == pytest.approx(0.05)
