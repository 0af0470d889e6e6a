"""What is done for speed changes no number: the direct update, batches taken out in runs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.project import Optimizer
from builder.train import feeds
from builder.train.optim import Updater


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def learn(updater: Updater, net: nn.Module, steps: int, step: Callable[[], None]) -> list[Tensor]:
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    for number in range(steps):
        updater.set_rate(0.1 / (number + 1))
        updater.zero()
        net(x).square().mean().backward()
        step()
    return [weight.detach().clone() for weight in net.parameters()]


@pytest.mark.parametrize("choice", [{"name": "Adam"}, {"name": "AdamW", "weight_decay": 0.1}])
def test_the_direct_update_is_the_optimisers_own_bit_for_bit(choice: dict[str, Any]) -> None:
    made = []
    for direct in (True, False):
        net = model()
        updater = Updater(Optimizer.model_validate(choice), net, {"0.weight": 0.5})
        plain = [part.step for part in updater.parts]

        def torchs_own(steps: list[Any] = plain) -> None:
            for one in steps:
                one()

        made.append(learn(updater, net, 5, updater.step if direct else torchs_own))
        assert not direct or all(one.held for one in updater.direct)
    assert all(torch.equal(one, other) for one, other in zip(*made))


def test_other_optimisers_and_frozen_weights_are_left_to_torch() -> None:
    net = model()
    updater = Updater(Optimizer(name="SGD", lr=0.1), net)
    before = [weight.clone() for weight in net.parameters()]
    assert any(not torch.equal(a, b) for a, b in zip(before, learn(updater, net, 1, updater.step)))
    net = model()
    updater = Updater(Optimizer(name="Adam"), net)
    learn(updater, net, 2, updater.step)
    still = net[0].weight
    assert isinstance(still, nn.Parameter)
    still.requires_grad_(False)
    kept = still.clone()
    learn(updater, net, 1, updater.step)
    assert torch.equal(still, kept)
    assert [int(updater.parts[0].state[w]["step"]) for w in net.parameters()] == [2, 3, 3, 3]


def feed(rows: int, batch: int, monkeypatch: pytest.MonkeyPatch, run: int) -> feeds.RowFeed:
    monkeypatch.setattr(feeds, "MOST_AHEAD", run)
    tensors = {"x": torch.arange(rows * 2.0).reshape(rows, 2), "target": torch.arange(rows)}
    source = feeds.Rows(tensors, {"x": lambda x: x + 1}, torch.device("cpu"))
    return feeds.RowFeed(source, batch, 0, None, torch.Generator())


def test_batches_taken_out_in_runs_are_those_taken_out_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, many = feed(25, 4, monkeypatch, 1), feed(25, 4, monkeypatch, 4)
    assert (one.run, many.run) == (1, 4)
    for epoch in range(2):
        one.begin(epoch)
        many.begin(epoch)
        for step in range(one.steps):
            expected, found = one.batch(step, {}), many.batch(step, {})
            assert expected.keys() == found.keys()
            assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_batch_in_the_middle_of_a_run_is_the_same_without_those_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, late = feed(40, 4, monkeypatch, 4), feed(40, 4, monkeypatch, 4)
    whole.begin(3)
    late.begin(3)
    batches = [whole.batch(step, {}) for step in range(7)]
    found = late.batch(6, {})
    for name in ("x", "target", "row"):
        assert torch.equal(found[name], batches[6][name])
    assert found["target"].storage_offset() == batches[6]["target"].storage_offset() == 8
