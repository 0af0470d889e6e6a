"""A recipe is resolved with reasons, or refused with field and remedy before the start."""

from typing import Any

import pytest
import torch

from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.project import Optimizer, Recipe, Schedule
from builder.train import optim, recipe, resolve, schedule


def spec(rows: int) -> PreparedSpec:
    return PreparedSpec(
        key="k", inputs={}, target=None, sizes={"train": rows, "validation": 10, "test": 10}
    )


@pytest.mark.parametrize(
    ("rows", "size"),
    [(2, 2), (20, 20), (1_999, 32), (2_000, 64), (4_999, 64), (5_000, 256), (10**6, 256)],
)
def test_batch_size_follows_the_rows(rows: int, size: int) -> None:
    found = resolve(Recipe(device="cpu"), spec(rows))
    assert found.recipe.batch_size == size
    assert f"{rows:,} training rows" in found.choices["batch_size"]


def test_what_was_chosen_stays() -> None:
    wish = Recipe(device="cpu", batch_size=7, threads=3)
    found = resolve(wish, spec(1000))
    assert (found.recipe.batch_size, found.recipe.threads, found.recipe.device) == (7, 3, "cpu")
    assert resolve(found.recipe, spec(1000)).recipe == found.recipe


def test_a_batch_larger_than_the_data_becomes_all_rows_and_says_so() -> None:
    found = resolve(Recipe(device="cpu", batch_size=512), spec(100))
    assert found.recipe.batch_size == 100
    assert "512 asked for" in found.choices["batch_size"]


def test_small_networks_train_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "cores", lambda: 4)
    monkeypatch.setattr(recipe, "busy", lambda: 0)
    assert resolve(Recipe(device="cpu"), spec(9_000), macs=10_000).recipe.threads == 1
    assert resolve(Recipe(device="cpu"), spec(9_000), macs=10**8).recipe.threads == 4
    monkeypatch.setattr(recipe, "busy", lambda: 3)
    assert resolve(Recipe(device="cpu"), spec(9_000), macs=10**8).recipe.threads == 1
    monkeypatch.setattr(recipe, "busy", lambda: 9)
    assert resolve(Recipe(device="cpu"), spec(9_000), macs=10**8).recipe.threads == 1


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"optimizer": Optimizer(name="Adamm")}, "recipe.optimizer.name", "Choose one of:.*AdamW"),
        (
            {"optimizer": Optimizer.model_validate({"name": "SGD", "beta": 1})},
            "recipe.optimizer.beta",
            "momentum",
        ),
        (
            {"optimizer": Optimizer.model_validate({"name": "AdamW", "weight_decay": -1})},
            "recipe.optimizer",
            "weight_decay",
        ),
        (
            {"optimizer": Optimizer.model_validate({"name": "AdamW", "betas": "x"})},
            "recipe.optimizer",
            "refuses",
        ),
        ({"optimizer": Optimizer(name="SparseAdam")}, "recipe.optimizer.name", "Adam or AdamW"),
        ({"batch_size": 0}, "recipe.batch_size", "At least 1"),
        ({"epochs": 0}, "recipe.epochs", "At least 1"),
        (
            {"optimizer": Optimizer.model_construct(name="Adam", lr=-1.0)},
            "recipe.optimizer.lr",
            "not above 0",
        ),
        ({"clip_norm": -1.0}, "recipe.clip_norm", "not above 0"),
        ({"device": "cuda:7"}, "recipe.device", "not there"),
        ({"device": "tpu"}, "recipe.device", "Choose auto"),
        (
            {"schedule": Schedule(name="step", options={"gama": 1})},
            "recipe.schedule.options.gama",
            "gamma",
        ),
        (
            {"schedule": Schedule(name="step", options={"gamma": 2})},
            "recipe.schedule.options.gamma",
            "range",
        ),
    ],
)
def test_a_recipe_that_cannot_run_is_refused_with_field_and_remedy(
    changes: dict[str, Any], place: str, words: str
) -> None:
    wish = Recipe(device="cpu").model_copy(update=changes)
    with pytest.raises(LaminaError, match=words) as caught:
        resolve(wish, spec(100))
    assert caught.value.place == place


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_refused(rows: int) -> None:
    with pytest.raises(LaminaError, match="at least 2 are needed"):
        resolve(Recipe(device="cpu"), spec(rows))


def test_a_monitor_that_is_not_computed_is_refused() -> None:
    wish = Recipe(monitor="validation_mae")
    with pytest.raises(LaminaError, match="validation_accuracy"):
        recipe.check_monitor(wish, ("accuracy",), validated=True)
    recipe.check_monitor(Recipe(monitor="train_accuracy"), ("accuracy",), validated=False)


def test_every_optimiser_of_torch_is_known_with_its_arguments() -> None:
    assert {"Adam", "AdamW", "SGD", "Muon", "LBFGS"} <= set(optim.names())
    assert optim.arguments("SGD")["momentum"] == 0
    assert "fused" not in optim.arguments("Adam")


def test_one_cycle_is_torchs() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.SGD([weight], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(theirs, 1.0, total_steps=50, cycle_momentum=False)
    for step in range(50):
        ours = schedule.factor(Schedule(name="onecycle"), step, 50, 10)
        assert ours == pytest.approx(theirs.param_groups[0]["lr"], abs=1e-9)
        theirs.step()
        if step < 49:
            cycle.step()


def test_warm_up_rises_to_the_schedule() -> None:
    wish = Schedule(name="cosine", warmup=0.2)
    rates = [schedule.factor(wish, step, 100, 10) for step in range(100)]
    assert rates[:20] == sorted(rates[:20])
    assert rates[20] == pytest.approx(1.0)
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


def test_steps_and_decay_count_epochs() -> None:
    step = Schedule(name="step", options={"step_size": 2, "gamma": 0.5})
    decay = Schedule(name="exponential", options={"gamma": 0.9})
    assert [schedule.factor(step, at, 60, 10) for at in (0, 19, 20, 40)] == [1, 1, 0.5, 0.25]
    assert schedule.factor(decay, 25, 60, 10) == pytest.approx(0.81)


def test_a_warm_up_of_one_cycle_is_its_own_rise() -> None:
    cycle = Schedule(name="onecycle", warmup=0.25)
    factors = [schedule.factor(cycle, step, 100, 10) for step in range(100)]
    top = factors.index(max(factors))
    assert top == 24
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("StepLR", {"step_size": 0}),
        ("StepLR", {"step_size": "x"}),
        ("CosineAnnealingLR", {"T_max": 0}),
        ("OneCycleLR", {"max_lr": -1}),
        ("MultiStepLR", {"milestones": "abc"}),
        ("ExponentialLR", {"gamma": -5}),
    ],
)
def test_a_schedule_that_fails_on_its_way_is_refused_before_the_start(
    name: str, options: dict[str, Any]
) -> None:
    wish = Recipe.model_validate({"schedule": {"name": name, "options": options}})
    with pytest.raises(LaminaError) as caught:
        recipe.check(wish)
    assert caught.value.place.startswith("recipe.schedule.options")
    assert caught.value.remedy
