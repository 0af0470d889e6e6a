"""The GAN's losses, what they need not do, and its judge with and without classes."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder import metrics, tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe, TaskChoice
from builder.tasks.gan import DISCRIMINATOR, GENERATOR, LOSSES, Gan
from builder.tasks.judge import TURNS, Judge, _false, _shifted, _train, judge

IMAGE = InputSpec(
    name="image", form="image", shape=(1, 8, 8), stored="uint8", mean=(0.5,), std=(0.5,)
)
TARGET = TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(20, 20))


class Maker(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.draw = nn.Linear(4, 64)

    def forward(self, noise: Tensor) -> Tensor:
        return self.draw(noise).tanh().view(-1, 1, 8, 8)


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(64, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.score(image.flatten(1))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    monkeypatch.setattr("builder.tasks.judge.STEPS", 2)


def made(target: TargetSpec | None = TARGET, **recipe: Any) -> Gan:
    context = tasks.Context(
        TaskChoice(kind="gan"),
        Recipe.model_validate(recipe),
        {"image": IMAGE},
        target,
        (GENERATOR, DISCRIMINATOR),
        {GENERATOR: {"noise": (4,)}, DISCRIMINATOR: {}},
    )
    task = tasks.make(context)
    assert isinstance(task, Gan)
    return task


def networks() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {GENERATOR: Maker(), DISCRIMINATOR: Critic()}


def images(count: int = 40) -> Tensor:
    return torch.randint(0, 256, (count, 1, 8, 8), generator=torch.Generator().manual_seed(1)).to(
        torch.uint8
    )


def test_two_networks_that_compete_need_not_bring_their_losses_down() -> None:
    assert [phase.falls for phase in made().phases()] == [False, False]


def test_smoothing_lowers_what_real_images_should_score_and_nothing_else() -> None:
    scores = torch.tensor([[-2.0], [0.3], [1.5]])
    for top in (1.0, 0.9):
        wanted = F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, top))
        torch.testing.assert_close(LOSSES["BCEWithLogitsLoss"][0](scores, top), wanted)
        squares = F.mse_loss(scores, torch.full_like(scores, top))
        torch.testing.assert_close(LOSSES["MSELoss"][0](scores, top), squares)
    models = networks()
    batch = {"image": torch.randn(6, 1, 8, 8)}
    plain, smooth = (
        [
            phase.loss(models, batch, torch.Generator().manual_seed(0)).loss
            for phase in (*task.phases(), task.validation())
            if phase.name != "validation"
        ]
        for task in (made(), made(label_smoothing=0.2))
    )
    assert not torch.equal(plain[0], smooth[0])
    assert torch.equal(plain[1], smooth[1])


def test_with_classes_three_figures_and_without_the_distance_alone() -> None:
    rows = {"image": images(), "target": torch.arange(40) % 2}
    for target, wanted in ((TARGET, ("fid", "recognised", "variety")), (None, ("fid",))):
        task = made(target)
        assert task.metrics() == wanted
        kept = rows if target else {"image": rows["image"]}
        task.feed("train", {"train": kept}, torch.device("cpu"))
        batch = {"image": (images(20).float() / 255 - 0.5) / 0.5}
        losses = task.validation().loss(networks(), batch, torch.Generator().manual_seed(0))
        figures = metrics.compute(wanted, task.predict(losses.outputs), None, target)
        assert set(figures) == set(wanted)
        assert figures["fid"] > 0


def test_without_classes_the_judge_tells_how_images_are_turned() -> None:
    found = judge(images(), None, 0, torch.device("cpu"))
    features, probabilities = found.look(images().float() / 255)
    assert features.shape == (40, 32)
    assert probabilities.shape == (40, len(TURNS))
    again = judge(images(), None, 0, torch.device("cpu"))
    assert torch.equal(again.look(images().float() / 255)[0], features)


def test_before_the_first_judgement_the_task_says_how_far_the_judge_is_and_then_nothing() -> None:
    rows = {"image": images(), "target": torch.arange(40) % 2}
    for wanted in (
        [
            "Training the judge of images, 0 of 2 steps.",
            "Training the judge of images, 1 of 2 steps.",
            "The judge of images is trained, and kept for all runs on these images.",
        ],
        [],
    ):
        task = made()
        task.feed("train", {"train": rows}, torch.device("cpu"))
        ready = task.validation().ready
        assert ready is not None
        with torch.no_grad():  # as in a validation
            assert list(ready(torch.device("cpu"))) == wanted
        assert list(ready(torch.device("cpu"))) == []


def test_a_shifted_image_is_the_image_a_little_elsewhere() -> None:
    real = torch.zeros(50, 1, 8, 8)
    real[:, :, 3, 4] = 1
    moved = _shifted(real, torch.Generator().manual_seed(0))
    assert moved.shape == real.shape
    assert moved.sum() == 50
    at = {tuple(place) for place in moved[:, 0].nonzero()[:, 1:].tolist()}
    assert at == {(row, column) for row in (2, 3, 4) for column in (3, 4, 5)}


def test_no_false_image_is_a_blend_of_one_class() -> None:
    real = torch.arange(16.0).view(16, 1, 1, 1).expand(16, 1, 8, 8)
    chance = torch.Generator().manual_seed(0)
    labels = torch.arange(16)
    assert len(_false(real, labels, chance)) == 3 * 2 + 4
    assert len(_false(real, labels.clamp(max=0), chance)) == 3 * 2


def test_the_judge_knows_its_classes_and_takes_nothing_else_for_one_of_them() -> None:
    """Bars that stand and bars that lie, at any place."""
    real = torch.zeros(64, 1, 8, 8, dtype=torch.uint8)
    labels = torch.arange(64) % 2
    for row in range(64):
        at = row // 2 % 8
        real[row, 0, :, at] = 255 * labels[row].item()
        real[row, 0, at, :] += 255 * (1 - labels[row].item())
    torch.manual_seed(0)
    found = Judge(1, 2, small=True)
    assert list(_train(found, real, labels, steps=120)) == list(range(120))
    found.eval()
    probabilities = found.look(real.float() / 255)[1]
    assert (probabilities.argmax(1) == labels).all()
    others = torch.cat([torch.rand(50, 1, 8, 8), torch.zeros(1, 1, 8, 8)])
    assert (found.look(others)[1].amax(1) < 0.8).all()
