"""Gradients lie as their values do: the same numbers in float32, close ones in bfloat16, and a run
that goes on ends as one that was left alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from builder.train import checkpoint, fit, layout
from builder.train.plan import Plan, Snapshot

Make = Callable[..., Plan]
POOLS = [nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.AvgPool2d(3, 1, 1)]


class Net(nn.Module):
    """A convolution, some layers, flattened."""

    def __init__(self, *parts: nn.Module, end: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.parts = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), *parts)
        self.end = end
        self.to(memory_format=torch.channels_last)

    def forward(self, image: Tensor) -> Tensor:
        return self.end(self.parts(image))


def gradients(net: Net, *, half: bool = False) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    x_BCHW = torch.randn(8, 3, 12, 10, generator=generator)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        found = net(x_BCHW.contiguous(memory_format=torch.channels_last)).flatten(1).float()
    (found * torch.randn(found.shape, generator=generator)).sum().backward()
    return [weight.grad for weight in net.parameters() if weight.grad is not None]


@pytest.mark.parametrize("pool", POOLS, ids=["max2", "max3", "mean2", "mean3"])
def test_poolings_give_the_same_gradients_bit_for_bit(pool: nn.Module) -> None:
    plain, followed = (Net(nn.BatchNorm2d(16), pool, end=nn.Flatten()) for _ in range(2))
    layout.follow({"model": followed}, exact=True)
    pairs = list(zip(gradients(plain), gradients(followed), strict=True))
    assert len(pairs) == 4
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("end", [nn.Flatten(), nn.AdaptiveAvgPool2d(1)], ids=["flat", "mean"])
@pytest.mark.parametrize("exact", [True, False])
def test_gradients_before_a_border_lie_channels_last_unless_bits_matter(
    end: nn.Module, exact: bool
) -> None:
    net = Net(nn.BatchNorm2d(16), nn.ReLU(), end=end)
    layout.follow({"model": net}, exact=exact)
    seen: list[bool] = []

    def look(_: nn.Module, found: tuple[Tensor, ...]) -> None:
        seen.append(found[0].is_contiguous(memory_format=torch.channels_last))

    net.parts[-1].register_full_backward_pre_hook(look)
    gradients(net, half=True)
    assert seen == [not exact]


def test_bfloat16_stays_as_close_to_float32_as_it_was() -> None:
    def made(*, follow: bool, half: bool) -> Tensor:
        net = Net(nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), end=nn.Flatten())
        if follow:
            layout.follow({"model": net}, exact=False)
        return torch.cat([g.flatten() for g in gradients(net, half=half)])

    exact, before, after = (
        made(follow=follow, half=half)
        for follow, half in ((False, False), (False, True), (True, True))
    )
    apart = [float((x - exact).norm() / exact.norm()) for x in (before, after)]
    assert 0 < apart[0] < 0.3
    assert apart[1] <= 1.5 * apart[0]


def test_a_network_is_watched_once_however_often_it_is_made_ready() -> None:
    net = Net(nn.MaxPool2d(2), end=nn.Flatten())
    for _ in range(3):
        layout.follow({"model": net}, exact=False)
    assert [len(part._forward_hooks) for part in net.parts] == [0, 1]
    assert len(net.end._forward_pre_hooks) == 1


@pytest.mark.parametrize("kind", ["image", "series"])
def test_a_run_in_bfloat16_goes_on_bit_for_bit(make_plan: Make, tmp_path: Path, kind: str) -> None:
    parts: dict[str, Any] = {"recipe": {"epochs": 3, "precision": "bfloat16"}, "save_every": 0.0}
    whole = make_plan(kind, **parts)
    list(fit(whole))
    saved = next(
        event.saved
        for event in fit(make_plan(kind, **parts))
        if isinstance(event, Snapshot) and event.saved.step >= 6 and event.saved.tensors
    )
    checkpoint.write_saved(tmp_path, saved, ("last",), "best_and_last")
    resumed = make_plan(kind, **parts, resume=checkpoint.load(tmp_path))
    list(fit(resumed))
    ours, theirs = (plan.models["model"].state_dict() for plan in (whole, resumed))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
