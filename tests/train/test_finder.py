"""Short trials before a run: a learning rate that works, a batch size that fits."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from builder.errors import LaminaError
from builder.project import Recipe
from builder.train import finder, fit, memory
from builder.train.plan import Epoch, Plan
from tests.train.conftest import Mlp

Make = Callable[..., Plan]


def test_the_suggested_rate_lowers_the_loss_faster_than_a_tiny_one(make_plan: Make) -> None:
    found = finder.find_rate(make_plan(), steps=80)
    assert found.suggested is not None
    assert 1e-5 < found.suggested < 1
    assert list(found.rates) == sorted(found.rates)
    ends = []
    for rate in (1e-6, found.suggested):
        events = list(fit(make_plan(recipe={"optimizer": {"lr": rate}})))
        ends.append([e.figures["train_loss"] for e in events if isinstance(e, Epoch)][-1])
    assert ends[1] < ends[0] * 0.7
    assert "falls fastest" in found.words


def test_where_no_rate_helps_none_is_suggested() -> None:
    rates = [10.0**n for n in range(-7, 3)]
    assert finder._judged(rates, [1.0] * 10).suggested is None
    assert finder._judged(rates[:3], [1.0] * 3).suggested is None
    assert "No rate" in finder._judged(rates, [1.0] * 10).words


def test_a_loss_that_is_not_finite_ends_the_search_without_a_rate(make_plan: Make) -> None:
    plan = make_plan()
    with torch.no_grad():
        plan.models["model"].head.weight.fill_(math.inf)  # type: ignore[union-attr,operator]
    assert finder.find_rate(plan).suggested is None


@pytest.mark.parametrize(("rows", "low", "sizes"), [(90, 8, [8, 16, 32, 64]), (5, 8, [5])])
def test_sizes_are_powers_of_two_up_to_the_rows(rows: int, low: int, sizes: list[int]) -> None:
    assert finder.sizes(rows, low) == sizes


def test_a_batch_size_is_found_below_what_fits_and_what_fails(
    make_plan: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = {8: 100.0, 16: 190.0, 32: 200.0}

    def speed(plan: Plan) -> float:
        size = plan.recipe.batch_size or 0
        if size > 32:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return speeds[size]

    monkeypatch.setattr(finder, "_speed", speed)
    found = finder.find_batch(lambda size: make_plan(recipe={"batch_size": size}), 90)
    assert (found.suggested, found.largest) == (16, 32)
    assert found.trials[-1].problem == "Memory ran out."
    capped = finder.find_batch(
        lambda size: make_plan(recipe={"batch_size": size}), 90, fits=lambda size: size <= 16
    )
    assert capped.largest == 16
    assert "not fit" in capped.trials[-1].problem
    with pytest.raises(LaminaError, match="Not even 8 rows"):
        finder.find_batch(lambda _: make_plan(), 90, fits=lambda _: False)


def test_a_trial_trains_for_real(make_plan: Make) -> None:
    assert finder._speed(make_plan(), within=0.0) > 0


def need(**recipe: Any) -> memory.Estimate:
    made = Recipe.model_validate({"batch_size": 64, "device": "cpu", **recipe})
    parameters = sum(weight.numel() for weight in Mlp().parameters())
    return memory.estimate(made, parameters, 1000.0, 10_000, room=1 << 20)


def test_memory_is_told_by_what_it_is_for() -> None:
    found = need()
    assert found.weights == found.gradients == found.optimizer // 2
    assert found.activations == 64_000
    assert found.total == sum(v for k, v in found.to_dict().items() if k != "total")
    assert need(optimizer={"name": "SGD"}).optimizer == 0
    assert need(optimizer={"name": "SGD", "momentum": 0.9}).optimizer == found.weights
    assert need(accumulate=4).activations == 16_000
    assert need(precision="bfloat16").activations < found.activations
    assert need(average={}).weights == 2 * found.weights
    assert memory.estimate(Recipe(), 10, 1.0, 1 << 30, room=1 << 20).data == 0, "read from the map"


def test_a_smaller_batch_is_proposed_where_one_fits() -> None:
    made = Recipe(batch_size=100)
    found = memory.estimate(made, 0, 1 << 20, 0, room=0)
    assert memory.smaller(made, found, found.working + (40 << 20)) == 32
    assert memory.smaller(made, found, found.working + (200 << 20)) == 64
    assert memory.smaller(made, found, 1000) is None
