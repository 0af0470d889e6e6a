"""Every augmentation keeps shape, type and range, leaves its input alone, and repeats for the same
seed."""

import re
from pathlib import Path

import pytest
import torch

from builder.data import augment
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.project import Step

SPECS = {
    "image": InputSpec(name="image", form="image", shape=(3, 12, 16), stored="uint8"),
    "series": InputSpec(name="series", form="series", shape=(2, 20), stored="float32"),
    "tokens": InputSpec(name="text", form="tokens", shape=(15,), stored="int64", cardinality=50),
    "vector": InputSpec(name="table", form="vector", shape=(4,), stored="float32"),
}
KINDS = sorted(augment.catalogue())


def batch(form: str, rows: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (rows, *SPECS[form].shape)
    if form == "image":
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    if form == "tokens":
        return torch.randint(2, 50, shape, generator=generator)
    return torch.randn(shape, generator=generator)


def batches(kind: str) -> list[torch.Tensor]:
    form = augment.catalogue()[kind].form
    x = batch(form)
    return [x, x.float() / 255] if form == "image" else [x]


def run(x: torch.Tensor, seed: int, *steps: Step) -> torch.Tensor:
    form = augment.catalogue()[steps[0].kind].form
    return augment.build(steps, SPECS[form])(x, torch.Generator().manual_seed(seed))


def step(kind: str, **settings: object) -> Step:
    return Step.model_validate({"kind": kind, **settings})


@pytest.mark.parametrize("kind", KINDS)
def test_shape_type_and_range_stay_and_the_input_is_not_written_to(kind: str) -> None:
    for x in batches(kind):
        before = x.clone()
        y = run(x, 0, step(kind))
        assert (y.shape, y.dtype) == (x.shape, x.dtype)
        assert torch.equal(x, before)
        assert not torch.equal(y, x)
        if x.dtype == torch.float32 and x.dim() == 4:
            assert y.min() >= 0
            assert y.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_batch_another_seed_another(kind: str) -> None:
    for x in batches(kind):
        assert torch.equal(run(x, 3, step(kind)), run(x, 3, step(kind)))
        assert not torch.equal(run(x, 3, step(kind)), run(x, 4, step(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_says_which_inputs_it_does_not_fit(kind: str) -> None:
    found = augment.catalogue()[kind]
    assert found.unfit(SPECS[found.form]) is None
    assert found.title in (found.unfit(SPECS["vector"]) or "")
    assert found.help.endswith(".") or found.help.endswith(").")
    for option in found.params:
        assert option.kind == "bool" or (option.low is not None and option.high is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_none_looks_at_values_on_the_host_so_a_device_never_waits(kind: str) -> None:
    for x in batches(kind):
        y = run(x.to("meta"), 0, step(kind))  # without data: anything like .item() raises
        assert (y.shape, y.dtype, y.device.type) == (x.shape, x.dtype, "meta")


def test_a_flip_mirrors_each_image_or_leaves_it() -> None:
    x = batch("image")
    always = run(x, 0, step("flip", horizontal=1, vertical=1))
    assert torch.equal(always, x.flip(2, 3))
    y = run(x, 0, step("flip"))
    mirrored = (y == x.flip(3)).flatten(1).all(dim=1)
    assert ((y == x).flatten(1).all(dim=1) | mirrored).all()
    assert 4 < int(mirrored.sum()) < 28


def test_a_crop_is_a_shift_by_at_most_the_padding() -> None:
    x = batch("image", rows=200)
    y = run(x, 0, step("crop", padding=2))
    wide = torch.nn.functional.pad(x, (2, 2, 2, 2))
    shifts = set()
    for before, after in zip(wide, y, strict=True):
        hits = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if torch.equal(before[:, down : down + 12, right : right + 16], after)
        ]
        assert len(hits) == 1
        shifts.add(hits[0])
    assert len(shifts) == 25


def test_an_affine_of_nothing_changes_nothing_and_a_half_turn_turns() -> None:
    x = batch("image")
    still = run(x, 0, step("affine", degrees=0, zoom=0, shift=0))
    assert (still.int() - x.int()).abs().max() <= 1
    made = augment.catalogue()["affine"](
        {"degrees": 180.0, "zoom": 0.0, "shift": 0.0, "edge": True}, SPECS["image"]
    )
    square = x[..., :12]
    turned = made.apply(square.float() / 255, torch.Generator().manual_seed(0))
    assert turned.shape == square.shape


def test_erasing_covers_a_part_with_the_mean() -> None:
    x = batch("image")
    y = run(x, 0, step("erase", chance=1, size=0.5))
    share = (y != x).any(dim=1).float().mean()
    assert 0.1 < share < 0.26
    assert torch.equal(run(x, 0, step("erase", chance=0)), x)


def test_hidden_words_become_the_unknown_and_padding_stays() -> None:
    x = batch("tokens", rows=500)
    x[:, 10:] = 0
    y = run(x, 0, step("drop_tokens", chance=0.3))
    assert (y[:, 10:] == 0).all()
    assert set(y[y != x].tolist()) == {1}
    assert abs((y[:, :10] == 1).float().mean() - 0.3) < 0.03


def test_steps_for_other_inputs_are_passed_over_and_batches_change_by_input() -> None:
    steps = [step("flip", horizontal=1), step("jitter")]
    specs = {name: SPECS[name] for name in ("image", "vector")}
    changed = augment.for_inputs(steps[:1], specs)
    assert changed is not None
    data = {"image": batch("image"), "vector": batch("vector"), "target": torch.zeros(32)}
    out = changed(data, torch.Generator())
    assert torch.equal(out["image"], data["image"].flip(3))
    assert out["vector"] is data["vector"]
    assert out["target"] is data["target"]
    assert augment.for_inputs([], specs) is None
    assert torch.equal(
        augment.build(steps[1:], SPECS["image"])(data["image"], torch.Generator()), data["image"]
    )


@pytest.mark.parametrize(
    ("wrong", "place", "fact"),
    [
        (step("mirror"), "data.augment.0.kind", "no augmentation called 'mirror'"),
        (step("flip", often=1), "data.augment.0.often", "flip has no setting 'often'"),
        (step("flip", horizontal=2), "data.augment.0.horizontal", "2 is not from 0 to 1"),
        (step("flip", horizontal="yes"), "data.augment.0.horizontal", "'yes' is not from 0 to 1"),
        (step("crop", mirror=1), "data.augment.0.mirror", "1 is not true or false"),
        (step("jitter"), "data.augment.0", "Jitter is for series; 'image' holds images"),
    ],
)
def test_a_wrong_step_is_named_with_its_place(wrong: Step, place: str, fact: str) -> None:
    with pytest.raises(LaminaError, match=fact) as caught:
        augment.check([wrong], {"image": SPECS["image"]})
    assert caught.value.place == place


def test_a_preview_shows_variants_of_one_row() -> None:
    x = batch("image")[0]
    shown = augment.preview([step("flip"), step("crop")], SPECS["image"], x, count=6)
    assert shown.shape == (6, *x.shape)
    assert torch.equal(
        shown, augment.preview([step("flip"), step("crop")], SPECS["image"], x, count=6)
    )
    assert torch.equal(augment.preview([], SPECS["image"], x, count=2)[1], x)


DOCS = Path(__file__).parents[2] / "docs" / "add-an-augmentation.md"


def test_the_page_on_adding_one_shows_code_that_works() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    space: dict[str, object] = {"__name__": "columns"}
    exec(code, space)
    made = space["Columns"]({"chance": 0.5}, SPECS["image"])  # type: ignore[operator]
    x = batch("image")
    y = made.apply(x, torch.Generator().manual_seed(0))
    hidden = (y == 0).all(dim=1).all(dim=1)
    assert 0.4 < hidden.float().mean() < 0.6
    assert torch.equal(y.permute(0, 3, 1, 2)[~hidden], x.permute(0, 3, 1, 2)[~hidden])


def test_the_page_lists_every_augmentation() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == KINDS
