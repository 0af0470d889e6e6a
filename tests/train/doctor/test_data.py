"""The one look at the data finds columns that tell the answer and rows that were trained on."""

import pytest
import torch

from builder.data.specs import InputSpec, TargetSpec
from builder.train import measure
from builder.train.doctor import data

CLASSES = TargetSpec(name="y", kind="class", classes=("a", "b", "c"), counts=(200, 200, 200))
NUMBER = TargetSpec(name="y", kind="number", mean=0.0, std=1.0)


def spec(features: int) -> dict[str, InputSpec]:
    names = tuple(f"x{number}" for number in range(features))
    return {
        "table": InputSpec(
            name="table", form="vector", shape=(features,), stored="float32", features=names
        )
    }


def made(rows: int = 600, features: int = 6) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "table": torch.randn(rows, features, generator=generator),
        "target": torch.arange(rows) % 3,
    }


def test_a_column_that_is_the_answer_is_found_first() -> None:
    train = made()
    train["table"][:, 4] = train["target"] * 5.0 + 0.1 * torch.randn(600)
    first, second, *_ = data.tellers(train, spec(6), CLASSES)
    assert first.column == "x4"
    assert first.power > 0.97
    assert second.power < 0.5


def test_a_column_that_is_the_number_is_found_first() -> None:
    train = made()
    train["target"] = train["table"][:, 2] * 3 + 0.01 * torch.randn(600)
    first, second, *_ = data.tellers(train, spec(6), NUMBER)
    assert first.column == "x2"
    assert first.power > 0.97
    assert second.power < 0.5


@pytest.mark.parametrize("target", [CLASSES, None])
def test_noise_tells_nothing(target: TargetSpec | None) -> None:
    assert all(one.power < 0.5 for one in data.tellers(made(), spec(6), target))


def test_a_constant_column_and_few_rows_tell_nothing() -> None:
    train = made(20)
    train["table"][:, 0] = 1.0
    assert all(one.power == 0 for one in data.tellers(train, spec(6), CLASSES))


def test_copied_rows_are_counted() -> None:
    train, held_out = made(), made(40)
    held_out["table"] = torch.cat([train["table"][:10], torch.randn(30, 6) + 9])
    assert data.copies(train, held_out, spec(6)) == pytest.approx(0.25)
    assert data.copies(train, {"table": torch.randn(40, 6) + 9}, spec(6)) == 0


def test_few_numbers_that_hardly_repeat_are_compared_as_well() -> None:
    train, held_out = made(features=2), made(40, features=2)
    held_out["table"] += 9
    assert data.copies(train, held_out, spec(2)) == 0
    held_out["table"][:20] = train["table"][:20]
    assert data.copies(train, held_out, spec(2)) == pytest.approx(0.5)


def test_rows_that_repeat_by_nature_are_not_called_copies() -> None:
    train, held_out = made(), made(40)
    train["table"][:, :2] = (2 * train["table"][:, :2]).round()
    assert data.copies({"table": train["table"][:, :2]}, held_out, spec(2)) is None
    train["table"] = train["table"].sign()
    assert data.copies(train, held_out, spec(6)) is None


def test_a_shuffled_batch_is_near_and_a_sorted_one_far() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.arange(600) % 3
    draws = [measure.apart(target[torch.randperm(600, generator=generator)[:32]], CLASSES)]
    draws += [
        measure.apart(target[torch.randperm(600, generator=generator)[:32]], CLASSES)
        for _ in range(30)
    ]
    numbers = sorted(value for value in draws if value is not None)
    assert numbers[15] < 0.5
    far = measure.apart(torch.zeros(32, dtype=torch.int64), CLASSES)
    assert far is not None
    assert far > 20


def test_numbers_are_compared_by_their_mean() -> None:
    values = torch.randn(64, generator=torch.Generator().manual_seed(1))
    near, far = measure.apart(values, NUMBER), measure.apart(values.abs() + 1, NUMBER)
    assert near is not None
    assert far is not None
    assert near < 2.5
    assert far > 8


@pytest.mark.parametrize(
    "target",
    [
        torch.zeros(2, dtype=torch.int64),
        torch.zeros(8, 3),
        torch.zeros(8),
    ],
)
def test_batches_that_cannot_be_compared_are_left_alone(target: torch.Tensor) -> None:
    assert measure.apart(target, CLASSES) is None
    assert measure.apart(target, None) is None


def test_answers_count_classes_and_measure_the_spread_of_numbers() -> None:
    said = {"prediction": torch.tensor([0, 0, 2])}
    found = measure.answers(said, torch.tensor([0, 1, 2]), CLASSES)
    assert found == {"predicted": [2, 0, 1], "true": [1, 1, 1], "hits": [1, 0, 1], "rows": 3}
    numbers = {"prediction": torch.tensor([1.0, 3.0])}
    told = measure.answers(numbers, torch.tensor([0.0, 4.0]), NUMBER)
    assert told["spread"] == pytest.approx(0.5)
    assert told["blind"] == pytest.approx(8.0)  # of (0 - 0)² and (4 - 0)²
    assert measure.answers({}, torch.tensor([0]), CLASSES) == {}


def switches(codes: torch.Tensor, rows: int) -> torch.Tensor:
    """Three columns of 0 and 1 for a category, and three of noise."""
    generator = torch.Generator().manual_seed(1)
    marked = torch.nn.functional.one_hot(codes, 3).float()
    return torch.cat([marked, torch.randn(rows, 3, generator=generator)], dim=1)


def test_a_category_that_is_the_answer_is_found_by_all_its_switches_together() -> None:
    train = made()
    train["table"] = switches(train["target"], 600)
    table = spec(6)["table"].model_copy(update={"origins": ("kind",) * 3 + ("x3", "x4", "x5")})
    first, second, *_ = data.tellers(train, {"table": table}, CLASSES)
    assert (first.column, first.input, first.power) == ("kind", "table", 1.0)
    assert second.power < 0.5


def test_a_category_of_names_tells_nothing() -> None:
    target = torch.arange(600) % 3
    codes = InputSpec(
        name="codes", form="codes", shape=(1,), stored="int64", features=("name",), cardinality=600
    )
    train = {"codes": torch.arange(600)[:, None], "target": target}
    (teller,) = data.tellers(train, {"codes": codes}, CLASSES)
    assert teller.power < 0.1


def test_inputs_are_looked_at_for_what_is_blank_and_what_is_not_scaled() -> None:
    train = made()
    train["table"][:, 2] *= 2e4
    train["table"][:, 3] = 7.0  # a constant column has no size
    (found,) = data.intakes(train, spec(6), {}, normed=())
    sizes = dict(found.sizes)
    assert not found.blank
    assert sizes["x2"] > 1e4
    assert "x3" not in sizes
    assert sizes["x0"] == pytest.approx(1.0, abs=0.2)
    blank = {"table": torch.ones(600, 6)}
    (found,) = data.intakes(blank, spec(6), {}, normed=("table",))
    assert found.blank
    assert found.normed


def test_images_are_looked_at_as_the_network_gets_them() -> None:
    image = InputSpec(name="image", form="image", shape=(1, 4, 4), stored="uint8")
    pixels = torch.randint(0, 255, (40, 1, 4, 4), dtype=torch.uint8)
    (raw,) = data.intakes({"image": pixels}, {"image": image}, {}, normed=())
    (ready,) = data.intakes(
        {"image": pixels}, {"image": image}, {"image": lambda x: x / 255}, normed=()
    )
    assert raw.sizes[0][1] > 30
    assert ready.sizes[0][1] < 1


def test_rows_that_stand_twice_in_a_file_of_few_numbers_are_copies() -> None:
    x = made(400, 3)["table"]
    both = torch.cat([x, x])[torch.randperm(800, generator=torch.Generator().manual_seed(1))]
    train, held_out = {"table": both[:600]}, {"table": both[600:]}
    assert (data.copies(train, held_out, spec(3)) or 0.0) > 0.5
    coarse = {"table": (2 * train["table"]).round()}
    assert data.copies(coarse, held_out, spec(3)) is None


def test_the_mean_loss_of_the_held_out_rows_comes_with_its_standard_error() -> None:
    chances = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1], [0.1, 0.9]])
    said = {"prediction": chances.argmax(1), "probabilities": chances}
    target = torch.tensor([0, 1, 0, 0])
    binary = TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(3, 1))
    losses = -chances.gather(1, target[:, None]).log()
    told = measure.answers(said, target, binary)
    assert told["error"] == pytest.approx(float(losses.std()) / 2)
    exact = {"prediction": torch.tensor([1.0, 2.0, 3.0])}
    assert measure.answers(exact, torch.tensor([1.0, 2.0, 3.0]), NUMBER)["error"] == 0
