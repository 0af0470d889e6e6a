"""An image that is the negative of what the network learnt is noticed, and only such a one."""

from pathlib import Path
from typing import Any

import pytest
import torch

from builder.data.runtime import Preparation, ground, images, png

DARK = {"mean": 0.02, "spread": 0.03}


def settings(found: dict[str, float] | None = None, **more: Any) -> dict[str, Any]:
    made = {"form": "image", "column": "image", "height": 8, "width": 8, "channels": 1}
    return {**made, **({"ground": found} if found else {}), **more}


def stroke(size: int = 8, paper: int = 0, ink: int = 255) -> torch.Tensor:
    x_CHW = torch.full((1, size, size), paper, dtype=torch.uint8)
    x_CHW[:, size // 4 : -size // 4, size // 2] = ink
    return x_CHW


def test_the_border_is_what_things_stand_on() -> None:
    both = torch.stack([stroke(), stroke(paper=255, ink=0)])
    assert ground.brightness(both).tolist() == [0.0, 1.0]
    assert ground.brightness(torch.full((1, 3, 1, 1), 51, dtype=torch.uint8)).tolist() == (
        pytest.approx([0.2])
    )


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (215, 60), (170, 30)])
def test_dark_on_light_is_noticed_where_training_is_light_on_dark(paper: int, ink: int) -> None:
    content = png.encode(stroke(40, paper, ink))
    assert ground.turned(settings(DARK), content)
    assert not ground.turned(settings({"mean": 0.97, "spread": 0.04}), content)
    assert ground.told(settings(DARK)) == (
        "stands on a light ground, the training images on a dark one"
    )


@pytest.mark.parametrize("paper", [0, 30, 90, 128])
def test_what_stands_on_dark_or_on_grey_is_left_alone(paper: int) -> None:
    assert not ground.turned(settings(DARK), png.encode(stroke(40, paper)))


def test_nothing_is_said_where_training_borders_differ_or_are_not_known() -> None:
    photographs = ground.fitted(torch.linspace(0.05, 0.95, 200))
    for value in (0, 255):
        content = png.encode(torch.full((1, 8, 8), value, dtype=torch.uint8))
        assert not ground.turned(settings(photographs), content)
        assert not ground.turned(settings(), content)


def test_a_negative_read_as_one_is_not_remarked_and_equals_its_positive() -> None:
    whole = {"version": 1, "inputs": {"image": settings(DARK, resize="pad")}}
    turned = ground.inverting(whole)
    wide = torch.full((1, 8, 16), 255, dtype=torch.uint8)
    wide[:, 3:5, 4:12] = 0
    stored = Preparation.from_dict(turned).transform([{"image": png.encode(wide)}])["image"]
    plain = Preparation.from_dict(whole).transform([{"image": png.encode(255 - wide)}])["image"]
    assert torch.equal(stored, plain)  # and what pads it stays black
    assert not ground.turned(turned["inputs"]["image"], png.encode(wide))
    assert ground.turned(turned["inputs"]["image"], png.encode(255 - wide))
    assert ground.inverting(turned)["inputs"]["image"]["negative"] is False


def test_the_negative_of_a_picture_is_a_picture_of_a_bearable_size(tmp_path: Path) -> None:
    small = images.pixels(ground.negative(settings(), png.encode(stroke(paper=255, ink=0))))
    assert torch.equal(small.permute(2, 0, 1), stroke())
    path = tmp_path / "large.png"
    path.write_bytes(png.encode(torch.full((1, 300, 1200), 200, dtype=torch.uint8)))
    large = images.pixels(ground.negative(settings(), path))
    assert large.shape == (128, 512, 1)
    assert large.unique().tolist() == [55]
    with pytest.raises(ValueError, match="image"):
        ground.negative(settings(), b"none")


def test_of_many_images_some_are_looked_at_and_the_unreadable_are_passed_over() -> None:
    light, dark = png.encode(stroke(paper=255, ink=0)), png.encode(stroke())
    assert ground.any_turned(settings(DARK), [dark, b"none", light]) == [2]
    assert len(ground.any_turned(settings(DARK), [light] * 200)) == 50
    assert ground.any_turned(settings(DARK), []) == []
