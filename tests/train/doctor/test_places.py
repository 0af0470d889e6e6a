"""The answer is found where it stands within a series, an image or a text, and only there."""

from dataclasses import replace

import pytest
import torch

from builder.data.specs import InputSpec, TargetSpec
from builder.train import doctor
from builder.train.doctor import data
from builder.train.doctor.facts import Teller
from tests.train.doctor.recorded import SOUND

CLASSES = TargetSpec(name="y", kind="class", classes=("a", "b", "c"), counts=(200, 200, 200))
NUMBER = TargetSpec(name="y", kind="number", mean=0.0, std=1.0)
SERIES = InputSpec(
    name="series", form="series", shape=(2, 30), stored="float32", features=("left", "right")
)
IMAGE = InputSpec(name="image", form="image", shape=(1, 8, 8), stored="uint8", features=("gray",))
TEXT = InputSpec(
    name="text", form="tokens", shape=(12,), stored="int64", features=("text",), cardinality=60
)


def drawn() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def told(tellers: tuple[Teller, ...]) -> list[str]:
    return [
        finding.title
        for finding in doctor.examine(replace(SOUND, tellers=tellers))
        if finding.code == "leakage"
    ]


@pytest.mark.parametrize("target", [CLASSES, NUMBER])
def test_a_step_of_a_series_that_is_the_answer(target: TargetSpec) -> None:
    y = torch.arange(600) % 3
    answer = y.float() if target.kind == "number" else y
    series = torch.randn(600, 2, 30, generator=drawn()).cumsum(2)
    train = {"series": series, "target": answer}
    assert told(data.tellers(train, {"series": SERIES}, target)) == []
    series[:, 1, 29] = y * 2.0
    found = data.tellers(train, {"series": SERIES}, target)
    assert found[0] == Teller("step 30 of right", 1.0, "series", within=True)
    assert told(found) == ["step 30 of right may give the answer away"]
    (finding,) = doctor.examine(replace(SOUND, tellers=found))
    assert finding.changes == ()


def test_a_series_that_tells_the_answer_over_many_steps_is_no_leak() -> None:
    y = torch.arange(600) % 3
    slope = torch.linspace(0.2, 1, 30)
    series = y[:, None, None] * 3 * slope + 0.5 * torch.randn(600, 2, 30, generator=drawn())
    train = {"series": series, "target": y}
    assert told(data.tellers(train, {"series": SERIES}, CLASSES)) == []


def test_a_mark_in_the_corner_of_an_image() -> None:
    y = torch.arange(600) % 3
    image = torch.randint(0, 256, (600, 1, 8, 8), generator=drawn()).to(torch.uint8)
    train = {"image": image, "target": y}
    assert told(data.tellers(train, {"image": IMAGE}, CLASSES)) == []
    image[:, 0, :3, :3] = (y * 60 + 20).to(torch.uint8)[:, None, None]  # more pixels than are named
    found = data.tellers(train, {"image": IMAGE}, CLASSES)
    assert sum(teller.power > 0.97 for teller in found) == 9
    assert len(told(found)) == 1


@pytest.mark.parametrize("classes", [2, 3])
def test_a_word_for_each_class(classes: int) -> None:
    y = torch.arange(600) % classes
    names = CLASSES.classes[:classes]
    target = TargetSpec(name="y", kind="class", classes=names, counts=(600 // classes,) * classes)
    text = torch.randint(10, 60, (600, 12), generator=drawn())
    text[:, 8:] = 0
    train = {"text": text, "target": y}
    assert told(data.tellers(train, {"text": TEXT}, target)) == []
    text[:, 3] = y + 2
    found = data.tellers(train, {"text": TEXT}, target)
    assert found[0].power == 1.0
    assert found[1].power < 0.5
    assert len(told(found)) == 1


def test_words_that_many_rows_of_a_class_have_are_no_leak() -> None:
    y = torch.arange(600) % 3
    text = torch.randint(30, 60, (600, 12), generator=drawn())
    for place in range(3):  # three of eight words of the subject
        text[:, place] = 2 + y * 8 + torch.randint(0, 8, (600,), generator=drawn())
    assert told(data.tellers({"text": text, "target": y}, {"text": TEXT}, CLASSES)) == []


def test_few_rows_tell_nothing() -> None:
    y = torch.arange(90) % 3
    series = torch.randn(90, 2, 30, generator=drawn())
    series[:, 0, 0] = y * 2.0
    assert data.tellers({"series": series, "target": y}, {"series": SERIES}, CLASSES) == ()
